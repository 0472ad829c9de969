//! Lambda's HTTP APIs: the Runtime API and the Extensions API for bootstrap, the Invoke API for callers, and what
//! other services put in front of functions.

pub mod bootstrap_server;
mod event_stream;
pub mod extensions;
pub mod functions;
pub mod invoke;
mod invoke_request;
mod managed;
mod metadata;
pub mod queue;
mod response_stream;
mod routes;
mod runtime;
mod telemetry;
mod telemetry_delivery;
pub mod web;

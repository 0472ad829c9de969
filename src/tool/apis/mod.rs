//! Lambda's HTTP APIs: the Runtime API and the Extensions API for bootstrap, the Invoke API for callers, and what
//! other services put in front of functions.

pub mod bootstrap_server;
mod event_stream;
mod extensions;
pub mod functions;
pub mod invoke;
mod invoke_request;
pub mod queue;
mod response_stream;
mod routes;
mod runtime;
pub mod web;

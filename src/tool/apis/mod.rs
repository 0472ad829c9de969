//! Lambda's HTTP APIs: the Runtime API and the Extensions API for bootstrap, the Invoke API for callers.

pub mod bootstrap_server;
mod extensions;
pub mod invoke;
mod invoke_request;
mod routes;
mod runtime;

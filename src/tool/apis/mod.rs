//! Lambda's HTTP APIs: the Runtime API and the Extensions API for bootstrap, the Invoke API and a function URL for
//! callers.

pub mod bootstrap_server;
mod event_stream;
mod extensions;
pub mod function_url;
pub mod functions;
pub mod invoke;
mod invoke_request;
pub mod queue;
mod response_stream;
mod routes;
mod runtime;
mod url_event;
mod url_headers;
mod url_response;

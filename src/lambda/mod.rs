//! Lambda's side: what is asked of its APIs, over HTTP.

mod buffers;
pub mod extension;
pub mod runtime_api;
mod transport;
mod upload;
pub mod xray;

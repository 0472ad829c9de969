//! One module for each place where bytes come in.

pub mod environment;
pub mod errors;
pub mod events;
pub mod exchange;
pub mod headers;
pub mod http;
pub mod lines;
pub mod message;
pub mod middleware;
pub mod stdout;

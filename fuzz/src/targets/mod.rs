//! One module for each place that reads bytes from outside.

pub mod base64;
pub mod environment;
pub mod errors;
pub mod events;
pub mod exchange;
pub mod headers;
pub mod http;
pub mod inflate;
pub mod json;
pub mod lines;
pub mod memory;
pub mod message;
pub mod middleware;
pub mod stdout;
pub mod time;
pub mod uri;

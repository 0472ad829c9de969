//! HTTP/1.1 for servers that must also be able to misbehave.

pub mod connection_limit;
pub mod guard;
pub mod reply;
pub mod request_head;
pub mod server;
pub mod wire;

//! HTTP/1.1 for servers that must also be able to misbehave.

pub mod guard;
pub mod places;
pub mod reply;
pub mod server;
pub mod wire;

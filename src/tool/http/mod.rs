//! HTTP/1.1 servers that refuse web pages, limit their connections, and can break an answer off on purpose.

pub mod connection_limit;
pub mod guard;
pub mod reply;
pub mod request_head;
pub mod server;
pub mod spelling;
pub mod wire;

//! bootstrap as an internal extension: Lambda sends SIGTERM before it ends an execution environment only if an extension is
//! registered. It subscribes to no events. One request for `/extension/event/next` stays open, because Init is over only when
//! each extension has sent it.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html>

use std::io::{self, Write};
use std::net::TcpStream;

/// Unique among the extensions of a function.
pub const NAME: &str = "open-runtime";

/// The connection that waits for an event that never comes. To Lambda, a closed one is an extension that crashed.
#[derive(Debug)]
pub struct Extension {
    /// What Lambda knows it by.
    pub identifier: String,
    _parked: TcpStream,
}

impl Extension {
    /// Asks for the next event on `connection`, and does not wait for the answer. Blocks for as long as the kernel takes to buffer
    /// a hundred bytes.
    ///
    /// # Errors
    /// Those of writing to a connection.
    pub fn park(mut connection: TcpStream, address: &str, identifier: String) -> io::Result<Extension> {
        let request = format!(
            "GET /2020-01-01/extension/event/next HTTP/1.1\r\nHost: {address}\r\nLambda-Extension-Identifier: {identifier}\r\n\r\n"
        );
        connection.write_all(request.as_bytes())?;
        Ok(Extension { identifier, _parked: connection })
    }
}

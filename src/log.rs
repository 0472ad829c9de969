//! bootstrap's own log: stderr, a line at a time, silent when all is well. Never an event, a response, a header value or the
//! environment.

use std::fmt::Display;
use std::io::Write;

use crate::error::push_json_string;

/// How much is said. The default is [`Level::Warn`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Something failed.
    Error,
    /// Something is not as it should be.
    Warn,
    /// What happens in each invocation.
    Debug,
}

/// Where and how bootstrap logs.
#[derive(Clone, Copy, Debug)]
pub struct Log {
    /// What is less important is left out.
    pub level: Level,
    /// `AWS_LAMBDA_LOG_FORMAT=JSON`: one JSON object per line.
    pub is_json: bool,
}

impl Default for Log {
    fn default() -> Log {
        Log { level: Level::Warn, is_json: false }
    }
}

impl Log {
    /// Says something about an invocation, or about the execution environment where there is none.
    pub fn write(self, level: Level, request_id: Option<&str>, message: &dyn Display) {
        if level > self.level {
            return;
        }
        let message = message.to_string().replace(['\n', '\r'], " ");
        let line = if self.is_json { json_line(level, request_id, &message) } else { text_line(request_id, &message) };
        let _ = std::io::stderr().write_all(&line); // one write: lines of others do not come between. No log, no place to say so.
    }

    /// See [`write`](Log::write).
    pub fn error(self, request_id: Option<&str>, message: &dyn Display) {
        self.write(Level::Error, request_id, message);
    }

    /// See [`write`](Log::write).
    pub fn warn(self, request_id: Option<&str>, message: &dyn Display) {
        self.write(Level::Warn, request_id, message);
    }
}

fn text_line(request_id: Option<&str>, message: &str) -> Vec<u8> {
    match request_id {
        Some(id) => format!("bootstrap: RequestId: {id} {message}\n"),
        None => format!("bootstrap: {message}\n"),
    }
    .into_bytes()
}

/// Lambda's own members: <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html>
fn json_line(level: Level, request_id: Option<&str>, message: &str) -> Vec<u8> {
    let level = match level {
        Level::Error => "ERROR",
        Level::Warn => "WARN",
        Level::Debug => "DEBUG",
    };
    let mut line = format!("{{\"level\":\"{level}\",\"message\":").into_bytes();
    push_json_string(&mut line, &format!("bootstrap: {message}"));
    if let Some(id) = request_id {
        line.extend_from_slice(b",\"requestId\":");
        push_json_string(&mut line, id);
    }
    line.extend_from_slice(b"}\n");
    line
}

//! One invocation: what the caller gave, and what becomes of it.

use super::failure::{Failure, FunctionError};
use bytes::Bytes;
use std::time::Duration;

/// What the caller asked for.
#[derive(Default)]
pub struct Invocation {
    pub request_id: String,
    pub event: Bytes,
    pub function_arn: String,
    pub trace_id: String,
    /// The JSON text, decoded from base64.
    pub client_context: Option<Bytes>,
    pub tenant_id: Option<String>,
}

/// An invocation in an execution environment.
pub struct Dispatched {
    pub invocation: std::rc::Rc<Invocation>,
    /// Milliseconds since 1970.
    pub deadline_ms: i64,
}

/// What the runtime posted.
pub enum RuntimeAnswer {
    Response(Bytes),
    /// A function error, with its type as Lambda keeps it.
    Error(FunctionError),
    /// A response of more bytes than Lambda takes.
    ResponseTooLarge,
    /// A response mode that does not exist.
    InvalidResponseMode,
}

/// How an invocation ended, and what it cost.
pub struct Outcome {
    pub result: Result<Bytes, Failure>,
    /// From the dispatch to the answer.
    pub duration: Duration,
    /// Of the Init within this invocation, if there was one.
    pub init: Option<Duration>,
    /// Of the Init before this invocation, if it is the environment's first.
    pub cold_start: Option<Duration>,
    /// Peak memory of the execution environment's processes, where it was looked at.
    pub memory_kb: Option<u64>,
}

impl Outcome {
    pub fn failure(&self) -> Option<&Failure> {
        self.result.as_ref().err()
    }
}

//! One invocation: what the caller sent, what the runtime answered, and how it ended.

use super::failure::Failure;
use super::streaming::{PartSender, StreamCopy};
use bytes::Bytes;
use std::rc::Rc;
use std::time::Duration;

/// Who invokes the function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// The command `invoke`, or a caller of the Invoke API that waits.
    #[default]
    Invoke,
    /// A caller of the Invoke API that does not wait.
    Async,
    /// A function URL.
    Url,
    /// An HTTP API.
    Http,
    /// A REST API.
    Rest,
    /// A load balancer.
    Alb,
    /// The tool's own page.
    Page,
    /// The commands `replay` and `test`.
    Replay,
}

impl Source {
    /// Its name in records.
    pub fn name(self) -> &'static str {
        match self {
            Source::Invoke => "invoke",
            Source::Async => "async",
            Source::Url => "url",
            Source::Http => "http",
            Source::Rest => "rest",
            Source::Alb => "alb",
            Source::Page => "page",
            Source::Replay => "replay",
        }
    }
}

/// What the caller sent.
#[derive(Default)]
pub struct Invocation {
    pub request_id: String,
    pub source: Source,
    pub event: Bytes,
    pub function_arn: String,
    pub trace_id: String,
    /// The JSON text, decoded from base64.
    pub client_context: Option<Bytes>,
    pub tenant_id: Option<String>,
    /// Where the response goes part by part. None: the caller takes it as a whole.
    pub stream: Option<PartSender>,
}

/// An invocation that was given to an execution environment.
pub struct Dispatched {
    pub invocation: Rc<Invocation>,
    /// Milliseconds since 1970.
    pub deadline_ms: i64,
    /// Where a response that is streamed is kept, too, for the record of the invocation. None: nobody wants one.
    pub copy: Option<Rc<StreamCopy>>,
}

/// A response.
#[derive(Clone)]
pub enum Response {
    /// It came as a whole, or was collected.
    Whole { body: Bytes, content_type: Option<String> },
    /// The caller has been given it part by part.
    Streamed,
}

/// What the runtime posted, or what is wrong with it.
pub type RuntimeAnswer = Result<Response, Failure>;

/// How an invocation ended, how long it took, and how much memory.
#[derive(Clone)]
pub struct Outcome {
    pub result: Result<Response, Failure>,
    /// From the dispatch to the answer. Init is not in it.
    pub duration: Duration,
    /// How long Init took, if it ran within this invocation.
    pub init: Option<Duration>,
    /// How long Init took, if it ran before this invocation and this is the environment's first.
    pub cold_start: Option<Duration>,
    /// Peak memory of the execution environment's processes, if it was sampled.
    pub memory_kb: Option<u64>,
}

impl Outcome {
    pub fn failure(&self) -> Option<&Failure> {
        self.result.as_ref().err()
    }
}

//! The invocations that wait for their turn, and what their callers get.

use crate::http::reply::Refusal;
use crate::model::failure::Failure;
use crate::model::invocation::{Invocation, Response};
use crate::model::streaming::{Part, PartReceiver};
use bytes::Bytes;
use hyper::StatusCode;
use std::rc::Rc;
use tokio::sync::{mpsc, oneshot};

/// The most invocations that may wait. When there are so many, callers are throttled.
pub const QUEUE: usize = 1000;

/// An invocation that waits for its turn.
pub struct Job {
    pub invocation: Rc<Invocation>,
    pub wants_log: bool,
    /// Where the caller waits. None: it does not wait.
    pub caller: Option<oneshot::Sender<InvokeResult>>,
}

/// What the caller of a synchronous invocation gets.
pub struct InvokeResult {
    pub result: Result<Response, CallerError>,
    /// The end of the log, if the caller asked for it.
    pub log: Option<Vec<u8>>,
}

/// A failure as its caller sees it.
pub struct CallerError {
    pub error_type: String,
    /// JSON with `errorType` and `errorMessage`.
    pub body: Bytes,
}

impl CallerError {
    pub fn new(failure: &Failure, request_id: &str) -> CallerError {
        CallerError { error_type: failure.error_type().to_owned(), body: failure.body(request_id) }
    }
}

/// # Errors
/// The queue is full, or the tool is shutting down.
pub fn enqueue(queue: &mpsc::Sender<Job>, job: Job) -> Result<(), Refusal> {
    queue.try_send(job).map_err(|error| match error {
        mpsc::error::TrySendError::Full(_) => {
            Refusal::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", "Rate Exceeded.")
        }
        mpsc::error::TrySendError::Closed(_) => shutting_down(),
    })
}

pub fn shutting_down() -> Refusal {
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "ServiceException", "open-runtime is shutting down")
}

/// A caller that takes a stream: first the parts come, then the result.
pub struct StreamCaller {
    parts: PartReceiver,
    answered: oneshot::Receiver<InvokeResult>,
    ended: Option<Option<InvokeResult>>,
}

/// What comes next.
pub enum Next {
    Part(Part),
    /// None: the tool is shutting down.
    End(Option<InvokeResult>),
}

impl StreamCaller {
    pub fn new(parts: PartReceiver, answered: oneshot::Receiver<InvokeResult>) -> StreamCaller {
        StreamCaller { parts, answered, ended: None }
    }

    /// Must not be called after the end.
    pub async fn next(&mut self) -> Next {
        while self.ended.is_none() {
            tokio::select! {
                biased;
                Some(part) = self.parts.recv() => return Next::Part(part),
                result = &mut self.answered => self.ended = Some(result.ok()),
            }
        }
        // a part may have come just before the result
        self.parts.try_recv().map_or_else(|_| Next::End(self.ended.take().flatten()), Next::Part)
    }
}

//! An invocation on its way to the function, and what its caller gets.

use crate::http::reply::Refusal;
use crate::model::failure::Failure;
use crate::model::invocation::{Invocation, Response};
use crate::model::streaming::{Part, PartReceiver};
use bytes::Bytes;
use hyper::StatusCode;
use std::rc::Rc;
use tokio::sync::oneshot;

/// Takes the invocations of one function.
pub trait Invoker {
    /// Gives the invocation to an execution environment, now or as soon as one is free. Does not wait.
    ///
    /// # Errors
    /// So many are running that its caller is throttled, or the tool is shutting down.
    fn submit(&self, job: Job) -> Result<(), Refusal>;
}

/// An invocation, and who asks for it.
pub struct Job {
    pub invocation: Rc<Invocation>,
    pub wants_log: bool,
    /// Where the caller waits. None: it does not wait.
    pub caller: Option<oneshot::Sender<InvokeResult>>,
}

impl Job {
    /// Tells the caller, if it waits, that this is why there is no response.
    pub fn fail(self, failure: &Failure) {
        let Some(caller) = self.caller else { return };
        let result = Err(CallerError::new(failure, &self.invocation.request_id));
        let _ = caller.send(InvokeResult { result, log: None }); // the caller may have gone
    }
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

/// The error of an invocation for which no execution environment is free, with Lambda's message.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors>
pub fn throttled() -> Refusal {
    Refusal::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", "Rate Exceeded.")
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

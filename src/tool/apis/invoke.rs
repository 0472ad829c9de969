//! Lambda's Invoke API, for the AWS CLI and SDKs. Every function name stands for the one function.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>

use super::invoke_request::{self, InvocationType};
use crate::http::connection_limit::ConnectionLimit;
use crate::http::guard::Guard;
use crate::http::reply::{self, NoAnswer, Received, Refusal, Reply};
use crate::http::server;
use crate::http::wire::Breaker;
use crate::model::event::MAX_EVENT;
use crate::model::function::{Function, VERSION};
use crate::model::ids;
use crate::model::invocation::Invocation;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{HeaderMap, HeaderName};
use hyper::{Request, StatusCode};
use serde_json::json;
use std::rc::Rc;
use tokio::net::TcpListener;
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
    pub body: Bytes,
    pub is_error: bool,
    /// The end of the log, if the caller asked for it.
    pub log: Option<Vec<u8>>,
}

/// Accepts callers for ever, and puts their invocations into the queue.
pub async fn serve(listener: TcpListener, guard: Rc<Guard>, function: Rc<Function>, queue: mpsc::Sender<Job>) {
    let limit = ConnectionLimit::new();
    loop {
        let tcp = server::accept(&listener).await;
        let slot = limit.take().await;
        let (guard, function, queue) = (guard.clone(), function.clone(), queue.clone());
        tokio::task::spawn_local(async move {
            server::serve(tcp, slot, &guard, |request, _: Breaker| answer(request, &function, &queue)).await;
        });
    }
}

async fn answer(request: Request<Incoming>, function: &Function, queue: &mpsc::Sender<Job>) -> Result<Reply, NoAnswer> {
    let (head, body) = request.into_parts();
    let received = reply::receive(body, MAX_EVENT).await?;
    let request_id = ids::uuid();
    let invoked = match invoke_request::arn_of(&head.method, head.uri.path(), head.uri.query(), function) {
        Ok(arn) => invoke(request_id.clone(), arn, &head.headers, received, queue).await,
        Err(refusal) => Err(refusal),
    };
    let reply = invoked.unwrap_or_else(|refusal| refused(&refusal));
    Ok(reply.with(HeaderName::from_static("x-amzn-requestid"), &request_id))
}

async fn invoke(
    request_id: String,
    function_arn: String,
    headers: &HeaderMap,
    received: Received,
    queue: &mpsc::Sender<Job>,
) -> Result<Reply, Refusal> {
    let invocation_type = invoke_request::invocation_type(headers)?;
    let wants_log = invoke_request::wants_log(headers)? && invocation_type == InvocationType::RequestResponse;
    let invocation = Rc::new(Invocation {
        request_id,
        event: invoke_request::event_of(received, invocation_type)?,
        function_arn,
        trace_id: invoke_request::text(headers, "x-amzn-trace-id").map_or_else(ids::trace_id, str::to_owned),
        client_context: invoke_request::client_context(headers)?,
        tenant_id: invoke_request::text(headers, "x-amz-tenant-id").map(str::to_owned),
    });
    match invocation_type {
        InvocationType::DryRun => Ok(executed(Reply::new(StatusCode::NO_CONTENT, ""))),
        InvocationType::Event => {
            let caller = None;
            enqueue(queue, Job { invocation, wants_log, caller })?;
            Ok(Reply::new(StatusCode::ACCEPTED, ""))
        }
        InvocationType::RequestResponse => {
            let (caller, answered) = oneshot::channel();
            let caller = Some(caller);
            enqueue(queue, Job { invocation, wants_log, caller })?;
            answered.await.map(response).map_err(|_| shutting_down())
        }
    }
}

fn enqueue(queue: &mpsc::Sender<Job>, job: Job) -> Result<(), Refusal> {
    queue.try_send(job).map_err(|error| match error {
        mpsc::error::TrySendError::Full(_) => {
            Refusal::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", "Rate Exceeded.")
        }
        mpsc::error::TrySendError::Closed(_) => shutting_down(),
    })
}

/// A refusal in the Invoke API's form. Lambda writes `Message` for some errors and `message` for others; SDKs read
/// either.
fn refused(refusal: &Refusal) -> Reply {
    let Refusal { status, error_type, message } = refusal;
    let who = if status.is_server_error() { "Service" } else { "User" };
    let body = json!({"Type": who, "Message": message, "message": message});
    Reply::json(*status, &body).with(HeaderName::from_static("x-amzn-errortype"), error_type)
}

fn shutting_down() -> Refusal {
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "ServiceException", "open-runtime is shutting down")
}

fn response(answered: InvokeResult) -> Reply {
    let reply = executed(Reply::new(StatusCode::OK, answered.body));
    let mut reply = reply.with(hyper::header::CONTENT_TYPE, "application/json");
    if answered.is_error {
        // Lambda says "Handled" or "Unhandled"; OS-only runtimes always get the latter
        reply = reply.with(HeaderName::from_static("x-amz-function-error"), "Unhandled");
    }
    match answered.log {
        Some(log) => reply.with(HeaderName::from_static("x-amz-log-result"), &STANDARD.encode(log)),
        None => reply,
    }
}

fn executed(reply: Reply) -> Reply {
    reply.with(HeaderName::from_static("x-amz-executed-version"), VERSION)
}

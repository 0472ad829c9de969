//! Lambda's Invoke API, for the AWS CLI and SDKs.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>,
//! <https://docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStream.html>

use super::event_stream;
use super::functions::{Callee, Functions};
use super::invoke_request::{self, InvocationType, Operation};
use super::queue::{InvokeResult, Job, Next, StreamCaller, shutting_down};
use crate::http::connection_limit::ConnectionLimit;
use crate::http::guard::Guard;
use crate::http::reply::{self, NoAnswer, Received, Refusal, Reply};
use crate::http::server;
use crate::http::wire::Breaker;
use crate::model::event::MAX_EVENT;
use crate::model::function::VERSION;
use crate::model::ids;
use crate::model::invocation::{Invocation, Response, Source};
use crate::model::streaming::{self, Part};
use crate::page::Page;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderName};
use hyper::http::request::Parts;
use hyper::{Request, StatusCode};
use serde_json::{Map, Value, json};
use std::rc::Rc;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_local;

/// Which of Lambda's limits throttles: here it is that of one function.
const THROTTLED_BY: &str = "ReservedFunctionConcurrentInvocationLimitExceeded";

/// Accepts callers for ever, and passes their invocations on. `page` shows what happens, if it is there.
pub async fn serve(listener: TcpListener, guard: Rc<Guard>, functions: Rc<Functions>, page: Option<Rc<Page>>) {
    let limit = ConnectionLimit::new();
    loop {
        let tcp = server::accept(&listener).await;
        let slot = limit.take().await;
        let (guard, functions, page) = (guard.clone(), functions.clone(), page.clone());
        spawn_local(async move {
            let page = page.as_deref();
            server::serve(tcp, slot, &guard, |request, _: Breaker| answer(request, &functions, page)).await;
        });
    }
}

async fn answer(request: Request<Incoming>, functions: &Functions, page: Option<&Page>) -> Result<Reply, NoAnswer> {
    if let Some(page) = page.filter(|_| Page::owns(request.uri().path())) {
        return page.answer(request).await;
    }
    let (head, body) = request.into_parts();
    let received = reply::receive(body, MAX_EVENT).await?;
    let request_id = ids::uuid();
    let reply = match read(&head, received, &request_id, functions) {
        Ok((asked, callee)) => asked.answer(&callee).await,
        Err(refusal) => Err(refusal),
    };
    let reply = reply.unwrap_or_else(|refusal| refused(&refusal));
    Ok(reply.with(HeaderName::from_static("x-amzn-requestid"), &request_id))
}

/// A request that Lambda accepts.
struct Asked {
    operation: Operation,
    invocation_type: InvocationType,
    wants_log: bool,
    invocation: Invocation,
}

fn read(head: &Parts, received: Received, request_id: &str, functions: &Functions) -> Result<(Asked, Callee), Refusal> {
    let (headers, query) = (&head.headers, head.uri.query());
    let (operation, name) = invoke_request::operation_of(&head.method, head.uri.path())?;
    let named = invoke_request::named(name, query)?;
    let callee = functions.find(&named.name)?;
    let invocation_type = invoke_request::invocation_type(headers, operation)?;
    let wants_log = invoke_request::wants_log(headers)? && invocation_type == InvocationType::RequestResponse;
    let is_async = invocation_type == InvocationType::Event;
    let invocation = Invocation {
        request_id: request_id.to_owned(),
        source: if is_async { Source::Async } else { Source::Invoke },
        event: invoke_request::event_of(received, invocation_type)?,
        function_arn: callee.function.arn(named.qualifier.as_deref()),
        trace_id: invoke_request::text(headers, "x-amzn-trace-id").map_or_else(ids::trace_id, str::to_owned),
        client_context: invoke_request::client_context(headers)?,
        tenant_id: invoke_request::text(headers, "x-amz-tenant-id").map(str::to_owned),
        stream: None,
    };
    Ok((Asked { operation, invocation_type, wants_log, invocation }, callee))
}

impl Asked {
    async fn answer(self, callee: &Callee) -> Result<Reply, Refusal> {
        match (self.invocation_type, self.operation) {
            (InvocationType::DryRun, _) => Ok(executed(Reply::new(StatusCode::NO_CONTENT, ""))),
            (InvocationType::Event, _) => {
                self.submit(callee, None)?;
                Ok(Reply::new(StatusCode::ACCEPTED, ""))
            }
            (InvocationType::RequestResponse, Operation::Invoke) => {
                let (caller, answered) = oneshot::channel();
                self.submit(callee, Some(caller))?;
                answered.await.map(response).map_err(|_| shutting_down())
            }
            (InvocationType::RequestResponse, Operation::InvokeWithResponseStream) => self.stream(callee),
        }
    }

    fn submit(self, callee: &Callee, caller: Option<oneshot::Sender<InvokeResult>>) -> Result<(), Refusal> {
        callee.invoker.submit(Job { invocation: Rc::new(self.invocation), wants_log: self.wants_log, caller })
    }

    /// The head of the answer goes out at once, as the AWS SDKs do nothing before they have it.
    fn stream(mut self, callee: &Callee) -> Result<Reply, Refusal> {
        let (parts, from_function) = streaming::channel();
        let (caller, answered) = oneshot::channel();
        self.invocation.stream = Some(parts);
        self.submit(callee, Some(caller))?;
        let (messages, body) = mpsc::channel(1);
        spawn_local(send_messages(StreamCaller::new(from_function, answered), messages));
        Ok(executed(Reply::in_parts(StatusCode::OK, body)).with(CONTENT_TYPE, event_stream::CONTENT_TYPE))
    }
}

/// Sends each part of the response as a message, until the end or until the caller hangs up. That does not stop the
/// function.
async fn send_messages(mut caller: StreamCaller, messages: mpsc::Sender<Result<Bytes, NoAnswer>>) {
    loop {
        let sent = match caller.next().await {
            Next::Part(Part::Head { .. }) => continue,
            Next::Part(Part::Bytes(bytes)) => messages.send(Ok(event_stream::payload_chunk(&bytes))).await,
            Next::End(Some(result)) => {
                for message in last_messages(&result) {
                    let _ = messages.send(Ok(message)).await; // the caller may have gone
                }
                return;
            }
            Next::End(None) => {
                let _ = messages.send(Err(NoAnswer)).await; // open-runtime is shutting down
                return;
            }
        };
        if sent.is_err() {
            return;
        }
    }
}

/// A response that did not come as a stream, if there is one, and the end.
fn last_messages(answered: &InvokeResult) -> Vec<Bytes> {
    let whole = match &answered.result {
        Ok(Response::Whole { body, .. }) if !body.is_empty() => Some(event_stream::payload_chunk(body)),
        Ok(_) | Err(_) => None,
    };
    let log = answered.log.as_ref().map(|log| ("LogResult", STANDARD.encode(log)));
    let error = answered.result.as_ref().err().map(|error| {
        let details = String::from_utf8_lossy(&error.body).into_owned();
        [("ErrorCode", error.error_type.clone()), ("ErrorDetails", details)]
    });
    let members: Map<String, Value> =
        error.into_iter().flatten().chain(log).map(|(name, value)| (name.to_owned(), value.into())).collect();
    let end = event_stream::invoke_complete(&Value::Object(members).to_string());
    whole.into_iter().chain([end]).collect()
}

/// A refusal in the Invoke API's form. Lambda writes `Message` for some errors and `message` for others; SDKs read
/// either.
fn refused(refusal: &Refusal) -> Reply {
    let Refusal { status, error_type, message } = refusal;
    let who = if status.is_server_error() { "Service" } else { "User" };
    let mut body = json!({"Type": who, "Message": message, "message": message});
    if *status == StatusCode::TOO_MANY_REQUESTS {
        body["Reason"] = THROTTLED_BY.into();
    }
    Reply::json(*status, &body).with(HeaderName::from_static("x-amzn-errortype"), error_type)
}

fn response(answered: InvokeResult) -> Reply {
    let (body, is_error) = match answered.result {
        Ok(Response::Whole { body, .. }) => (body, false),
        Ok(Response::Streamed) => (Bytes::new(), false), // not to this caller
        Err(error) => (error.body, true),
    };
    let mut reply = executed(Reply::new(StatusCode::OK, body)).with(CONTENT_TYPE, "application/json");
    if is_error {
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

//! A function URL: each HTTP request is an invocation, and its response is the answer. Authentication and CORS are not
//! there.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html>

use super::functions::Callee;
use super::queue::{InvokeResult, Job, Next, StreamCaller};
use super::url_event::{self, Origin};
use super::url_response;
use crate::http::connection_limit::ConnectionLimit;
use crate::http::guard::Guard;
use crate::http::reply::{self, NoAnswer, Refusal, Reply};
use crate::http::server;
use crate::http::wire::Breaker;
use crate::model::event::MAX_EVENT;
use crate::model::invocation::{Invocation, Response, Source};
use crate::model::prelude::{self, Split, Splitter};
use crate::model::streaming::{self, Part, PartSender};
use crate::model::{ids, time};
use crate::report::console::Console;
use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderName};
use hyper::{Request, StatusCode};
use std::net::IpAddr;
use std::rc::Rc;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_local;

/// How a function URL invokes the function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum InvokeMode {
    /// A response is an object with statusCode, headers, cookies and body, or any other JSON
    #[default]
    Buffered,
    /// A response is sent as it comes
    ResponseStream,
}

/// What all requests share.
pub struct FunctionUrl {
    pub callee: Callee,
    pub mode: InvokeMode,
    pub console: Rc<Console>,
    /// Where it listens.
    pub port: u16,
}

/// Accepts clients for ever.
pub async fn serve(listener: TcpListener, guard: Rc<Guard>, url: Rc<FunctionUrl>) {
    let limit = ConnectionLimit::new();
    loop {
        let tcp = server::accept(&listener).await;
        let slot = limit.take().await;
        let Ok(client) = tcp.peer_addr().map(|address| address.ip()) else {
            continue; // it has gone
        };
        let (guard, url) = (guard.clone(), url.clone());
        spawn_local(async move {
            server::serve(tcp, slot, &guard, |request, _: Breaker| answer(request, client, &url)).await;
        });
    }
}

async fn answer(request: Request<Incoming>, client: IpAddr, url: &FunctionUrl) -> Result<Reply, NoAnswer> {
    let (head, body) = request.into_parts();
    let received = reply::receive(body, MAX_EVENT).await?;
    let (request_id, trace_id, time_ms) = (ids::uuid(), ids::trace_id(), time::now_ms());
    let origin = Origin {
        region: url.callee.function.region.clone(),
        client,
        port: url.port,
        request_id: request_id.clone(),
        trace_id,
        time_ms,
    };
    let event = url_event::event(&head, &received.bytes, &origin);
    let reply = if received.is_too_large || event.len() > MAX_EVENT {
        failed(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large")
    } else {
        url.invoke(event, origin).await
    };
    Ok(reply.with(HeaderName::from_static("x-amzn-requestid"), &request_id))
}

impl FunctionUrl {
    async fn invoke(&self, event: Bytes, origin: Origin) -> Reply {
        let reply = match self.mode {
            InvokeMode::Buffered => self.buffered(event, origin).await,
            InvokeMode::ResponseStream => self.stream(event, origin).await,
        };
        reply.unwrap_or_else(|refusal| failed(refusal.status, &refusal.message))
    }

    async fn buffered(&self, event: Bytes, origin: Origin) -> Result<Reply, Refusal> {
        let answered = self.submit(event, origin, None)?.await;
        Ok(match answered.map(|answered| answered.result) {
            Ok(Ok(Response::Whole { body, .. })) => {
                url_response::buffered(body).unwrap_or_else(|why| self.malformed(&why))
            }
            // an error of the function, which its log has; or open-runtime is shutting down
            Ok(Ok(Response::Streamed) | Err(_)) | Err(_) => bad_gateway(),
        })
    }

    /// The answer to a client begins when the response does.
    async fn stream(&self, event: Bytes, origin: Origin) -> Result<Reply, Refusal> {
        let (parts, from_function) = streaming::channel();
        let answered = self.submit(event, origin, Some(parts))?;
        Ok(self.streamed(StreamCaller::new(from_function, answered)).await)
    }

    fn submit(
        &self,
        event: Bytes,
        origin: Origin,
        stream: Option<PartSender>,
    ) -> Result<oneshot::Receiver<InvokeResult>, Refusal> {
        let (caller, answered) = oneshot::channel();
        let Origin { request_id, trace_id, .. } = origin;
        let function_arn = self.callee.function.arn(None);
        let source = Source::Url;
        let invocation =
            Rc::new(Invocation { request_id, source, event, function_arn, trace_id, stream, ..Invocation::default() });
        let job = Job { invocation, wants_log: false, caller: Some(caller) };
        self.callee.invoker.submit(job).map(|()| answered)
    }

    async fn streamed(&self, mut caller: StreamCaller) -> Reply {
        match caller.next().await {
            Next::Part(Part::Head { content_type }) if prelude::is_announced(content_type.as_deref()) => {
                self.streamed_http(caller).await
            }
            Next::Part(Part::Head { content_type }) => {
                let content_type = content_type.as_deref().unwrap_or(url_response::BYTES);
                in_parts(Bytes::new(), caller).with(CONTENT_TYPE, content_type)
            }
            Next::Part(Part::Bytes(_)) => bad_gateway(), // the head comes first
            Next::End(answered) => match answered.map(|answered| answered.result) {
                Some(Ok(Response::Whole { body, content_type })) => {
                    let content_type = content_type.as_deref().unwrap_or(url_response::BYTES);
                    Reply::new(StatusCode::OK, body).with(CONTENT_TYPE, content_type)
                }
                Some(Ok(Response::Streamed) | Err(_)) | None => bad_gateway(),
            },
        }
    }

    async fn streamed_http(&self, mut caller: StreamCaller) -> Reply {
        let mut splitter = Splitter::default();
        let split = loop {
            let found = match caller.next().await {
                Next::Part(Part::Bytes(bytes)) => splitter.add(&bytes),
                Next::Part(Part::Head { .. }) => Ok(None),
                Next::End(Some(InvokeResult { result: Err(_), .. })) => return bad_gateway(),
                Next::End(_) => Err("it ended before the end of its head".to_owned()),
            };
            match found {
                Ok(Some(split)) => break split,
                Ok(None) => {}
                Err(why) => return self.malformed(&why),
            }
        };
        let Split { head, body } = split;
        url_response::streamed(in_parts(body.into(), caller), &head).unwrap_or_else(|why| self.malformed(&why))
    }

    /// Says what Lambda would not say.
    fn malformed(&self, why: &str) -> Reply {
        self.console.say(&format!("open-runtime: the function URL answers 502, as it cannot use the response: {why}"));
        bad_gateway()
    }
}

/// An answer whose body comes from the function, after these bytes. If the function fails, the connection breaks.
fn in_parts(first: Bytes, caller: StreamCaller) -> Reply {
    let (parts, body) = mpsc::channel(1);
    spawn_local(send_body(first, caller, parts));
    Reply::in_parts(StatusCode::OK, body)
}

async fn send_body(first: Bytes, mut caller: StreamCaller, parts: mpsc::Sender<Result<Bytes, NoAnswer>>) {
    let mut part = Some(Ok(first));
    while let Some(bytes) = part {
        let is_empty = bytes.as_ref().is_ok_and(Bytes::is_empty); // an empty chunk would be the end
        if !is_empty && parts.send(bytes).await.is_err() {
            return; // the client has hung up
        }
        part = match caller.next().await {
            Next::Part(Part::Bytes(bytes)) => Some(Ok(bytes)),
            Next::Part(Part::Head { .. }) => Some(Ok(Bytes::new())),
            Next::End(Some(InvokeResult { result: Ok(_), .. })) => None,
            Next::End(_) => {
                let _ = parts.send(Err(NoAnswer)).await; // the client may have hung up
                None
            }
        };
    }
}

fn bad_gateway() -> Reply {
    failed(StatusCode::BAD_GATEWAY, "Internal Server Error")
}

fn failed(status: StatusCode, message: &str) -> Reply {
    Reply::new(status, message.to_owned()).with(CONTENT_TYPE, "application/json")
}

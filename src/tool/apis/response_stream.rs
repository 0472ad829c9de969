//! `POST /runtime/invocation/ID/response` in the mode `streaming`: the body goes to the caller chunk by chunk, as it comes.
//!
//! Lambda forgives some mistakes that this refuses, because what they lose is hard to find there: a body that is not
//! chunked, and trailers that are not announced, unknown, too long or not base64.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html#runtimes-custom-response-streaming>

use super::runtime;
use crate::faults::{Cut, Fault, Reset};
use crate::http::reply::{self, NoAnswer, Refusal, Reply};
use crate::http::wire::{Break, BreakPoint, Breaker};
use crate::model::environment::Environment;
use crate::model::failure::{Failure, FunctionError, MAX_RESPONSE};
use crate::model::invocation::{Dispatched, Response, RuntimeAnswer};
use crate::model::states::RuntimeState;
use crate::model::streaming::{Part, PartSender, StreamCopy, StreamLimits, Throttle};
use crate::report::journal::Tally;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, TRAILER, TRANSFER_ENCODING};
use serde_json::Value;
use tokio::time::{sleep, sleep_until};

const ERROR_TYPE: HeaderName = HeaderName::from_static("lambda-runtime-function-error-type");
const ERROR_BODY: HeaderName = HeaderName::from_static("lambda-runtime-function-error-body");

/// Lambda's HTTP server, which is Go's, reads so many bytes of trailers.
const MAX_TRAILERS: usize = 4096;

/// A response that is being streamed.
pub struct ResponseStream<'a> {
    pub environment: &'a Environment,
    pub request_id: &'a str,
    pub headers: &'a HeaderMap,
    pub body: Incoming,
    pub limits: StreamLimits,
    pub fault: &'a Fault,
    pub breaker: &'a Breaker,
    pub tally: &'a mut Tally,
}

/// How reading the body ended.
enum End {
    /// With its last chunk, and these trailers.
    Whole(HeaderMap),
    /// The connection broke, or what came was not a chunk.
    Broken,
    TooLarge(u64),
    /// The invocation's timeout has passed.
    Late,
    Cut(Cut),
}

/// True if the runtime streams its response.
pub fn is_streaming(headers: &HeaderMap) -> bool {
    headers.get(runtime::MODE).is_some_and(|mode| mode == "streaming")
}

impl ResponseStream<'_> {
    /// Takes the response, and answers the request. Takes as long as the function, the caller and the throttle do.
    ///
    /// # Errors
    /// A fault wants no answer.
    pub async fn take(mut self) -> Result<Reply, NoAnswer> {
        if self.fault.resets(Reset::BeforeReading) {
            return self.hang_up(true);
        }
        let work = match runtime::begin_stream(self.environment, self.request_id) {
            Ok(work) => work,
            Err(refusal) => return Ok(self.refuse_early(refusal.into())),
        };
        let open = Open { environment: self.environment };
        if let Err(why) = check_head(self.headers) {
            open.close(Err(Failure::InvalidStream(why.clone())));
            return Ok(self.refuse_early(invalid(why).into()));
        }
        let mut sink = Sink::new(&work, self.limits);
        sink.begin(runtime::content_type(self.headers)).await;
        let end = self.copy(&mut sink).await;
        if let End::Whole(_) = end {
            self.fault.act_after_reading(self.breaker).await?;
        }
        self.conclude(end, open, sink)
    }

    /// Passes the body on until it ends.
    async fn copy(&mut self, sink: &mut Sink<'_>) -> End {
        let environment = self.environment;
        tokio::select! {
            biased;
            () = environment.until(|state| state.is_late.then_some(())) => End::Late,
            end = self.copy_all(sink) => end,
        }
    }

    async fn copy_all(&mut self, sink: &mut Sink<'_>) -> End {
        let (mut size, mut throttle, mut trailers) = (0, Throttle::default(), HeaderMap::new());
        let mut may_fail = true;
        loop {
            if may_fail && size >= self.fault.after_bytes() {
                may_fail = false;
                if let Some(cut) = self.fail_midway().await {
                    return End::Cut(cut);
                }
            }
            let chunk = match self.body.frame().await {
                None => return End::Whole(trailers),
                Some(Err(_)) => return End::Broken,
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(chunk) => chunk,
                    Err(frame) => {
                        trailers = frame.into_trailers().unwrap_or_default();
                        self.tally.trailers(shown(&trailers));
                        continue;
                    }
                },
            };
            size += chunk.len() as u64;
            self.tally.add(&chunk);
            if size > sink.limit {
                return End::TooLarge(sink.limit);
            }
            sink.put(chunk).await;
            if let Some(then) = throttle.until(size).filter(|_| self.limits.is_throttled) {
                sleep_until(then).await;
            }
        }
    }

    async fn fail_midway(&self) -> Option<Cut> {
        if let Some(pause) = self.fault.pause() {
            sleep(pause).await;
        }
        self.fault.cut()
    }

    fn conclude(self, end: End, open: Open<'_>, sink: Sink<'_>) -> Result<Reply, NoAnswer> {
        match end {
            End::Whole(trailers) => {
                let (answer, reply) = self.ended(&trailers, sink);
                open.close(answer);
                let reply = self.fault.change(self.fault.instead().unwrap_or(reply));
                self.fault.plan_break(&reply, self.breaker);
                Ok(reply)
            }
            End::Broken => {
                open.give_up();
                Ok(truncated().into())
            }
            End::TooLarge(limit) => {
                open.close(Err(Failure::ResponseTooLarge(limit)));
                Ok(self.refuse_early(runtime::too_large(limit).into()))
            }
            End::Late => {
                open.give_up();
                Ok(self.refuse_early(runtime::timed_out().into()))
            }
            End::Cut(Cut::HangUp { is_reset }) => {
                open.give_up();
                self.hang_up(is_reset)
            }
            End::Cut(Cut::Answer(reply)) => {
                let is_too_large = reply.status == StatusCode::PAYLOAD_TOO_LARGE;
                let too_large = Failure::ResponseTooLarge(self.limits.max_bytes);
                open.close(Err(if is_too_large { too_large } else { Failure::TruncatedResponse }));
                Ok(self.refuse_early(reply))
            }
        }
    }

    /// What a whole body with these trailers means.
    fn ended(&self, trailers: &HeaderMap, sink: Sink<'_>) -> (RuntimeAnswer, Reply) {
        match reported_error(self.headers, trailers) {
            Ok(None) => (Ok(sink.response(runtime::content_type(self.headers))), Reply::accepted()),
            Ok(Some(error)) => (Err(Failure::BrokenOff(error)), Reply::accepted()),
            Err(why) => (Err(Failure::InvalidStream(why.clone())), invalid(why).into()),
        }
    }

    /// Answers before the body has ended. The connection is closed then, as Lambda does.
    fn refuse_early(self, reply: Reply) -> Reply {
        tokio::task::spawn_local(reply::drop_rest(self.body));
        reply.with(CONNECTION, "close")
    }

    fn hang_up(&self, is_reset: bool) -> Result<Reply, NoAnswer> {
        self.breaker.plan(Break { at: BreakPoint::Now, is_reset });
        Err(NoAnswer)
    }
}

/// A stream that has begun and has not ended. If it is dropped, as the connection is with its task, the response is
/// truncated.
struct Open<'a> {
    environment: &'a Environment,
}

impl Open<'_> {
    /// The runtime may ask for its next invocation.
    fn close(self, answer: RuntimeAnswer) {
        self.environment.change(|state| {
            if state.runtime == RuntimeState::Streaming {
                state.runtime = RuntimeState::ResponseSent;
                state.answer = Some(answer);
            }
        });
    }

    /// The runtime stays in the middle of its response: Lambda takes nothing more from it.
    fn give_up(self) {
        drop(self);
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.environment.change(|state| {
            if state.runtime == RuntimeState::Streaming && !state.is_late {
                state.answer = Some(Err(Failure::TruncatedResponse));
            }
        });
    }
}

/// Trailers as the journal has them.
fn shown(trailers: &HeaderMap) -> Value {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    trailers.iter().map(|(name, value)| (name.to_string(), text(value))).collect()
}

/// Where the chunks go.
struct Sink<'a> {
    caller: Option<&'a PartSender>,
    /// For a caller that takes a stream, and if somebody wants the record of the invocation.
    copy: Option<&'a StreamCopy>,
    /// For a caller that takes a whole response.
    collected: Vec<Bytes>,
    /// It has gone. The function runs on to its end.
    has_gone: bool,
    limit: u64,
}

impl<'a> Sink<'a> {
    fn new(work: &'a Dispatched, limits: StreamLimits) -> Sink<'a> {
        let caller = work.invocation.stream.as_ref();
        let limit = if caller.is_some() { limits.max_bytes } else { MAX_RESPONSE as u64 };
        let copy = work.copy.as_deref().filter(|_| caller.is_some());
        Sink { caller, copy, collected: Vec::new(), has_gone: false, limit }
    }

    async fn begin(&mut self, content_type: Option<String>) {
        if let Some(copy) = self.copy {
            copy.begin(content_type.clone());
        }
        self.send(Part::Head { content_type }).await;
    }

    /// Waits until the caller can take more.
    async fn put(&mut self, chunk: Bytes) {
        if let Some(copy) = self.copy {
            copy.add(&chunk);
        }
        match self.caller {
            Some(_) => self.send(Part::Bytes(chunk)).await,
            None => self.collected.push(chunk),
        }
    }

    async fn send(&mut self, part: Part) {
        if let Some(caller) = self.caller.filter(|_| !self.has_gone) {
            self.has_gone = caller.send(part).await.is_err();
        }
    }

    fn response(self, content_type: Option<String>) -> Response {
        match self.caller {
            Some(_) => Response::Streamed,
            None => Response::Whole { body: self.collected.concat().into(), content_type },
        }
    }
}

/// # Errors
/// Why Lambda could not stream it.
fn check_head(headers: &HeaderMap) -> Result<(), String> {
    let chunked =
        headers.get(TRANSFER_ENCODING).is_some_and(|coding| coding.as_bytes().eq_ignore_ascii_case(b"chunked"));
    if !chunked {
        return Err("the request has no Transfer-Encoding: chunked".to_owned());
    }
    if headers.get(CONTENT_TYPE).is_some_and(|given| given.to_str().is_err()) {
        return Err("Content-Type has bytes that are not ASCII".to_owned());
    }
    match announced(headers).find(|name| !is_known(name)) {
        Some(name) => Err(format!("the header Trailer announces {name:?}, which Lambda does not know")),
        None => Ok(()),
    }
}

/// The names in the header `Trailer`, in small letters.
fn announced(headers: &HeaderMap) -> impl Iterator<Item = String> + '_ {
    let lists =
        headers.get_all(TRAILER).into_iter().map(|list| String::from_utf8_lossy(list.as_bytes()).to_lowercase());
    lists.flat_map(|list| list.split(',').map(|name| name.trim().to_owned()).collect::<Vec<_>>())
}

fn is_known(name: &str) -> bool {
    name == ERROR_TYPE || name == ERROR_BODY
}

/// The error that the trailers tell. None: the stream has succeeded.
///
/// # Errors
/// What is wrong with the trailers.
fn reported_error(headers: &HeaderMap, trailers: &HeaderMap) -> Result<Option<FunctionError>, String> {
    let announced: Vec<String> = announced(headers).collect();
    if let Some(name) = trailers.keys().find(|name| !is_known(name.as_str())) {
        return Err(format!("there is a trailer {:?}, which Lambda does not know", name.as_str()));
    }
    if let Some(name) = trailers.keys().find(|name| !announced.iter().any(|known| known == name.as_str())) {
        return Err(format!("the trailer {name} was not announced by the header Trailer"));
    }
    let length: usize = trailers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if length + 2 > MAX_TRAILERS {
        return Err(format!("the trailers have {} bytes, and Lambda reads {MAX_TRAILERS}", length + 2));
    }
    let text = |name| trailers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let error_type = text(ERROR_TYPE).unwrap_or_default();
    let body = STANDARD.decode(text(ERROR_BODY).unwrap_or_default());
    let body = body.map_err(|why| format!("the trailer {ERROR_BODY} is not base64: {why}"))?;
    match (error_type.is_empty(), body.is_empty()) {
        (true, true) => Ok(None),
        (true, false) => Err(format!("there is a trailer {ERROR_BODY}, and no {ERROR_TYPE}")),
        (false, _) => Ok(Some(FunctionError { error_type, body: body.into() })),
    }
}

fn truncated() -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "TruncatedHTTPRequest", "HTTP request detected as truncated")
}

fn invalid(why: String) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "InvalidStream", why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn trailers_tell_an_error() {
        let both = headers(&[(TRAILER, "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body")]);
        let error = headers(&[(ERROR_TYPE, "Function.ValueError"), (ERROR_BODY, "e30=")]);
        let told = reported_error(&both, &error).unwrap().unwrap();
        assert_eq!((told.error_type.as_str(), &told.body[..]), ("Function.ValueError", &b"{}"[..]));
        assert!(reported_error(&both, &HeaderMap::new()).unwrap().is_none());
        assert!(reported_error(&HeaderMap::new(), &error).is_err_and(|why| why.contains("not announced")));
        for (bad, reason) in [
            (headers(&[(ERROR_TYPE, "A.B"), (ERROR_BODY, "{}")]), "not base64"),
            (headers(&[(ERROR_BODY, "e30=")]), "and no lambda-runtime-function-error-type"),
            (headers(&[(CONTENT_TYPE, "text/plain")]), "does not know"),
            (headers(&[(ERROR_TYPE, &"a".repeat(4096))]), "Lambda reads 4096"),
        ] {
            assert!(reported_error(&both, &bad).is_err_and(|why| why.contains(reason)), "{reason}");
        }
    }

    #[test]
    fn a_stream_is_chunked_and_announces_only_known_trailers() {
        assert!(check_head(&headers(&[(TRANSFER_ENCODING, "chunked")])).is_ok());
        assert!(check_head(&headers(&[])).is_err_and(|why| why.contains("chunked")));
        let foreign = headers(&[(TRANSFER_ENCODING, "chunked"), (TRAILER, "X-Sum")]);
        assert!(check_head(&foreign).is_err_and(|why| why.contains("x-sum")));
    }
}

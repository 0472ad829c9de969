//! Lambda's Invoke API, for the AWS CLI and SDKs: any function name is our function.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>

use super::invoke_request::{self as asked, Type};
use crate::event::MAX_EVENT;
use crate::function::{Function, VERSION};
use crate::http::reply::{self, Received, Refusal, Reply};
use crate::http::server::{self, NoAnswer};
use crate::http::wire::Breaker;
use crate::ids;
use crate::invocation::Invocation;
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

/// Invocations that may wait; then callers are throttled.
pub const QUEUE: usize = 1000;

/// An invocation that waits for its turn.
pub struct Job {
    pub invocation: Rc<Invocation>,
    pub wants_log: bool,
    /// Where the caller waits; None if it does not.
    pub caller: Option<oneshot::Sender<Answered>>,
}

/// What the caller of a synchronous invocation gets.
pub struct Answered {
    pub body: Bytes,
    pub is_error: bool,
    /// The end of the log, where it was asked for.
    pub log: Option<Vec<u8>>,
}

<<<<<<< HEAD
/// How the caller wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    RequestResponse,
    Event,
    DryRun,
}

/// A request that Lambda refuses.
struct Refusal {
    status: StatusCode,
    error_type: &'static str,
    message: String,
}

impl Refusal {
    fn new(status: StatusCode, error_type: &'static str, message: impl Into<String>) -> Refusal {
        Refusal { status, error_type, message: message.into() }
    }

    /// Lambda writes `Message` or `message`, depending on the layer that refuses; SDKs read either.
    fn reply(&self) -> Reply {
        let who = if self.status.is_server_error() { "Service" } else { "User" };
        Reply::json(self.status, &json!({"Type": who, "Message": self.message, "message": self.message}))
            .with(HeaderName::from_static("x-amzn-errortype"), self.error_type)
    }
}

=======
>>>>>>> tool
/// Accepts callers for ever, and queues what they want.
pub async fn serve(listener: TcpListener, function: Rc<Function>, queue: mpsc::Sender<Job>) {
    loop {
        let tcp = server::accept(&listener).await;
        let (function, queue) = (function.clone(), queue.clone());
        tokio::task::spawn_local(async move {
            server::serve(tcp, |request, _: Breaker| answer(request, &function, &queue)).await;
        });
    }
}

async fn answer(request: Request<Incoming>, function: &Function, queue: &mpsc::Sender<Job>) -> Result<Reply, NoAnswer> {
    let (head, body) = request.into_parts();
    let received = reply::receive(body, MAX_EVENT).await.map_err(|_| NoAnswer)?;
    let request_id = ids::uuid();
    let invoked = match asked::arn_of(&head.method, head.uri.path(), head.uri.query(), function) {
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
    let invocation_type = asked::invocation_type(headers)?;
    let wants_log = asked::wants_log(headers)? && invocation_type == Type::RequestResponse;
    let invocation = Rc::new(Invocation {
        request_id,
        event: asked::event_of(received, invocation_type)?,
        function_arn,
        trace_id: asked::text(headers, "x-amzn-trace-id").map_or_else(ids::trace_id, str::to_owned),
        client_context: asked::client_context(headers)?,
        tenant_id: asked::text(headers, "x-amz-tenant-id").map(str::to_owned),
    });
    match invocation_type {
        Type::DryRun => Ok(executed(Reply::new(StatusCode::NO_CONTENT, ""))),
        Type::Event => {
<<<<<<< HEAD
            enqueue(queue, Job { invocation, wants_log, caller: None })?;
=======
            let caller = None;
            enqueue(
                queue,
                Job {
                    invocation,
                    wants_log,
                    caller,
                },
            )?;
>>>>>>> tool
            Ok(Reply::new(StatusCode::ACCEPTED, ""))
        }
        Type::RequestResponse => {
            let (caller, answered) = oneshot::channel();
<<<<<<< HEAD
            enqueue(queue, Job { invocation, wants_log, caller: Some(caller) })?;
=======
            let caller = Some(caller);
            enqueue(
                queue,
                Job {
                    invocation,
                    wants_log,
                    caller,
                },
            )?;
>>>>>>> tool
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

/// A refusal as Lambda's own API renders it: `Message` or `message`, depending on the layer; SDKs read either.
fn refused(refusal: &Refusal) -> Reply {
    let Refusal {
        status,
        error_type,
        message,
    } = refusal;
    let who = if status.is_server_error() {
        "Service"
    } else {
        "User"
    };
    let body = json!({"Type": who, "Message": message, "message": message});
    Reply::json(*status, &body).with(HeaderName::from_static("x-amzn-errortype"), error_type)
}

fn shutting_down() -> Refusal {
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "ServiceException", "open-runtime is shutting down")
}

fn response(answered: Answered) -> Reply {
    let reply = executed(Reply::new(StatusCode::OK, answered.body));
    let mut reply = reply.with(hyper::header::CONTENT_TYPE, "application/json");
    if answered.is_error {
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
<<<<<<< HEAD

/// The ARN by which the function is invoked.
fn arn_of(method: &Method, path: &str, query: Option<&str>, function: &Function) -> Result<String, Refusal> {
    let name = path.strip_prefix("/2015-03-31/functions/").and_then(|rest| rest.strip_suffix("/invocations"));
    let Some(name) = name.filter(|name| method == Method::POST && !name.contains('/')) else {
        let message = "open-runtime knows POST /2015-03-31/functions/NAME/invocations";
        return Err(Refusal::new(StatusCode::NOT_FOUND, "UnknownOperationException", message));
    };
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let query = query.unwrap_or("").split('&').find_map(|pair| pair.strip_prefix("Qualifier="));
    let (name, query) = (decode(name), query.map(decode));
    let (qualifier, is_name) = (qualifier_of(&name), is_function_name(&name));
    let mut qualifiers = [qualifier, query.as_deref()].into_iter().flatten();
    if !is_name || !qualifiers.clone().all(|qualifier| qualifier == VERSION || is_word(qualifier)) {
        let message = format!(
            "1 validation error detected: Value '{name}' at 'functionName' failed to satisfy constraint: \
             Member must be a function name, an ARN or a partial ARN"
        );
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "ValidationException", message));
    }
    Ok(function.arn(qualifiers.next()))
}

/// `name`, `name:qualifier`, `account:function:name`, `arn:aws:lambda:region:account:function:name:qualifier`.
fn is_function_name(name: &str) -> bool {
    let after = name.rsplit_once("function:").map_or(name, |(_, after)| after);
    let before = name.strip_suffix(after).unwrap_or("");
    let known =
        before.is_empty() || before == "function:" || before.split(':').all(|part| part.is_empty() || is_word(part));
    known && name.len() <= 256 && after.split(':').count() <= 2 && after.split(':').next().is_some_and(is_word)
}

fn qualifier_of(name: &str) -> Option<&str> {
    let after = name.rsplit_once("function:").map_or(name, |(_, after)| after);
    after.split_once(':').map(|(_, qualifier)| qualifier)
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn event_of(received: Received, invocation_type: Type) -> Result<Bytes, Refusal> {
    let limit = if invocation_type == Type::Event { MAX_ASYNC_EVENT } else { MAX_EVENT };
    if received.is_too_large || received.bytes.len() > limit {
        let message = format!("Request must be smaller than {limit} bytes for the InvokeFunction operation");
        return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException", message));
    }
    event::checked(received.bytes).map_err(|why| bad_content(format!("Could not parse request body into json: {why}")))
}

fn bad_content(message: impl Into<String>) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "InvalidRequestContentException", message)
}

fn invocation_type(headers: &HeaderMap) -> Result<Type, Refusal> {
    match text(headers, "x-amz-invocation-type") {
        None | Some("" | "RequestResponse") => Ok(Type::RequestResponse),
        Some("Event") => Ok(Type::Event),
        Some("DryRun") => Ok(Type::DryRun),
        Some(_) => Err(invalid_parameter("invocationType", "[RequestResponse, Event, DryRun]")),
    }
}

fn wants_log(headers: &HeaderMap) -> Result<bool, Refusal> {
    match text(headers, "x-amz-log-type") {
        None | Some("" | "None") => Ok(false),
        Some("Tail") => Ok(true),
        Some(_) => Err(invalid_parameter("logType", "[None, Tail]")),
    }
}

fn invalid_parameter(name: &str, allowed: &str) -> Refusal {
    let message = format!(
        "1 validation error detected: Value at '{name}' failed to satisfy constraint: \
         Member must satisfy enum value set: {allowed}"
    );
    Refusal::new(StatusCode::BAD_REQUEST, "InvalidParameterValueException", message)
}

/// The client context as JSON on one line, which is all that a header can carry.
fn client_context(headers: &HeaderMap) -> Result<Option<Bytes>, Refusal> {
    let Some(base64) = headers.get("x-amz-client-context").filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let bad = || bad_content("Client context must be a valid Base64-encoded JSON object.");
    if base64.len() > MAX_CLIENT_CONTEXT {
        return Err(bad_content(format!("Client context must be no more than {MAX_CLIENT_CONTEXT} bytes.")));
    }
    let mut json = STANDARD.decode(base64).map_err(|_| bad())?;
    event::checked(Bytes::from(json.clone())).map_err(|_| bad())?;
    if json.trim_ascii().first() != Some(&b'{') {
        return Err(bad());
    }
    json.iter_mut().filter(|byte| byte.is_ascii_control()).for_each(|byte| *byte = b' '); // only between tokens
    Ok(Some(json.into()))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(HeaderValue::to_str)?.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn names_and_arns_are_told_from_nonsense() {
        let arn = "arn:aws:lambda:eu-central-1:123456789012:function:my-fn";
        for name in ["f", "my_fn:live", "f:$LATEST", "123456789012:function:f", arn, &format!("{arn}:7")] {
            assert!(is_function_name(name), "{name}");
        }
        for name in ["", "a b", "../f", "f:1:2", "arn aws:function:f", &"f".repeat(257)] {
            assert!(!is_function_name(name), "{name}");
        }
    }

    #[test]
    fn a_function_called_function_is_one() {
        assert!(is_function_name("function"));
        assert!(is_function_name("function:live"));
        assert_eq!(qualifier_of("my:live"), Some("live"));
    }

    #[test]
    fn client_contexts_are_json_objects_on_one_line() {
        let encoded = STANDARD.encode("{\n\"custom\":{}}");
        let context = client_context(&headers("x-amz-client-context", &encoded)).ok().flatten().unwrap();
        assert_eq!(context, "{ \"custom\":{}}");
        for bad in [STANDARD.encode("[]"), STANDARD.encode("{"), "not base64!".to_owned()] {
            assert!(client_context(&headers("x-amz-client-context", &bad)).is_err());
        }
    }

    #[test]
    fn invocation_types_are_lambdas() {
        assert_eq!(invocation_type(&HeaderMap::new()).ok(), Some(Type::RequestResponse));
        assert_eq!(invocation_type(&headers("x-amz-invocation-type", "Event")).ok(), Some(Type::Event));
        assert!(invocation_type(&headers("x-amz-invocation-type", "Later")).is_err());
    }

    #[test]
    fn asynchronous_events_have_a_limit_of_their_own() {
        let received = || Received { bytes: Bytes::from(vec![b'1'; MAX_ASYNC_EVENT + 1]), is_too_large: false };
        assert!(event_of(received(), Type::RequestResponse).is_ok());
        assert!(event_of(received(), Type::Event).is_err_and(|refusal| refusal.status == 413));
    }
}
=======
>>>>>>> tool

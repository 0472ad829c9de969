//! Reads a request of the Invoke API, or says why Lambda refuses it.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>

use crate::http::reply::{Received, Refusal};
use crate::model::event::{self, MAX_EVENT};
use crate::model::function::VERSION;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::header::{HeaderMap, HeaderValue};
use hyper::{Method, StatusCode};
use percent_encoding::percent_decode_str;

/// The largest event of an asynchronous invocation, in bytes.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const MAX_ASYNC_EVENT: usize = 1024 * 1024;

/// The longest name or ARN, in bytes.
const MAX_NAME: usize = 256;

/// The largest client context, in bytes of base64.
const MAX_CLIENT_CONTEXT: usize = 3583;

/// Whether the caller waits, does not wait, or only checks the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvocationType {
    RequestResponse,
    Event,
    DryRun,
}

/// What the caller wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Invoke,
    InvokeWithResponseStream,
}

/// The operation, and the name of the function, which the path holds.
pub fn operation_of<'a>(method: &Method, path: &'a str) -> Result<(Operation, &'a str), Refusal> {
    let of = |before: &str, after: &str| {
        let name = path.strip_prefix(before)?.strip_suffix(after)?;
        Some(name).filter(|name| method == Method::POST && !name.contains('/'))
    };
    let whole = of("/2015-03-31/functions/", "/invocations").map(|name| (Operation::Invoke, name));
    let streamed = || of("/2021-11-15/functions/", "/response-streaming-invocations");
    whole.or_else(|| streamed().map(|name| (Operation::InvokeWithResponseStream, name))).ok_or_else(|| {
        let message = "open-runtime knows POST /2015-03-31/functions/NAME/invocations \
                       and POST /2021-11-15/functions/NAME/response-streaming-invocations";
        Refusal::new(StatusCode::NOT_FOUND, "UnknownOperationException", message)
    })
}

/// The function that a request names.
#[derive(Debug, PartialEq)]
pub struct FunctionName {
    pub name: String,
    /// A version or an alias.
    pub qualifier: Option<String>,
}

/// The function of this name, or ARN or part of an ARN, in a path, and of the qualifier in the query.
///
/// # Errors
/// Lambda would not accept the name.
pub fn named(name: &str, query: Option<&str>) -> Result<FunctionName, Refusal> {
    if query.is_none() && name.len() <= MAX_NAME && is_word(name) {
        return Ok(FunctionName { name: name.to_owned(), qualifier: None }); // as nearly always
    }
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
    let qualifier = qualifiers.next().map(str::to_owned);
    Ok(FunctionName { name: without_qualifier(&name).to_owned(), qualifier })
}

/// `name`, `name:qualifier`, `account:function:name`, `arn:aws:lambda:region:account:function:name:qualifier`.
fn is_function_name(name: &str) -> bool {
    let after = after_arn(name);
    let before = name.strip_suffix(after).unwrap_or("");
    let known =
        before.is_empty() || before == "function:" || before.split(':').all(|part| part.is_empty() || is_word(part));
    known && name.len() <= MAX_NAME && after.split(':').count() <= 2 && after.split(':').next().is_some_and(is_word)
}

fn qualifier_of(name: &str) -> Option<&str> {
    after_arn(name).split_once(':').map(|(_, qualifier)| qualifier)
}

fn without_qualifier(name: &str) -> &str {
    after_arn(name).split(':').next().unwrap_or(name)
}

fn after_arn(name: &str) -> &str {
    name.rsplit_once("function:").map_or(name, |(_, after)| after)
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

pub fn event_of(received: Received, invocation_type: InvocationType) -> Result<Bytes, Refusal> {
    let limit = if invocation_type == InvocationType::Event { MAX_ASYNC_EVENT } else { MAX_EVENT };
    if received.is_too_large || received.bytes.len() > limit {
        let message = format!("Request must be smaller than {limit} bytes for the InvokeFunction operation");
        return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException", message));
    }
    event::checked(received.bytes).map_err(|why| bad_content(format!("Could not parse request body into json: {why}")))
}

fn bad_content(message: impl Into<String>) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "InvalidRequestContentException", message)
}

/// A stream cannot be invoked asynchronously.
pub fn invocation_type(headers: &HeaderMap, operation: Operation) -> Result<InvocationType, Refusal> {
    match (text(headers, "x-amz-invocation-type"), operation) {
        (None | Some("" | "RequestResponse"), _) => Ok(InvocationType::RequestResponse),
        (Some("DryRun"), _) => Ok(InvocationType::DryRun),
        (Some("Event"), Operation::Invoke) => Ok(InvocationType::Event),
        (Some(_), Operation::Invoke) => Err(invalid_parameter("invocationType", "[RequestResponse, Event, DryRun]")),
        (Some(_), _) => Err(invalid_parameter("invocationType", "[RequestResponse, DryRun]")),
    }
}

pub fn wants_log(headers: &HeaderMap) -> Result<bool, Refusal> {
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

/// The client context: JSON without line breaks, as it is sent to the runtime in a header.
pub fn client_context(headers: &HeaderMap) -> Result<Option<Bytes>, Refusal> {
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
    // valid JSON has control characters only between its tokens
    json.iter_mut().filter(|byte| byte.is_ascii_control()).for_each(|byte| *byte = b' ');
    Ok(Some(json.into()))
}

pub fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(HeaderValue::to_str)?.ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderName;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn names_and_arns_are_valid_and_other_texts_are_not() {
        let arn = "arn:aws:lambda:eu-central-1:123456789012:function:my-fn";
        for name in ["f", "my_fn:live", "f:$LATEST", "123456789012:function:f", arn, &format!("{arn}:7")] {
            assert!(is_function_name(name), "{name}");
        }
        for name in ["", "a b", "../f", "f:1:2", "arn aws:function:f", &"f".repeat(257)] {
            assert!(!is_function_name(name), "{name}");
        }
    }

    #[test]
    fn a_name_and_a_qualifier_are_found_in_every_form() {
        let found = |name, query| named(name, query).map(|found| (found.name, found.qualifier)).ok();
        let found_as = |qualifier: Option<&str>| Some(("f".to_owned(), qualifier.map(str::to_owned)));
        assert_eq!(found("f", None), found_as(None));
        assert_eq!(found("f", Some("Qualifier=live")), found_as(Some("live")));
        assert_eq!(found("012345678912:function:f", None), found_as(None));
        assert_eq!(
            found("arn%3Aaws%3Alambda%3Aus-east-1%3A012345678912%3Afunction%3Af%3A7", None),
            found_as(Some("7"))
        );
        assert_eq!(found("a/b", None), None);
    }

    #[test]
    fn a_function_may_be_called_function() {
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
        let asked = |value| invocation_type(&headers("x-amz-invocation-type", value), Operation::Invoke).ok();
        assert_eq!(asked(""), Some(InvocationType::RequestResponse));
        assert_eq!(asked("Event"), Some(InvocationType::Event));
        assert_eq!(asked("Later"), None);
        let event = headers("x-amz-invocation-type", "Event");
        assert!(invocation_type(&event, Operation::InvokeWithResponseStream).is_err());
    }

    #[test]
    fn asynchronous_events_have_a_limit_of_their_own() {
        let received = || Received { bytes: Bytes::from(vec![b'1'; MAX_ASYNC_EVENT + 1]), is_too_large: false };
        assert!(event_of(received(), InvocationType::RequestResponse).is_ok());
        assert!(event_of(received(), InvocationType::Event).is_err_and(|refusal| refusal.status == 413));
    }
}

//! Sends an event that the user wrote, or that of a former invocation once more.

use super::shown::{Shown, Submission, refused};
use crate::http::reply::{self, NoAnswer, Refusal, Reply};
use crate::model::event::{self, MAX_EVENT};
use crate::model::invocation::Source;
use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap};
use hyper::{Request, StatusCode};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

/// The JSON around the event.
const ENVELOPE: usize = 4096;

/// What the script of the page posts: an event, or the request id of a former invocation.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Posted<'a> {
    function: Option<String>,
    #[serde(borrow)]
    event: Option<&'a RawValue>,
    replay: Option<String>,
}

/// Does not wait for the answer of the function: that is told to all who look.
///
/// # Errors
/// The body of the request did not come whole.
pub async fn answer(shown: &Shown, request: Request<Incoming>) -> Result<Reply, NoAnswer> {
    let (head, body) = request.into_parts();
    if !is_json(&head.headers) {
        reply::drop_rest(body).await;
        return Ok(refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Content-Type must be application/json"));
    }
    let received = reply::receive(body, MAX_EVENT + ENVELOPE).await?;
    let submitted = match received.is_too_large {
        true => Err(too_large()),
        false => submission(shown, &received.bytes).and_then(|submission| (shown.submit)(submission)),
    };
    Ok(match submitted {
        Ok(request_id) => Reply::json(StatusCode::ACCEPTED, &json!({"requestId": request_id})),
        Err(refusal) => refused(refusal.status, &refusal.message),
    })
}

fn submission(shown: &Shown, bytes: &[u8]) -> Result<Submission, Refusal> {
    let posted: Posted<'_> =
        serde_json::from_slice(bytes).map_err(|why| bad(format!("cannot use the request: {why}")))?;
    if let Some(request_id) = posted.replay {
        return former(shown, &request_id);
    }
    let text = posted.event.map(RawValue::get).ok_or_else(|| bad("`event` or `replay` is missing".to_owned()))?;
    let event = event::checked(Bytes::copy_from_slice(text.as_bytes())).map_err(|why| bad(why.to_string()))?;
    if event.len() > MAX_EVENT {
        return Err(too_large());
    }
    let function = posted.function.or_else(|| (shown.functions)().into_iter().next()).unwrap_or_default();
    Ok(Submission { function, event, source: Source::Page })
}

fn former(shown: &Shown, request_id: &str) -> Result<Submission, Refusal> {
    let not_there = |why: &str| Refusal::new(StatusCode::NOT_FOUND, "ResourceNotFoundException", why);
    let record = shown.hub.record(request_id);
    let record = record.ok_or_else(|| not_there("that invocation is no longer kept"))?;
    let event = record.event.all().ok_or_else(|| not_there("its event is too large to have been kept as a whole"))?;
    Ok(Submission { function: record.function.clone(), event, source: Source::Replay })
}

fn bad(why: String) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "InvalidRequestContentException", why)
}

fn too_large() -> Refusal {
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException", "the event is larger than Lambda's 6 MB")
}

/// A form of another page can send no such type.
fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    content_type.split(';').next().unwrap_or("").trim().eq_ignore_ascii_case("application/json")
}

//! The body of a request, the answer to it, and how the answer's body is sent.

use super::connection_limit::Busy;
use super::guard::SentByWebPage;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// An answer.
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// The body is sent in chunks of this many bytes. None: with Content-Length.
    pub chunk: Option<usize>,
    /// The body comes in these parts, in place of `body`, and each is sent at once, as a chunk.
    pub parts: Option<BodyParts>,
}

/// The parts of a body. An error breaks the connection, so that the client sees that the body is not whole.
pub type BodyParts = mpsc::Receiver<Result<Bytes, NoAnswer>>;

impl Reply {
    pub fn new(status: StatusCode, body: impl Into<Bytes>) -> Reply {
        Reply { status, headers: HeaderMap::new(), body: body.into(), chunk: None, parts: None }
    }

    pub fn in_parts(status: StatusCode, parts: BodyParts) -> Reply {
        Reply { parts: Some(parts), ..Reply::new(status, "") }
    }

    pub fn json(status: StatusCode, value: &Value) -> Reply {
        Reply::new(status, value.to_string()).with(CONTENT_TYPE, "application/json")
    }

    /// Lambda's answer to a request that it has accepted.
    pub fn accepted() -> Reply {
        Reply::new(StatusCode::ACCEPTED, r#"{"status":"OK"}"#).with(CONTENT_TYPE, "application/json")
    }

    /// The answer to a request that the guard refuses. SDKs show its type and its message.
    pub fn forbidden(why: &SentByWebPage) -> Reply {
        let (error_type, message) = ("AccessDeniedException", why.to_string());
        let body = json!({"errorType": error_type, "errorMessage": message, "message": message});
        Reply::json(StatusCode::FORBIDDEN, &body).with(HeaderName::from_static("x-amzn-errortype"), error_type)
    }

    /// Adds a header, unless HTTP cannot carry its value.
    pub fn with(mut self, name: impl Into<HeaderName>, value: &str) -> Reply {
        if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
            self.headers.insert(name.into(), value);
        }
        self
    }

    /// `busy` is dropped when the body has been sent, if that may take long.
    pub fn framed(self, busy: Busy) -> Response<Framed> {
        let parts = self.parts.map(|parts| (parts, busy));
        let mut response = Response::new(Framed { rest: self.body, chunk: self.chunk, parts });
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

/// Why an API does not accept a request.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: StatusCode,
    pub error_type: &'static str,
    pub message: String,
}

impl Refusal {
    pub fn new(status: StatusCode, error_type: &'static str, message: impl Into<String>) -> Refusal {
        Refusal { status, error_type, message: message.into() }
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Reply {
        let Refusal { status, error_type, message } = refusal;
        Reply::json(status, &json!({"errorMessage": message, "errorType": error_type}))
    }
}

/// The request is not answered: the connection is closed, or breaks as planned.
#[derive(Debug)]
pub struct NoAnswer;

impl std::fmt::Display for NoAnswer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("not answered on purpose")
    }
}

impl std::error::Error for NoAnswer {}

/// A body that is sent with Content-Length, or in chunks.
pub struct Framed {
    rest: Bytes,
    chunk: Option<usize>,
    parts: Option<(BodyParts, Busy)>,
}

impl Body for Framed {
    type Data = Bytes;
    type Error = NoAnswer;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, NoAnswer>>> {
        if let Some((parts, _)) = &mut self.parts {
            return parts.poll_recv(context).map(|part| part.map(|part| part.map(Frame::data)));
        }
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let size = self.chunk.unwrap_or(self.rest.len()).clamp(1, self.rest.len());
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(size)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.parts.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        if self.chunk.is_some() || self.parts.is_some() {
            SizeHint::default()
        } else {
            SizeHint::with_exact(self.rest.len() as u64)
        }
    }
}

/// The body of a request. What exceeds the limit has been read and dropped.
pub struct Received {
    pub bytes: Bytes,
    pub is_too_large: bool,
}

/// So long the rest of a body is read for a client that has its answer already, as it may still be writing: closing the
/// connection with bytes unread would send RST, and could cost it the answer.
const REST_LIMIT: Duration = Duration::from_millis(500);

/// Reads and drops the rest of a body, for a short time.
pub async fn drop_rest(mut body: Incoming) {
    let rest = async { while let Some(Ok(_)) = body.frame().await {} };
    let _ = timeout(REST_LIMIT, rest).await; // the connection is closed then
}

/// From the end of a request's head to the end of its body.
const BODY_LIMIT: Duration = Duration::from_secs(10);

/// Reads a body.
///
/// # Errors
/// The connection broke before the end of the body, or the time was up.
pub async fn receive(body: Incoming, limit: usize) -> Result<Received, NoAnswer> {
    timeout(BODY_LIMIT, read(body, limit)).await.map_err(|_| NoAnswer)?.map_err(|_| NoAnswer)
}

async fn read(mut body: Incoming, limit: usize) -> Result<Received, hyper::Error> {
    let mut parts: Vec<Bytes> = Vec::new();
    let (mut kept, mut is_too_large) = (0, false);
    while let Some(frame) = body.frame().await {
        let Ok(part) = frame?.into_data() else {
            continue;
        }; // trailers
        is_too_large |= kept + part.len() > limit;
        if !is_too_large {
            kept += part.len();
            parts.push(part);
        }
    }
    let bytes = if parts.len() == 1 { parts.remove(0) } else { Bytes::from(parts.concat()) };
    Ok(Received { bytes, is_too_large })
}

//! What a function URL makes of a response.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-response-payload>

use super::url_headers;
use crate::http::reply::Reply;
use crate::model::prelude::Prelude;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, SET_COOKIE};
use serde::Deserialize;
use serde_json::Value;

const JSON: &str = "application/json";

/// What the type of a streamed response is if the function names none.
pub const BYTES: &str = "application/octet-stream";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Buffered {
    #[serde(flatten)]
    head: Prelude,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// A response in the mode `buffered`: an object with `statusCode`, or any other JSON, which is then the body.
///
/// # Errors
/// Why Lambda answers 502.
pub fn buffered(response: Bytes) -> Result<Reply, String> {
    let value: Value = serde_json::from_slice(&response).map_err(|why| format!("it is not JSON: {why}"))?;
    if value.get("statusCode").is_none() {
        return Ok(Reply::new(StatusCode::OK, response).with(CONTENT_TYPE, JSON));
    }
    let Buffered { head, body, is_base64_encoded } = serde_json::from_value(value).map_err(|why| why.to_string())?;
    let body = body.unwrap_or_default();
    let body = if is_base64_encoded {
        STANDARD.decode(body).map_err(|why| format!("its body is not base64: {why}"))?
    } else {
        body.into_bytes()
    };
    with_head(Reply::new(StatusCode::OK, body), &head, JSON)
}

/// The head of a streamed response.
///
/// # Errors
/// Why Lambda answers 502.
pub fn streamed(reply: Reply, head: &[u8]) -> Result<Reply, String> {
    let head: Prelude = serde_json::from_slice(head).map_err(|why| format!("its head is not right: {why}"))?;
    with_head(reply, &head, BYTES)
}

/// Gives an answer this status and these headers.
fn with_head(mut reply: Reply, head: &Prelude, default_type: &str) -> Result<Reply, String> {
    let status = head.status_code.unwrap_or(200);
    let is_final = (200..600).contains(&status); // hyper sends 1xx only by itself
    let status = StatusCode::from_u16(status).ok().filter(|_| is_final);
    reply.status = status.ok_or_else(|| format!("its status code is {}", head.status_code.unwrap_or(0)))?;
    let single = head.headers.iter();
    let multiple =
        head.multi_value_headers.iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
    for (name, value) in single.chain(multiple) {
        let (name, value) = header(name, value)?;
        if !url_headers::is_of_connection(&name) && name != CONTENT_LENGTH {
            reply.headers.append(name, value);
        }
    }
    for cookie in &head.cookies {
        let cookie =
            HeaderValue::from_bytes(cookie.as_bytes()).map_err(|_| "a cookie is not a header's value".to_owned())?;
        reply.headers.append(SET_COOKIE, cookie);
    }
    if !reply.headers.contains_key(CONTENT_TYPE) {
        reply = reply.with(CONTENT_TYPE, default_type);
    }
    Ok(reply)
}

fn header(name: &str, value: &Value) -> Result<(HeaderName, HeaderValue), String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return Err(format!("its header {name:?} is not a string")),
    };
    let parsed = HeaderName::from_bytes(name.as_bytes()).ok().zip(HeaderValue::from_bytes(text.as_bytes()).ok());
    parsed.ok_or_else(|| format!("HTTP cannot send its header {name:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(response: &'static str) -> Result<Reply, String> {
        buffered(Bytes::from_static(response.as_bytes()))
    }

    #[test]
    fn other_json_is_the_body() {
        for json in ["\"Hello\"", "{ \"a\": 1}", "[1]", "null"] {
            let reply = answered(json).unwrap();
            assert_eq!((reply.status, &reply.body[..]), (StatusCode::OK, json.as_bytes()));
            assert_eq!(reply.headers[CONTENT_TYPE], JSON);
        }
    }

    #[test]
    fn an_object_with_a_status_is_a_response() {
        let reply = answered(
            r#"{"statusCode":201,"headers":{"X-A":1,"Connection":"close","Content-Length":"9"},"cookies":["a=b","c=d"],
                "body":"AAE=","isBase64Encoded":true}"#,
        );
        let reply = reply.unwrap();
        assert_eq!(
            (reply.status.as_u16(), &reply.body[..], reply.headers["x-a"].as_bytes()),
            (201, &[0, 1][..], &b"1"[..])
        );
        assert!(reply.headers.get_all(SET_COOKIE).into_iter().eq(["a=b", "c=d"]));
        assert!(!reply.headers.contains_key("connection") && !reply.headers.contains_key(CONTENT_LENGTH));
    }

    #[test]
    fn what_cannot_be_sent_is_malformed() {
        for bad in [
            "nonsense",
            r#"{"statusCode":"x"}"#,
            r#"{"statusCode":99}"#,
            r#"{"statusCode":100}"#,
            r#"{"statusCode":200,"body":{}}"#,
            r#"{"statusCode":200,"headers":{"a b":"c"}}"#,
            r#"{"statusCode":200,"headers":{"a":"\n"}}"#,
            r#"{"statusCode":200,"headers":{"a":[]}}"#,
            r#"{"statusCode":200,"body":"!","isBase64Encoded":true}"#,
        ] {
            assert!(answered(bad).is_err(), "{bad}");
        }
    }
}

//! The event of a function URL: an HTTP request in the payload format 2.0.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-request-payload>

use super::url_headers;
use crate::model::time;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, COOKIE, HeaderMap, HeaderValue, USER_AGENT};
use hyper::http::request::Parts;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use std::net::IpAddr;

/// The first label of a function URL's name.
const URL_ID: &str = "local";

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// What the connection adds to a request.
pub struct Origin {
    pub region: String,
    pub client: IpAddr,
    /// Of the listener.
    pub port: u16,
    pub request_id: String,
    pub trace_id: String,
    /// Milliseconds since 1970.
    pub time_ms: i64,
}

/// The event as JSON. A member that would be null is left out, as Lambda does.
pub fn event(head: &Parts, body: &Bytes, origin: &Origin) -> Bytes {
    let (path, query) = (head.uri.path(), head.uri.query().unwrap_or(""));
    let domain = format!("{URL_ID}.lambda-url.{}.on.aws", origin.region);
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers(&head.headers, origin),
        "requestContext": {
            "accountId": "anonymous",
            "apiId": URL_ID,
            "domainName": domain,
            "domainPrefix": URL_ID,
            "http": {
                "method": head.method.as_str(),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": origin.client.to_string(),
                "userAgent": text(&head.headers, USER_AGENT.as_str()),
            },
            "requestId": origin.request_id,
            "routeKey": "$default",
            "stage": "$default",
            "time": clf_time(origin.time_ms),
            "timeEpoch": origin.time_ms,
        },
        "isBase64Encoded": false,
    });
    let optional = [("cookies", cookies(&head.headers)), ("queryStringParameters", parameters(query))];
    for (name, value) in optional.into_iter().filter_map(|(name, value)| Some((name, value?))) {
        event[name] = value;
    }
    if !body.is_empty() {
        let as_text = is_text(&head.headers).then(|| std::str::from_utf8(body).ok()).flatten();
        event["body"] = as_text.map_or_else(|| STANDARD.encode(body), str::to_owned).into();
        event["isBase64Encoded"] = as_text.is_none().into();
    }
    event.to_string().into()
}

/// Names in small letters; the values of a name are joined. Cookies are not among them.
fn headers(given: &HeaderMap, origin: &Origin) -> Map<String, Value> {
    let passed = given.keys().filter(|name| **name != COOKIE && !url_headers::is_of_connection(name));
    let mut headers: Map<String, Value> =
        passed.filter_map(|name| Some((name.as_str().to_owned(), text(given, name.as_str())?.into()))).collect();
    let added = [
        ("x-amzn-trace-id", origin.trace_id.clone()),
        ("x-forwarded-for", origin.client.to_string()),
        ("x-forwarded-port", origin.port.to_string()),
        ("x-forwarded-proto", "http".to_owned()),
    ];
    headers.extend(added.map(|(name, value)| (name.to_owned(), value.into())));
    headers
}

/// All values of a header.
fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let values: Vec<String> = headers.get_all(name).into_iter().map(text).collect();
    (!values.is_empty()).then(|| values.join(","))
}

fn cookies(headers: &HeaderMap) -> Option<Value> {
    let lists = headers.get_all(COOKIE).into_iter().map(|list| String::from_utf8_lossy(list.as_bytes()).into_owned());
    let split = |list: String| list.split(';').map(|cookie| cookie.trim().to_owned()).collect::<Vec<_>>();
    let cookies: Vec<String> = lists.flat_map(split).filter(|cookie| !cookie.is_empty()).collect();
    (!cookies.is_empty()).then(|| cookies.into())
}

/// Decoded; the values of a name are joined.
fn parameters(query: &str) -> Option<Value> {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let mut parameters: Map<String, Value> = Map::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decode(name), decode(value));
        let value = match parameters.get(&name).and_then(Value::as_str) {
            Some(before) => format!("{before},{value}"),
            None => value,
        };
        parameters.insert(name, value.into());
    }
    (!parameters.is_empty()).then_some(Value::Object(parameters))
}

/// Bodies of these types are text; others are binary. A compressed one is binary.
fn is_text(headers: &HeaderMap) -> bool {
    let given = text(headers, CONTENT_TYPE.as_str()).unwrap_or_default().to_ascii_lowercase();
    let media_type = given.split(';').next().unwrap_or("").trim();
    let known = ["application/json", "application/javascript", "application/xml"];
    let is_plain = headers.get("content-encoding").is_none();
    is_plain && (media_type.starts_with("text/") || known.contains(&media_type))
}

/// `31/May/2024:16:08:37 +0000`
fn clf_time(ms: i64) -> String {
    let (days, seconds) = (ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000) / 1000);
    let (year, month, day) = time::civil_date(days);
    let month = usize::try_from(month - 1).ok().and_then(|index| MONTHS.get(index)).unwrap_or(&"");
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{day:02}/{month}/{year:04}:{hours:02}:{minutes:02}:{seconds:02} +0000")
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::Request;

    fn made(request: hyper::http::request::Builder, body: &'static [u8]) -> Value {
        let (head, ()) = request.body(()).unwrap().into_parts();
        let (request_id, trace_id, region) = ("id".to_owned(), "Root=1".to_owned(), "eu-west-1".to_owned());
        let origin = Origin {
            region,
            client: [127, 0, 0, 1].into(),
            port: 9000,
            request_id,
            trace_id,
            time_ms: 1_717_171_717_123,
        };
        serde_json::from_slice(&event(&head, &Bytes::from_static(body), &origin)).unwrap()
    }

    #[test]
    fn cookies_headers_and_parameters_are_lambdas() {
        let request = Request::get("/a%20b?x=1&x=a+%26&y").header("Cookie", "a=b; c=d").header("X-A", "1");
        let event = made(request.header("X-A", "2").header("Connection", "close"), b"");
        assert_eq!((&event["rawPath"], &event["rawQueryString"]), (&json!("/a%20b"), &json!("x=1&x=a+%26&y")));
        assert_eq!(event["cookies"], json!(["a=b", "c=d"]));
        assert_eq!(event["queryStringParameters"], json!({"x": "1,a &", "y": ""}));
        assert_eq!(event["headers"]["x-a"], "1,2");
        assert!(event["headers"].get("cookie").is_none() && event["headers"].get("connection").is_none());
        assert_eq!(event["requestContext"]["time"], "31/May/2024:16:08:37 +0000");
        assert!(event.get("body").is_none());
    }

    #[test]
    fn bodies_are_text_by_their_type() {
        let of = |name: &str, body| made(Request::post("/").header("Content-Type", name), body);
        assert_eq!(of("text/plain; charset=utf-8", b"a")["body"], "a");
        assert_eq!(of("application/json", b"{}")["isBase64Encoded"], false);
        assert_eq!(of("application/x-www-form-urlencoded", b"a")["body"], "YQ==");
        assert_eq!(of("text/plain", b"\xff")["isBase64Encoded"], true);
    }
}

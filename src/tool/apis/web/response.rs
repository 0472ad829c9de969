//! What a service makes of a response.
//!
//! Sources: a function URL <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-response-payload>;
//! API Gateway
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>,
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html>; a load balancer
//! <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html>

use super::answers::Trouble;
use super::body;
use super::hop_headers;
use super::pairs::{Pairs, lists, pairs};
use super::service::{MAX_ALB, Service, Settings};
use crate::http::reply::Reply;
use crate::model::prelude::Prelude;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, SET_COOKIE};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

const JSON: &str = "application/json";

/// What the type of a streamed response is if the function names none.
pub const BYTES: &str = "application/octet-stream";

/// Headers that a REST API renames, as it writes its own.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html>
const REMAPPED: [&str; 8] =
    ["connection", "content-length", "date", "host", "server", "user-agent", "via", "www-authenticate"];

/// An object with these members. Each may be null; others are ignored.
struct Proxy {
    status_code: Value,
    headers: Option<Pairs>,
    multi_value_headers: Option<Pairs>,
    cookies: Option<Vec<String>>,
    body: Option<String>,
    is_base64_encoded: Option<bool>,
}

/// The answer to a request that had these headers.
///
/// # Errors
/// The service cannot use the response.
pub fn answer(response: &Bytes, service: Service, settings: &Settings, request: &HeaderMap) -> Result<Reply, Trouble> {
    if service == Service::Alb && response.len() > MAX_ALB {
        return Err(Trouble::Malformed(format!("it is larger than {MAX_ALB} bytes")));
    }
    let not_json = |why| Trouble::Malformed(format!("it is not JSON: {why}"));
    let json: &RawValue = serde_json::from_slice(response).map_err(not_json)?;
    let members = members(json);
    let infers = matches!(service, Service::Url | Service::HttpV2);
    if infers && members.as_ref().is_none_or(|members| !members.contains_key("statusCode")) {
        return Ok(Reply::new(StatusCode::OK, response.clone()).with(CONTENT_TYPE, JSON));
    }
    let members = members.ok_or_else(|| Trouble::Malformed("it is not an object".to_owned()))?;
    let proxy = Proxy::new(&members).map_err(Trouble::Malformed)?;
    proxy.check(service).map_err(Trouble::Malformed)?;
    let head = proxy.head(service, settings).map_err(Trouble::Malformed)?;
    let body = proxy.body(service, settings, request)?;
    head.on(Reply::new(StatusCode::OK, body), service).map_err(Trouble::Malformed)
}

/// The answer of a function URL to a streamed response with this head.
///
/// # Errors
/// Why Lambda answers 502.
pub fn streamed(reply: Reply, head: &[u8]) -> Result<Reply, String> {
    let given: Prelude = serde_json::from_slice(head).map_err(|why| format!("its head is not right: {why}"))?;
    let status = given.status_code.unwrap_or(200);
    let multiple = given.multi_value_headers.unwrap_or_default().into_iter();
    let multiple = multiple.flat_map(|(name, values)| values.into_iter().map(move |value| (name.clone(), value)));
    let headers = given.headers.unwrap_or_default().into_iter().chain(multiple).collect();
    let head = Head { status, headers, cookies: given.cookies.unwrap_or_default(), default_type: BYTES };
    head.on(reply, Service::Url)
}

/// None if it is not an object.
fn members(json: &RawValue) -> Option<BTreeMap<String, &RawValue>> {
    serde_json::from_str(json.get()).ok()
}

impl Proxy {
    fn new(members: &BTreeMap<String, &RawValue>) -> Result<Proxy, String> {
        Ok(Proxy {
            status_code: member(members, "statusCode")?.unwrap_or_default(),
            headers: member(members, "headers")?,
            multi_value_headers: member(members, "multiValueHeaders")?,
            cookies: member(members, "cookies")?,
            body: member(members, "body")?,
            is_base64_encoded: member(members, "isBase64Encoded")?,
        })
    }

    /// A load balancer needs what the others take for granted.
    fn check(&self, service: Service) -> Result<(), String> {
        if service != Service::Alb {
            return Ok(());
        }
        if self.headers.is_none() && self.multi_value_headers.is_none() {
            return Err("it has no headers; a load balancer needs them, if only {}".to_owned());
        }
        let needed = "a load balancer needs true or false";
        self.is_base64_encoded.map(|_| ()).ok_or_else(|| format!("it has no isBase64Encoded; {needed}"))
    }

    fn head(&self, service: Service, settings: &Settings) -> Result<Head, String> {
        let single = || pairs(self.headers.as_ref());
        let multiple = || lists(self.multi_value_headers.as_ref());
        let (headers, default_type) = match service {
            Service::Url => (single(), JSON),
            Service::HttpV2 => (single(), "text/plain; charset=utf-8"),
            Service::HttpV1 => (merged(single(), multiple()?), "text/plain; charset=utf-8"),
            Service::Rest => (merged(single(), multiple()?), JSON),
            Service::Alb if settings.is_multi_value => (multiple()?, BYTES),
            Service::Alb => (single(), BYTES),
        };
        let has_cookies = matches!(service, Service::Url | Service::HttpV2);
        let cookies = self.cookies.clone().filter(|_| has_cookies).unwrap_or_default();
        Ok(Head { status: self.status(service)?, headers, cookies, default_type })
    }

    /// API Gateway and Lambda take a number as text, too.
    fn status(&self, service: Service) -> Result<u16, String> {
        let number = match &self.status_code {
            Value::Number(number) => number.as_u64(),
            Value::String(text) if service != Service::Alb => text.parse().ok(),
            Value::Null => return Err("it has no statusCode".to_owned()),
            _ => None,
        };
        let number = number.and_then(|number| u16::try_from(number).ok());
        number.ok_or_else(|| format!("its status code is {}", self.status_code))
    }

    /// A REST API decodes the body only if the client accepts one of the API's binary media types in the first place.
    fn body(self, service: Service, settings: &Settings, request: &HeaderMap) -> Result<Bytes, Trouble> {
        let body = self.body.unwrap_or_default();
        let is_decoded = service != Service::Rest || accepts_binary(request, &settings.binary_media_types);
        if self.is_base64_encoded != Some(true) || !is_decoded {
            return Ok(body.into());
        }
        let not_base64 = |why| Trouble::NotBase64(format!("its body is not base64: {why}"));
        STANDARD.decode(body).map(Bytes::from).map_err(not_base64)
    }
}

fn accepts_binary(request: &HeaderMap, binary_media_types: &[String]) -> bool {
    let accepted = request.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or("application/json");
    let first = accepted.split([',', ';']).next().unwrap_or("").trim().to_ascii_lowercase();
    body::is_among(&first, binary_media_types)
}

/// The head of an answer.
struct Head {
    status: u16,
    headers: Vec<(String, Value)>,
    cookies: Vec<String>,
    default_type: &'static str,
}

impl Head {
    /// Gives an answer this status and these headers.
    fn on(self, mut reply: Reply, service: Service) -> Result<Reply, String> {
        let is_final = (200..600).contains(&self.status); // hyper sends 1xx only by itself
        let status = StatusCode::from_u16(self.status).ok().filter(|_| is_final);
        reply.status = status.ok_or_else(|| format!("its status code is {}", self.status))?;
        for (name, value) in &self.headers {
            let (name, value) = header(name, value)?;
            if service == Service::Rest && REMAPPED.contains(&name.as_str()) {
                let remapped = HeaderName::from_bytes(format!("x-amzn-remapped-{name}").as_bytes());
                reply.headers.append(remapped.map_err(|why| why.to_string())?, value);
            } else if !hop_headers::is_of_connection(&name) && name != CONTENT_LENGTH {
                reply.headers.append(name, value);
            }
        }
        for cookie in &self.cookies {
            let cookie = HeaderValue::from_bytes(cookie.as_bytes());
            reply.headers.append(SET_COOKIE, cookie.map_err(|_| "a cookie is not a header's value".to_owned())?);
        }
        if !reply.headers.contains_key(CONTENT_TYPE) {
            reply = reply.with(CONTENT_TYPE, self.default_type);
        }
        Ok(reply)
    }
}

/// A member that may be null, or not there.
fn member<'a, T: Deserialize<'a>>(members: &BTreeMap<String, &'a RawValue>, name: &str) -> Result<Option<T>, String> {
    let parsed = members.get(name).map_or(Ok(None), |member| serde_json::from_str::<Option<T>>(member.get()));
    parsed.map_err(|why| format!("its {name} is of the wrong type: {why}"))
}

/// API Gateway merges both, and takes a pair that is in both once.
fn merged(single: Vec<(String, Value)>, multiple: Vec<(String, Value)>) -> Vec<(String, Value)> {
    let is_twice = |(name, value): &(String, Value)| {
        multiple.iter().any(|(other, same)| name.eq_ignore_ascii_case(other) && value == same)
    };
    let mut merged: Vec<(String, Value)> = single.into_iter().filter(|pair| !is_twice(pair)).collect();
    merged.extend(multiple);
    merged
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
    use super::super::service::WebArguments;
    use super::*;
    use crate::model::route::Api;

    fn answered(api: Api, response: &'static str) -> Result<Reply, Trouble> {
        let settings = Settings::new(&WebArguments { api, ..WebArguments::default() }).unwrap();
        answer(&Bytes::from_static(response.as_bytes()), settings.service, &settings, &HeaderMap::new())
    }

    #[test]
    fn other_json_is_the_body_of_a_function_url_and_of_an_http_api_alone() {
        for json in ["\"Hello\"", "{ \"a\": 1}", "[1]", "null"] {
            for api in [Api::Url, Api::Http] {
                let reply = answered(api, json).unwrap();
                assert_eq!((reply.status, &reply.body[..]), (StatusCode::OK, json.as_bytes()));
                assert_eq!(reply.headers[CONTENT_TYPE], JSON);
            }
            for api in [Api::Rest, Api::Alb] {
                assert!(matches!(answered(api, json), Err(Trouble::Malformed(_))), "{json}");
            }
        }
    }

    #[test]
    fn an_object_with_a_status_is_a_response() {
        let reply = answered(
            Api::Url,
            r#"{"statusCode":201,"headers":{"X-A":1,"Connection":"close","Content-Length":"9"},"cookies":["a=b","c=d"],
                "multiValueHeaders":null,"body":"AAE=","isBase64Encoded":true}"#,
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
            r#"{"statusCode":200.5}"#,
            r#"{"statusCode":200,"body":{}}"#,
            r#"{"statusCode":200,"headers":{"a b":"c"}}"#,
            r#"{"statusCode":200,"headers":{"a":"\n"}}"#,
            r#"{"statusCode":200,"headers":{"a":[]}}"#,
        ] {
            for api in [Api::Url, Api::Http, Api::Rest, Api::Alb] {
                assert!(matches!(answered(api, bad), Err(Trouble::Malformed(_))), "{bad}");
            }
        }
        let bad = r#"{"statusCode":200,"body":"!","isBase64Encoded":true}"#;
        assert!(matches!(answered(Api::Url, bad), Err(Trouble::NotBase64(_))));
    }

    #[test]
    fn a_pair_in_both_members_is_sent_once() {
        let reply = answered(
            Api::Rest,
            r#"{"statusCode":"200","headers":{"a":"1","B":"2","Date":"now"},"multiValueHeaders":{"A":["1","3"],"b":["4"]}}"#,
        );
        let headers = reply.unwrap().headers;
        assert!(headers.get_all("a").into_iter().eq(["1", "3"]));
        assert!(headers.get_all("b").into_iter().eq(["2", "4"]));
        assert!(headers.contains_key("x-amzn-remapped-date") && !headers.contains_key("date"));
    }

    #[test]
    fn headers_keep_their_order_and_the_last_of_equal_members_counts() {
        let reply = answered(Api::Url, r#"{"statusCode":1,"headers":{"b":"2","B":"1"},"statusCode":201}"#).unwrap();
        assert!(reply.status == 201 && reply.headers.get_all("b").into_iter().eq(["2", "1"]));
    }
}

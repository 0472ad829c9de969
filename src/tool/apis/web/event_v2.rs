//! The events of a function URL and of an HTTP API: the payload format 2.0. Two captures of such events from AWS, of
//! July 2026, show what the documents leave open: a function URL keeps the header `cookie`, and an HTTP API does not; an
//! HTTP API decodes `rawPath`, and a function URL `http.path` alone.
//!
//! Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>,
//! <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-request-payload>

use super::request::{WebRequest, decoded, is_of_end_to_end, last};
use super::service::Service;
use crate::model::function::ACCOUNT;
use hyper::header::COOKIE;
use serde_json::{Map, Value, json};

/// The first label of an API's or a function URL's name.
pub const API_ID: &str = "local";

/// A member that would be null is left out, as AWS does.
pub fn event(request: &WebRequest<'_>, service: Service) -> Value {
    let is_url = service == Service::Url;
    let path = if is_url { request.path().to_owned() } else { decoded_path(request.path()) };
    let mut event = json!({
        "version": "2.0",
        "routeKey": request.place.route_key,
        "rawPath": path,
        "rawQueryString": request.query(),
        "headers": headers(request, is_url),
        "requestContext": context(request, is_url),
        "isBase64Encoded": false,
    });
    let optional = [
        ("cookies", Value::from(request.cookies())),
        ("queryStringParameters", Value::Object(parameters(request))),
        ("pathParameters", Value::Object(last(&request.place.variables))),
    ];
    let is_empty =
        |value: &Value| value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty);
    for (name, value) in optional.into_iter().filter(|(_, value)| !is_empty(value)) {
        event[name] = value;
    }
    if let Some(body) = request.text() {
        event["body"] = body.text.into();
        event["isBase64Encoded"] = body.is_base64.into();
    }
    event
}

/// An HTTP API takes a decoded `?` for the beginning of the query.
pub fn decoded_path(path: &str) -> String {
    decoded(path).split('?').next().unwrap_or_default().to_owned()
}

fn context(request: &WebRequest<'_>, is_url: bool) -> Value {
    let origin = request.origin;
    let (account, domain, request_id) = if is_url {
        ("anonymous", format!("{API_ID}.lambda-url.{}.on.aws", origin.region), &origin.request_id)
    } else {
        (ACCOUNT, format!("{API_ID}.execute-api.{}.amazonaws.com", origin.region), &origin.gateway_id)
    };
    json!({
        "accountId": account,
        "apiId": API_ID,
        "domainName": domain,
        "domainPrefix": API_ID,
        "http": {
            "method": request.method(),
            "path": decoded_path(request.path()),
            "protocol": "HTTP/1.1",
            "sourceIp": origin.client.to_string(),
            "userAgent": request.user_agent(),
        },
        "requestId": request_id,
        "routeKey": request.place.route_key,
        "stage": request.place.stage,
        "time": origin.clf_time(),
        "timeEpoch": origin.time_ms,
    })
}

/// Names in small letters; the values of a name are joined.
fn headers(request: &WebRequest<'_>, is_url: bool) -> Map<String, Value> {
    let passed = request.headers(|name| is_of_end_to_end(name) && (is_url || *name != COOKIE));
    passed.into_iter().map(|(name, values)| (name.as_str().to_owned(), values.join(",").into())).collect()
}

/// Decoded; the values of a name are joined.
fn parameters(request: &WebRequest<'_>) -> Map<String, Value> {
    let mut parameters: Map<String, Value> = Map::new();
    for (name, value) in request.parameters() {
        let value = match parameters.get(&name).and_then(Value::as_str) {
            Some(before) => format!("{before},{value}"),
            None => value,
        };
        parameters.insert(name, value.into());
    }
    parameters
}

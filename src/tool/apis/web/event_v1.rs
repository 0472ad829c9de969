//! The events of a REST API, and of an HTTP API with the payload format 1.0. A REST API passes the names of headers as
//! the client writes them, and neither the path nor its variables decoded; an HTTP API has names in small letters, and
//! decodes both.
//!
//! Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html>,
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>

use super::event_v2::{API_ID, decoded_path};
use super::request::{WebRequest, is_of_end_to_end, last, lists, or_null};
use super::service::Service;
use crate::model::function::ACCOUNT;
use hyper::header::{CONTENT_LENGTH, HeaderName};
use serde_json::{Map, Value, json};

/// The name of a resource; a REST API has random ones.
const RESOURCE_ID: &str = "local1";

/// Headers that a REST API writes itself, and how.
const REST_NAMES: [(&str, &str); 6] = [
    ("host", "Host"),
    ("user-agent", "User-Agent"),
    ("x-amzn-trace-id", "X-Amzn-Trace-Id"),
    ("x-forwarded-for", "X-Forwarded-For"),
    ("x-forwarded-port", "X-Forwarded-Port"),
    ("x-forwarded-proto", "X-Forwarded-Proto"),
];

/// What is not there is null, not left out.
pub fn event(request: &WebRequest<'_>, service: Service, binary_media_types: &[String]) -> Value {
    let is_rest = service == Service::Rest;
    let headers = headers(request, is_rest);
    let parameters = request.parameters();
    let body = if is_rest { request.text_unless(binary_media_types) } else { request.text() };
    let is_base64 = body.as_ref().is_some_and(|body| body.is_base64);
    let mut event = json!({
        "resource": request.place.resource,
        "path": if is_rest { request.place.path.to_owned() } else { decoded_path(request.path()) },
        "httpMethod": request.method(),
        "headers": last(&headers),
        "multiValueHeaders": lists(&headers),
        "queryStringParameters": or_null(if is_rest { last(&parameters) } else { first(&parameters) }),
        "multiValueQueryStringParameters": or_null(lists(&parameters)),
        "pathParameters": or_null(last(&request.place.variables)),
        "stageVariables": null,
        "requestContext": context(request, is_rest),
        "body": body.map(|body| body.text),
        "isBase64Encoded": is_base64,
    });
    if !is_rest {
        event["version"] = "1.0".into();
    }
    event
}

fn context(request: &WebRequest<'_>, is_rest: bool) -> Value {
    let origin = request.origin;
    let path = if is_rest { request.path().to_owned() } else { decoded_path(request.path()) };
    json!({
        "accountId": ACCOUNT,
        "apiId": API_ID,
        "domainName": format!("{API_ID}.execute-api.{}.amazonaws.com", origin.region),
        "domainPrefix": API_ID,
        "extendedRequestId": origin.gateway_id,
        "httpMethod": request.method(),
        "identity": {
            "accessKey": null,
            "accountId": null,
            "caller": null,
            "cognitoAuthenticationProvider": null,
            "cognitoAuthenticationType": null,
            "cognitoIdentityId": null,
            "cognitoIdentityPoolId": null,
            "principalOrgId": null,
            "sourceIp": origin.client.to_string(),
            "user": null,
            "userAgent": request.user_agent(),
            "userArn": null,
        },
        "path": path,
        "protocol": "HTTP/1.1",
        "requestId": if is_rest { &origin.request_id } else { &origin.gateway_id },
        "requestTime": origin.clf_time(),
        "requestTimeEpoch": origin.time_ms,
        "resourceId": is_rest.then_some(RESOURCE_ID),
        "resourcePath": request.place.resource,
        "stage": request.place.stage,
    })
}

/// A pair for each value. A REST API does not pass the length of the body.
fn headers(request: &WebRequest<'_>, is_rest: bool) -> Vec<(String, String)> {
    let passed = request.headers(|name| is_of_end_to_end(name) && !(is_rest && *name == CONTENT_LENGTH));
    let pairs = passed.into_iter().flat_map(|(name, values)| {
        let name = if is_rest { rest_name(request, &name) } else { name.as_str().to_owned() };
        values.into_iter().map(move |value| (name.clone(), value))
    });
    pairs.collect()
}

fn rest_name(request: &WebRequest<'_>, name: &HeaderName) -> String {
    let own = REST_NAMES.into_iter().find(|(known, _)| name.as_str() == *known);
    own.map_or_else(|| request.spelling.of(name), |(_, spelled)| spelled.to_owned())
}

/// One value of each name: the first one, as the example of the format 1.0 has it.
fn first(pairs: &[(String, String)]) -> Map<String, Value> {
    pairs.iter().rev().map(|(name, value)| (name.clone(), value.clone().into())).collect()
}

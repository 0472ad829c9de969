//! The event of an Application Load Balancer. It decodes neither the path nor the parameters. With multi-value headers
//! it has lists, and without them the last value of each name.
//!
//! Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html>

use super::request::{WebRequest, is_of_end_to_end, last, lists};
use crate::model::function::ACCOUNT;
use hyper::header::CONNECTION;
use serde_json::{Value, json};

pub fn event(request: &WebRequest<'_>, is_multi_value: bool) -> Value {
    let body = request.text().unwrap_or_default();
    let headers = request.headers(|name| is_of_end_to_end(name) || *name == CONNECTION);
    let pairs = headers
        .into_iter()
        .flat_map(|(name, values)| values.into_iter().map(move |value| (name.as_str().to_owned(), value)));
    let pairs: Vec<(String, String)> = pairs.collect();
    let arn = target_group(&request.origin.region, request.place.function);
    with_pairs(
        json!({
            "requestContext": {"elb": {"targetGroupArn": arn}},
            "httpMethod": request.method(),
            "path": request.path(),
            "body": body.text,
            "isBase64Encoded": body.is_base64,
        }),
        &pairs,
        &request.raw_parameters(),
        is_multi_value,
    )
}

/// The event of a health check.
pub fn health_check(path: &str, region: &str, function: &str, is_multi_value: bool) -> Value {
    let headers = [("user-agent".to_owned(), "ELB-HealthChecker/2.0".to_owned())];
    with_pairs(
        json!({
            "requestContext": {"elb": {"targetGroupArn": target_group(region, function)}},
            "httpMethod": "GET",
            "path": path,
            "body": "",
            "isBase64Encoded": false,
        }),
        &headers,
        &[],
        is_multi_value,
    )
}

fn with_pairs(
    mut event: Value,
    headers: &[(String, String)],
    parameters: &[(String, String)],
    is_multi_value: bool,
) -> Value {
    if is_multi_value {
        event["multiValueHeaders"] = lists(headers).into();
        event["multiValueQueryStringParameters"] = lists(parameters).into();
    } else {
        event["headers"] = last(headers).into();
        event["queryStringParameters"] = last(parameters).into();
    }
    event
}

fn target_group(region: &str, function: &str) -> String {
    format!("arn:aws:elasticloadbalancing:{region}:{ACCOUNT}:targetgroup/{function}/6d0ecf831eec9f09")
}

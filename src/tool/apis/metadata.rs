//! The metadata endpoint, 2026-01-15: the availability zone, for runtimes and extensions.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/configuration-metadata-endpoint.html>

use crate::http::reply::{Refusal, Reply};
use crate::model::environment::Environment;
use hyper::StatusCode;
use hyper::header::{AUTHORIZATION, CACHE_CONTROL, HeaderMap};
use serde_json::json;

/// `GET /metadata/execution-environment`, for those that send the environment's token.
pub fn execution_environment(environment: &Environment, headers: &HeaderMap) -> Reply {
    let token = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    if token != Some(environment.metadata_token.as_str()) {
        let message = "Authorization is not Bearer with the value of AWS_LAMBDA_METADATA_TOKEN";
        return Refusal::new(StatusCode::UNAUTHORIZED, "Unauthorized", message).into();
    }
    let zone = json!({"AvailabilityZoneID": zone_id(&environment.function.region)});
    Reply::json(StatusCode::OK, &zone).with(CACHE_CONTROL, "private, max-age=43200, immutable")
}

/// The id of the region's first zone: `use1-az1` for us-east-1.
fn zone_id(region: &str) -> String {
    let mut parts = region.split('-');
    let area = parts.next().unwrap_or("");
    let short: String = parts.map(short).collect();
    format!("{area}{short}-az1")
}

fn short(part: &str) -> &str {
    match part {
        "northeast" => "ne",
        "northwest" => "nw",
        "southeast" => "se",
        "southwest" => "sw",
        number if number.bytes().all(|byte| byte.is_ascii_digit()) => number,
        word => word.get(..1).unwrap_or(word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_have_ids_of_aws() {
        let pairs = [
            ("us-east-1", "use1-az1"),
            ("eu-central-2", "euc2-az1"),
            ("ap-southeast-2", "apse2-az1"),
            ("us-gov-west-1", "usgw1-az1"),
        ];
        assert!(pairs.iter().all(|(region, zone)| zone_id(region) == *zone));
    }
}

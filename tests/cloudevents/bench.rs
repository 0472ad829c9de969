//! Compares the time of the CloudEvents mapping with one validating pass of serde_json over the same event, in the release
//! profile. Prints a line per event and exits with status 1 if one exceeds its limit.
//!
//! Both are timed alternately, and the median of each counts, so that other load on the machine affects both.
//!
//! `cargo bench --bench cloudevents -- [ROUNDS]`

use std::fmt::Write;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use open_runtime::cloudevents::{EventFacts, Options, map};
use serde_json::value::RawValue;

const INVOCATION: EventFacts<'static> = EventFacts {
    request_id: "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
    function_arn: "arn:aws:lambda:us-east-1:123456789012:function:bench",
    trace_id: Some("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"),
    received_ms: 1_545_082_649_183,
};

const MB: usize = 1_000_000;

/// The limit for an event.
enum Limit {
    /// As a multiple of the validating pass.
    Times(f64),
    /// As a duration.
    Takes(Duration),
}

fn main() -> ExitCode {
    let rounds = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(40).max(1);
    let under_20_us = Limit::Takes(Duration::from_micros(20));
    let cases = [
        ("API Gateway event, 6 MB of base64", api_gateway(&"QUJD".repeat(6 * MB / 4)), Limit::Times(1.5)),
        ("API Gateway event, 6 MB of JSON", api_gateway(&json_body(6 * MB)), Limit::Times(1.5)),
        ("API Gateway event, 6 MB of Greek", api_gateway(&"αβγ δεζ ".repeat(6 * MB / 14)), Limit::Times(1.5)),
        ("10,000 SQS records", sqs(10_000), Limit::Times(2.0)),
        ("API Gateway event, 2 KB", api_gateway(&json_body(700)), under_20_us),
    ];
    let mut is_within = true;
    for (name, event, limit) in &cases {
        is_within &= compare(name, event.as_bytes(), limit, rounds);
    }
    if is_within { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Times one case and prints it. True if it does not exceed its limit.
fn compare(name: &str, event: &[u8], limit: &Limit, rounds: usize) -> bool {
    let passes = (MB / event.len()).clamp(1, 200) as u32; // short events: many in a round
    let (mut mapping, mut validating) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        validating.push(time(passes, || serde_json::from_slice::<&RawValue>(event).is_ok()));
        mapping.push(time(passes, || map(event, &INVOCATION, &Options::default()).is_ok()));
    }
    let (mapping, validating) = (median(mapping), median(validating));
    let times = mapping.as_secs_f64() / validating.as_secs_f64();
    let (is_within, limit) = match limit {
        Limit::Times(limit) => (times <= *limit, format!("{limit} times")),
        Limit::Takes(limit) => (mapping <= *limit, format!("{limit:?}")),
    };
    let verdict = if is_within { "ok" } else { "TOO MUCH" };
    println!(
        "{verdict}: {name}, {} bytes: {mapping:?}, {times:.2} times the {validating:?} of validating; at most {limit}",
        event.len()
    );
    is_within
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// The average time of one of `passes` passes.
fn time(passes: u32, mut pass: impl FnMut() -> bool) -> Duration {
    let start = Instant::now();
    for _ in 0..passes {
        assert!(black_box(pass()));
    }
    start.elapsed() / passes
}

/// JSON text, escaped for a JSON string.
fn json_body(length: usize) -> String {
    let mut body = String::new();
    for number in 0.. {
        if body.len() >= length {
            break;
        }
        let _ = write!(body, r#"{{\"id\":{number},\"name\":\"some value here\"}},"#); // writing to a String cannot fail
    }
    body
}

fn api_gateway(body: &str) -> String {
    let headers = [
        ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"),
        ("content-type", "application/json"),
        ("host", "r3pmxmplak.execute-api.us-east-2.amazonaws.com"),
        (
            "user-agent",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
        ),
        ("x-amzn-trace-id", "Root=1-5759e988-bd862e3fe1be46a994272793"),
        ("x-forwarded-for", "205.255.255.176"),
        ("x-forwarded-port", "443"),
        ("x-forwarded-proto", "https"),
    ];
    let headers: Vec<String> = headers.iter().map(|(name, value)| format!(r#""{name}":"{value}""#)).collect();
    format!(
        r#"{{"version":"2.0","routeKey":"POST /orders","rawPath":"/orders","rawQueryString":"","headers":{{{}}},"requestContext":{{"accountId":"123456789012","apiId":"r3pmxmplak","domainName":"r3pmxmplak.execute-api.us-east-2.amazonaws.com","domainPrefix":"r3pmxmplak","http":{{"method":"POST","path":"/orders","protocol":"HTTP/1.1","sourceIp":"205.255.255.176","userAgent":"Mozilla/5.0"}},"requestId":"JKJaXmPLvHcESHA=","routeKey":"POST /orders","stage":"$default","time":"10/Mar/2020:05:16:23 +0000","timeEpoch":1583817383220}},"body":"{body}","isBase64Encoded":false}}"#,
        headers.join(",")
    )
}

fn sqs(count: usize) -> String {
    let record = |number: usize| {
        let (handle, sent) = ("AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a".repeat(5), 1_545_082_649_183 + number * 7);
        format!(
            r#"{{"messageId":"059f36b4-87a3-44ab-83d2-{number:012x}","receiptHandle":"{handle}{number:05}","body":"{{\"order\":{number},\"customer\":\"alice\",\"items\":[1,2,3]}}","attributes":{{"ApproximateReceiveCount":"1","SentTimestamp":"{sent}","SenderId":"AIDAIENQZJOLO23YVJ4VO","ApproximateFirstReceiveTimestamp":"{sent}"}},"messageAttributes":{{}},"md5OfBody":"e4e68fb7bd0e697a0ae8f1bb342846b3","eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:us-east-2:123456789012:my-queue","awsRegion":"us-east-2"}}"#
        )
    };
    let records: Vec<String> = (0..count).map(record).collect();
    format!(r#"{{"Records":[{}]}}"#, records.join(","))
}

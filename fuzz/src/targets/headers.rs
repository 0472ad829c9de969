//! The headers of `/runtime/invocation/next`, and what the language runtime and Lambda get of them.
//!
//! Input: headers, an empty line, the event.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue};
use open_runtime::child::protocol::{Call, call_prefix, call_suffix};
use open_runtime::invocation::Invocation;
use open_runtime::lambda::runtime_api::invocation;
use open_runtime::log::{Level, Log};
use serde_json::value::RawValue;

use crate::input::{SECRET, is_json, is_one_line_of_json};

/// The call is one line of JSON with the values of the headers. The values that are sent back to Lambda are valid.
pub fn run(input: &[u8]) {
    let (headers, event) = read(input);
    let log = Log { level: Level::Error, ..Log::default() };
    let invocation = match invocation(&headers, event.to_vec(), log) {
        Ok(invocation) => invocation,
        Err(why) => return assert!(!why.contains(SECRET), "{why}"),
    };
    can_be_answered(&invocation);
    assert_eq!(invocation.event, event);
    is_called(&invocation);
}

fn read(input: &[u8]) -> (HeaderMap, &[u8]) {
    let mut headers = HeaderMap::new();
    let mut rest = input;
    while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
        let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
        rest = &rest[end + 1..];
        if line.is_empty() {
            break;
        }
        let colon = line.iter().position(|&byte| byte == b':').unwrap_or(line.len());
        let name = HeaderName::from_bytes(&line[..colon]);
        let value = HeaderValue::from_bytes(line.get(colon + 1..).unwrap_or_default().trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    (headers, rest)
}

/// The request id is valid in a path, and the echoed values are valid headers.
pub fn can_be_answered(invocation: &Invocation) {
    let id = &invocation.request_id;
    let path = format!("http://127.0.0.1:9001/2018-06-01/runtime/invocation/{id}/response");
    let uri: http::Uri = path.parse().expect("a request id can be in a path");
    assert_eq!(uri.path().split('/').nth(4), Some(id.as_str()));
    assert!(uri.query().is_none() && !id.is_empty());
    assert!(invocation.invocation_id.iter().all(|id| HeaderValue::from_str(id).is_ok()));
}

fn is_called(invocation: &Invocation) {
    if !is_json(&invocation.event) {
        return; // bootstrap refuses it earlier
    }
    let call = Call::new(invocation.request_id.clone(), [&invocation.event, b"", b""]);
    let line = [
        &call_prefix(&call.id, None)[..],
        &call.event.concat(),
        &call_suffix(invocation, invocation.deadline_ms, None, true),
    ]
    .concat();
    let line = line.strip_suffix(b"\n").expect("a line feed ends it");
    assert!(is_one_line_of_json(line));
    let members: BTreeMap<&str, &RawValue> = serde_json::from_slice(line).expect("an object");
    let context: BTreeMap<&str, &RawValue> = serde_json::from_str(members["context"].get()).expect("a context");
    assert_eq!(members.len(), 3);
    finds_its_context(line, members["context"].get());
    is_said(&context, "requestId", Some(&invocation.request_id));
    is_said(&context, "functionArn", invocation.function_arn.as_deref());
    is_said(&context, "traceId", invocation.trace_id.as_deref());
    is_said(&context, "tenantId", invocation.tenant_id.as_deref());
    assert_eq!(context.contains_key("clientContext"), invocation.client_context.is_some());
    assert_eq!(context.contains_key("identity"), invocation.identity.is_some());
}

/// Finds the context without parsing JSON: after the last `,"context":{`, whatever the caller wrote.
fn finds_its_context(line: &[u8], context: &str) {
    let line = std::str::from_utf8(line).expect("UTF-8");
    let (_, found) = line.rsplit_once(",\"context\":{").expect("a context");
    assert_eq!(found.strip_suffix('}').expect("the end"), &context[1..]);
}

fn is_said(context: &BTreeMap<&str, &RawValue>, name: &str, value: Option<&str>) {
    let said = context.get(name).map(|json| serde_json::from_str::<String>(json.get()).expect("a string"));
    assert_eq!(said.as_deref(), value, "{name}");
}

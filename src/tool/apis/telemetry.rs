//! The Telemetry API, 2022-07-01: an extension subscribes to what happens in its execution environment.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/telemetry-api-reference.html>

use super::extensions;
use super::telemetry_delivery;
use crate::http::reply::{Received, Refusal, Reply};
use crate::model::environment::Environment;
use crate::model::telemetry::{Buffering, Category, Destination, NotSubscribed, SchemaVersion, Subscription};
use crate::report::logs::Logs;
use hyper::header::{CONTENT_TYPE, HeaderMap};
use hyper::{StatusCode, Uri};
use serde::Deserialize;
use serde_json::json;
use std::ops::RangeInclusive;
use std::rc::Rc;
use std::time::Duration;
use tokio::task::spawn_local;

/// The names of this machine in a destination. `sandbox` and `sandbox.localdomain` are Lambda's; where an extension cannot listen on
/// those, it uses another.
const LOCAL_HOSTS: [&str; 6] = ["sandbox.localdomain", "sandbox.local", "sandbox", "localhost", "127.0.0.1", "0.0.0.0"];

/// On Lambda the Runtime API has it.
const RESERVED_PORT: u16 = 9001;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    #[serde(default)]
    schema_version: String,
    #[serde(default)]
    types: Vec<String>,
    destination: Option<AskedDestination>,
    buffering: Option<AskedBuffering>,
}

#[derive(Deserialize)]
struct AskedDestination {
    #[serde(default)]
    protocol: String,
    #[serde(rename = "URI")]
    uri: Option<String>,
    port: Option<u16>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AskedBuffering {
    max_items: Option<u64>,
    max_bytes: Option<u64>,
    timeout_ms: Option<u64>,
}

/// `PUT /telemetry`. Allowed until Init is over, once for each extension.
pub fn subscribe(environment: &Rc<Environment>, headers: &HeaderMap, body: &Received, logs: &Rc<Logs>) -> Reply {
    let name = match extensions::registered_name(environment, headers) {
        Ok(name) => name,
        Err(refusal) => return refusal.into(),
    };
    let subscription = match parse(&body.bytes) {
        Ok(subscription) => subscription,
        Err(why) => return Refusal::new(StatusCode::BAD_REQUEST, "ValidationError", why).into(),
    };
    match environment.telemetry.subscribe(&name, subscription) {
        Ok(subscriber) => {
            spawn_local(telemetry_delivery::run(environment.clone(), subscriber, logs.clone()));
            Reply::new(StatusCode::OK, "\"OK\"").with(CONTENT_TYPE, "application/json")
        }
        Err(NotSubscribed::Closed) => {
            let message = "Telemetry API subscription is closed";
            Refusal::new(StatusCode::FORBIDDEN, "Telemetry.SubscriptionClosed", message).into()
        }
        Err(NotSubscribed::Twice) => {
            let message = format!("Extension {name} has subscribed already");
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", message).into()
        }
    }
}

/// `PUT /logs` of the Logs API, which the Telemetry API has replaced. Answers as AWS's emulator.
pub fn logs_api() -> Reply {
    Reply::json(
        StatusCode::ACCEPTED,
        &json!({"errorMessage": "Logs API is not supported", "errorType": "Logs.NotSupported"}),
    )
}

/// Checks a request.
///
/// # Errors
/// All that is wrong with it, as one text.
fn parse(body: &[u8]) -> Result<Subscription, String> {
    let asked: Asked = serde_json::from_slice(body).map_err(|why| format!("the body is not a subscription: {why}"))?;
    let mut wrong = Vec::new();
    let mut keep = |why: String| wrong.push(why);
    let version = schema_version(&asked.schema_version).map_err(&mut keep);
    let categories = categories(&asked.types).map_err(&mut keep);
    let destination = destination(asked.destination).map_err(&mut keep);
    let buffering = buffering(asked.buffering).map_err(&mut keep);
    match (version, categories, destination, buffering) {
        (Ok(version), Ok(categories), Ok(destination), Ok(buffering)) => {
            Ok(Subscription { version, categories, destination, buffering })
        }
        _ => Err(wrong.join("; ")),
    }
}

fn schema_version(text: &str) -> Result<SchemaVersion, String> {
    match text {
        "2022-07-01" => Ok(SchemaVersion::V2022_07_01),
        "2022-12-13" => Ok(SchemaVersion::V2022_12_13),
        "2025-01-29" => Ok(SchemaVersion::V2025_01_29),
        "" => Err("schemaVersion is not provided".to_owned()),
        _ => Err(format!("schemaVersion {text:?} is none of 2022-07-01, 2022-12-13, 2025-01-29")),
    }
}

fn categories(types: &[String]) -> Result<Vec<Category>, String> {
    if types.is_empty() {
        return Err("types should not be empty".to_owned());
    }
    let category = |name: &String| {
        let found = Category::ALL.into_iter().find(|category| category.name() == name);
        found.ok_or_else(|| format!("type {name:?} is none of platform, function, extension"))
    };
    types.iter().map(category).collect()
}

fn destination(asked: Option<AskedDestination>) -> Result<Destination, String> {
    let Some(AskedDestination { protocol, uri, port }) = asked else {
        return Err("destination is not provided".to_owned());
    };
    let destination = match (protocol.as_str(), uri, port) {
        ("HTTP", Some(uri), _) => http_destination(&uri)?,
        ("HTTP", None, _) => return Err("URI is not provided".to_owned()),
        ("TCP", _, Some(port)) => Destination::Tcp { port },
        ("TCP", Some(uri), None) => {
            let (_, port) = host_and_port(&parse_uri(&uri)?)?;
            Destination::Tcp { port }
        }
        ("TCP", None, None) => return Err("port is not provided".to_owned()),
        _ => return Err(format!("protocol {protocol:?} is none of HTTP, TCP")),
    };
    match destination {
        Destination::Http { port: RESERVED_PORT, .. } | Destination::Tcp { port: RESERVED_PORT } => {
            Err(format!("port {RESERVED_PORT} is reserved by Lambda"))
        }
        Destination::Http { port: 0, .. } | Destination::Tcp { port: 0 } => Err("port 0 cannot be reached".to_owned()),
        usable => Ok(usable),
    }
}

fn http_destination(text: &str) -> Result<Destination, String> {
    let uri = parse_uri(text)?;
    match uri.scheme_str() {
        Some("http") => {}
        _ => return Err("URI should begin with http://".to_owned()),
    }
    let (host, port) = host_and_port(&uri)?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    Ok(Destination::Http { port, path: path.to_owned(), host })
}

fn parse_uri(text: &str) -> Result<Uri, String> {
    text.parse().map_err(|why| format!("URI is not valid: {why}"))
}

fn host_and_port(uri: &Uri) -> Result<(String, u16), String> {
    let host = uri.host().unwrap_or("");
    if !LOCAL_HOSTS.iter().any(|local| local.eq_ignore_ascii_case(host)) {
        return Err(format!("URI host {host:?} is not in the execution environment: use sandbox.localdomain"));
    }
    let port = uri.port_u16().ok_or("URI port is not provided")?;
    Ok((host.to_owned(), port))
}

fn buffering(asked: Option<AskedBuffering>) -> Result<Buffering, String> {
    let default = Buffering::default();
    let Some(asked) = asked else {
        return Ok(default);
    };
    let items = within("maxItems", asked.max_items, 1000..=10_000)?;
    let bytes = within("maxBytes", asked.max_bytes, 262_144..=1_048_576)?;
    let timeout = within("timeoutMs", asked.timeout_ms, 25..=30_000)?;
    let size = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    Ok(Buffering {
        max_items: items.map_or(default.max_items, size),
        max_bytes: bytes.map_or(default.max_bytes, size),
        timeout: timeout.map_or(default.timeout, Duration::from_millis),
    })
}

fn within(name: &str, value: Option<u64>, range: RangeInclusive<u64>) -> Result<Option<u64>, String> {
    match value {
        Some(value) if !range.contains(&value) => {
            Err(format!("buffering.{name} should be between {} and {}", range.start(), range.end()))
        }
        other => Ok(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(body: &str) -> String {
        parse(body.as_bytes()).err().unwrap()
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let body =
            r#"{"schemaVersion":"2022-07-01","types":[],"destination":{"protocol":"HTTP","URI":"http://sandbox"}}"#;
        assert_eq!(why(body), "types should not be empty; URI port is not provided");
        assert_eq!(why("{}"), "schemaVersion is not provided; types should not be empty; destination is not provided");
    }

    #[test]
    fn destinations_are_on_this_machine() {
        let of = |text: &str| destination(Some(serde_json::from_str(text).unwrap()));
        let http = Destination::Http { port: 8080, path: "/a?b".to_owned(), host: "sandbox.localdomain".to_owned() };
        assert_eq!(of(r#"{"protocol":"HTTP","URI":"http://sandbox.localdomain:8080/a?b"}"#), Ok(http));
        assert_eq!(of(r#"{"protocol":"TCP","port":8080}"#), Ok(Destination::Tcp { port: 8080 }));
        assert_eq!(of(r#"{"protocol":"TCP","URI":"tcp://sandbox:80"}"#), Ok(Destination::Tcp { port: 80 }));
        let refused = [
            r#"{"protocol":"HTTP","URI":"http://example.com:80"}"#,
            r#"{"protocol":"HTTP","URI":"https://sandbox:443"}"#,
            r#"{"protocol":"HTTP","URI":"http://sandbox:9001"}"#,
            r#"{"protocol":"HTTP","URI":"sandbox:8080"}"#,
            r#"{"protocol":"UDP","port":1}"#,
            r#"{"protocol":"TCP","port":0}"#,
            r#"{"protocol":"HTTP"}"#,
        ];
        assert!(refused.iter().all(|text| of(text).is_err()));
    }

    #[test]
    fn buffers_have_lambdas_limits() {
        let of = |text: &str| buffering(Some(serde_json::from_str(text).unwrap()));
        let expected = Buffering { max_items: 1000, max_bytes: 262_144, timeout: Duration::from_millis(25) };
        assert_eq!(of(r#"{"maxItems":1000,"timeoutMs":25}"#), Ok(expected));
        assert!(of(r#"{"maxItems":999}"#).is_err() && of(r#"{"maxBytes":1}"#).is_err());
        assert!(of(r#"{"timeoutMs":30001}"#).is_err());
    }
}

//! The record of an invocation: what the caller sent, what became of it, and how long that took.
//!
//! As JSON it is one line:
//!
//! | member | what it is |
//! | --- | --- |
//! | `openRuntime` | the version that wrote it |
//! | `function`, `environment`, `requestId` | the function's name, the number of the execution environment (null: none could be started), the request id |
//! | `at` | when the invocation began: `2026-11-29T16:07:22.123Z` |
//! | `source` | who invoked it: `invoke`, `async`, `url`, `http`, `rest`, `alb`, `page` or `replay` |
//! | `handler` | the handler's name, as `_HANDLER` has it |
//! | `event` or `eventBase64` | the event: any JSON, or bytes that are none |
//! | `context` | `deadlineMs`, `functionArn`, `traceId`, and if the caller gave them `clientContext` and `tenantId` |
//! | `variables` | the names of the environment variables that the user gave, without their values |
//! | `response`, `responseText` or `responseBase64` | the response: any JSON, text that is none, or bytes that are no text. One that was streamed is never `response` |
//! | `streamed` | there if the response was a stream; `contentType` |
//! | `error` | there if the invocation failed: `errorType`, `errorMessage`, and what else the function reported |
//! | `log` | the lines that the function wrote meanwhile |
//! | `timing` | `coldStart`, `initMs` if Init ran for it, `durationMs`, `steps` with `step`, `name`, `ms` and `atMs`, when they began, `memoryKb` if it was sampled |
//! | `cut` | there if something was too large to be kept: `event`, `response` and `log` with `kept` and `size` in bytes. What is cut is text or base64 |

use super::timeline::Step;
use crate::model::invocation::Source;
use crate::model::time::iso;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

/// The most characters of an error's message in a summary.
const MAX_TEXT: usize = 500;

/// Bytes of which only the first may be kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Payload {
    bytes: Bytes,
    /// The number of all bytes.
    size: usize,
}

impl Payload {
    pub fn whole(bytes: Bytes) -> Payload {
        let size = bytes.len();
        Payload { bytes, size }
    }

    /// The first bytes of so many.
    pub fn start(bytes: Bytes, size: usize) -> Payload {
        Payload { bytes, size }
    }

    /// The bytes, unless only the first were kept.
    pub fn all(&self) -> Option<Bytes> {
        (self.bytes.len() == self.size).then(|| self.bytes.clone())
    }

    /// Keeps so many bytes at most. The rest is freed.
    fn cut_to(&mut self, limit: usize) {
        if let Some(start) = self.bytes.get(..limit).filter(|_| self.bytes.len() > limit) {
            self.bytes = Bytes::copy_from_slice(start);
        }
    }

    fn cut(&self) -> Option<Value> {
        (self.bytes.len() < self.size).then(|| json!({"kept": self.bytes.len(), "size": self.size}))
    }
}

/// A response.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedResponse {
    pub payload: Payload,
    pub streamed: Option<Streamed>,
}

/// The response was a stream.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Streamed {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
}

/// What the handler is told beside the event.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Context {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline_ms: Option<i64>,
    pub function_arn: String,
    pub trace_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_context: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
}

/// How long it took, and how much memory.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Timing {
    pub cold_start: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init_ms: Option<f64>,
    pub duration_ms: f64,
    pub steps: Vec<Step>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_kb: Option<u64>,
}

/// The lines of a log, up to a size.
#[derive(Clone, Debug, Default)]
pub struct LogLines {
    pub lines: Vec<String>,
    kept: usize,
    size: usize,
}

impl LogLines {
    /// Adds a line, unless so many bytes are kept already.
    pub fn add(&mut self, line: &str, limit: usize) {
        let length = line.len() + 1;
        self.size += length;
        if self.kept + length <= limit {
            self.kept += length;
            self.lines.push(line.to_owned());
        }
    }

    fn cut_to(&mut self, limit: usize) {
        while self.kept > limit {
            let Some(line) = self.lines.pop() else { return };
            self.kept -= line.len() + 1;
        }
    }

    fn cut(&self) -> Option<Value> {
        (self.kept < self.size).then(|| json!({"kept": self.kept, "size": self.size}))
    }
}

/// One invocation that has ended.
#[derive(Clone, Debug)]
pub struct Record {
    pub function: String,
    pub handler: String,
    pub environment: Option<u64>,
    pub request_id: String,
    /// Milliseconds since 1970.
    pub at_ms: i64,
    pub source: Source,
    pub event: Payload,
    pub context: Context,
    pub variables: Vec<String>,
    pub response: Option<RecordedResponse>,
    /// JSON as the caller gets it, and its `errorType`.
    pub error: Option<(Bytes, String)>,
    pub log: LogLines,
    pub timing: Timing,
}

impl Record {
    /// Frees what is above so many bytes of the event, of the response and of the log.
    pub fn cut_to(&mut self, limit: usize) {
        self.event.cut_to(limit);
        if let Some(response) = &mut self.response {
            response.payload.cut_to(limit);
        }
        self.log.cut_to(limit);
    }

    /// The bytes that it keeps in memory, about.
    pub fn weight(&self) -> usize {
        let response = self.response.as_ref().map_or(0, |response| response.payload.bytes.len());
        let error = self.error.as_ref().map_or(0, |(body, _)| body.len());
        self.event.bytes.len() + response + error + self.log.kept + 1024
    }

    /// JSON in one line. The event and a response in JSON are as they came, but for line feeds between their tokens.
    pub fn json(&self) -> String {
        let mut members: Vec<(&str, Box<RawValue>)> = Vec::new();
        let mut add = |name, value: Option<Box<RawValue>>| members.extend(value.map(|value| (name, value)));
        add("openRuntime", raw(&env!("CARGO_PKG_VERSION")));
        add("function", raw(&self.function));
        add("environment", raw(&self.environment));
        add("requestId", raw(&self.request_id));
        add("at", raw(&iso(self.at_ms)));
        add("source", raw(&self.source.name()));
        add("handler", raw(&self.handler));
        let (name, event) = payload(["event", "eventText", "eventBase64"], &self.event, true);
        add(name, event);
        add("context", raw(&self.context));
        add("variables", raw(&self.variables));
        if let Some(RecordedResponse { payload: bytes, streamed }) = &self.response {
            let names = ["response", "responseText", "responseBase64"];
            let (name, response) = payload(names, bytes, streamed.is_none());
            add(name, response);
            add("streamed", streamed.as_ref().and_then(raw));
        }
        let error = self.error.as_ref().map(|(body, error_type)| error_json(body, error_type));
        add("error", error.and_then(|json| RawValue::from_string(json).ok()));
        add("log", raw(&self.log.lines));
        add("timing", raw(&self.timing));
        add("cut", self.cut().and_then(|cut| raw(&cut)));
        let members = members.iter().map(|(name, value)| format!("\"{name}\":{}", value.get()));
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    }

    /// JSON in one line, without what may be long: of the error it has type and message, and of the log how many `lines`.
    pub fn summary(&self) -> String {
        let error = self.error.as_ref().map(|(body, error_type)| error_json(body, error_type));
        let error = error.and_then(|error| serde_json::from_str::<Value>(&error).ok()).map(|error| {
            let text = |name: &str| error[name].as_str().map(|text| text.chars().take(MAX_TEXT).collect::<String>());
            json!({"errorType": text("errorType"), "errorMessage": text("errorMessage")})
        });
        let summary = json!({
            "function": self.function, "environment": self.environment, "requestId": self.request_id, "at": iso(self.at_ms),
            "source": self.source.name(), "error": error, "lines": self.log.lines.len(), "timing": self.timing,
        });
        summary.to_string()
    }

    fn cut(&self) -> Option<Map<String, Value>> {
        let response = self.response.as_ref().and_then(|response| response.payload.cut());
        let parts = [("event", self.event.cut()), ("response", response), ("log", self.log.cut())];
        let cut: Map<_, _> = parts.into_iter().filter_map(|(name, cut)| Some((name.to_owned(), cut?))).collect();
        (!cut.is_empty()).then_some(cut)
    }
}

fn raw(value: &impl Serialize) -> Option<Box<RawValue>> {
    serde_json::value::to_raw_value(value).ok()
}

/// JSON as it came, without line feeds. They can only be between tokens. None: it is not JSON.
fn as_it_came(bytes: &[u8]) -> Option<Box<RawValue>> {
    let text = std::str::from_utf8(bytes).ok()?;
    RawValue::from_string(text.trim().replace(['\n', '\r'], " ")).ok()
}

/// The name for a payload, and its JSON: the first name for JSON, the second for text, the third for other bytes.
fn payload(names: [&'static str; 3], payload: &Payload, may_be_json: bool) -> (&'static str, Option<Box<RawValue>>) {
    let [of_json, of_text, of_bytes] = names;
    let whole = may_be_json && payload.bytes.len() == payload.size;
    if let Some(json) = as_it_came(&payload.bytes).filter(|_| whole) {
        return (of_json, Some(json));
    }
    match std::str::from_utf8(&payload.bytes) {
        Ok(text) => (of_text, raw(&text)),
        // a character may have been cut in two
        Err(why) if why.error_len().is_none() && payload.bytes.len() < payload.size => {
            (of_text, raw(&String::from_utf8_lossy(&payload.bytes)))
        }
        Err(_) => (of_bytes, raw(&STANDARD.encode(&payload.bytes))),
    }
}

/// The error as its caller gets it, if that is an object with an `errorType`; otherwise as an object of that form.
pub fn error_json(body: &[u8], error_type: &str) -> String {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Typed {
        #[serde(rename = "errorType")]
        _error_type: String,
    }
    let is_typed = serde_json::from_slice::<Typed>(body).is_ok();
    as_it_came(body).filter(|_| is_typed).map_or_else(
        || json!({"errorType": error_type, "errorMessage": String::from_utf8_lossy(body)}).to_string(),
        |json| json.get().to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(event: &'static str, response: &'static [u8]) -> Record {
        Record {
            function: "function".to_owned(),
            handler: "app.handler".to_owned(),
            environment: Some(1),
            request_id: "id".to_owned(),
            at_ms: 0,
            source: Source::Invoke,
            event: Payload::whole(Bytes::from_static(event.as_bytes())),
            context: Context::default(),
            variables: vec!["TABLE".to_owned()],
            response: Some(RecordedResponse { payload: Payload::whole(Bytes::from_static(response)), streamed: None }),
            error: None,
            log: LogLines::default(),
            timing: Timing::default(),
        }
    }

    fn parsed(record: &Record) -> Value {
        serde_json::from_str(&record.json()).unwrap()
    }

    #[test]
    fn json_is_kept_as_it_came_in_one_line() {
        let json = record("{ \"b\": 12345678901234567890123,\r\n\"a\":1, \"a\": \"\\n\" }\n", b"null").json();
        assert!(json.contains(r#""event":{ "b": 12345678901234567890123,  "a":1, "a": "\n" },"#), "{json}");
        assert!(json.contains(r#""response":null"#) && !json.contains('\n'));
    }

    #[test]
    fn a_summary_has_nothing_long() {
        let mut failed = record("{}", b"");
        let body = format!(r#"{{"errorType":"E","errorMessage":"{}","stackTrace":["s"]}}"#, "ä".repeat(MAX_TEXT + 1));
        failed.error = Some((Bytes::from(body), "E".to_owned()));
        failed.log.add("line", 100);
        let summary: Value = serde_json::from_str(&failed.summary()).unwrap();
        assert_eq!(summary["error"], json!({"errorType": "E", "errorMessage": "ä".repeat(MAX_TEXT)}));
        assert_eq!((&summary["lines"], summary.get("log"), summary.get("event")), (&json!(1), None, None));
    }

    #[test]
    fn a_response_may_be_text_or_bytes() {
        assert_eq!(parsed(&record("{}", b"plain"))["responseText"], "plain");
        assert_eq!(parsed(&record("{}", b"\xff\0"))["responseBase64"], "/wA=");
        let mut streamed = record("{}", b"{}");
        streamed.response.as_mut().unwrap().streamed = Some(Streamed { content_type: Some("text/html".to_owned()) });
        let json = parsed(&streamed);
        assert_eq!((&json["responseText"], &json["streamed"]["contentType"]), (&json!("{}"), &json!("text/html")));
    }

    #[test]
    fn what_is_cut_is_told() {
        let mut large = record("\"äaaaaa\"", b"[1,2,3,4]");
        large.log.add("12345", 100);
        large.log.add("67", 100);
        large.cut_to(6);
        let json = parsed(&large);
        assert_eq!(json["cut"]["event"], json!({"kept": 6, "size": 9}));
        assert_eq!(json["cut"]["log"], json!({"kept": 6, "size": 9}));
        assert_eq!((&json["eventText"], &json["responseText"]), (&json!("\"äaaa"), &json!("[1,2,3")));
        large.cut_to(2);
        assert_eq!(parsed(&large)["eventText"], "\"\u{fffd}");
    }

    #[test]
    fn an_error_always_has_its_form() {
        let mut failed = record("{}", b"");
        failed.response = None;
        failed.error =
            Some((Bytes::from_static(b"{\"errorType\":\"E\",\"stackTrace\":[]}"), "Runtime.Unknown".to_owned()));
        assert_eq!(parsed(&failed)["error"], json!({"errorType": "E", "stackTrace": []}));
        failed.error = Some((Bytes::from_static(b"broken"), "Runtime.Unknown".to_owned()));
        assert_eq!(parsed(&failed)["error"], json!({"errorType": "Runtime.Unknown", "errorMessage": "broken"}));
    }
}

//! `SLSEVENTS=unwrap`: finds the CloudEvent that a message carries. HTTP requests and Kafka records use the bindings of
//! CloudEvents. Messages of other sources carry JSON.
//!
//! Sources: <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md>,
//! <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md>

use super::formats::{base64, time, uri};
use super::json::append_text;
use super::json::text::{append_attribute, append_string};
use super::json::{Document, Value};
use super::kinds::Carries;
use super::recognise::{is_cloud_event, is_media_type, is_name};
use super::{http, kafka};

/// The largest number of attributes in a message. Each attribute is compared with all others, because the last
/// attribute of several with the same name counts. The sender of the message chooses how many attributes there are.
const MAX_ATTRIBUTES: usize = 256;

/// What a message carries.
pub enum Carried<'a> {
    Nothing,
    /// It should carry a CloudEvent, but the CloudEvent is invalid or not in JSON.
    Malformed,
    /// A CloudEvent that is unchanged text of the event.
    Within(&'a [u8]),
    /// A CloudEvent with its own text.
    Text(Vec<u8>),
    /// A list of CloudEvents with its own text: the batched mode of the HTTP binding.
    List(Vec<u8>),
}

/// Looks for a CloudEvent in a message.
pub fn unwrap<'a>(carries: Carries, message: Value<'_, 'a>) -> Carried<'a> {
    match carries {
        Carries::Nothing => Carried::Nothing,
        Carries::Body => in_json_at("body", message),
        Carries::Detail => in_json_at("detail", message),
        Carries::SnsMessage => in_json_at("Sns.Message", message),
        Carries::Data => in_base64_at("data", message),
        Carries::KinesisData => in_base64_at("kinesis.data", message),
        Carries::Http => in_request(message),
        Carries::Kafka => in_record(message),
    }
}

fn in_json_at<'a>(path: &str, message: Value<'_, 'a>) -> Carried<'a> {
    message.path(path).map_or(Carried::Nothing, in_json)
}

fn in_base64_at<'a>(path: &str, message: Value<'_, '_>) -> Carried<'a> {
    kafka::bytes_at(message, path).map_or(Carried::Nothing, in_text)
}

/// Looks for a CloudEvent in an object, or in a string that contains JSON.
fn in_json<'a>(value: Value<'_, 'a>) -> Carried<'a> {
    let mut text = Vec::new();
    match value.first() {
        b'{' if is_cloud_event(value) => Carried::Within(value.raw()),
        b'{' => not_a_cloud_event(value),
        b'"' if append_text(value, &mut text) => in_text(text),
        _ => Carried::Nothing,
    }
}

/// Looks for a CloudEvent in a JSON text. SNS or EventBridge may have wrapped it on its way to a queue.
fn in_text<'a>(text: Vec<u8>) -> Carried<'a> {
    let Ok(document) = Document::parse(&text) else { return Carried::Nothing };
    let value = document.root();
    if is_cloud_event(value) {
        return Carried::Text(text);
    }
    let message = value.path("Message").filter(|_| value.path("TopicArn").is_some());
    let detail = || value.path("detail").filter(|_| value.path("detail-type").is_some());
    let mut inner = Vec::new();
    match message.or_else(detail) {
        Some(inside) if inside.first() == b'{' => inner.extend_from_slice(inside.raw()),
        Some(inside) if append_text(inside, &mut inner) => (),
        _ => return not_a_cloud_event(value),
    }
    match Document::parse(&inner) {
        Ok(document) if is_cloud_event(document.root()) => Carried::Text(inner),
        Ok(document) => not_a_cloud_event(document.root()),
        Err(_) => Carried::Nothing,
    }
}

fn not_a_cloud_event<'a>(value: Value<'_, '_>) -> Carried<'a> {
    if value.path("specversion").is_some() { Carried::Malformed } else { Carried::Nothing }
}

fn in_request<'a>(request: Value<'_, '_>) -> Carried<'a> {
    let mut headers = http::headers(request);
    let content_type = take(&mut headers, b"content-type");
    let flags = ["isBase64Encoded", "is_base64_encoded"]; // the latter is from version 1 of VPC Lattice
    let has_base64 = flags.iter().any(|flag| request.path(flag).is_some_and(|value| value.first() == b't'));
    let mut body = Vec::new();
    let _ = request.path("body").map(|value| append_text(value, &mut body)); // without a text, the body is empty
    let bytes = if has_base64 { base64::decode(&body) } else { Some(body) };
    let Some(body) = bytes else { return Carried::Nothing };
    let mode = Mode::of(content_type.as_deref());
    if mode != Mode::Binary {
        return mode.read(body);
    }
    let mut attributes = Vec::new();
    for (name, value) in headers {
        if let Some(name) = name.strip_prefix(b"ce-") {
            attributes.push((name.to_vec(), http::percent_decoded(&value)));
        }
    }
    Message { attributes, content_type, body, is_text: !has_base64 }.read()
}

fn in_record<'a>(record: Value<'_, '_>) -> Carried<'a> {
    let mut headers: Vec<_> =
        kafka::headers(record).into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
    let content_type = take(&mut headers, b"content-type");
    let body = kafka::bytes_at(record, "value").unwrap_or_default();
    let mode = Mode::of(content_type.as_deref());
    if mode != Mode::Binary {
        return mode.read(body);
    }
    let mut attributes = Vec::new();
    for (name, value) in headers {
        if let Some(name) = name.strip_prefix(b"ce_") {
            attributes.push((name.to_vec(), value));
        }
    }
    Message { attributes, content_type, body, is_text: false }.read()
}

/// Removes a header from the list, and returns its value.
fn take(headers: &mut Vec<(Vec<u8>, Vec<u8>)>, name: &[u8]) -> Option<Vec<u8>> {
    let index = headers.iter().rposition(|(other, _)| other == name)?;
    Some(headers.swap_remove(index).1)
}

/// How a message carries a CloudEvent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Binary,
    Structured,
    Batched,
    /// Structured, in a format other than JSON.
    Unsupported,
}

impl Mode {
    fn of(content_type: Option<&[u8]>) -> Mode {
        let content_type = content_type.unwrap_or_default().to_ascii_lowercase();
        let essence = content_type.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        match essence {
            b"application/cloudevents" | b"application/cloudevents+json" => Mode::Structured,
            b"application/cloudevents-batch" | b"application/cloudevents-batch+json" => Mode::Batched,
            _ if essence.starts_with(b"application/cloudevents") => Mode::Unsupported,
            _ => Mode::Binary,
        }
    }

    fn read<'a>(self, body: Vec<u8>) -> Carried<'a> {
        let Ok(document) = Document::parse(&body) else { return Carried::Malformed };
        let value = document.root();
        match self {
            Mode::Structured if is_cloud_event(value) => Carried::Text(body),
            Mode::Batched if value.first() == b'[' && value.elements().all(is_cloud_event) => Carried::List(body),
            _ => Carried::Malformed,
        }
    }
}

/// A message in binary mode.
struct Message {
    /// The names do not have their prefix.
    attributes: Vec<(Vec<u8>, Vec<u8>)>,
    content_type: Option<Vec<u8>>,
    body: Vec<u8>,
    /// The body was text, not bytes.
    is_text: bool,
}

impl Message {
    fn read<'a>(mut self) -> Carried<'a> {
        if take(&mut self.attributes, b"specversion").as_deref() != Some(b"1.0") {
            return Carried::Nothing;
        }
        if self.attributes.len() > MAX_ATTRIBUTES {
            return Carried::Malformed;
        }
        let mut out = br#"{"specversion":"1.0""#.to_vec();
        while let Some((name, value)) = self.attributes.pop() {
            if !self.attributes.iter().any(|(other, _)| *other == name) {
                append_binary_attribute(&name, &value, &mut out);
            }
        }
        self.append_data(&mut out);
        out.push(b'}');
        match Document::parse(&out) {
            Ok(document) if is_cloud_event(document.root()) => Carried::Text(out),
            _ => Carried::Malformed,
        }
    }

    /// Appends the data: JSON as it is, text as a string, and other data in base64.
    fn append_data(&self, out: &mut Vec<u8>) {
        let content_type = self.content_type.as_deref().filter(|content_type| is_media_type(content_type));
        if let Some(content_type) = content_type {
            out.extend_from_slice(br#","datacontenttype":""#);
            append_attribute(content_type, out);
            out.push(b'"');
        }
        let is_json = content_type.is_none_or(http::is_json);
        let is_text = content_type.is_some_and(|content_type| self.is_text || is_text(content_type));
        if self.body.is_empty() {
            return;
        }
        if is_json && Document::parse(&self.body).is_ok() {
            out.extend_from_slice(br#","data":"#);
            out.extend_from_slice(&self.body);
        } else if !is_json && is_text && std::str::from_utf8(&self.body).is_ok() {
            out.extend_from_slice(br#","data":"#);
            append_string(&self.body, out);
        } else {
            out.extend_from_slice(br#","data_base64":""#);
            base64::encode(&self.body, out);
            out.push(b'"');
        }
    }
}

/// Appends an attribute, if its name and its value are allowed.
fn append_binary_attribute(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    let is_valid = match name {
        b"data" | b"datacontenttype" => false, // these come from the body and its type
        b"time" => time::is_rfc3339(value),
        b"dataschema" => uri::is_reference(value, true),
        _ => is_name(name) && std::str::from_utf8(value).is_ok(),
    };
    if is_valid {
        out.extend_from_slice(b",\"");
        out.extend_from_slice(name);
        out.extend_from_slice(b"\":\"");
        let start = out.len();
        if name == b"source" {
            uri::append_reference(value, out);
        } else {
            append_attribute(value, out);
        }
        if out.len() > start {
            out.push(b'"');
        } else {
            out.truncate(start - name.len() - 5);
        }
    }
}

/// True for media types whose content is text.
fn is_text(media_type: &[u8]) -> bool {
    let essence = media_type.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii().to_ascii_lowercase();
    essence.starts_with(b"text/") || essence.ends_with(b"/xml") || essence.ends_with(b"+xml")
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = r#"{"specversion":"1.0","id":"1","source":"/s","type":"t"}"#;
    const NO_EVENT: &str = r#"{"specversion":"1.0","id":"1"}"#;

    fn carried(carries: Carries, message: &str) -> String {
        let document = Document::parse(message.as_bytes()).unwrap();
        let text = match unwrap(carries, document.root()) {
            Carried::Nothing => b"nothing".to_vec(),
            Carried::Malformed => b"malformed".to_vec(),
            Carried::Within(text) => text.to_vec(),
            Carried::Text(text) | Carried::List(text) => text,
        };
        String::from_utf8(text).unwrap()
    }

    fn quoted(text: &str) -> String {
        format!("\"{}\"", text.replace('"', "\\\""))
    }

    #[test]
    fn an_object_is_a_cloud_event_or_claims_to_be_one_or_is_neither() {
        for (detail, expected) in [(EVENT, EVENT), (NO_EVENT, "malformed"), ("{}", "nothing"), ("1", "nothing")] {
            assert_eq!(carried(Carries::Detail, &format!(r#"{{"detail":{detail}}}"#)), expected);
        }
    }

    #[test]
    fn a_text_may_have_been_wrapped_by_sns_or_eventbridge() {
        for (inner, expected) in [(EVENT, EVENT), (NO_EVENT, "malformed"), ("{}", "nothing")] {
            let sns = format!(r#"{{"TopicArn":"a","Message":{}}}"#, quoted(inner));
            let bridge = format!(r#"{{"detail-type":"a","detail":{inner}}}"#);
            for text in [inner, &sns, &bridge] {
                let message = format!(r#"{{"body":{}}}"#, quoted(&text.replace('\\', "\\\\")));
                assert_eq!(carried(Carries::Body, &message), expected, "{message}");
            }
        }
        for other in [format!(r#"{{"Message":{EVENT}}}"#), format!(r#"{{"detail":{EVENT}}}"#)] {
            assert_eq!(carried(Carries::Body, &format!(r#"{{"body":{}}}"#, quoted(&other))), "nothing");
        }
    }

    #[test]
    fn the_structured_and_the_batched_mode_take_nothing_but_cloud_events() {
        let list = format!("[{EVENT}]");
        for (format, body, expected) in [
            ("", EVENT, EVENT),
            ("", NO_EVENT, "malformed"),
            ("", "{}", "malformed"),
            ("-batch", &list, &list),
            ("-batch", "[{}]", "malformed"),
            ("-batch", EVENT, "malformed"),
        ] {
            let headers = format!(r#"{{"content-type":"application/cloudevents{format}+json"}}"#);
            let message = format!(r#"{{"headers":{headers},"body":{}}}"#, quoted(body));
            assert_eq!(carried(Carries::Http, &message), expected, "{message}");
        }
    }

    fn in_binary_mode(more: &str, body: &str) -> String {
        let headers = r#""ce-specversion":"1.0","ce-id":"1","ce-source":"/s","ce-type":"t""#;
        let carried = carried(Carries::Http, &format!(r#"{{"headers":{{{headers}{more}}},{body}}}"#));
        carried.strip_prefix(r#"{"specversion":"1.0","#).unwrap_or(&carried).to_owned()
    }

    #[test]
    fn in_binary_mode_text_stays_text_and_bytes_are_base64() {
        for (media_type, body, data) in [
            ("image/x", r#""body":"a""#, r#""data":"a""#),
            ("image/x", r#""body":"YQ==","isBase64Encoded":true"#, r#""data_base64":"YQ==""#),
            ("text/plain", r#""body":"YQ==","isBase64Encoded":true"#, r#""data":"a""#),
            ("text/plain", r#""body":"/w==","isBase64Encoded":true"#, r#""data_base64":"/w==""#),
            ("a/xml", r#""body":"YQ==","isBase64Encoded":true"#, r#""data":"a""#),
            ("text/plain", r#""body":"1""#, r#""data":"1""#),
            ("a/json", r#""body":"1""#, r#""data":1"#),
            ("a/json", r#""body":"{""#, r#""data_base64":"ew==""#),
            ("a/x+xml", r#""body":"YQ==","is_base64_encoded":true"#, r#""data":"a""#),
        ] {
            let event = in_binary_mode(&format!(r#","content-type":"{media_type}""#), body);
            assert!(event.ends_with(&format!(r#""datacontenttype":"{media_type}",{data}}}"#)), "{event}");
        }
    }

    #[test]
    fn in_binary_mode_without_a_body_there_is_no_data() {
        for media_type in ["a/json", "text/plain", "image/x"] {
            let event = in_binary_mode(&format!(r#","content-type":"{media_type}""#), r#""body":"""#);
            assert!(event.ends_with(&format!(r#""datacontenttype":"{media_type}"}}"#)), "{event}");
        }
        assert!(!in_binary_mode(r#","content-type":"nonsense""#, r#""body":"1""#).contains("nonsense"));
    }

    #[test]
    fn in_binary_mode_attributes_have_the_names_and_the_values_that_they_may_have() {
        for (header, expected) in [
            (r#""ce-more":"1""#, Some(r#""more":"1""#)),
            (r#""ce-mo_re":"1""#, None),
            (r#""ce-data":"1""#, None),
            (r#""ce-datacontenttype":"a/b""#, None),
            (r#""ce-time":"2018-04-05T17:31:00Z""#, Some(r#""time":"2018-04-05T17:31:00Z""#)),
            (r#""ce-time":"yesterday""#, None),
            (r#""ce-dataschema":"https://example.com""#, Some(r#""dataschema":"https://example.com""#)),
            (r#""ce-dataschema":"/relative""#, None),
            (r#""ce-more":"%FF""#, None),
            (r#""ce-id":"2""#, Some(r#""id":"2""#)), // the last one counts
        ] {
            let event = in_binary_mode(&format!(",{header}"), r#""body":"1""#);
            let name = header.split(['-', '"']).nth(2).unwrap();
            let found = event.matches(&format!(r#""{name}":"#)).count();
            let expected_count = if name == "data" { 1 } else { usize::from(expected.is_some()) };
            assert_eq!(found, expected_count, "{header}: {event}");
            assert!(expected.is_none_or(|text| event.contains(text)), "{header}: {event}");
        }
    }

    #[test]
    fn in_binary_mode_there_is_a_version_and_not_too_many_attributes() {
        let message = |headers: &str| carried(Carries::Http, &format!(r#"{{"headers":{{{headers}}},"body":"1"}}"#));
        let required = r#""ce-id":"1","ce-source":"/s","ce-type":"t""#;
        for version in ["", r#""ce-specversion":"0.3","#] {
            assert_eq!(message(&format!("{version}{required}")), "nothing");
        }
        let with = |more: usize| {
            let more: String = (0..more).map(|number| format!(r#","ce-a{number}":"1""#)).collect();
            message(&format!(r#""ce-specversion":"1.0",{required}{more}"#))
        };
        assert!(with(MAX_ATTRIBUTES - 3).contains(r#""a252":"1""#));
        assert_eq!(with(MAX_ATTRIBUTES - 2), "malformed");
    }

    #[test]
    fn in_binary_mode_an_attribute_without_a_value_is_left_out() {
        for (subject, expected) in [("", false), ("a", true)] {
            let event = in_binary_mode(&format!(r#","ce-subject":"{subject}""#), r#""body":"""#);
            assert!(event.contains(r#""id":"1""#) && event.contains("subject") == expected, "{event}");
        }
    }
}

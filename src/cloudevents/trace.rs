//! The distributed-tracing extension: the trace of a record, as W3C's `traceparent` and `tracestate`.
//!
//! A record's own trace takes precedence over the invocation's trace: an event keeps the trace that it started with,
//! even after several services have passed it on.
//!
//! Sources: <https://www.w3.org/TR/trace-context/#traceparent-header>,
//! <https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader>,
//! <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/extensions/distributed-tracing.md>

use super::http::header;
use super::json::Value;
use super::kafka;

/// The length of a `traceparent` of version 00.
const LENGTH: usize = 55;

/// The trace headers of a record, in W3C's form and in X-Ray's.
#[derive(Default)]
pub struct TraceHeaders {
    /// `traceparent`: the trace, the parent in the trace, and flags.
    pub parent: Option<Vec<u8>>,
    /// `tracestate`: what vendors add to `traceparent`.
    pub state: Option<Vec<u8>>,
    /// `X-Amzn-Trace-Id`: the same facts in X-Ray's form.
    pub xray: Option<Vec<u8>>,
}

/// The invocation's trace, parsed once for all of its records.
#[derive(Default)]
pub struct InvocationTrace {
    root: Vec<u8>,
    parent: Option<Vec<u8>>,
}

impl InvocationTrace {
    /// Parses `Lambda-Runtime-Trace-Id`.
    pub fn new(header: Option<&str>) -> InvocationTrace {
        match header.and_then(|header| XRay::parse(header.as_bytes())) {
            Some(xray) => InvocationTrace { root: xray.root.to_vec(), parent: xray.traceparent() },
            None => InvocationTrace::default(),
        }
    }

    /// Calls `write` with the record's trace, or with the invocation's trace if the record does not have any. The
    /// arguments are `traceparent` and `tracestate`, which may be empty. Does not call `write` if no trace is known.
    pub fn choose(&self, record: &TraceHeaders, write: impl FnOnce(&[u8], &[u8])) {
        if let Some(parent) = record.parent.as_deref().filter(|parent| is_traceparent(parent)) {
            return write(parent, record.state.as_deref().unwrap_or_default());
        }
        match record.xray.as_deref().and_then(XRay::parse) {
            // The header names a trace without a parent. The invocation's parent is not in this trace.
            Some(own) if own.parent.is_empty() && own.root != self.root => (),
            Some(own) if !own.parent.is_empty() => drop(own.traceparent().map(|parent| write(&parent, b""))),
            _ => drop(self.parent.as_deref().map(|parent| write(parent, b""))),
        }
    }
}

/// Returns the trace headers in the HTTP headers at a path, or in `multiValueHeaders`.
pub fn in_headers(record: Value<'_, '_>, path: &str) -> TraceHeaders {
    let find = |name| {
        let single = record.path(path).and_then(|headers| header(headers, name));
        single.or_else(|| header(record.path("multiValueHeaders")?, name))
    };
    TraceHeaders { parent: find("traceparent"), state: find("tracestate"), xray: find("x-amzn-trace-id") }
}

/// Returns the trace headers of a Kafka record.
pub fn in_kafka_headers(record: Value<'_, '_>) -> TraceHeaders {
    let mut headers = kafka::headers(record);
    let mut find = |wanted: &[u8]| {
        let found = headers.iter_mut().rfind(|(name, _)| name.eq_ignore_ascii_case(wanted))?;
        Some(std::mem::take(&mut found.1))
    };
    TraceHeaders { parent: find(b"traceparent"), state: find(b"tracestate"), xray: find(b"x-amzn-trace-id") }
}

/// True for version, trace, parent and flags in lower-case hexadecimal, with dashes between them. A version after 00
/// may be longer.
fn is_traceparent(text: &[u8]) -> bool {
    let (fixed, more) = text.split_at_checked(LENGTH).unwrap_or_default();
    let mut parts = fixed.split(|byte| *byte == b'-');
    let mut next =
        |length: usize| parts.next().filter(|part| part.len() == length && part.iter().all(|byte| is_lower_hex(*byte)));
    let (Some(version), Some(trace), Some(parent), Some(_), None) = (next(2), next(32), next(16), next(2), next(0))
    else {
        return false;
    };
    let is_set = |id: &[u8]| id.iter().any(|byte| *byte != b'0');
    version != b"ff"
        && is_set(trace)
        && is_set(parent)
        && (more.is_empty() || version != b"00" && more.starts_with(b"-"))
}

fn is_lower_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

/// An X-Ray tracing header, `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`.
struct XRay<'a> {
    /// What follows the version.
    root: &'a [u8],
    parent: &'a [u8],
    is_sampled: bool,
}

impl<'a> XRay<'a> {
    fn parse(header: &'a [u8]) -> Option<XRay<'a>> {
        let mut found = XRay { root: b"", parent: b"", is_sampled: false };
        for part in header.split(|byte| *byte == b';').map(<[u8]>::trim_ascii) {
            match part {
                [b'R', b'o', b'o', b't', b'=', b'1', b'-', root @ ..] => found.root = root,
                [b'P', b'a', b'r', b'e', b'n', b't', b'=', parent @ ..] => found.parent = parent,
                b"Sampled=1" => found.is_sampled = true,
                _ => (),
            }
        }
        (!found.root.is_empty()).then_some(found)
    }

    fn traceparent(&self) -> Option<Vec<u8>> {
        let (time, unique) = self.root.split_at_checked(8)?;
        let (dash, unique) = unique.split_first()?;
        let flags: &[u8] = if self.is_sampled { b"-01" } else { b"-00" };
        let mut parent = [b"00-", time, unique, b"-", self.parent, flags].concat();
        parent.make_ascii_lowercase();
        (*dash == b'-' && is_traceparent(&parent)).then_some(parent)
    }
}

#[cfg(test)]
mod tests {
    use super::super::json::Document;
    use super::*;

    const OWN: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const INVOCATION: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a:0";
    const CONVERTED: &str = "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01";

    fn choose(headers: &TraceHeaders, invocation: Option<&str>) -> Option<(String, String)> {
        let mut chosen = None;
        InvocationTrace::new(invocation).choose(headers, |parent, state| {
            chosen = Some((String::from_utf8(parent.to_vec()).unwrap(), String::from_utf8(state.to_vec()).unwrap()));
        });
        chosen
    }

    fn headers(parent: &str, xray: &str) -> TraceHeaders {
        let some = |text: &str| (!text.is_empty()).then(|| text.as_bytes().to_vec());
        TraceHeaders { parent: some(parent), state: some("a=1"), xray: some(xray) }
    }

    #[test]
    fn headers_are_read_in_any_case() {
        let bytes = |text: &str| format!("{:?}", text.as_bytes());
        for (reader, record) in [
            ("http", format!(r#"{{"headers": {{"TraceParent": "{OWN}", "tracestate": "a=1"}}}}"#)),
            (
                "http",
                format!(
                    r#"{{"headers": null, "multiValueHeaders": {{"traceparent": ["{OWN}"], "Tracestate": ["a=1"]}}}}"#
                ),
            ),
            (
                "kafka",
                format!(r#"{{"headers": [{{"TraceParent": {}}}, {{"TRACESTATE": {}}}]}}"#, bytes(OWN), bytes("a=1")),
            ),
        ] {
            let document = Document::parse(record.as_bytes()).unwrap();
            let headers = if reader == "http" {
                in_headers(document.root(), "headers")
            } else {
                in_kafka_headers(document.root())
            };
            assert_eq!(choose(&headers, Some(INVOCATION)), Some((OWN.into(), "a=1".into())), "{record}");
        }
    }

    #[test]
    fn x_ray_headers_are_converted() {
        let own = headers("", "Sampled=0; Parent=53995C3F42CD8AD8; Root=1-0af76519-16cd43dd8448eb211c80319c");
        let expected = "00-0af7651916cd43dd8448eb211c80319c-53995c3f42cd8ad8-00";
        assert_eq!(choose(&own, Some(INVOCATION)), Some((expected.into(), String::new())));
        assert_eq!(choose(&TraceHeaders::default(), Some(INVOCATION)), Some((CONVERTED.into(), String::new())));
    }

    #[test]
    fn a_trace_without_a_parent_is_completed_from_the_same_trace_only() {
        let same = headers("", "Root=1-5759e988-bd862e3fe1be46a994272793");
        let other = headers("", "Root=1-0af76519-16cd43dd8448eb211c80319c");
        assert_eq!(choose(&same, Some(INVOCATION)), Some((CONVERTED.into(), String::new())));
        assert_eq!(choose(&same, None), None);
        assert_eq!(choose(&other, Some(INVOCATION)), None);
    }

    #[test]
    fn invalid_traceparents_are_left_out() {
        for parent in [
            "",
            "00",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0-",
        ] {
            assert_eq!(choose(&headers(parent, ""), None), None, "{parent}");
            assert_eq!(choose(&headers(parent, ""), Some(INVOCATION)), Some((CONVERTED.into(), String::new())));
        }
        assert!(is_traceparent(b"01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more"));
        for header in [
            "",
            "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1",
            "Root=2-x;Parent=53995c3f42cd8ad8",
            "Root=1-é;Parent=1",
        ] {
            assert_eq!(choose(&TraceHeaders::default(), Some(header)), None, "{header}");
        }
    }
}

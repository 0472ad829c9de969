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

/// A header that a trace is in.
#[derive(Clone, Copy)]
pub enum Header {
    /// `traceparent`: the trace, the parent in the trace, and flags.
    Parent,
    /// `tracestate`: what vendors add to `traceparent`.
    State,
    /// `X-Amzn-Trace-Id`: the facts of `traceparent` in X-Ray's form.
    XRay,
}

impl Header {
    /// The name, in lower case.
    fn name(self) -> &'static str {
        match self {
            Header::Parent => "traceparent",
            Header::State => "tracestate",
            Header::XRay => "x-amzn-trace-id",
        }
    }
}

/// The trace headers of a record: those in W3C's form, or that in X-Ray's.
#[derive(Default)]
pub struct TraceHeaders {
    /// A valid one.
    parent: Option<Vec<u8>>,
    state: Option<Vec<u8>>,
    xray: Option<Vec<u8>>,
}

impl TraceHeaders {
    /// Searches for what is needed: `tracestate` belongs to a `traceparent`, and X-Ray's header counts without one alone.
    pub fn find(find: &mut dyn FnMut(Header) -> Option<Vec<u8>>) -> TraceHeaders {
        let parent = find(Header::Parent).filter(|parent| is_traceparent(parent));
        match parent {
            Some(_) => TraceHeaders { parent, state: find(Header::State), xray: None },
            None => TraceHeaders { xray: find(Header::XRay), ..TraceHeaders::default() },
        }
    }
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
}

/// Calls `write` with the record's trace, or with the invocation's trace if the record does not have any. The arguments are
/// `traceparent` and `tracestate`, which may be empty. Does not call `write` if no trace is known. `parsed` is the invocation's
/// trace, if it was needed before, and `header` what it is parsed from.
pub fn choose(
    record: &TraceHeaders,
    parsed: &mut Option<InvocationTrace>,
    header: Option<&str>,
    write: impl FnOnce(&[u8], &[u8]),
) {
    if let Some(parent) = &record.parent {
        return write(parent, record.state.as_deref().unwrap_or_default());
    }
    let own = record.xray.as_deref().and_then(XRay::parse);
    if let Some(own) = own.as_ref().filter(|own| !own.parent.is_empty()) {
        if let Some(parent) = own.traceparent() {
            write(&parent, b"");
        }
        return;
    }
    let invocation = parsed.get_or_insert_with(|| InvocationTrace::new(header));
    // If the header names a trace without a parent, the invocation's parent may not be in this trace.
    if let Some(parent) = &invocation.parent
        && own.is_none_or(|own| own.root == invocation.root)
    {
        write(parent, b"");
    }
}

/// Returns the trace headers in the HTTP headers at a path, or in `multiValueHeaders`.
pub fn in_headers(record: Value<'_, '_>, path: &str) -> TraceHeaders {
    let headers = record.path(path);
    TraceHeaders::find(&mut |wanted| {
        let single = headers.and_then(|headers| header(headers, wanted.name()));
        single.or_else(|| header(record.path("multiValueHeaders")?, wanted.name()))
    })
}

/// Returns the trace headers of a Kafka record.
pub fn in_kafka_headers(record: Value<'_, '_>) -> TraceHeaders {
    let mut headers = kafka::headers(record);
    TraceHeaders::find(&mut |wanted| {
        let is_wanted = |(name, _): &&mut (&[u8], Vec<u8>)| name.eq_ignore_ascii_case(wanted.name().as_bytes());
        Some(std::mem::take(&mut headers.iter_mut().rfind(is_wanted)?.1))
    })
}

/// True for version, trace, parent and flags in lower-case hexadecimal, with dashes between them. A version after 00
/// may be longer.
fn is_traceparent(text: &[u8]) -> bool {
    let [v, w, b'-', rest @ ..] = text else { return false };
    let Some((trace, [b'-', rest @ ..])) = rest.split_at_checked(32) else { return false };
    let Some((parent, [b'-', f, g, more @ ..])) = rest.split_at_checked(16) else { return false };
    let is_set = |id: &[u8]| id.iter().any(|byte| *byte != b'0');
    [trace, parent, &[*v, *w, *f, *g]].iter().all(|id| id.iter().all(|byte| is_lower_hex(*byte)))
        && [*v, *w] != *b"ff"
        && is_set(trace)
        && is_set(parent)
        && (more.is_empty() || [*v, *w] != *b"00" && more.starts_with(b"-"))
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
        super::choose(headers, &mut None, invocation, |parent, state| {
            chosen = Some((String::from_utf8(parent.to_vec()).unwrap(), String::from_utf8(state.to_vec()).unwrap()));
        });
        chosen
    }

    fn headers(parent: &str, xray: &str) -> TraceHeaders {
        let some = |text: &str| (!text.is_empty()).then(|| text.as_bytes().to_vec());
        TraceHeaders::find(&mut |header| match header {
            Header::Parent => some(parent),
            Header::State => some("a=1"),
            Header::XRay => some(xray),
        })
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
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01x",
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
            "Root=1-5759e988abd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8",
            "Root=1-é;Parent=1",
        ] {
            assert_eq!(choose(&TraceHeaders::default(), Some(header)), None, "{header}");
        }
    }
}

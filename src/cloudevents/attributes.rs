//! Writes the attributes of a CloudEvent from its kind's row. They are valid, whatever the record contains.
//!
//! The records of a batch usually have the same shape. If the inputs of an attribute are the same in a record and in
//! the record before it, the attribute is copied. A batch of 10,000 records then takes at most twice as long as reading
//! it.

use std::ops::Range;

use super::formats::time::{MinuteCache, Unit, append_time};
use super::formats::uri;
use super::json::Value;
use super::json::text;
use super::kinds::{Column, Kind, Records, SNS_TRACE, SQS_TRACE, Trace};
use super::template::{Inputs, Noted, Scope};
use super::trace::{self, Header};

/// Writes the CloudEvents of an event, without their data.
pub struct AttributeWriter {
    attributes: [Attribute; 8],
    context: Context,
}

/// What an attribute was made from, and where it was written last.
#[derive(Default)]
struct Attribute {
    read: Noted,
    written: Range<usize>,
}

type Write = fn(&mut Context, &Scope<'_, '_, '_>, &mut Vec<u8>) -> Option<&'static str>;

/// How each attribute is written.
const WRITE: [Write; 8] = [
    Context::id,
    Context::source,
    Context::r#type,
    Context::time,
    Context::subject,
    Context::partitionkey,
    Context::sequence,
    Context::trace,
];

/// What all attributes share.
struct Context {
    kind: &'static Kind,
    inputs: Inputs,
    minute_cache: MinuteCache,
    /// Parsed for the first record without a trace.
    invocation_trace: Option<trace::InvocationTrace>,
    /// The text of an attribute before it is written.
    scratch: Vec<u8>,
}

impl AttributeWriter {
    /// Nothing is written yet.
    pub fn new(kind: &'static Kind) -> AttributeWriter {
        let context = Context {
            kind,
            inputs: Inputs::new(kind.records == Records::None),
            minute_cache: MinuteCache::default(),
            invocation_trace: None,
            scratch: Vec::with_capacity(128),
        };
        AttributeWriter { attributes: Default::default(), context }
    }

    /// Appends a CloudEvent, from its opening brace to the colon before its data. `before` is the record that was
    /// written last, if it has the same shape. Returns what the record lacks, if the writer had to replace it. Does not
    /// return this for an attribute that is copied from `before`.
    pub fn append_head(
        &mut self,
        scope: &Scope<'_, '_, '_>,
        before: Option<Value<'_, '_>>,
        out: &mut Vec<u8>,
    ) -> Option<&'static str> {
        let before = before.filter(|_| scope.record.no_name_collision());
        scope.record.reset_name_collision();
        if before.is_none() {
            self.context.inputs.clear();
        }
        out.extend_from_slice(br#"{"specversion":"1.0","datacontenttype":"application/json""#);
        let (mut missing, mut same, mut at) = (None, 0..0, out.len());
        for (attribute, write) in self.attributes.iter_mut().zip(WRITE) {
            let inputs = &mut self.context.inputs;
            if before.is_some_and(|before| inputs.are_same(attribute.read, scope.record, before)) {
                let start = if same.is_empty() { attribute.written.start } else { same.start };
                same = start..attribute.written.end; // these attributes are adjacent, and are copied together
                at += attribute.written.len();
                attribute.written = at - attribute.written.len()..at;
                continue;
            }
            out.extend_from_within(std::mem::replace(&mut same, 0..0));
            inputs.current = attribute.read;
            match before {
                None => inputs.begin(),
                Some(before) if !inputs.have_same_names(scope.record, before) => inputs.look_up(),
                Some(_) => (),
            }
            missing = missing.or(write(&mut self.context, scope, out));
            attribute.read = self.context.inputs.current;
            attribute.written = at..out.len();
            at = out.len();
        }
        out.extend_from_within(same);
        out.extend_from_slice(br#","data":"#);
        missing
    }
}

impl Context {
    /// Fills the scratch from a template. Returns false if the record lacks a part.
    fn fill(&mut self, template: &'static str, scope: &Scope<'_, '_, '_>) -> bool {
        self.scratch.clear();
        scope.fill(template, &mut self.inputs, &mut self.scratch)
    }

    /// Appends a String attribute with the text of its template. Returns false and appends nothing if the text is
    /// empty.
    fn append_string(
        &mut self,
        start: &str,
        template: &'static str,
        scope: &Scope<'_, '_, '_>,
        out: &mut Vec<u8>,
    ) -> bool {
        append_member(start, out, |out| {
            let start = out.len();
            scope.fill(template, &mut self.inputs, out);
            if !text::is_plain(out.get(start..).unwrap_or_default()) {
                let text = out.split_off(start);
                text::append_attribute(&text, out);
            }
        })
    }

    fn id(&mut self, scope: &Scope<'_, '_, '_>, out: &mut Vec<u8>) -> Option<&'static str> {
        let template = self.kind.column(Column::Id);
        if self.append_string(r#","id":""#, template, scope, out) {
            return None;
        }
        let is_batch = self.kind.records != Records::None;
        self.fill(if is_batch { "{@req,@ms}.{@i}" } else { "{@req,@ms}" }, scope);
        append_member(r#","id":""#, out, |out| {
            let start = out.len();
            text::append_attribute(&self.scratch, out);
            if out.len() == start {
                out.push(b'0'); // only if the request id consists of control characters
            }
        });
        (!template.is_empty()).then_some("no id")
    }

    fn source(&mut self, scope: &Scope<'_, '_, '_>, out: &mut Vec<u8>) -> Option<&'static str> {
        let template = self.kind.column(Column::Source);
        let is_filled = self.fill(template, scope);
        if !is_filled {
            self.fill("{@fn}|aws:lambda", scope);
        }
        append_member(r#","source":""#, out, |out| uri::append_reference(&self.scratch, out));
        (!is_filled && !template.is_empty()).then_some("no source")
    }

    /// If the record lacks the variable part of the type, the type ends before that part.
    fn r#type(&mut self, scope: &Scope<'_, '_, '_>, out: &mut Vec<u8>) -> Option<&'static str> {
        let template = self.kind.column(Column::Type);
        let is_filled = self.fill(template, scope);
        if !is_filled {
            let known = template.split('{').next().unwrap_or_default().trim_end_matches('.');
            self.scratch.extend_from_slice(known.as_bytes());
        }
        append_member(r#","type":""#, out, |out| {
            out.extend_from_slice(b"com.amazonaws.");
            let start = out.len();
            text::append_attribute(&self.scratch, out);
            out.truncate(if out.len() > start { out.len() } else { start - 1 });
        });
        (!is_filled).then_some("no name for its type")
    }

    fn time(&mut self, scope: &Scope<'_, '_, '_>, out: &mut Vec<u8>) -> Option<&'static str> {
        let template = self.kind.column(Column::Time);
        let (unit, template) = match template.split_at_checked(3) {
            Some(("ms:", number)) => (Unit::Milliseconds, number),
            Some(("us:", number)) => (Unit::Microseconds, number),
            _ => (Unit::Seconds, template),
        };
        let is_filled = self.fill(template, scope);
        if !(is_filled && self.append_time(unit, out)) {
            self.fill("{@ms}", scope);
            self.append_time(Unit::Milliseconds, out);
        }
        None
    }

    fn append_time(&mut self, unit: Unit, out: &mut Vec<u8>) -> bool {
        append_member(r#","time":""#, out, |out| {
            append_time(&self.scratch, unit, &mut self.minute_cache, out);
        })
    }

    fn subject(&mut self, scope: &Scope<'_, '_, '_>, out: &mut Vec<u8>) -> Option<&'static str> {
        let template = self.kind.column(Column::Subject);
        self.append_string(r#","subject":""#, template, scope, out);
        None
    }

    /// Leaves out a key that an attribute must change. A changed key could put unrelated records into the same group.
    fn partitionkey(&mut self, scope: &Scope<'_, '_, '_>, out: &mut Vec<u8>) -> Option<&'static str> {
        if self.fill(self.kind.order.partitionkey(), scope) && text::is_clean(&self.scratch) {
            append_member(r#","partitionkey":""#, out, |out| text::append_attribute(&self.scratch, out));
        }
        None
    }

    /// Adds leading zeros, because numbers of different lengths do not sort as text. Leaves out a number that is too
    /// long.
    fn sequence(&mut self, scope: &Scope<'_, '_, '_>, out: &mut Vec<u8>) -> Option<&'static str> {
        let (template, width) = self.kind.order.sequence();
        let is_filled = self.fill(template, scope);
        let number = &self.scratch;
        if is_filled && number.len() <= width && number.iter().all(u8::is_ascii_digit) {
            append_member(r#","sequence":""#, out, |out| {
                out.resize(out.len() + width - number.len(), b'0');
                out.extend_from_slice(number);
            });
        }
        None
    }

    fn trace(&mut self, scope: &Scope<'_, '_, '_>, out: &mut Vec<u8>) -> Option<&'static str> {
        let own = match self.kind.trace {
            Trace::None => trace::TraceHeaders::default(),
            Trace::Sqs => trace_in_texts(&SQS_TRACE, &mut self.inputs, scope),
            Trace::Sns => trace_in_texts(&SNS_TRACE, &mut self.inputs, scope),
            Trace::Headers(at) => trace::in_headers(scope.record, at.path()),
            Trace::Kafka => trace::in_kafka_headers(scope.record),
        };
        if matches!(self.kind.trace, Trace::Headers(_) | Trace::Kafka) {
            self.inputs.mark_incomplete();
        }
        let invocation = scope.invocation.trace_id;
        trace::choose(&own, &mut self.invocation_trace, invocation, |parent, state| {
            append_member(r#","traceparent":""#, out, |out| text::append_attribute(parent, out));
            append_member(r#","tracestate":""#, out, |out| text::append_attribute(state, out));
        });
        None
    }
}

fn trace_in_texts(
    templates: &[&'static str; 3],
    inputs: &mut Inputs,
    scope: &Scope<'_, '_, '_>,
) -> trace::TraceHeaders {
    let [parent, state, xray] = templates;
    trace::TraceHeaders::find(&mut |header| {
        let template = match header {
            Header::Parent => parent,
            Header::State => state,
            Header::XRay => xray,
        };
        let mut text = Vec::new();
        scope.fill(template, inputs, &mut text).then_some(text)
    })
}

/// Appends `start`, what `write` appends, and a closing quote. `start` is `,"name":"`. Returns false and appends
/// nothing if `write` appends nothing.
#[inline(always)]
fn append_member(start: &str, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) -> bool {
    let length = out.len();
    out.extend_from_slice(start.as_bytes());
    let empty = out.len();
    write(out);
    let is_written = out.len() > empty;
    if is_written {
        out.push(b'"');
    } else {
        out.truncate(length);
    }
    is_written
}

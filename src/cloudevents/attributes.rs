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
use super::kinds::{Kind, Records, Trace};
use super::options::EventFacts;
use super::template::{Inputs, Scope, Templates};
use super::trace;

/// Writes the CloudEvents of an event, without their data.
pub struct AttributeWriter {
    attributes: [Attribute; 8],
    context: Context,
}

/// An attribute: how it is written, what its text is made from, and where it was written last.
struct Attribute {
    write: fn(&mut Context, &mut TextSource, &Scope<'_, '_, '_>, &mut Vec<u8>) -> Option<&'static str>,
    from: TextSource,
    written: Range<usize>,
}

/// What the text of an attribute is made from.
struct TextSource {
    template: Range<usize>,
    fallback: Range<usize>,
    inputs: Inputs,
}

/// What all attributes share.
struct Context {
    templates: Templates,
    /// The type for records that lack a part of the type's template.
    type_fallback: &'static str,
    /// The unit of numbers in the column for the time.
    unit: Unit,
    minute_cache: MinuteCache,
    sequence_width: usize,
    trace: Trace,
    /// The templates of `traceparent`, `tracestate` and X-Ray's header. They are empty unless the row has
    /// `Trace::Texts`.
    trace_texts: [Range<usize>; 3],
    invocation_trace: trace::InvocationTrace,
    /// The text of an attribute before it is written.
    scratch: Vec<u8>,
}

impl AttributeWriter {
    /// Parses the templates of a kind's row.
    pub fn new(kind: &Kind, invocation: &EventFacts<'_>) -> AttributeWriter {
        let mut templates = Templates::new();
        let mut columns = kind.columns.split('\n');
        let [r#type, source, id, time, subject] = [(); 5].map(|()| columns.next().unwrap_or_default());
        let (unit, time) = match time.split_at_checked(3) {
            Some(("ms:", time)) => (Unit::Milliseconds, time),
            Some(("us:", time)) => (Unit::Microseconds, time),
            _ => (Unit::Seconds, time),
        };
        let id_fallback = if *kind.records == Records::None { "{@req,@ms}" } else { "{@req,@ms}.{@i}" };
        let mut attribute = |write, template, fallback| {
            let (template, fallback) = (templates.add(template), templates.add(fallback));
            Attribute { write, from: TextSource { template, fallback, inputs: Inputs::default() }, written: 0..0 }
        };
        let attributes = [
            attribute(Context::id, id, id_fallback),
            attribute(Context::source, source, "{@fn}|aws:lambda"),
            attribute(Context::r#type, r#type, ""),
            attribute(Context::time, time, "{@ms}"),
            attribute(Context::subject, subject, ""),
            attribute(Context::partitionkey, kind.order.partitionkey, ""),
            attribute(Context::sequence, kind.order.sequence, ""),
            attribute(Context::trace, "", ""),
        ];
        let texts = if let Trace::Texts(texts) = *kind.trace { *texts } else { [""; 3] };
        let context = Context {
            type_fallback: r#type.split('{').next().unwrap_or_default().trim_end_matches('.'),
            unit,
            minute_cache: MinuteCache::default(),
            sequence_width: kind.order.width,
            trace: *kind.trace,
            trace_texts: texts.map(|template| templates.add(template)),
            invocation_trace: trace::InvocationTrace::new(invocation.trace_id),
            templates,
            scratch: Vec::with_capacity(128),
        };
        AttributeWriter { attributes, context }
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
        out.extend_from_slice(br#"{"specversion":"1.0","datacontenttype":"application/json""#);
        let (mut missing, mut same, mut at) = (None, 0..0, out.len());
        for attribute in &mut self.attributes {
            if before.is_some_and(|before| attribute.from.inputs.are_same(scope.record, before)) {
                let start = if same.is_empty() { attribute.written.start } else { same.start };
                same = start..attribute.written.end; // these attributes are adjacent, and are copied together
                at += attribute.written.len();
                attribute.written = at - attribute.written.len()..at;
                continue;
            }
            out.extend_from_within(std::mem::replace(&mut same, 0..0));
            if before.is_none() {
                attribute.from.inputs.clear();
            }
            missing = missing.or((attribute.write)(&mut self.context, &mut attribute.from, scope, out));
            attribute.written = at..out.len();
            at = out.len();
        }
        out.extend_from_within(same);
        out.extend_from_slice(br#","data":"#);
        missing
    }
}

impl Context {
    /// Fills the scratch from the attribute's template. Returns false if the record lacks a part.
    fn fill(&mut self, from: &mut TextSource, scope: &Scope<'_, '_, '_>) -> bool {
        self.scratch.clear();
        scope.fill(&self.templates, &from.template, &mut from.inputs, &mut self.scratch)
    }

    fn fill_fallback(&mut self, from: &mut TextSource, scope: &Scope<'_, '_, '_>) {
        self.scratch.clear();
        scope.fill(&self.templates, &from.fallback, &mut from.inputs, &mut self.scratch);
    }

    /// Appends a String attribute with the text of its template. Returns false and appends nothing if the text is
    /// empty.
    fn append_string(
        &mut self,
        start: &str,
        from: &mut TextSource,
        scope: &Scope<'_, '_, '_>,
        out: &mut Vec<u8>,
    ) -> bool {
        append_member(start, out, |out| {
            let start = out.len();
            scope.fill(&self.templates, &from.template, &mut from.inputs, out);
            if !text::is_plain(out.get(start..).unwrap_or_default()) {
                let text = out.split_off(start);
                text::append_attribute(&text, out);
            }
        })
    }

    fn id(&mut self, from: &mut TextSource, scope: &Scope<'_, '_, '_>, out: &mut Vec<u8>) -> Option<&'static str> {
        if self.append_string(r#","id":""#, from, scope, out) {
            return None;
        }
        self.fill_fallback(from, scope);
        append_member(r#","id":""#, out, |out| {
            let start = out.len();
            text::append_attribute(&self.scratch, out);
            if out.len() == start {
                out.push(b'0'); // only if the request id consists of control characters
            }
        });
        (!from.template.is_empty()).then_some("no id")
    }

    fn source(&mut self, from: &mut TextSource, scope: &Scope<'_, '_, '_>, out: &mut Vec<u8>) -> Option<&'static str> {
        let is_filled = self.fill(from, scope);
        if !is_filled {
            self.fill_fallback(from, scope);
        }
        append_member(r#","source":""#, out, |out| uri::append_reference(&self.scratch, out));
        (!is_filled && !from.template.is_empty()).then_some("no source")
    }

    /// If the record lacks the variable part of the type, the type ends before that part.
    fn r#type(&mut self, from: &mut TextSource, scope: &Scope<'_, '_, '_>, out: &mut Vec<u8>) -> Option<&'static str> {
        let is_filled = self.fill(from, scope);
        if !is_filled {
            self.scratch.extend_from_slice(self.type_fallback.as_bytes());
        }
        append_member(r#","type":""#, out, |out| {
            out.extend_from_slice(b"com.amazonaws.");
            let start = out.len();
            text::append_attribute(&self.scratch, out);
            out.truncate(if out.len() > start { out.len() } else { start - 1 });
        });
        (!is_filled).then_some("no name for its type")
    }

    fn time(&mut self, from: &mut TextSource, scope: &Scope<'_, '_, '_>, out: &mut Vec<u8>) -> Option<&'static str> {
        let is_filled = self.fill(from, scope);
        if !(is_filled && self.append_time(self.unit, out)) {
            self.fill_fallback(from, scope);
            self.append_time(Unit::Milliseconds, out);
        }
        None
    }

    fn append_time(&mut self, unit: Unit, out: &mut Vec<u8>) -> bool {
        append_member(r#","time":""#, out, |out| {
            append_time(&self.scratch, unit, &mut self.minute_cache, out);
        })
    }

    fn subject(&mut self, from: &mut TextSource, scope: &Scope<'_, '_, '_>, out: &mut Vec<u8>) -> Option<&'static str> {
        self.append_string(r#","subject":""#, from, scope, out);
        None
    }

    /// Leaves out a key that an attribute must change. A changed key could put unrelated records into the same group.
    fn partitionkey(
        &mut self,
        from: &mut TextSource,
        scope: &Scope<'_, '_, '_>,
        out: &mut Vec<u8>,
    ) -> Option<&'static str> {
        if self.fill(from, scope) && text::is_clean(&self.scratch) {
            append_member(r#","partitionkey":""#, out, |out| text::append_attribute(&self.scratch, out));
        }
        None
    }

    /// Adds leading zeros, because numbers of different lengths do not sort as text. Leaves out a number that is too
    /// long.
    fn sequence(
        &mut self,
        from: &mut TextSource,
        scope: &Scope<'_, '_, '_>,
        out: &mut Vec<u8>,
    ) -> Option<&'static str> {
        let is_filled = self.fill(from, scope);
        let (number, width) = (&self.scratch, self.sequence_width);
        if is_filled && number.len() <= width && number.iter().all(u8::is_ascii_digit) {
            append_member(r#","sequence":""#, out, |out| {
                out.resize(out.len() + width - number.len(), b'0');
                out.extend_from_slice(number);
            });
        }
        None
    }

    fn trace(&mut self, from: &mut TextSource, scope: &Scope<'_, '_, '_>, out: &mut Vec<u8>) -> Option<&'static str> {
        let headers = match self.trace {
            Trace::None => trace::TraceHeaders::default(),
            Trace::Texts(..) => self.trace_in_texts(from, scope),
            Trace::Headers(path) => trace::in_headers(scope.record, path),
            Trace::Kafka => trace::in_kafka_headers(scope.record),
        };
        if matches!(self.trace, Trace::Headers(_) | Trace::Kafka) {
            from.inputs.mark_incomplete();
        }
        self.invocation_trace.choose(&headers, |parent, state| {
            append_member(r#","traceparent":""#, out, |out| text::append_attribute(parent, out));
            append_member(r#","tracestate":""#, out, |out| text::append_attribute(state, out));
        });
        None
    }

    fn trace_in_texts(&mut self, from: &mut TextSource, scope: &Scope<'_, '_, '_>) -> trace::TraceHeaders {
        let [parent, state, xray] = &self.trace_texts;
        let mut text_of = |template| {
            let mut text = Vec::new();
            scope.fill(&self.templates, template, &mut from.inputs, &mut text).then_some(text)
        };
        match text_of(parent) {
            None => trace::TraceHeaders { xray: text_of(xray), ..trace::TraceHeaders::default() },
            parent => trace::TraceHeaders { parent, state: text_of(state), xray: text_of(xray) },
        }
    }
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

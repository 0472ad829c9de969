//! The attributes of one CloudEvent, written from its kind's row: valid whatever the record holds.
//!
//! The records of a batch are mostly alike: an attribute whose inputs are the same as those of the record before it
//! is copied from there, which keeps a batch of 10,000 within twice the time that it takes to read it.

use std::ops::Range;

use super::formats::time::{MinuteCache, Unit, append_time};
use super::formats::uri;
use super::json::Value;
use super::json::text;
use super::kinds::{Kind, Records, Trace};
use super::options::EventFacts;
use super::template::{Inputs, Scope, Templates};
use super::trace;

/// Writes the CloudEvents of one event, up to their data.
pub struct AttributeWriter {
    attributes: [Attribute; 8],
    context: Context,
}

/// An attribute: where its text comes from, what it looked at, and where it was written last.
struct Attribute {
    write: fn(&mut Context, &mut TextSource, &Scope<'_, '_, '_>, &mut Vec<u8>) -> Option<&'static str>,
    from: TextSource,
    written: Range<usize>,
}

/// Where an attribute's text comes from.
struct TextSource {
    template: Range<usize>,
    fallback: Range<usize>,
    inputs: Inputs,
}

/// What all attributes share.
struct Context {
    templates: Templates,
    /// The type if its template cannot be filled.
    type_fallback: &'static str,
    /// What the numbers that stand for a time count.
    unit: Unit,
    minute_cache: MinuteCache,
    sequence_width: usize,
    trace: Trace,
    /// `traceparent`, `tracestate` and X-Ray's header in the record, where they are texts.
    trace_texts: [Range<usize>; 3],
    invocation_trace: trace::InvocationTrace,
    /// What an attribute says, before it is written.
    scratch: Vec<u8>,
}

impl AttributeWriter {
    /// Takes the row's templates apart.
    pub fn new(kind: &Kind, invocation: &EventFacts<'_>) -> AttributeWriter {
        let mut templates = Templates::default();
        let mut columns = kind.columns.split('\n');
        let [r#type, source, id, time, subject] = [(); 5].map(|()| columns.next().unwrap_or_default());
        let (unit, time) = match time.split_at_checked(3) {
            Some(("ms:", time)) => (Unit::Milliseconds, time),
            Some(("us:", time)) => (Unit::Microseconds, time),
            _ => (Unit::Seconds, time),
        };
        let id_fallback = if kind.records == Records::None { "{@req,@ms}" } else { "{@req,@ms}.{@i}" };
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
            attribute(Context::partitionkey, kind.partitionkey, ""),
            attribute(Context::sequence, kind.sequence.1, ""),
            attribute(Context::trace, "", ""),
        ];
        let texts = if let Trace::Texts(texts) = kind.trace { *texts } else { [""; 3] };
        let context = Context {
            type_fallback: r#type.split('{').next().unwrap_or_default().trim_end_matches('.'),
            unit,
            minute_cache: MinuteCache::default(),
            sequence_width: kind.sequence.0,
            trace: kind.trace,
            trace_texts: texts.map(|template| templates.add(template)),
            invocation_trace: trace::InvocationTrace::new(invocation.trace_id),
            templates,
            scratch: Vec::new(),
        };
        AttributeWriter { attributes, context }
    }

    /// Appends everything from the opening brace to the colon before the data. `before` is the record for which this
    /// was done last, if it is alike. Gives what was missing in the record and had to be replaced, if anything; only
    /// the first time for records that are the same in that.
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
                same = start..attribute.written.end; // they stand side by side, and are copied at once
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
    /// Fills the scratch from the attribute's template. False if nothing is there to fill it with.
    fn fill(&mut self, from: &mut TextSource, scope: &Scope<'_, '_, '_>) -> bool {
        self.scratch.clear();
        scope.fill(&self.templates, &from.template, &mut from.inputs, &mut self.scratch)
    }

    fn fill_fallback(&mut self, from: &mut TextSource, scope: &Scope<'_, '_, '_>) {
        self.scratch.clear();
        scope.fill(&self.templates, &from.fallback, &mut from.inputs, &mut self.scratch);
    }

    /// Appends a String attribute that says what its template says. False, and nothing appended, if that is nothing.
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
                out.push(b'0'); // only if the Runtime API's request id is all control characters
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

    /// A type that lacks its variable part ends before it.
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
        (!is_filled).then_some("no name of what happened")
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

    /// A key that cannot be written as it is would group what does not belong together: it is left out.
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

    /// Numbers of varying length do not sort as text: they get leading zeros. One that is longer is left out.
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

/// Appends `start`, which is `,"name":"`, what `write` appends, and the closing quote. False, and nothing appended, if
/// that is nothing.
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

//! From the bytes of an event to its CloudEvents.

use std::fmt;

use super::attributes::AttributeWriter;
use super::http::ResponseFormat;
use super::json::{Consumer, Document, NotJson, Value};
use super::kinds::{Data, Kind, Records, UNKNOWN};
use super::logs;
use super::options::{EventFacts, Options};
use super::recognise::{is_of, looks_malformed, recognise, recognise_record};
use super::template::Scope;
use super::unwrap::{Carried, unwrap};

/// What an event is mapped to. Borrows the event: `data` is never copied.
pub struct Mapping<'a> {
    pub(super) kind: &'static Kind,
    warning: Option<Warning>,
    is_batch: bool,
    pub(super) response_format: Option<ResponseFormat>,
    /// The event was an HTTP request that carried CloudEvents.
    pub(super) is_unwrapped_request: bool,
    /// The text that the mapping wrote, of all events.
    text: Vec<u8>,
    slots: Vec<Slot<'a>>,
    debugger: Option<&'a [u8]>,
}

/// One event: its part of the mapping's text, the part of the event that follows, and perhaps a closing brace.
struct Slot<'a> {
    start: usize,
    end: usize,
    data: &'a [u8],
    is_open: bool,
    /// What it was made from.
    record: &'a [u8],
}

/// One event as the handler gets it, in up to three parts that are to be written one after the other.
#[derive(Clone, Copy)]
pub struct MappedEvent<'m> {
    /// `{"specversion":"1.0",…,"data":`, or nothing.
    pub head: &'m [u8],
    /// The record as it was delivered.
    pub data: &'m [u8],
    /// `}`, or nothing.
    pub tail: &'m [u8],
}

impl<'m> MappedEvent<'m> {
    /// An event that is one text.
    pub fn from_text(data: &'m [u8]) -> MappedEvent<'m> {
        MappedEvent { head: b"", data, tail: b"" }
    }

    /// The three parts in order.
    pub fn parts(self) -> [&'m [u8]; 3] {
        [self.head, self.data, self.tail]
    }

    /// Appends the event's JSON.
    pub fn append_to(self, out: &mut Vec<u8>) {
        for part in self.parts() {
            out.extend_from_slice(part);
        }
    }
}

/// An event that is not what it should be, and what was done about it. Says nothing of its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The event's kind.
    pub kind: &'static str,
    /// What was wrong.
    pub text: &'static str,
}

impl fmt::Display for Warning {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in ["event of kind ", self.kind, ": ", self.text] {
            out.write_str(part)?;
        }
        Ok(())
    }
}

/// Maps an event. Takes about the time of one pass over it, and allocates nothing of its size.
///
/// # Errors
/// [`NotJson`] if the event is no JSON. An empty event counts as `null`.
pub fn map<'a>(event: &'a [u8], invocation: &EventFacts<'_>, options: &Options) -> Result<Mapping<'a>, NotJson> {
    let event = if event.trim_ascii().is_empty() { b"null" } else { event };
    if options.raw {
        let document = Document::parse(event)?;
        return Ok(Mapping::unchanged(document.root()).with_debugger(document.root()));
    }
    let mut consumer = RecordConsumer { invocation, options, mapper: None, is_unusable: false };
    let document = Document::parse_for(event, &mut consumer)?;
    let root = document.root();
    let record_mapper = if consumer.is_unusable { None } else { consumer.mapper };
    let kind = recognise(root, record_mapper.as_ref().map(|mapper| mapper.mapping.kind));
    match (kind, record_mapper) {
        (Some(kind), Some(mapper)) if std::ptr::eq(kind, mapper.mapping.kind) => {
            return Ok(mapper.mapping.with_debugger(root));
        }
        (Some(kind), _) => {
            let mut mapper = Mapper::new(kind, invocation, options);
            mapper.map_event(root);
            if !mapper.mapping.slots.is_empty() || mapper.mapping.is_unwrapped_request {
                return Ok(mapper.mapping.with_debugger(root));
            }
        }
        (None, _) => (),
    }
    let mapping = if options.wrap {
        Mapper::new(&UNKNOWN, invocation, options).map_whole(root)
    } else {
        Mapping::unchanged(root)
    };
    let mut mapping = mapping.with_debugger(root);
    if kind.is_some() || looks_malformed(root) {
        mapping.warn("it claims to be an AWS event or a CloudEvent, and has not the shape of one");
    }
    Ok(mapping)
}

impl<'a> Mapping<'a> {
    /// The kind of event, `unknown` for free-form JSON.
    pub fn kind(&self) -> &'static str {
        self.kind.name
    }

    /// True if the event is a list of records, each of which is an event: hooks see an array, even of one.
    pub fn is_batch(&self) -> bool {
        self.is_batch
    }

    /// What the log should say, if the event was not what it should be.
    pub fn warning(&self) -> Option<Warning> {
        self.warning
    }

    /// What the event, as Lambda sent it, names as its debugger: the JSON of its member `_debugProxy`, or, of a CloudEvent, of
    /// its extension attribute `debugproxy`.
    pub fn debugger(&self) -> Option<&'a [u8]> {
        self.debugger
    }

    /// How many events there are.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// True if there are none, as in an empty list of CloudEvents in an HTTP request.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The events, in order.
    pub fn events(&self) -> impl ExactSizeIterator<Item = MappedEvent<'_>> {
        self.slots.iter().map(|slot| MappedEvent {
            head: self.text.get(slot.start..slot.end).unwrap_or_default(),
            data: slot.data,
            tail: if slot.is_open { b"}" } else { b"" },
        })
    }

    /// Appends what the `before` hooks get, and with `SLSEVENTS=batch` the handler: the event; or a JSON array of the
    /// events, the CloudEvents batch format, if the event is a batch.
    pub fn append_to(&self, out: &mut Vec<u8>) {
        for (index, event) in self.events().enumerate() {
            if self.is_batch {
                out.push(if index == 0 { b'[' } else { b',' });
            }
            event.append_to(out);
        }
        if self.is_batch {
            out.extend_from_slice(if self.slots.is_empty() { b"[]" } else { b"]" });
        }
    }

    /// What the event of this index was made from.
    pub(super) fn record(&self, index: usize) -> Option<&'a [u8]> {
        self.slots.get(index).map(|slot| slot.record)
    }

    /// Notes what the event names as its debugger: if that is on the tape, so that no event is read twice for it.
    #[inline(never)] // smaller, being called from several places
    fn with_debugger(mut self, event: Value<'_, 'a>) -> Mapping<'a> {
        if event.first() == b'{' && event.is_noted() {
            let attribute = || event.get(b"debugproxy").filter(|_| event.get(b"specversion").is_some());
            self.debugger = event.get(b"_debugProxy").or_else(attribute).map(Value::raw);
        }
        self
    }

    fn new(kind: &'static Kind) -> Mapping<'a> {
        Mapping {
            kind,
            warning: None,
            is_batch: kind.records != Records::None,
            response_format: None,
            is_unwrapped_request: false,
            text: Vec::new(),
            slots: Vec::new(),
            debugger: None,
        }
    }

    /// The event as it is.
    fn unchanged(event: Value<'_, 'a>) -> Mapping<'a> {
        let mut mapping = Mapping::new(&UNKNOWN);
        mapping.add_unchanged(event.raw(), event);
        mapping
    }

    fn warn(&mut self, text: &'static str) {
        self.warning.get_or_insert(Warning { kind: self.kind.name, text });
    }

    /// Adds an event that stands in the event as it is.
    fn add_unchanged(&mut self, data: &'a [u8], record: Value<'_, 'a>) {
        let end = self.text.len();
        self.slots.push(Slot { start: end, end, data, is_open: false, record: record.raw() });
    }

    /// Adds an event whose text, from `start` on, has been written, but for its data perhaps.
    fn add_written(&mut self, start: usize, data: &'a [u8], is_open: bool, record: Value<'_, 'a>) {
        self.slots.push(Slot { start, end: self.text.len(), data, is_open, record: record.raw() });
    }

    /// Adds an event that has a text of its own.
    fn add_text(&mut self, text: &[u8], record: Value<'_, 'a>) {
        let start = self.text.len();
        self.text.extend_from_slice(text);
        self.add_written(start, b"", false, record);
    }
}

/// Maps the records of a batch while they are read.
struct RecordConsumer<'s, 'a> {
    invocation: &'s EventFacts<'s>,
    options: &'s Options,
    mapper: Option<Mapper<'s, 'a>>,
    /// The records are not of one kind, or there is more than one list of them.
    is_unusable: bool,
}

impl<'a> Consumer<'a> for RecordConsumer<'_, 'a> {
    fn take(&mut self, array: Option<&[u8]>, before: Option<Value<'_, 'a>>, record: Value<'_, 'a>) -> bool {
        if before.is_none() {
            let Some(kind) = recognise_record(array, record) else { return false };
            self.is_unusable = self.mapper.is_some();
            self.mapper = Some(Mapper::new(kind, self.invocation, self.options));
        }
        let is_taken = self.mapper.as_mut().is_some_and(|mapper| mapper.map_next(before, record));
        self.is_unusable |= !is_taken;
        is_taken
    }
}

struct Mapper<'s, 'a> {
    invocation: &'s EventFacts<'s>,
    options: &'s Options,
    writer: AttributeWriter,
    mapping: Mapping<'a>,
    /// Where the records have their `eventSource`.
    event_source: Option<u32>,
    /// The writer wrote the last record's attributes.
    has_written: bool,
}

impl<'s, 'a> Mapper<'s, 'a> {
    fn new(kind: &'static Kind, invocation: &'s EventFacts<'s>, options: &'s Options) -> Mapper<'s, 'a> {
        let (writer, mapping) = (AttributeWriter::new(kind, invocation), Mapping::new(kind));
        Mapper { invocation, options, writer, mapping, event_source: None, has_written: false }
    }

    /// Maps the next record of a batch. False, and nothing done, if it is of another kind.
    fn map_next(&mut self, before: Option<Value<'_, 'a>>, record: Value<'_, 'a>) -> bool {
        let alike = before.filter(|before| record.same_shape(*before));
        let is_same = alike.zip(self.event_source).is_some_and(|(before, place)| record.is_same_at(before, place));
        if !is_same {
            let source = |value: Value<'_, 'a>| value.get(b"eventSource").map(Value::raw);
            if before.is_some_and(|before| source(before) != source(record)) || !is_of(self.mapping.kind, record) {
                return false;
            }
            self.event_source = record.get(b"eventSource").and_then(|value| value.place(record));
        }
        let index = self.mapping.slots.len();
        let scope = Scope { invocation: self.invocation, event: record, record, key: b"", index };
        self.map_record(&scope, alike);
        true
    }

    /// Maps an event whose records were not mapped while they were read.
    fn map_event(&mut self, event: Value<'_, 'a>) {
        self.mapping.response_format = ResponseFormat::of_request(self.mapping.kind, event);
        match self.mapping.kind.records {
            Records::Array(member) => self.map_array(event, event.path(member), b""),
            Records::Groups(member) => {
                let groups = event.path(member);
                for (key, group) in groups.into_iter().flat_map(Value::members) {
                    self.map_array(event, Some(group), key);
                }
            }
            _ if self.mapping.kind.data == Data::Logs => self.map_logs(event),
            _ => self.map_record(&self.scope(event), None),
        }
    }

    /// Maps an event as one.
    fn map_whole(mut self, event: Value<'_, 'a>) -> Mapping<'a> {
        self.map_record(&self.scope(event), None);
        self.mapping
    }

    /// What the templates of an event that is no batch can speak of.
    fn scope<'d, 'e>(&self, event: Value<'d, 'e>) -> Scope<'s, 'd, 'e> {
        Scope { invocation: self.invocation, event, record: event, key: b"", index: 0 }
    }

    fn map_array(&mut self, event: Value<'_, 'a>, array: Option<Value<'_, 'a>>, key: &'a [u8]) {
        let mut before: Option<Value<'_, 'a>> = None;
        for (index, record) in array.into_iter().flat_map(Value::elements).enumerate() {
            let scope = Scope { invocation: self.invocation, event, record, key, index };
            self.map_record(&scope, before.filter(|before| record.same_shape(*before)));
            before = Some(record);
        }
    }

    /// Maps one record. `alike` is the record before it, if it is alike.
    fn map_record(&mut self, scope: &Scope<'_, '_, 'a>, alike: Option<Value<'_, 'a>>) {
        let (kind, record) = (self.mapping.kind, scope.record);
        let alike = alike.filter(|_| self.has_written);
        self.has_written = false;
        if kind.data == Data::CloudEvent {
            return self.mapping.add_unchanged(record.raw(), record);
        }
        if self.options.unwrap && self.add_carried(record) {
            return;
        }
        self.has_written = true;
        let start = self.mapping.text.len();
        if let Some(text) = self.writer.append_head(scope, alike, &mut self.mapping.text) {
            self.mapping.warn(text);
        }
        let data = match kind.data {
            Data::Sns => record.path("Sns").unwrap_or(record),
            _ => record,
        };
        self.mapping.add_written(start, data.raw(), true, record);
    }

    /// Adds the CloudEvent that a message carries. False, and nothing done, if it carries none.
    fn add_carried(&mut self, message: Value<'_, 'a>) -> bool {
        let mapping = &mut self.mapping;
        match unwrap(mapping.kind.carries, message) {
            Carried::Nothing => return false,
            Carried::Malformed => {
                mapping.warn("it carries something that should be a CloudEvent, and is none: it is wrapped");
                return false;
            }
            Carried::Within(event) => mapping.add_unchanged(event, message),
            Carried::Text(event) => mapping.add_text(&event, message),
            Carried::List(list) => {
                mapping.is_batch = true;
                let document = Document::parse(&list).ok();
                for event in document.iter().flat_map(|document| document.root().elements()) {
                    mapping.add_text(event.raw(), message);
                }
            }
        }
        mapping.is_unwrapped_request = mapping.response_format.is_some();
        true
    }

    /// Maps the document that an event of CloudWatch Logs holds; the event itself, if it cannot be unpacked.
    fn map_logs(&mut self, event: Value<'_, 'a>) {
        let unpacked = logs::unpack(event);
        let document = unpacked.as_ref().and_then(|text| Document::parse(text).ok());
        let Some(document) = document else {
            self.mapping.warn("its log data cannot be unpacked: they are passed on packed");
            return self.map_record(&self.scope(event), None);
        };
        let root = document.root();
        if let Some(text) = self.writer.append_head(&self.scope(root), None, &mut self.mapping.text) {
            self.mapping.warn(text);
        }
        append_data_and_close(&mut self.mapping.text, root.raw());
        self.mapping.add_written(0, b"", false, event);
    }
}

/// Appends the data of an event that has been unpacked, and what closes the event.
fn append_data_and_close(out: &mut Vec<u8>, data: &[u8]) {
    out.extend_from_slice(data);
    out.push(b'}');
}

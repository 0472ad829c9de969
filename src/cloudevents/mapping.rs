//! Maps the bytes of an event to CloudEvents.

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

/// The result of the mapping. It borrows the event, and does not copy `data`.
pub struct Mapping<'a> {
    pub(super) kind: &'static Kind,
    warning: Option<Warning>,
    is_batch: bool,
    pub(super) response_format: Option<ResponseFormat>,
    /// The event was an HTTP request that carried CloudEvents.
    pub(super) is_unwrapped_request: bool,
    /// The text that the mapping wrote for all events.
    text: Vec<u8>,
    slots: Vec<Slot<'a>>,
    debugger: Option<&'a [u8]>,
    /// The AWS event has line breaks.
    has_line_breaks: bool,
}

/// A mapped event: its range of the mapping's text, the part of the AWS event that follows, and whether a brace closes
/// it.
struct Slot<'a> {
    start: usize,
    end: usize,
    data: &'a [u8],
    is_open: bool,
    /// The record that the event was made from.
    record: &'a [u8],
}

/// An event as the handler gets it. It has up to three parts, which are written one after the other.
#[derive(Clone, Copy)]
pub struct MappedEvent<'m> {
    /// `{"specversion":"1.0",…,"data":`, or empty.
    pub head: &'m [u8],
    /// The record as AWS delivered it, or the whole event if `head` is empty.
    pub data: &'m [u8],
    /// `}`, or empty.
    pub tail: &'m [u8],
    /// False if `data` does not have any line break.
    pub may_have_line_breaks: bool,
}

impl<'m> MappedEvent<'m> {
    /// Makes an event from a single text.
    pub fn from_text(data: &'m [u8]) -> MappedEvent<'m> {
        MappedEvent { head: b"", data, tail: b"", may_have_line_breaks: true }
    }

    pub fn parts(self) -> [&'m [u8]; 3] {
        [self.head, self.data, self.tail]
    }

    pub fn append_to(self, out: &mut Vec<u8>) {
        for part in self.parts() {
            out.extend_from_slice(part);
        }
    }
}

/// What is wrong with an event, and what the mapping did instead. It does not quote the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Warning {
    pub kind: &'static str,
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

/// Maps an event. Takes about as long as reading the event once. Does not allocate memory of the event's size.
///
/// # Errors
/// [`NotJson`] if the event is not JSON. An empty event counts as `null`.
pub fn map<'a>(event: &'a [u8], invocation: &EventFacts<'_>, options: &Options) -> Result<Mapping<'a>, NotJson> {
    let is_blank = event.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')); // a form feed is not JSON's white space
    let event = if is_blank { b"null" } else { event };
    if options.raw {
        let document = Document::parse(event)?;
        return Ok(Mapping::unchanged(document.root()).with_facts_of(&document));
    }
    let mut consumer = RecordConsumer { invocation, options, mapper: None, is_unusable: false };
    let document = Document::parse_for(event, &mut consumer)?;
    let root = document.root();
    let record_mapper = if consumer.is_unusable { None } else { consumer.mapper };
    let kind = recognise(root, record_mapper.as_ref().map(|mapper| mapper.mapping.kind));
    match (kind, record_mapper) {
        (Some(kind), Some(mapper)) if std::ptr::eq(kind, mapper.mapping.kind) => {
            return Ok(mapper.mapping.with_facts_of(&document));
        }
        (Some(kind), _) => {
            let mut mapper = Mapper::new(kind, invocation, options);
            mapper.map_event(root);
            if !mapper.mapping.slots.is_empty() || mapper.mapping.is_unwrapped_request {
                return Ok(mapper.mapping.with_facts_of(&document));
            }
        }
        (None, _) => (),
    }
    let mapping = if options.wrap {
        Mapper::new(&UNKNOWN, invocation, options).map_whole(root)
    } else {
        Mapping::unchanged(root)
    };
    let mut mapping = mapping.with_facts_of(&document);
    if kind.is_some() || looks_malformed(root) {
        mapping.warn("it claims to be an AWS event or a CloudEvent, but its form is wrong");
    }
    Ok(mapping)
}

impl<'a> Mapping<'a> {
    /// Returns the name of the event's kind. It is `unknown` for free-form JSON.
    pub fn kind(&self) -> &'static str {
        self.kind.name()
    }

    /// True if the event is a list of records, and each record is an event. Hooks then get an array, even for a single
    /// record.
    pub fn is_batch(&self) -> bool {
        self.is_batch
    }

    /// Returns the warning for the log, if something is wrong with the event.
    pub fn warning(&self) -> Option<Warning> {
        self.warning
    }

    /// Returns the debugger that the event names, as JSON. This is the member `_debugProxy` of the event as Lambda sent
    /// it. In a CloudEvent, it may also be the extension attribute `debugproxy`.
    pub fn debugger(&self) -> Option<&'a [u8]> {
        self.debugger
    }

    /// There are none if an HTTP request carries an empty list of CloudEvents.
    pub fn events(&self) -> impl ExactSizeIterator<Item = MappedEvent<'_>> {
        self.slots.iter().map(|slot| MappedEvent {
            head: self.text.get(slot.start..slot.end).unwrap_or_default(),
            data: slot.data,
            tail: if slot.is_open { b"}" } else { b"" },
            may_have_line_breaks: self.has_line_breaks,
        })
    }

    /// Appends what the `before` hooks get. With `SLSEVENTS=batch`, the handler gets it too. It is the event, or the
    /// JSON array of the events if the event is a batch. CloudEvents calls this array the batch format.
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

    /// Returns the record that the event at this index was made from.
    pub(super) fn record(&self, index: usize) -> Option<&'a [u8]> {
        self.slots.get(index).map(|slot| slot.record)
    }

    /// Notes whether the event has line breaks, and the debugger that it names. Only looks on the tape, so that no event is
    /// read a second time for it.
    #[inline(never)] // it is called from several places, and the code is smaller without inlining
    fn with_facts_of(mut self, document: &Document<'a>) -> Mapping<'a> {
        let event = document.root();
        self.has_line_breaks = document.has_line_breaks();
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
            has_line_breaks: false,
        }
    }

    /// Passes an event on unchanged.
    fn unchanged(event: Value<'_, 'a>) -> Mapping<'a> {
        let mut mapping = Mapping::new(&UNKNOWN);
        mapping.add_unchanged(event.raw(), event);
        mapping
    }

    fn warn(&mut self, text: &'static str) {
        self.warning.get_or_insert(Warning { kind: self.kind.name(), text });
    }

    /// Adds an event that is unchanged text of the AWS event.
    fn add_unchanged(&mut self, data: &'a [u8], record: Value<'_, 'a>) {
        let end = self.text.len();
        self.slots.push(Slot { start: end, end, data, is_open: false, record: record.raw() });
    }

    /// Adds an event whose text was written from `start` on. `data` and a closing brace may follow the text.
    fn add_written(&mut self, start: usize, data: &'a [u8], is_open: bool, record: Value<'_, 'a>) {
        self.slots.push(Slot { start, end: self.text.len(), data, is_open, record: record.raw() });
    }

    /// Adds an event with its own text.
    fn add_text(&mut self, text: &[u8], record: Value<'_, 'a>) {
        let start = self.text.len();
        self.text.extend_from_slice(text);
        self.add_written(start, b"", false, record);
    }
}

/// Maps the records of a batch while the batch is read.
struct RecordConsumer<'s, 'a> {
    invocation: &'s EventFacts<'s>,
    options: &'s Options,
    mapper: Option<Box<Mapper<'s, 'a>>>,
    /// The records have different kinds, or there are several lists of them.
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
    /// The place of `eventSource` in a record.
    event_source: Option<u32>,
    /// The writer wrote the attributes of the last record.
    has_written: bool,
}

impl<'s, 'a> Mapper<'s, 'a> {
    fn new(kind: &'static Kind, invocation: &'s EventFacts<'s>, options: &'s Options) -> Box<Mapper<'s, 'a>> {
        let (writer, mut mapping) = (AttributeWriter::new(kind), Mapping::new(kind));
        mapping.text.reserve(512); // the attributes of an event
        Box::new(Mapper { invocation, options, writer, mapping, event_source: None, has_written: false }) // it is moved often
    }

    /// Maps the next record of a batch. Returns false and does nothing if the record has another kind. The first has this kind.
    fn map_next(&mut self, before: Option<Value<'_, 'a>>, record: Value<'_, 'a>) -> bool {
        let previous = before.filter(|before| record.same_shape(*before));
        let is_same = previous.zip(self.event_source).is_some_and(|(before, place)| record.is_same_at(before, place));
        if !is_same {
            let source = |value: Value<'_, 'a>| value.get(b"eventSource").map(Value::raw);
            let is_another = |before| source(before) != source(record) || !is_of(self.mapping.kind, record);
            if before.is_some_and(is_another) {
                return false;
            }
            self.event_source = record.get(b"eventSource").and_then(|value| value.place(record));
        }
        let index = self.mapping.slots.len();
        let scope = Scope { invocation: self.invocation, event: record, record, key: b"", index };
        self.map_record(&scope, previous);
        true
    }

    /// Maps an event whose records were not mapped while the event was read.
    fn map_event(&mut self, event: Value<'_, 'a>) {
        self.mapping.response_format = ResponseFormat::of_request(self.mapping.kind, event);
        match self.mapping.kind.records {
            Records::Messages => self.map_array(event, event.path("messages"), b""),
            Records::Events => self.map_array(event, event.path("events"), b""),
            Records::Partitions => self.map_groups(event, "records"),
            Records::Queues => self.map_groups(event, "rmqMessagesByQueue"),
            _ if self.mapping.kind.data == Data::Logs => self.map_logs(event),
            _ => self.map_record(&self.scope(event), None),
        }
    }

    /// Maps a whole event to a single CloudEvent.
    fn map_whole(mut self, event: Value<'_, 'a>) -> Mapping<'a> {
        self.map_record(&self.scope(event), None);
        self.mapping
    }

    /// Returns what templates can read in an event that is not a batch.
    fn scope<'d, 'e>(&self, event: Value<'d, 'e>) -> Scope<'s, 'd, 'e> {
        Scope { invocation: self.invocation, event, record: event, key: b"", index: 0 }
    }

    fn map_groups(&mut self, event: Value<'_, 'a>, member: &str) {
        for (key, group) in event.path(member).into_iter().flat_map(Value::members) {
            self.map_array(event, Some(group), key);
        }
    }

    fn map_array(&mut self, event: Value<'_, 'a>, array: Option<Value<'_, 'a>>, key: &'a [u8]) {
        let mut before: Option<Value<'_, 'a>> = None;
        for (index, record) in array.into_iter().flat_map(Value::elements).enumerate() {
            let scope = Scope { invocation: self.invocation, event, record, key, index };
            self.map_record(&scope, before.filter(|before| record.same_shape(*before)));
            before = Some(record);
        }
    }

    /// Maps a record. `previous` is the record before it, if both have the same shape.
    fn map_record(&mut self, scope: &Scope<'_, '_, 'a>, previous: Option<Value<'_, 'a>>) {
        let (kind, record) = (self.mapping.kind, scope.record);
        let previous = previous.filter(|_| self.has_written);
        self.has_written = false;
        if kind.data == Data::CloudEvent {
            return self.mapping.add_unchanged(record.raw(), record);
        }
        if self.options.unwrap && self.add_carried(record) {
            return;
        }
        self.has_written = true;
        let start = self.mapping.text.len();
        if let Some(text) = self.writer.append_head(scope, previous, &mut self.mapping.text) {
            self.mapping.warn(text);
        }
        let data = match kind.data {
            Data::Sns => record.path("Sns").unwrap_or(record),
            _ => record,
        };
        self.mapping.add_written(start, data.raw(), true, record);
    }

    /// Adds the CloudEvents that a message carries. Returns false and adds nothing if there are none.
    fn add_carried(&mut self, message: Value<'_, 'a>) -> bool {
        let mapping = &mut self.mapping;
        match unwrap(mapping.kind.carries, message) {
            Carried::Nothing => return false,
            Carried::Malformed => {
                mapping.warn("its message should be a CloudEvent, but is not: it is wrapped");
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

    /// Maps the document in an event of CloudWatch Logs. If it cannot be unpacked, maps the event itself.
    fn map_logs(&mut self, event: Value<'_, 'a>) {
        let unpacked = logs::unpack(event);
        let document = unpacked.as_ref().and_then(|text| Document::parse(text).ok());
        let Some(document) = document else {
            self.mapping.warn("its log data cannot be unpacked, and is passed on packed");
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

/// Appends the data of an event, and the brace that closes the event.
fn append_data_and_close(out: &mut Vec<u8>, data: &[u8]) {
    out.extend_from_slice(data);
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;

    const FACTS: EventFacts<'static> = EventFacts { request_id: "r", function_arn: "", trace_id: None, received_ms: 0 };

    #[test]
    fn only_white_space_of_json_counts_as_an_empty_event() {
        let mapped = |event: &[u8]| {
            let mut text = Vec::new();
            map(event, &FACTS, &Options::default()).map(|mapping| mapping.append_to(&mut text)).map(|()| text)
        };
        for blank in [&b""[..], b" \t\r\n"] {
            assert_eq!(mapped(blank).unwrap(), b"null");
        }
        for other in [&b"\x0c"[..], b"\x0b", b"\0", b" \xa0"] {
            assert!(mapped(other).is_err());
        }
    }

    #[test]
    fn the_event_names_the_debugger() {
        let long_name = "n".repeat(70_000);
        for (event, expected) in [
            (r#"{"_debugProxy":"host:1"}"#, Some(r#""host:1""#)),
            (r#"{"_debugProxy":"host:1","debugproxy":"host:2","specversion":"1.0"}"#, Some(r#""host:1""#)),
            (r#"{"debugproxy":"host:2","specversion":"1.0"}"#, Some(r#""host:2""#)),
            (r#"{"debugproxy":"host:2"}"#, None),
            (r#"[{"_debugProxy":"host:1"}]"#, None),
            ("{}", None),
            (&format!(r#"{{"{long_name}":1,"_debugProxy":"host:1"}}"#), None), // it would be read a second time
        ] {
            let mapping = map(event.as_bytes(), &FACTS, &Options::default()).unwrap();
            assert_eq!(mapping.debugger(), expected.map(str::as_bytes), "{event}");
        }
    }

    /// The CloudEvents of an event, each as a text.
    fn events(event: &str) -> Vec<String> {
        let mapping = map(event.as_bytes(), &FACTS, &Options::default()).unwrap();
        let text = |event: MappedEvent<'_>| {
            let mut text = Vec::new();
            event.append_to(&mut text);
            String::from_utf8(text).unwrap()
        };
        mapping.events().map(text).collect()
    }

    /// Each of them is mapped as if it stood alone, whatever two come before it.
    fn check_after_any_two(records: &[String], event: impl Fn(&str) -> String) {
        let alone: Vec<String> = records.iter().map(|record| events(&event(record)).concat()).collect();
        for (one, record) in alone.iter().zip(records) {
            assert!(one.starts_with(r#"{"specversion":"1.0""#) && Document::parse(one.as_bytes()).is_ok(), "{record}");
        }
        let all = 0..records.len();
        let pairs = all.clone().flat_map(|one| all.clone().map(move |two| [one, two]));
        let order: Vec<usize> =
            pairs.flat_map(|[one, two]| all.clone().flat_map(move |three| [one, two, three])).collect();
        for order in order.chunks(3 * records.len()) {
            let batch: Vec<&str> = order.iter().map(|index| &*records[*index]).collect();
            let mapped = events(&event(&batch.join(",")));
            assert_eq!(mapped.len(), batch.len());
            for (at, (mapped, index)) in mapped.iter().zip(order).enumerate() {
                let expected = alone[*index].replace(r#""id":"r.0""#, &format!(r#""id":"r.{at}""#));
                assert_eq!(*mapped, expected, "{at}: {}", batch[at]);
            }
        }
    }

    #[test]
    fn a_message_of_a_queue_is_mapped_as_if_it_stood_alone() {
        let mut records = Vec::new();
        for (queue, sent, trace) in [
            ("q", "1523232000000", ""),
            (
                "q",
                "1523232000001",
                r#","AWSTraceHeader":"Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8""#,
            ),
            ("r", "none", r#","AWSTraceHeader":"nonsense""#),
            ("r.fifo", "1523232000000", r#","MessageGroupId":"g","SequenceNumber":"18849496460467696128""#),
            ("r.fifo", "1523232000000", r#","MessageGroupId":"h","SequenceNumber":"18849496460467696129""#),
        ] {
            for id in [
                r#""messageId":"a""#,
                r#""messageId":"b""#,
                r#""messageId":"a\"b\\\n\u0001é""#,
                r#""messageId":"""#,
                r#""messagexd":"a","more":[1,{"a":2}]"#,
                r#""mxxxxxxId":"a""#, // the same length, and the same ends
            ] {
                records.push(format!(
                    r#"{{{id},"eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:us-east-1:1:{queue}","body":"","attributes":{{"SentTimestamp":"{sent}"{trace}}}}}"#
                ));
            }
        }
        check_after_any_two(&records, |records| format!(r#"{{"Records":[{records}]}}"#));
    }

    #[test]
    fn a_record_of_kafka_is_mapped_as_if_it_stood_alone() {
        let mut records = Vec::new();
        for (offset, key) in
            [(1, r#""key":"YQ==""#), (1, r#""key":"YgA=""#), (20, r#""key":null"#), (20, r#""kxy":"YQ==""#)]
        {
            for headers in ["", r#"{"traceparent":[48,48]}"#, r#"{"a":[1]}"#] {
                records.push(format!(
                    r#"{{"topic":"t","partition":0,"offset":{offset},"timestamp":1523232000{offset:03},"timestampType":"CREATE_TIME",{key},"value":"YQ==","headers":[{headers}]}}"#
                ));
            }
        }
        check_after_any_two(&records, |records| {
            format!(
                r#"{{"eventSource":"aws:kafka","eventSourceArn":"arn:aws:kafka:us-east-1:1:cluster/c/1","bootstrapServers":"b-1:9092","records":{{"t-0":[{records}]}}}}"#
            )
        });
    }

    #[test]
    fn it_is_known_whether_the_data_may_have_line_breaks() {
        let may_have = |event: &str, options: Options| {
            let mapping = map(event.as_bytes(), &FACTS, &options).unwrap();
            mapping.events().any(|event| event.may_have_line_breaks)
        };
        let deep = r#"{"a":[[[[[[{"b":@1}]]]]]]}"#;
        let record = r#"{"eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:us-east-1:1:q","messageId":"m"@}"#;
        for event in [deep, "@1@", "[1@,2]", &format!(r#"{{"Records":[{record},{record}]}}"#)] {
            for options in [Options::default(), Options { raw: true, ..Options::default() }] {
                for (space, expected) in [("", false), (" \t", false), ("\n", true), ("\r", true), (" \r\n ", true)] {
                    assert_eq!(may_have(&event.replace('@', space), options), expected, "{event:?} {space:?}");
                }
            }
        }
        assert!(!may_have(r#"{"text":"\n\r"}"#, Options::default()));
        assert!(MappedEvent::from_text(b"1").may_have_line_breaks);
    }
}

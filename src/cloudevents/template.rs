//! The templates of the table in `kinds.rs`, which describes their syntax. They are parsed once for an event, and
//! filled once for each of its records.

use std::ops::Range;

use super::json::append_text;
use super::json::text::append_number;
use super::json::{Document, Value, take_until};
use super::kafka;
use super::options::EventFacts;

/// What a template can read.
pub struct Scope<'s, 'd, 'a> {
    pub invocation: &'s EventFacts<'s>,
    pub event: Value<'d, 'a>,
    /// The record that is mapped. It is the event itself if the event is not a batch.
    pub record: Value<'d, 'a>,
    /// The name of the array that holds the record, if the batch has several arrays. It is empty for other events.
    pub key: &'a [u8],
    /// The record's index in its array, from 0.
    pub index: usize,
}

/// A part of a template.
#[derive(Clone, Copy)]
enum Part {
    /// Literal text.
    Text(&'static [u8]),
    /// The text at the end of a path in the record or in the event. The operation is applied to the text.
    Path { is_of_event: bool, operation: &'static [u8] },
    /// A member or an index on the path that began before it.
    Step(&'static [u8]),
    /// A text that a function returns, such as `@fn`.
    Named(&'static [u8]),
    /// The end of the braces. At least one of the texts in the braces must exist.
    Close,
    /// The start of another alternative.
    Or,
}

/// Parsed templates.
pub struct Templates {
    parts: Vec<Part>,
}

/// What a template has read of a record. In the next record of the same shape, the values are found without a search.
/// If the values are equal too, the template gives the same text.
#[derive(Default)]
pub struct Inputs {
    /// The paths that the template followed, and where they lead. A path is identified by its index in
    /// `Templates::parts`.
    places: Vec<(usize, Place)>,
    /// The template also read something that `places` does not contain.
    is_incomplete: bool,
}

/// Where a path leads in a record.
#[derive(Clone, Copy)]
enum Place {
    /// To the value at this place on the tape, counted from the record.
    At(u32),
    /// Into the value at this place on the tape. The children of the value are not on the tape.
    Within(u32),
    /// To no value, in all records of the same shape.
    Nowhere,
}

impl Inputs {
    /// Forgets what the template read.
    pub fn clear(&mut self) {
        self.places.clear();
        self.is_incomplete = false;
    }

    /// True if `record` and `before` are equal in everything that the template read. They must have the same shape.
    pub fn are_same(&self, record: Value<'_, '_>, before: Value<'_, '_>) -> bool {
        let is_same = |(_, place): &(usize, Place)| match place {
            Place::At(place) | Place::Within(place) => record.is_same_at(before, *place),
            Place::Nowhere => true,
        };
        !self.is_incomplete && self.places.iter().all(is_same)
    }

    /// Notes that the template read something that `places` cannot contain. The records are then never taken for equal.
    pub fn mark_incomplete(&mut self) {
        self.is_incomplete = true;
    }

    fn place(&self, part: usize) -> Option<Place> {
        self.places.iter().find(|(other, _)| *other == part).map(|(_, place)| *place)
    }
}

impl Templates {
    /// There are none yet, and room for those of most kinds.
    pub fn new() -> Templates {
        Templates { parts: Vec::with_capacity(48) }
    }

    /// Parses a template. Returns its range of parts, which identifies it.
    pub fn add(&mut self, template: &'static str) -> Range<usize> {
        let start = self.parts.len();
        let mut rest = template.as_bytes();
        while let Some(first) = rest.first() {
            match first {
                b'{' => self.add_braces(&mut rest),
                b'|' => {
                    skip_byte(&mut rest);
                    self.parts.push(Part::Or);
                }
                _ => {
                    let text = take_until(&mut rest, |byte| matches!(byte, b'{' | b'|'));
                    self.parts.push(Part::Text(text));
                }
            }
        }
        start..self.parts.len()
    }

    /// Parses what is in braces: paths and names with commas between them.
    fn add_braces(&mut self, rest: &mut &'static [u8]) {
        while !matches!(rest.first(), Some(b'}') | None) {
            skip_byte(rest); // the opening brace, or a comma
            match rest.first() {
                Some(b'@') => self.parts.push(Part::Named(take_until(rest, ends_path))),
                _ => self.add_path(rest),
            }
        }
        skip_byte(rest);
        self.parts.push(Part::Close);
    }

    fn add_path(&mut self, rest: &mut &'static [u8]) {
        let is_of_event = rest.first() == Some(&b'^');
        if is_of_event {
            skip_byte(rest);
        }
        let path = self.parts.len();
        self.parts.push(Part::Path { is_of_event, operation: b"" });
        loop {
            let step = take_until(rest, |byte| ends_path(byte) || matches!(byte, b'.' | b'!' | b'<' | b'#' | b'>'));
            self.parts.push(Part::Step(step));
            if rest.first() != Some(&b'.') {
                break;
            }
            skip_byte(rest);
        }
        let text = take_until(rest, ends_path);
        if let Some(Part::Path { operation, .. }) = self.parts.get_mut(path) {
            *operation = text;
        }
    }

    /// Follows the steps after this part. Sets `within` to the first value on the path whose children are not on the
    /// tape.
    fn follow<'d, 'a>(
        &self,
        part: usize,
        start: Value<'d, 'a>,
        mut within: Option<&mut Option<Value<'d, 'a>>>,
    ) -> Option<Value<'d, 'a>> {
        let mut value = start;
        for part in self.parts.iter().skip(part + 1) {
            let Part::Step(step) = part else { break };
            if let Some(within) = within.as_mut().filter(|within| within.is_none() && !value.has_noted_children()) {
                **within = Some(value);
            }
            value = value.step(step)?;
        }
        Some(value)
    }
}

fn skip_byte(rest: &mut &[u8]) {
    *rest = rest.get(1..).unwrap_or_default();
}

fn ends_path(byte: u8) -> bool {
    matches!(byte, b'}' | b',')
}

impl<'d, 'a> Scope<'_, 'd, 'a> {
    /// Appends the first alternative whose parts all exist. Returns false and appends nothing if there is no such
    /// alternative, or if the template is empty. Adds what it reads to `inputs`. If `inputs` was filled from another
    /// record, that record must have the same shape.
    pub fn fill(&self, templates: &Templates, template: &Range<usize>, inputs: &mut Inputs, out: &mut Vec<u8>) -> bool {
        let start = out.len();
        let (mut is_missing, mut is_found) = (false, false);
        for (index, part) in templates.parts.iter().enumerate().take(template.end).skip(template.start) {
            match part {
                Part::Or if !is_missing => return true,
                Part::Or => {
                    out.truncate(start);
                    is_missing = false;
                }
                _ if is_missing => (),
                Part::Text(text) => out.extend_from_slice(text),
                Part::Close => (is_missing, is_found) = (!is_found, false),
                _ if is_found => (),
                Part::Path { is_of_event, operation } => {
                    let value = if *is_of_event {
                        templates.follow(index, self.event, None)
                    } else {
                        self.find(templates, index, inputs)
                    };
                    is_found = value.is_some_and(|value| append_part(value, operation, out));
                }
                Part::Step(_) => (),
                Part::Named(name) => is_found = self.append_named(name, inputs, out).is_some(),
            }
        }
        if is_missing {
            out.truncate(start);
        }
        !is_missing && !template.is_empty()
    }

    /// Returns the value in the record at the path that begins with this part.
    fn find(&self, templates: &Templates, part: usize, inputs: &mut Inputs) -> Option<Value<'d, 'a>> {
        match inputs.place(part) {
            Some(Place::At(place)) => self.record.at(place),
            Some(Place::Nowhere) => None,
            Some(Place::Within(_)) => templates.follow(part, self.record, None),
            None => {
                let mut within = None;
                let found = templates.follow(part, self.record, Some(&mut within));
                let place = |value: Value<'_, '_>| value.place(self.record);
                inputs.places.push((
                    part,
                    match (within.and_then(place), found.and_then(place)) {
                        (Some(within), _) => Place::Within(within),
                        (None, Some(place)) => Place::At(place),
                        (None, None) => Place::Nowhere,
                    },
                ));
                found
            }
        }
    }

    fn append_named(&self, name: &[u8], inputs: &mut Inputs, out: &mut Vec<u8>) -> Option<()> {
        let function = self.invocation.function_arn.as_bytes();
        if name.len() > b"@key".len() || name == b"@i" {
            inputs.mark_incomplete();
        }
        match name {
            b"@fn" => append(function, out),
            b"@req" => append(self.invocation.request_id.as_bytes(), out),
            b"@P" => append(arn_part(function, 1)?, out),
            b"@R" => append(arn_part(function, 3)?, out),
            b"@A" => append(arn_part(function, 4)?, out),
            b"@key" => append(self.key, out),
            b"@i" => append_count(self.index as u64, out),
            b"@ms" => append_count(self.invocation.received_ms, out),
            b"@removed" => self.append_removed(out),
            b"@operation" => append(self.operation()?.as_bytes(), out),
            b"@onlyref" => self.append_only_ref(out),
            b"@broker" => self.append_broker(out),
            b"@kafkakey" => append(&kafka::key(self.record)?, out),
            _ => None,
        }
    }

    /// Makes the id of a removal unique. All keys that a DeleteObjects or a lifecycle run removes share the ids of the
    /// request. They differ in the key, and in the version if there is a version.
    fn append_removed(&self, out: &mut Vec<u8>) -> Option<()> {
        let mut name = Vec::new();
        let _ = self.record.path("eventName").map(|value| append_part(value, b"!s3:", &mut name)); // no name: not a removal
        if name.starts_with(b"ObjectRemoved:") || name.starts_with(b"LifecycleExpiration:") {
            for path in ["s3.object.key", "s3.object.versionId"] {
                out.push(b'.');
                if !self.record.path(path).is_some_and(|value| append_part(value, b"", out)) {
                    out.pop();
                }
            }
        }
        Some(())
    }

    /// Returns the operation of an S3 Object Lambda event. The event has a context for a single operation.
    fn operation(&self) -> Option<&'static str> {
        const OPERATIONS: [(&str, &str); 4] = [
            ("getObjectContext", "GetObject"),
            ("headObjectContext", "HeadObject"),
            ("listObjectsContext", "ListObjects"),
            ("listObjectsV2Context", "ListObjectsV2"),
        ];
        OPERATIONS.iter().find(|(context, _)| self.record.path(context).is_some()).map(|(_, operation)| *operation)
    }

    /// Appends the reference of a CodeCommit event. Returns `None` if the event has several references.
    fn append_only_ref(&self, out: &mut Vec<u8>) -> Option<()> {
        let references = self.record.path("codecommit.references")?;
        let mut elements = references.elements();
        let only = elements.next().filter(|_| elements.next().is_none())?;
        append_text(only.path("ref")?, out).then_some(())
    }

    /// Appends the first broker in alphabetical order. All events of a self-managed cluster then have the same name for
    /// it.
    fn append_broker(&self, out: &mut Vec<u8>) -> Option<()> {
        let mut brokers = Vec::new();
        let list = self.event.path("bootstrapServers").or_else(|| self.record.path("bootstrapServers"))?;
        append_text(list, &mut brokers);
        append(
            brokers.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|broker| !broker.is_empty()).min()?,
            out,
        )
    }
}

/// Appends the text of a value after an operation. Returns false and appends nothing if the text does not exist or is
/// empty.
fn append_part(value: Value<'_, '_>, operation: &[u8], out: &mut Vec<u8>) -> bool {
    let start = out.len();
    let is_there =
        append_text(value, out) && (operation.is_empty() || apply_operation(operation, start, out).is_some());
    if !is_there {
        out.truncate(start);
    }
    out.len() > start
}

/// Appends text. Returns `None` if the text is empty.
fn append(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    out.extend_from_slice(text);
    (!text.is_empty()).then_some(())
}

fn append_count(number: u64, out: &mut Vec<u8>) -> Option<()> {
    append_number(number, out);
    Some(())
}

/// Returns a part of an ARN, counted from 0: 1 is the partition, 3 the region, 4 the account.
fn arn_part(arn: &[u8], part: usize) -> Option<&[u8]> {
    arn.split(|byte| *byte == b':').nth(part).filter(|_| arn.starts_with(b"arn:"))
}

/// Applies an operation to the text that begins at `start`. Returns `None` if the text does not fit the operation.
fn apply_operation(operation: &[u8], start: usize, out: &mut Vec<u8>) -> Option<()> {
    let text = out.get(start..).unwrap_or_default();
    match operation {
        [b'!', prefix @ ..] if text.starts_with(prefix) => drop(out.drain(start..start + prefix.len())),
        [b'<', stops @ ..] => {
            let stop = text.iter().enumerate().filter(|(_, byte)| Some(*byte) == stops.first()).nth(stops.len() - 1);
            let length = stop.map_or(text.len(), |(length, _)| length);
            out.truncate(start + length);
        }
        [b'#', digit] => {
            let part = arn_part(text, usize::from(digit - b'0'))?.to_vec();
            out.truncate(start);
            out.extend_from_slice(&part);
        }
        [b'>', path @ ..] => {
            let inner = out.split_off(start);
            let document = Document::parse(&inner).ok()?;
            return append_text(document.root().path(std::str::from_utf8(path).ok()?)?, out).then_some(());
        }
        _ => (),
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = r#"{"outer": "o", "bootstrapServers": "b:2, a:1,,", "Records": [{"name": "s3:x", "arn": "arn:aws:x:r:a:n/s/v",
        "empty": "", "n": 12, "text": "{\"a\":{\"b\":\"in\"}}", "eventName": "s3:ObjectRemoved:Delete", "s3": {"object": {"key": "k"}}}]}"#;

    fn fill(template: &'static str) -> Option<String> {
        let invocation = EventFacts {
            request_id: "req",
            function_arn: "arn:aws-cn:lambda:cn-north-1:123:function:f",
            trace_id: None,
            received_ms: 0,
        };
        let document = Document::parse(EVENT.as_bytes()).unwrap();
        let (event, mut out, mut templates) = (document.root(), b"before".to_vec(), Templates::new());
        let record = event.path("Records.0").unwrap();
        templates.add("{something}|else");
        let template = templates.add(template);
        let scope = Scope { invocation: &invocation, event, record, key: b"q", index: 7 };
        let is_filled = scope.fill(&templates, &template, &mut Inputs::default(), &mut out);
        assert!(is_filled || out == b"before");
        is_filled.then(|| String::from_utf8(out.split_off("before".len())).unwrap())
    }

    #[test]
    fn templates_are_filled() {
        for (template, expected) in [
            ("plain", "plain"),
            ("{name}.{n}", "s3:x.12"),
            ("{name!s3:}{name!x}", "xs3:x"),
            ("{arn<//}|no", "arn:aws:x:r:a:n/s"),
            ("{arn<:}{arn<%}", "arnarn:aws:x:r:a:n/s/v"),
            ("{arn#3}-{arn#4}", "r-a"),
            ("{text>a.b}", "in"),
            ("{^outer}#{@key}-{@i}", "o#q-7"),
            ("{missing,empty,n}", "12"),
            ("a{missing}b|c{empty}|d{n}|e", "d12"),
            ("{@fn} {@req} {@P} {@R} {@A}", "arn:aws-cn:lambda:cn-north-1:123:function:f req aws-cn cn-north-1 123"),
            ("id{@removed}", "id.k"),
            ("{@broker}", "a:1"),
        ] {
            assert_eq!(fill(template).as_deref(), Some(expected), "{template}");
        }
    }

    #[test]
    fn a_template_without_its_parts_is_not_filled() {
        for template in [
            "",
            "{missing}",
            "{empty}",
            "x{s3}",
            "{text>a.c}",
            "{name>a}",
            "{name#3}",
            "{@operation}",
            "{@onlyref}",
            "{@none}",
        ] {
            assert_eq!(fill(template), None, "{template}");
        }
    }
}

//! The templates of the table in `kinds.rs`, which describes their syntax. They are read each time that they are filled: most
//! events are filled into them once, and to parse them first would take longer than to read them a few times.

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

/// What templates have read of a record. In the next record of the same shape, the values are found without a search.
/// If the values are equal too, the templates give the same text.
pub struct Inputs {
    /// The paths that were followed, and where they lead. A path is identified by its address in the table.
    places: Vec<(*const u8, Place)>,
    /// Where those of the current attribute are.
    pub current: Noted,
    /// There is no next record.
    is_unused: bool,
}

/// What the templates of an attribute have read.
#[derive(Clone, Copy, Default)]
pub struct Noted {
    /// Its range of the places, of which there are a few.
    start: u16,
    end: u16,
    /// Something was read that is not among them.
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
    /// Nothing was read. `is_unused` says that there is no next record.
    pub fn new(is_unused: bool) -> Inputs {
        let places = if is_unused { Vec::new() } else { Vec::with_capacity(16) };
        Inputs { places, current: Noted::default(), is_unused }
    }

    /// Forgets what was read.
    pub fn clear(&mut self) {
        self.places.clear();
    }

    /// The current attribute has read nothing.
    pub fn begin(&mut self) {
        let end = self.places.len() as u16;
        self.current = Noted { start: end, end, is_incomplete: false };
    }

    fn noted(&self, noted: Noted) -> &[(*const u8, Place)] {
        self.places.get(usize::from(noted.start)..usize::from(noted.end)).unwrap_or_default()
    }

    fn note(&mut self, path: *const u8, place: Place) {
        if usize::from(self.current.end) < self.places.len() {
            return self.mark_incomplete(); // another attribute's are behind its own
        }
        self.places.push((path, place));
        self.current.end += 1;
    }

    /// True if `record` and `before` are equal in everything that the templates read. They must have the same shape.
    pub fn are_same(&self, noted: Noted, record: Value<'_, '_>, before: Value<'_, '_>) -> bool {
        let is_same = |(_, place): &(*const u8, Place)| match place {
            Place::At(place) | Place::Within(place) => record.is_same_at(before, *place),
            Place::Nowhere => true,
        };
        !noted.is_incomplete && self.noted(noted).iter().all(is_same)
    }

    /// True if what was read in both records has the same names. They must have the same shape, which does not know names of one
    /// fingerprint apart.
    pub fn have_same_names(&self, record: Value<'_, '_>, before: Value<'_, '_>) -> bool {
        let is_same = |(_, place): &(*const u8, Place)| match place {
            Place::At(place) => record.has_same_name_at(before, *place),
            Place::Within(_) | Place::Nowhere => true, // these are looked up
        };
        self.noted(self.current).iter().all(is_same)
    }

    /// The current attribute looks everything up, and is never taken for equal.
    pub fn look_up(&mut self) {
        self.current = Noted { start: 0, end: 0, is_incomplete: true };
    }

    /// Notes that the template read something that `places` cannot contain. The records are then never taken for equal.
    pub fn mark_incomplete(&mut self) {
        self.current.is_incomplete = true;
    }

    fn place(&self, path: *const u8) -> Option<Place> {
        self.noted(self.current).iter().find(|(other, _)| *other == path).map(|(_, place)| *place)
    }
}

/// Follows the steps of a path, and removes from `path` those that it takes. Sets `within` to the first value on the path whose
/// children are not on the tape.
fn follow<'d, 'a>(
    path: &mut &'static [u8],
    start: Value<'d, 'a>,
    mut within: Option<&mut Option<Value<'d, 'a>>>,
) -> Option<Value<'d, 'a>> {
    let mut value = start;
    loop {
        if let Some(within) = within.as_mut().filter(|within| within.is_none() && !value.has_noted_children()) {
            **within = Some(value);
        }
        value = value.step(take_until(path, |byte| byte == b'.' || ends_path(byte)))?;
        match *path {
            [b'.', behind @ ..] => *path = behind,
            _ => return Some(value),
        }
    }
}

fn skip_byte(rest: &mut &[u8]) {
    *rest = rest.get(1..).unwrap_or_default();
}

/// What is in braces has commas between its parts.
#[inline(always)]
fn ends_part(byte: u8) -> bool {
    matches!(byte, b'}' | b',')
}

/// Behind a path, there may be an operation.
#[inline(always)]
fn ends_path(byte: u8) -> bool {
    ends_part(byte) || matches!(byte, b'!' | b'<' | b'#' | b'>')
}

impl<'d, 'a> Scope<'_, 'd, 'a> {
    /// Appends the first alternative whose parts all exist. Returns false and appends nothing if there is no such
    /// alternative, or if the template is empty. Adds what it reads to `inputs`. If `inputs` was filled from another
    /// record, that record must have the same shape.
    pub fn fill(&self, template: &'static str, inputs: &mut Inputs, out: &mut Vec<u8>) -> bool {
        let (start, mut rest) = (out.len(), template.as_bytes());
        while let Some(first) = rest.first() {
            let is_there = match first {
                b'|' => return true,
                b'{' => self.fill_braces(&mut rest, inputs, out),
                _ => {
                    out.extend_from_slice(take_until(&mut rest, |byte| matches!(byte, b'{' | b'|')));
                    true
                }
            };
            if !is_there {
                out.truncate(start);
                take_until(&mut rest, |byte| byte == b'|');
                if rest.is_empty() {
                    return false;
                }
                skip_byte(&mut rest);
            }
        }
        !template.is_empty()
    }

    /// Appends the first text in braces that exists, and removes the braces from `rest`. Returns false if there is none.
    fn fill_braces(&self, rest: &mut &'static [u8], inputs: &mut Inputs, out: &mut Vec<u8>) -> bool {
        let mut is_found = false;
        while !matches!(rest.first(), Some(b'}') | None) {
            skip_byte(rest); // the opening brace, or a comma
            is_found = is_found || self.fill_part(rest, inputs, out);
            take_until(rest, ends_part);
        }
        skip_byte(rest);
        is_found
    }

    /// Appends the text that `rest` begins with a part for. Removes as much of the part as it must read.
    fn fill_part(&self, rest: &mut &'static [u8], inputs: &mut Inputs, out: &mut Vec<u8>) -> bool {
        let value = match *rest {
            [b'@', ..] => return self.append_named(take_until(rest, ends_part), inputs, out).is_some(),
            [b'^', path @ ..] => {
                *rest = path;
                follow(rest, self.event, None)
            }
            _ => self.find(rest, inputs),
        };
        value.is_some_and(|value| {
            take_until(rest, ends_path);
            append_part(value, take_until(rest, ends_part), out)
        })
    }

    /// Returns the value in the record at the path that `path` begins with.
    fn find(&self, path: &mut &'static [u8], inputs: &mut Inputs) -> Option<Value<'d, 'a>> {
        let start = path.as_ptr();
        match inputs.place(start) {
            Some(Place::At(place)) => self.record.at(place),
            Some(Place::Nowhere) => None,
            None if !inputs.is_unused => {
                let mut within = None;
                let found = follow(path, self.record, Some(&mut within));
                let place = |value: Value<'_, '_>| value.place(self.record);
                let place = match (within.and_then(place), found.and_then(place)) {
                    (Some(within), _) => Place::Within(within),
                    (None, Some(place)) => Place::At(place),
                    (None, None) => Place::Nowhere,
                };
                inputs.note(start, place);
                found
            }
            Some(Place::Within(_)) | None => follow(path, self.record, None),
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
        let (event, mut out) = (document.root(), b"before".to_vec());
        let record = event.path("Records.0").unwrap();
        let scope = Scope { invocation: &invocation, event, record, key: b"q", index: 7 };
        let is_filled = scope.fill(template, &mut Inputs::new(false), &mut out);
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

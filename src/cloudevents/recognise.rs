//! Finds the kind of an event: the first row of the table in `kinds.rs` whose conditions hold.

use std::cell::Cell;

use super::formats::uri::is_reference;
use super::formats::{base64, time};
use super::json::text;
use super::json::{Value, append_text, take_until};
use super::kinds::{Column, KINDS, Kind, Records, name_bit};

/// Returns the event's kind, or `None` for free-form JSON. `record_kind` is the kind of all of its records, if they
/// have the same kind.
pub fn recognise(event: Value<'_, '_>, record_kind: Option<&'static Kind>) -> Option<&'static Kind> {
    let is_container = matches!(event.first(), b'{' | b'[');
    let kinds = if is_container && (event.is_noted() || record_kind.is_some()) { KINDS } else { &[] };
    let (name_bits, subject) = (name_bits(event), Subject::new(event));
    let is_match = |kind: &&'static Kind| {
        record_kind.is_some_and(|record_kind| std::ptr::eq(record_kind, *kind))
            || kind.needs & !name_bits == 0
                && !matches!(kind.records, Records::Elements | Records::Member)
                && subject.all_hold(kind.column(Column::When).as_bytes())
    };
    kinds.iter().find(is_match)
}

/// Returns the kind of an element of an array. `array` is the name of the event's member that holds the array, or
/// `None` if the event is the array.
pub fn recognise_record(array: Option<&[u8]>, record: Value<'_, '_>) -> Option<&'static Kind> {
    let records = match array {
        None => Records::Elements,
        Some(b"Records") => Records::Member,
        Some(_) => return None,
    };
    let (name_bits, subject) = (name_bits(record), Subject::new(record));
    let is_match = |kind: &&'static Kind| {
        kind.needs & !name_bits == 0
            && kind.records == records
            && subject.all_hold(kind.column(Column::When).as_bytes())
    };
    if record.first() == b'{' { KINDS.iter().find(is_match) } else { None }
}

/// Returns the bits of the members. A value whose members are not known may have any.
fn name_bits(value: Value<'_, '_>) -> u64 {
    match value.first() {
        b'{' if value.is_noted() => value.members().fold(0, |name_bits, (name, _)| name_bits | name_bit(name)),
        _ => u64::MAX,
    }
}

/// True if the record has this kind.
pub fn is_of(kind: &Kind, record: Value<'_, '_>) -> bool {
    record.first() == b'{' && Subject::new(record).all_hold(kind.column(Column::When).as_bytes())
}

/// True if the event claims to come from AWS or to be a CloudEvent. It is malformed if no row of the table matches it.
pub fn looks_malformed(event: Value<'_, '_>) -> bool {
    const CLAIMS: &[u8] =
        b"eventSource^aws:|eventSource~SelfManagedKafka|Records.0.eventSource^aws:|Records.0.EventSource^aws:|\
         0.eventSource^aws:|0.eventSource~SelfManagedKafka|specversion=1.0";
    let has = |name: &&[u8]| event.get(name).is_some(); // most free-form events have none of them, and are not looked at further
    let may_claim =
        event.first() == b'[' || event.is_noted() && [&b"eventSource"[..], b"Records", b"specversion"].iter().any(has);
    may_claim && Subject::new(event).all_hold(CLAIMS)
}

/// What conditions are about. Rows that follow one another often begin with the same member.
struct Subject<'d, 'a> {
    value: Value<'d, 'a>,
    /// The step that was taken last from the value, and where it led.
    last_step: Cell<(&'static [u8], Option<Value<'d, 'a>>)>,
}

impl<'d, 'a> Subject<'d, 'a> {
    fn new(value: Value<'d, 'a>) -> Subject<'d, 'a> {
        Subject { value, last_step: Cell::new((b" ", None)) }
    }

    /// True if all conditions hold. Spaces separate conditions.
    fn all_hold(&self, mut conditions: &'static [u8]) -> bool {
        while self.any_holds(&mut conditions) {
            match conditions {
                [_, behind @ ..] => conditions = behind,
                [] => return true,
            }
        }
        false
    }

    /// True if at least one alternative of the first condition holds. Removes this condition from `conditions`.
    fn any_holds(&self, conditions: &mut &'static [u8]) -> bool {
        let mut holds = false;
        loop {
            holds = holds || self.holds(conditions);
            take_until(conditions, ends_condition);
            match *conditions {
                [b'|', behind @ ..] => *conditions = behind,
                _ => return holds,
            }
        }
    }

    /// Reads a condition as far as it must.
    fn holds(&self, condition: &mut &'static [u8]) -> bool {
        match *condition {
            [b'!', positive @ ..] => {
                *condition = positive;
                !self.passes(condition)
            }
            text if text.starts_with(b"@cloudevent") => is_cloud_event(self.value),
            [b'[', b']', b'.', test @ ..] => {
                let mut elements = self.value.elements().peekable();
                elements.peek().is_some() && elements.all(|element| passes(&mut &*test, element))
            }
            _ => self.passes(condition),
        }
    }

    fn passes(&self, test: &mut &'static [u8]) -> bool {
        let (name, found) = self.last_step.get();
        let found = match test.strip_prefix(name) {
            Some(behind) if behind.first().is_none_or(|byte| ends_step(*byte)) => {
                *test = behind;
                found
            }
            _ => {
                let name = take_until(test, ends_step);
                let found = self.value.step(name);
                self.last_step.set((name, found));
                found
            }
        };
        found.is_some_and(|found| passes_from(test, found))
    }
}

#[inline(always)]
fn ends_condition(byte: u8) -> bool {
    matches!(byte, b' ' | b'|')
}

/// True if a test holds. A test is a path, or a path followed by an operator and a text. A space or a bar ends it.
fn passes(test: &mut &'static [u8], value: Value<'_, '_>) -> bool {
    let found = value.step(take_until(test, ends_step));
    found.is_some_and(|found| passes_from(test, found))
}

/// Does the same from the end of the first step on, which led to `found`.
fn passes_from(test: &mut &'static [u8], mut found: Value<'_, '_>) -> bool {
    loop {
        match *test {
            [b'.', behind @ ..] => {
                *test = behind;
                let Some(next) = found.step(take_until(test, ends_step)) else { return false };
                found = next;
            }
            [operator @ (b'=' | b'^' | b'~' | b':'), behind @ ..] => {
                *test = behind;
                return compares(*operator, found, take_until(test, ends_condition));
            }
            _ => return !found.is_null(),
        }
    }
}

#[inline(always)]
fn ends_step(byte: u8) -> bool {
    ends_condition(byte) || matches!(byte, b'.' | b'=' | b'^' | b'~' | b':')
}

fn compares(operator: u8, found: Value<'_, '_>, wanted: &[u8]) -> bool {
    if operator == b':' {
        let is_list = |(_, member): (_, Value<'_, '_>)| member.first() == b'[';
        return found.first() == first_byte_of(wanted)
            && (wanted.first() != Some(&b'l') || found.members().all(is_list));
    }
    found.plain_text().is_some_and(|text| match operator {
        b'=' => wanted.split(|byte| *byte == b',').any(|one| one == text),
        b'^' => text.starts_with(wanted),
        _ => contains(text, wanted),
    })
}

fn contains(text: &[u8], wanted: &[u8]) -> bool {
    let mut rest = text;
    while let Some((first, behind)) = rest.split_first() {
        if Some(first) == wanted.first() && rest.starts_with(wanted) {
            return true;
        }
        rest = behind;
    }
    false
}

/// The first letter of `object`, `lists`, `array` or `string` tells which it is.
fn first_byte_of(name: &[u8]) -> u8 {
    match name.first() {
        Some(b'o' | b'l') => b'{',
        Some(b'a') => b'[',
        _ => b'"',
    }
}

/// True if the value is a CloudEvent 1.0 in the JSON format. The check is strict.
///
/// Source: <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md#context-attributes>
pub fn is_cloud_event(event: Value<'_, '_>) -> bool {
    passes(&mut &b"specversion=1.0"[..], event)
        && [&b"id"[..], b"source", b"type"]
            .iter()
            .all(|name| event.get(name).is_some_and(|value| value.first() == b'"'))
        && event.members().all(|(name, value)| is_member(name, value))
        && !(event.get(b"data").is_some() && event.path("data_base64").is_some())
}

/// True if a CloudEvent may have this member.
fn is_member(name: &[u8], value: Value<'_, '_>) -> bool {
    if matches!((name, value.first()), (b"data", _) | (_, b'n')) {
        return true;
    }
    let mut text = Vec::new();
    let is_string = value.first() == b'"' && append_text(value, &mut text);
    match name {
        b"data_base64" => is_string && base64::decode(&text).is_some(),
        b"source" => is_string && is_reference(&text, false),
        b"dataschema" => is_string && is_reference(&text, true),
        b"time" => is_string && time::is_rfc3339(&text),
        b"datacontenttype" => is_string && is_media_type(&text),
        b"id" | b"type" | b"subject" | b"specversion" => is_string && text::is_clean(&text),
        _ => {
            is_name(name)
                && (matches!(value.first(), b't' | b'f')
                    || is_integer(value)
                    || is_string && text::is_clean_or_empty(&text))
        }
    }
}

/// True if this can be the name of an attribute.
pub fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9'))
}

/// True if the text has the form `type/subtype`, with or without parameters.
pub fn is_media_type(text: &[u8]) -> bool {
    let essence = text.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    let is_token = |part: &[u8]| {
        !part.is_empty() && part.iter().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte))
    };
    let mut parts = essence.split(|byte| *byte == b'/');
    parts.next().is_some_and(is_token)
        && parts.next().is_some_and(is_token)
        && parts.next().is_none()
        && text::is_clean(text)
}

/// True if the value is an Integer of CloudEvents. It has 32 bits.
fn is_integer(value: Value<'_, '_>) -> bool {
    std::str::from_utf8(value.raw()).is_ok_and(|text| text.parse::<i32>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::super::json::Document;
    use super::*;

    #[test]
    fn a_step_that_begins_as_the_one_before_is_another() {
        let document = Document::parse(br#"{"detail":{},"detail-type":"a"}"#).unwrap();
        for (conditions, expected) in [
            ("detail detail-type=a", true),
            ("detail detail-type=b", false),
            ("detail details", false),
            ("detail-type=a detail-type=b", false),
            ("detail-type=b|detail-type=a", true),
        ] {
            assert_eq!(Subject::new(document.root()).all_hold(conditions.as_bytes()), expected, "{conditions}");
        }
    }

    #[test]
    fn a_media_type_has_two_tokens() {
        for (text, expected) in [
            ("a/b", true),
            ("text/x+y.z-1; charset=utf-8", true),
            (" a/b ;c", true),
            ("a", false),
            ("/b", false),
            ("a/", false),
            ("a/b/c", false),
            ("a b/c", false),
            ("a/b;\u{1}", false),
        ] {
            assert_eq!(is_media_type(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn each_member_of_a_cloud_event_has_its_own_form() {
        for (member, expected) in [
            (r#""subject":"a""#, true),
            (r#""subject":1"#, false),
            (r#""subject":"""#, false),
            (r#""datacontenttype":"a/b""#, true),
            (r#""datacontenttype":"a""#, false),
            (r#""time":"2023-11-14T22:13:20Z""#, true),
            (r#""time":"now""#, false),
            (r#""dataschema":"a:b""#, true),
            (r#""dataschema":"b""#, false),
            (r#""data_base64":"YQ==""#, true),
            (r#""data_base64":"?""#, false),
            (r#""more":null,"more2":true,"more3":7,"more4":"""#, true),
            (r#""more":1.5"#, false),
            (r#""more":{}"#, false),
            (r#""More":1"#, false),
            (r#""more":"\u0001""#, false),
        ] {
            let event = format!(r#"{{"specversion":"1.0","id":"1","source":"/s","type":"t",{member}}}"#);
            let document = Document::parse(event.as_bytes()).unwrap();
            assert_eq!(is_cloud_event(document.root()), expected, "{member}");
        }
    }
}

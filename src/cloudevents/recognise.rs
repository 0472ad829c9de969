//! Finds the kind of an event: the first row of the table in `kinds.rs` whose conditions hold.

use super::formats::uri::is_reference;
use super::formats::{base64, time};
use super::json::text;
use super::json::{Value, append_text, take_until};
use super::kinds::{ANYTHING, KINDS, Kind, Records, name_bit};

/// Returns the event's kind, or `None` for free-form JSON. `record_kind` is the kind of all of its records, if they
/// have the same kind.
pub fn recognise(event: Value<'_, '_>, record_kind: Option<&'static Kind>) -> Option<&'static Kind> {
    let is_container = matches!(event.first(), b'{' | b'[');
    let is_noted = event.is_noted();
    let name_bits = match event.first() {
        b'{' if is_noted => event.members().fold(ANYTHING, |name_bits, (name, _)| name_bits | name_bit(name)),
        _ => u64::MAX,
    };
    let is_match = |kind: &&'static Kind| match kind.records {
        Records::Each(_) => record_kind.is_some_and(|record_kind| std::ptr::eq(record_kind, *kind)),
        _ => kind.needs & name_bits != 0 && all_hold(kind.when.as_bytes(), event),
    };
    let kinds = if is_container && (is_noted || record_kind.is_some()) { KINDS } else { &[] };
    kinds.iter().find(is_match)
}

/// Returns the kind of an element of an array. `array` is the name of the event's member that holds the array, or
/// `None` if the event is the array.
pub fn recognise_record(array: Option<&[u8]>, record: Value<'_, '_>) -> Option<&'static Kind> {
    let is_match = |kind: &&'static Kind| match *kind.records {
        Records::Each(member) => member == array && is_of(kind, record),
        _ => false,
    };
    KINDS.iter().find(is_match)
}

/// True if the record has this kind.
pub fn is_of(kind: &Kind, record: Value<'_, '_>) -> bool {
    record.first() == b'{' && all_hold(kind.when.as_bytes(), record)
}

/// True if the event claims to come from AWS or to be a CloudEvent. It is malformed if no row of the table matches it.
pub fn looks_malformed(event: Value<'_, '_>) -> bool {
    const CLAIMS: &[u8] =
        b"eventSource^aws:|eventSource~SelfManagedKafka|Records.0.eventSource^aws:|Records.0.EventSource^aws:|\
         0.eventSource^aws:|0.eventSource~SelfManagedKafka|specversion=1.0";
    let has = |name: &&[u8]| event.get(name).is_some(); // most free-form events have none of them, and are not looked at further
    let may_claim =
        event.first() == b'[' || event.is_noted() && [&b"eventSource"[..], b"Records", b"specversion"].iter().any(has);
    may_claim && all_hold(CLAIMS, event)
}

/// True if all conditions hold. Spaces separate conditions.
fn all_hold(mut conditions: &[u8], event: Value<'_, '_>) -> bool {
    loop {
        if !any_holds(&mut conditions, event) {
            return false;
        }
        match conditions {
            [_, behind @ ..] => conditions = behind,
            [] => return true,
        }
    }
}

/// True if at least one alternative of the first condition holds. Removes this condition from `conditions` if it holds.
fn any_holds(conditions: &mut &[u8], event: Value<'_, '_>) -> bool {
    let mut holds = false;
    loop {
        let condition = take_until(conditions, |byte| matches!(byte, b' ' | b'|'));
        holds = holds || self::holds(condition, event);
        match *conditions {
            [b'|', behind @ ..] => *conditions = behind,
            _ if holds => return true,
            _ => return false,
        }
    }
}

fn holds(condition: &[u8], event: Value<'_, '_>) -> bool {
    match condition {
        [b'!', positive @ ..] => !holds(positive, event),
        b"@cloudevent" => is_cloud_event(event),
        [b'[', b']', b'.', test @ ..] => {
            let mut elements = event.elements().peekable();
            elements.peek().is_some() && elements.all(|element| passes(test, element))
        }
        _ => passes(condition, event),
    }
}

/// True if a test holds. A test is a path, or a path followed by an operator and a text.
fn passes(test: &[u8], value: Value<'_, '_>) -> bool {
    let (mut rest, mut found) = (test, value);
    loop {
        let step = take_until(&mut rest, |byte| matches!(byte, b'.' | b'=' | b'^' | b'~' | b':'));
        let Some(next) = found.step(step) else {
            return false;
        };
        found = next;
        match rest {
            [b'.', behind @ ..] => rest = behind,
            [] => return !found.is_null(),
            [operator, wanted @ ..] => return compares(*operator, found, wanted),
        }
    }
}

fn compares(operator: u8, found: Value<'_, '_>, wanted: &[u8]) -> bool {
    if operator == b':' {
        let is_list = |(_, member): (_, Value<'_, '_>)| member.first() == b'[';
        return found.first() == first_byte_of(wanted) && (wanted != b"lists" || found.members().all(is_list));
    }
    found.plain_text().is_some_and(|text| match operator {
        b'=' => wanted.split(|byte| *byte == b',').any(|one| one == text),
        b'^' => text.starts_with(wanted),
        _ => text.windows(wanted.len()).any(|part| part == wanted),
    })
}

fn first_byte_of(name: &[u8]) -> u8 {
    match name {
        b"object" | b"lists" => b'{',
        b"array" => b'[',
        _ => b'"',
    }
}

/// True if the value is a CloudEvent 1.0 in the JSON format. The check is strict.
///
/// Source: <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md#context-attributes>
pub fn is_cloud_event(event: Value<'_, '_>) -> bool {
    passes(b"specversion=1.0", event)
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

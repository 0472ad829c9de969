//! The reader of JSON, compared with serde_json.
//!
//! Input: the text.

use std::fmt;

use open_runtime::cloudevents::json::append_text;
use open_runtime::cloudevents::json::{Document, Value, validate};
use open_runtime::json_line::on_one_line;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::allocations::limited;

/// Deeper values are compared only by their text.
const DEEPEST: usize = 60;

/// This many members of an object are looked up by name.
const LOOKED_UP: usize = 40;

/// Both accept the same texts, and find the same members, elements and strings in them.
pub fn run(text: &[u8]) {
    let expected = serde_json::from_slice::<&RawValue>(text);
    assert_eq!(limited("validating", text.len(), || validate(text)).is_ok(), expected.is_ok());
    let document = limited("JSON", text.len(), || Document::parse(text));
    assert_eq!(document.is_ok(), expected.is_ok());
    let (Ok(document), Ok(expected)) = (document, expected) else { return };
    compare(document.root(), expected, 0);
    let line = on_one_line(text);
    assert!(!line.contains(&b'\n') && !line.contains(&b'\r'));
    let meaning = |text: &[u8]| serde_json::from_slice::<serde_json::Value>(text).ok();
    assert_eq!(meaning(&line), meaning(text));
}

fn compare(value: Value<'_, '_>, expected: &RawValue, depth: usize) {
    assert_eq!(value.raw(), expected.get().as_bytes());
    if depth == DEEPEST {
        return;
    }
    match value.first() {
        b'{' => compare_members(value, expected, depth),
        b'[' => {
            let expected: Vec<&RawValue> = serde_json::from_str(expected.get()).expect("an array");
            assert_eq!(value.elements().count(), expected.len());
            value.elements().zip(expected).for_each(|(value, expected)| compare(value, expected, depth + 1));
        }
        _ => compare_text(value, expected),
    }
}

fn compare_members(value: Value<'_, '_>, expected: &RawValue, depth: usize) {
    let Members(expected) = serde_json::from_str(expected.get()).expect("an object");
    assert_eq!(value.members().count(), expected.len());
    for ((name, member), (expected_name, expected)) in value.members().zip(&expected) {
        assert_eq!([b"\"", name, b"\""].concat(), expected_name.get().as_bytes());
        compare(member, expected, depth + 1);
    }
    for (name, _) in expected.iter().take(LOOKED_UP).filter(|(name, _)| !name.get().contains(['/', '.'])) {
        let (_, last) = expected.iter().rfind(|(other, _)| other.get() == name.get()).expect("it is there");
        let found = value.get(name.get().trim_matches('"').as_bytes());
        assert!(name.get().contains("\\\"") || found.is_some_and(|found| found.raw() == last.get().as_bytes()));
    }
}

/// serde_json refuses lone surrogates, and bootstrap does not decode them.
fn compare_text(value: Value<'_, '_>, expected: &RawValue) {
    let mut text = Vec::new();
    let is_text = append_text(value, &mut text);
    match expected.get().as_bytes()[0] {
        b'"' => match serde_json::from_str::<String>(expected.get()) {
            Ok(expected) => assert_eq!(text, expected.as_bytes()),
            Err(_) => assert!(std::str::from_utf8(&text).is_ok()),
        },
        b't' | b'f' | b'n' => assert!(!is_text),
        _ => assert_eq!(text, expected.get().as_bytes()),
    }
}

/// The members of an object in their order, including those with the same name.
pub struct Members<'a>(pub Vec<(&'a RawValue, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Members<'a>, D::Error> {
        deserializer.deserialize_map(InOrder)
    }
}

struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Members<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

//! Writes the answer that came into a record.

use super::compare::{has_mark, is_as_expected};
use super::ignore::MEMBERS;
use super::ignore::{Pattern, Step};
use super::result::{Answer, Body, value};
use super::saved::Saved;
use crate::report::json_text;
use crate::report::redaction::Redaction;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use std::fmt;

/// The record with the answer that came, without the secrets in it. What is ignored, and marks such as `[any]` for what
/// has come, stay; so do all other members.
pub fn updated(saved: &Saved, got: &Answer, ignored: &[Pattern], redaction: Option<&Redaction>) -> String {
    let members: Members<'_> = serde_json::from_str(&saved.text).unwrap_or_default(); // it was read before
    let answer = merged(&saved.expected, got, ignored).members().into_iter();
    let answer: Vec<_> = answer.map(|(name, json)| member(name, &json, redaction)).collect();
    let place = members.0.iter().position(|(name, _)| MEMBERS.contains(&name.as_str()));
    let mut all: Vec<String> = Vec::new();
    for (at, (name, json)) in members.0.iter().enumerate() {
        if Some(at) == place {
            all.extend_from_slice(&answer);
        }
        if !MEMBERS.contains(&name.as_str()) {
            all.push(member(name, json.get(), None));
        }
    }
    json_text::pretty(&format!("{{{}}}", all.join(","))) + "\n"
}

fn member(name: &str, json: &str, redaction: Option<&Redaction>) -> String {
    let member = format!("{}:{json}", json_text::quoted(name));
    let Some(redaction) = redaction else { return member };
    let redacted = redaction.json(&format!("{{{member}}}"));
    redacted.strip_prefix('{').and_then(|text| text.strip_suffix('}')).map(str::to_owned).unwrap_or_default()
}

/// The answer that came, with what stays of the one that was expected.
fn merged(expected: &Answer, got: &Answer, ignored: &[Pattern]) -> Answer {
    let mut merged = got.clone();
    match (&expected.body, &got.body) {
        (Some(Body::Json(old)), Some(Body::Json(new))) if has_mark(old) || !ignored.is_empty() => {
            if let (Some(old), Some(new)) = (value(old), value(new)) {
                let mut path = vec![Step::Member("response".to_owned())];
                merged.body = Some(Body::Json(merge(&old, &new, ignored, &mut path).to_string()));
            }
        }
        (Some(old), Some(new)) if old.name() == new.name() => {
            let (old_value, new_value) = (value(&old.json()), value(&new.json()));
            if let (Some(old_value), Some(new_value)) = (old_value, new_value)
                && is_as_expected(&old_value, &new_value)
            {
                merged.body = Some(old.clone());
            }
        }
        _ => {}
    }
    if let (Some(old), Some(new)) = (&expected.error, &got.error) {
        merged.error = Some(merged_error(old, new));
    }
    merged
}

/// An error with marks that fit is not changed.
fn merged_error(old: &str, new: &str) -> String {
    let (Some(old_value), Some(new_value)) = (value(old), value(new)) else { return new.to_owned() };
    let fits = |name| match (old_value.get(name), new_value.get(name)) {
        (Some(old), Some(new)) => is_as_expected(old, new),
        (old, _) => old.is_none(),
    };
    if fits("errorType") && fits("errorMessage") { old.to_owned() } else { new.to_owned() }
}

fn merge(old: &Value, new: &Value, ignored: &[Pattern], path: &mut Vec<Step>) -> Value {
    if is_as_expected(old, new) || ignored.iter().any(|pattern| pattern.covers(path)) {
        return old.clone();
    }
    let mut part = |step, old: Option<&Value>, new: &Value| match old {
        Some(old) => {
            path.push(step);
            let merged = merge(old, new, ignored, path);
            path.pop();
            merged
        }
        None => new.clone(),
    };
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            new.iter().map(|(name, new)| (name.clone(), part(Step::Member(name.clone()), old.get(name), new))).collect()
        }
        (Value::Array(old), Value::Array(new)) => {
            new.iter().enumerate().map(|(at, new)| part(Step::Element(at), old.get(at), new)).collect()
        }
        _ => new.clone(),
    }
}

/// The members of an object, in their order.
#[derive(Default)]
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    use super::super::ignore;
    use super::*;

    fn update(text: &str, got: Answer, ignored: &[&str]) -> String {
        let path = std::env::temp_dir().join(format!("open-runtime-update-{}-{}", std::process::id(), text.len()));
        std::fs::write(&path, text).unwrap();
        let saved = super::super::saved::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let ignored: Vec<_> = ignored.iter().map(|text| ignore::pattern(text).unwrap()).collect();
        let redaction = Redaction::new(&[], std::iter::empty());
        updated(&saved, &got, &ignored, Some(&redaction)).replace(['\n', ' '], "")
    }

    fn json(text: &str) -> Answer {
        Answer { body: Some(Body::Json(text.to_owned())), ..Answer::default() }
    }

    #[test]
    fn other_members_and_their_order_stay() {
        let got = update(
            r#"{"z":1,"response":1,"event":{"b":2,"a":1.0,"token":"mine"}}"#,
            json(r#"{"y":1,"x":2,"token":"t"}"#),
            &[],
        );
        let expected =
            r#"{"z":1,"response":{"y":1,"x":2,"token":"[redacted]"},"event":{"b":2,"a":1.0,"token":"mine"}}"#;
        assert_eq!(got, expected);
    }

    #[test]
    fn an_error_takes_the_place_of_a_response() {
        let got = Answer { error: Some(r#"{"errorType":"E"}"#.to_owned()), ..Answer::default() };
        assert_eq!(update(r#"{"event":1,"response":1}"#, got, &[]), r#"{"event":1,"error":{"errorType":"E"}}"#);
    }

    #[test]
    fn marks_and_what_is_ignored_stay() {
        let old = r#"{"event":1,"response":{"id":"[any]","at":1,"n":[1,"[any]"],"text":"[any]!"}}"#;
        let got = update(old, json(r#"{"id":5,"at":2,"n":[2,3],"text":"?"}"#), &["response.at"]);
        assert_eq!(got, r#"{"event":1,"response":{"at":1,"id":"[any]","n":[2,"[any]"],"text":"?"}}"#);
    }
}

//! Compares the answer that a record has with the one that came.
//!
//! Objects are compared without regard to the order of their members, and a string that holds an object or an array as
//! JSON is compared as that. `[any]`, `[redacted]` and `[redacted:NAME]` in what is expected stand for anything: as a
//! whole string for any value, within a string for any text.

use super::ignore::{Pattern, Step};
use super::result::{Answer, Body, Difference, value};
use crate::report::json_text;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

/// What stands for anything in a record that was written by hand.
const ANY: &str = "[any]";

/// How many differences are told one by one.
const MAX_TOLD: usize = 100;

/// The longest name of a variable in a mark, in bytes.
const MAX_VARIABLE: usize = 256;

/// The differences between two answers.
#[derive(Default)]
pub struct Differences {
    /// The first of them.
    pub told: Vec<Difference>,
    /// The number of those that are not told.
    pub more: usize,
}

/// Compares two answers, but for what a pattern covers. Of an error, type and message are compared.
pub fn differences(expected: &Answer, got: &Answer, ignored: &[Pattern]) -> Differences {
    let mut found = Finder { ignored, found: Differences::default(), path: Vec::new() };
    found.body(expected.body.as_ref(), got.body.as_ref());
    if let Some(content_type) = &expected.streamed {
        found.streamed(content_type.as_deref(), got.streamed.as_ref());
    }
    found.error(expected.error.as_deref(), got.error.as_deref());
    found.found
}

/// True if this value is as expected, wherever it is.
pub fn is_as_expected(expected: &Value, got: &Value) -> bool {
    let mut finder = Finder { ignored: &[], found: Differences::default(), path: Vec::new() };
    finder.values(expected, got);
    finder.found.told.is_empty()
}

/// True if this text stands for other texts.
pub fn has_mark(expected: &str) -> bool {
    first_mark(expected).is_some()
}

/// Goes through both answers.
struct Finder<'a> {
    ignored: &'a [Pattern],
    found: Differences,
    path: Vec<Step>,
}

impl Finder<'_> {
    /// Does something at a part of what is compared, unless the part is ignored.
    fn at(&mut self, step: Step, compare: impl FnOnce(&mut Self)) {
        self.path.push(step);
        if !self.ignored.iter().any(|pattern| pattern.covers(&self.path)) {
            compare(self);
        }
        self.path.pop();
    }

    fn member(&mut self, name: &str, compare: impl FnOnce(&mut Self)) {
        self.at(Step::Member(name.to_owned()), compare);
    }

    fn differ(&mut self, expected: Option<String>, got: Option<String>) {
        self.tell(None, expected, got);
    }

    fn tell(&mut self, detail: Option<String>, expected: Option<String>, got: Option<String>) {
        if self.found.told.len() == MAX_TOLD {
            self.found.more += 1;
        } else {
            self.found.told.push(Difference { path: self.path.clone(), detail, expected, got });
        }
    }

    fn body(&mut self, expected: Option<&Body>, got: Option<&Body>) {
        match (expected, got) {
            (Some(Body::Json(expected)), Some(Body::Json(got))) => self.member("response", |at| at.json(expected, got)),
            (Some(Body::Text(expected)), Some(Body::Text(got) | Body::Json(got))) => {
                self.member("responseText", |at| at.texts(expected, got));
            }
            (Some(Body::Base64(expected)), Some(Body::Base64(got))) => {
                self.member("responseBase64", |at| at.texts(expected, got));
            }
            (expected, got) => {
                if let Some(body) = expected {
                    self.member(body.name(), |at| at.differ(Some(json_text::compact(&body.json())), None));
                }
                if let Some(body) = got {
                    self.member(body.name(), |at| at.differ(None, Some(json_text::compact(&body.json()))));
                }
            }
        }
    }

    /// A record that was written by hand may leave the content type out.
    fn streamed(&mut self, expected: Option<&str>, got: Option<&Option<String>>) {
        let json = |text: &str| Some(Value::from(text).to_string());
        self.member("streamed", |at| match (expected, got) {
            (_, None) => at.differ(Some("{}".to_owned()), None),
            (Some(expected), Some(got)) => at.member("contentType", |at| match got {
                Some(got) => at.texts(expected, got),
                None => at.differ(json(expected), None),
            }),
            (None, Some(_)) => {}
        });
    }

    fn error(&mut self, expected: Option<&str>, got: Option<&str>) {
        let (Some(expected), Some(got)) = (expected, got) else {
            if expected.is_some() || got.is_some() {
                self.member("error", |at| at.differ(expected.map(str::to_owned), got.map(str::to_owned)));
            }
            return;
        };
        let (expected, got) = (value(expected).unwrap_or_default(), value(got).unwrap_or_default());
        for name in ["errorType", "errorMessage"] {
            if let Some(expected) = expected.get(name) {
                let got = got.get(name);
                self.member("error", |at| at.member(name, |at| at.optional(Some(expected), got)));
            }
        }
    }

    fn json(&mut self, expected: &str, got: &str) {
        match (value(expected), value(got)) {
            (Some(expected), Some(got)) => self.values(&expected, &got),
            _ if json_text::compact(expected) == json_text::compact(got) => {}
            _ => self.tell(Some("nested too deeply to show where".to_owned()), None, None),
        }
    }

    fn optional(&mut self, expected: Option<&Value>, got: Option<&Value>) {
        match (expected, got) {
            (Some(expected), Some(got)) => self.values(expected, got),
            (expected, got) => self.differ(expected.map(Value::to_string), got.map(Value::to_string)),
        }
    }

    fn values(&mut self, expected: &Value, got: &Value) {
        match (expected, got) {
            (Value::Object(expected), Value::Object(got)) => self.objects(expected, got),
            (Value::Array(expected), Value::Array(got)) => {
                for at in 0..expected.len().max(got.len()) {
                    self.at(Step::Element(at), |here| here.optional(expected.get(at), got.get(at)));
                }
            }
            (Value::String(expected), Value::String(got)) => self.texts(expected, got),
            (Value::String(mark), _) if is_only_a_mark(mark) => {}
            (Value::Number(expected), Value::Number(got)) if expected.as_f64() == got.as_f64() => {
                // whole numbers above 2^53 may differ although they are the same as floating-point numbers
                if (expected.is_u64() || expected.is_i64()) && (got.is_u64() || got.is_i64()) && expected != got {
                    self.differ(Some(expected.to_string()), Some(got.to_string()));
                }
            }
            _ if expected == got => {}
            _ => self.differ(Some(expected.to_string()), Some(got.to_string())),
        }
    }

    fn objects(&mut self, expected: &Map<String, Value>, got: &Map<String, Value>) {
        for (name, value) in expected {
            self.member(name, |at| at.optional(Some(value), got.get(name)));
        }
        for (name, value) in got.iter().filter(|(name, _)| !expected.contains_key(*name)) {
            self.member(name, |at| at.optional(None, Some(value)));
        }
    }

    fn texts(&mut self, expected: &str, got: &str) {
        if expected == got || fits(expected, got) {
            return;
        }
        if let (Some(expected), Some(got)) = (container(expected), container(got)) {
            return self.values(&expected, &got);
        }
        if is_same_base64(expected, got) {
            return;
        }
        let json = |text: &str| Some(Value::from(text).to_string());
        match first_different_line(expected, got) {
            Some((line, expected, got)) => {
                self.tell(Some(format!("line {line}")), expected.and_then(json), got.and_then(json));
            }
            None => self.differ(json(expected), json(got)),
        }
    }
}

/// An object or an array that a text holds.
fn container(text: &str) -> Option<Value> {
    text.trim_start().starts_with(['{', '[']).then(|| value(text)).flatten()
}

/// True if both are base64, and what is expected has marks inside.
fn is_same_base64(expected: &str, got: &str) -> bool {
    let decoded = |text: &str| Some(String::from_utf8_lossy(&STANDARD.decode(text).ok()?).into_owned());
    match (decoded(expected), decoded(got)) {
        (Some(expected), Some(got)) => fits(&expected, &got),
        _ => false,
    }
}

/// The number of the first line that differs, counted from 1, and both lines. None: they are not texts of several lines.
fn first_different_line<'a>(expected: &'a str, got: &'a str) -> Option<(usize, Option<&'a str>, Option<&'a str>)> {
    if !expected.contains('\n') && !got.contains('\n') {
        return None;
    }
    let (mut expected, mut got) = (expected.split_inclusive('\n'), got.split_inclusive('\n'));
    for number in 1.. {
        match (expected.next(), got.next()) {
            (None, None) => return None,
            (expected, got) if expected == got => {}
            (Some(expected), Some(got)) if fits(expected, got) => {}
            (expected, got) => return Some((number, expected, got)),
        }
    }
    None
}

/// Where the first mark is, and where it ends.
fn first_mark(text: &str) -> Option<(usize, usize)> {
    text.match_indices('[').find_map(|(at, _)| {
        let rest = text.get(at..)?;
        if rest.starts_with(ANY) {
            return Some((at, at + ANY.len()));
        }
        let name = rest.strip_prefix("[redacted")?;
        let end = name.bytes().take(MAX_VARIABLE).position(|byte| byte == b']')?;
        (end == 0 || name.starts_with(':')).then_some((at, at + "[redacted".len() + end + 1))
    })
}

fn is_only_a_mark(text: &str) -> bool {
    first_mark(text) == Some((0, text.len()))
}

/// True if what is expected has marks, and the other is the same but for them.
fn fits(expected: &str, got: &str) -> bool {
    let Some((at, end)) = first_mark(expected) else { return false };
    let (start, mut rest) = (expected.get(..at).unwrap_or_default(), expected.get(end..).unwrap_or_default());
    let Some(mut left) = got.strip_prefix(start) else { return false };
    while let Some((at, end)) = first_mark(rest) {
        let between = rest.get(..at).unwrap_or_default();
        let Some((_, after)) = left.split_once(between) else { return false };
        left = after;
        rest = rest.get(end..).unwrap_or_default();
    }
    left.ends_with(rest)
}

#[cfg(test)]
mod tests {
    use super::super::ignore;
    use super::*;

    fn answer(json: &str) -> Answer {
        Answer { body: Some(Body::Json(json.to_owned())), ..Answer::default() }
    }

    fn found(expected: &Answer, got: &Answer, ignored: &[&str]) -> Vec<String> {
        let ignored: Vec<_> = ignored.iter().map(|text| ignore::pattern(text).unwrap()).collect();
        let Differences { told, more } = differences(expected, got, &ignored);
        assert_eq!(more, 0);
        let nothing = || "-".to_owned();
        told.into_iter()
            .map(|Difference { path, detail, expected, got }| {
                let detail = detail.map_or(String::new(), |detail| format!(" ({detail})"));
                let values = [expected, got].map(|side| side.unwrap_or_else(nothing)).join(" ");
                format!("{}{detail} {values}", ignore::show(&path))
            })
            .collect()
    }

    fn of_json(expected: &str, got: &str) -> Vec<String> {
        found(&answer(expected), &answer(got), &[])
    }

    #[test]
    fn differences_have_paths() {
        let expected = r#"{"a":1,"b":[1,{"c":"x"}],"gone":null}"#;
        let got = r#"{"b":[1,{"c":"y"},3],"a":1.0,"new":true}"#;
        let lines = ["response.b[1].c \"x\" \"y\"", "response.b[2] - 3", "response.gone null -", "response.new - true"];
        assert_eq!(of_json(expected, got), lines);
        let ignored = ["response.b[*].c", "response.b[2]", "response.gone", "response.new"];
        assert!(found(&answer(expected), &answer(got), &ignored).is_empty());
    }

    #[test]
    fn large_whole_numbers_are_told_apart() {
        assert_eq!(of_json("9007199254740993", "9007199254740992").len(), 1);
        assert!(of_json("1e3", "1000").is_empty());
    }

    #[test]
    fn a_body_in_json_is_compared_as_json() {
        let lines = of_json(r#"{"body":"{\"a\":1,\"b\":2}"}"#, r#"{"body":"{\"b\": 2, \"a\": 3}"}"#);
        assert_eq!(lines, ["response.body.a 1 3"]);
    }

    #[test]
    fn marks_stand_for_anything() {
        let expected = r#"{"a":"[any]","b":"id [any]: [redacted:KEY]!","c":["[redacted]"]}"#;
        assert!(of_json(expected, r#"{"a":{"x":1},"b":"id 5: abc!","c":[null]}"#).is_empty());
        assert_eq!(of_json(expected, r#"{"a":1,"b":"id 5 abc!","c":["x"]}"#).len(), 1);
        assert_eq!(of_json(r#""[anything]""#, "\"x\"").len(), 1);
        assert_eq!(of_json("\"[any]\"", "\"x\"").len() + of_json("\"x\"", "\"[any]\"").len(), 1);
        let base64 = |text: &str| format!("\"{}\"", STANDARD.encode(text));
        assert!(of_json(&base64("p=[redacted]"), &base64("p=12")).is_empty());
        assert_eq!(of_json(&base64("p=[redacted]"), &base64("q=12")).len(), 1);
    }

    #[test]
    fn of_a_text_the_first_line_that_differs_is_told() {
        let text = |text: &str| Answer { body: Some(Body::Text(text.to_owned())), ..Answer::default() };
        let lines = found(&text("a\nb\nc"), &text("a\nB\nc"), &[]);
        assert_eq!(lines, ["responseText (line 2) \"b\\n\" \"B\\n\""]);
        assert_eq!(found(&text("a\n"), &text("a\nb"), &[]), ["responseText (line 2) - \"b\""]);
    }

    #[test]
    fn of_an_error_type_and_message_are_compared() {
        let failed = |json: &str| Answer { error: Some(json.to_owned()), ..Answer::default() };
        let expected = failed(r#"{"errorType":"E","errorMessage":"m","stackTrace":["1"]}"#);
        assert!(found(&expected, &failed(r#"{"errorType":"E","errorMessage":"m","stackTrace":[]}"#), &[]).is_empty());
        assert_eq!(found(&expected, &failed(r#"{"errorType":"E"}"#), &[]), ["error.errorMessage \"m\" -"]);
        assert_eq!(found(&expected, &answer("1"), &[]).len(), 2);
    }

    #[test]
    fn what_is_nested_too_deeply_is_compared_as_text() {
        let deep = |inner: &str| answer(&("[".repeat(1000) + inner + &"]".repeat(1000)));
        assert!(found(&deep(" 1"), &deep("1"), &[]).is_empty());
        assert_eq!(found(&deep("1"), &deep("2"), &[]).len(), 1);
    }
}

//! A record that was saved, or written by hand: what is invoked, and what is expected.

use super::result::{Answer, Body, some_raw};
use crate::model::event::MAX_EVENT;
use crate::model::ids;
use crate::report::json_text;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The largest file that is read, in bytes.
const MAX_FILE: u64 = 256 * 1024 * 1024;

/// A record in a file.
#[derive(Debug)]
pub struct Saved {
    /// All of the file.
    pub text: String,
    pub function: Option<String>,
    pub handler: Option<String>,
    /// The names of the environment variables that it was recorded with.
    pub variables: Vec<String>,
    pub event: Bytes,
    /// If it is a UUID.
    pub request_id: Option<String>,
    pub context: SavedContext,
    pub expected: Answer,
}

impl Saved {
    /// The event with the values of these environment variables where they were taken out. The marks are in JSON text, so
    /// the values are written as in its strings.
    pub fn event_with(&self, variables: &[(String, String)]) -> Bytes {
        let Ok(text) = std::str::from_utf8(&self.event) else { return self.event.clone() };
        if !text.contains("[redacted:") {
            return self.event.clone();
        }
        let put_back = |text: String, (name, value): &(String, String)| {
            let quoted = json_text::quoted(value);
            let value = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default();
            text.replace(&format!("[redacted:{name}]"), value)
        };
        variables.iter().fold(text.to_owned(), put_back).into()
    }
}

/// What the handler was told beside the event. A deadline cannot be told again.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SavedContext {
    pub function_arn: Option<String>,
    pub trace_id: Option<String>,
    pub client_context: Option<Box<RawValue>>,
    pub tenant_id: Option<String>,
}

/// The members that are read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Members<'a> {
    function: Option<String>,
    handler: Option<String>,
    #[serde(default)]
    variables: Vec<String>,
    request_id: Option<String>,
    #[serde(borrow, default, deserialize_with = "some_raw")]
    event: Option<&'a RawValue>,
    event_base64: Option<String>,
    context: Option<SavedContext>,
    #[serde(borrow, default, deserialize_with = "some_raw")]
    response: Option<&'a RawValue>,
    response_text: Option<String>,
    response_base64: Option<String>,
    streamed: Option<Streamed>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    cut: Option<Cut<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Streamed {
    content_type: Option<String>,
}

/// What is not whole. A log is not needed.
#[derive(Deserialize)]
struct Cut<'a> {
    #[serde(borrow)]
    event: Option<&'a RawValue>,
    #[serde(borrow)]
    response: Option<&'a RawValue>,
}

/// Why a file cannot be used.
#[derive(Debug, PartialEq)]
pub enum Unusable {
    /// It is JSON, but has neither an event nor an answer: it may be something else.
    NoRecord,
    Wrong(String),
}

/// Reads a record.
///
/// # Errors
/// It cannot be read, or is not a record that can be run again.
pub fn read(path: &Path) -> Result<Saved, Unusable> {
    let text = read_text(path).map_err(Unusable::Wrong)?;
    parse(text)
}

/// Opens nothing but files: a pipe would block, and a device may never end.
fn read_text(path: &Path) -> Result<String, String> {
    let metadata = path.metadata().map_err(|why| why.to_string())?;
    if !metadata.is_file() {
        return Err("it is not a file".to_owned());
    }
    if metadata.len() > MAX_FILE {
        return Err(format!("it has {} bytes; more than {MAX_FILE} are not read", metadata.len()));
    }
    let file = File::open(path).map_err(|why| why.to_string())?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE).read_to_end(&mut bytes).map_err(|why| why.to_string())?;
    String::from_utf8(bytes).map_err(|why| format!("it is not UTF-8: {why}"))
}

fn parse(text: String) -> Result<Saved, Unusable> {
    let wrong = |why: String| Unusable::Wrong(why);
    let members: Members<'_> =
        serde_json::from_str(&text).map_err(|why| wrong(format!("it is not a record: {why}")))?;
    if is_foreign(&members) {
        return Err(Unusable::NoRecord);
    }
    if let Some(cut) = &members.cut {
        let what = [cut.event.map(|_| "event"), cut.response.map(|_| "response")].into_iter().flatten().next();
        if let Some(what) = what {
            return Err(wrong(format!("its {what} was too large to be recorded as a whole")));
        }
    }
    let event = event(&members).map_err(wrong)?;
    let expected = expected(&members).map_err(wrong)?;
    let Members { function, handler, variables, request_id, context, .. } = members;
    let (request_id, context) = (request_id.filter(|id| ids::is_uuid(id)), context.unwrap_or_default());
    Ok(Saved { function, handler, variables, event, request_id, context, expected, text })
}

fn is_foreign(members: &Members<'_>) -> bool {
    let answers = [members.response.is_some(), members.error.is_some(), members.response_text.is_some()];
    let has_event = members.event.is_some() || members.event_base64.is_some() || members.cut.is_some();
    !has_event && members.response_base64.is_none() && answers == [false; 3]
}

fn event(members: &Members<'_>) -> Result<Bytes, String> {
    let event = match (members.event, &members.event_base64) {
        (Some(json), None) => Bytes::from(json_text::compact(json.get())), // as the layout is that of the file
        (None, Some(base64)) => {
            STANDARD.decode(base64).map_err(|why| format!("eventBase64 is not base64: {why}"))?.into()
        }
        (Some(_), Some(_)) => return Err("it has two events, event and eventBase64".to_owned()),
        (None, None) => return Err("it has no event".to_owned()),
    };
    if event.len() > MAX_EVENT {
        return Err(format!("its event has {} bytes, more than Lambda's 6 MB", event.len()));
    }
    Ok(event)
}

fn expected(members: &Members<'_>) -> Result<Answer, String> {
    let json = members.response.map(|json| Body::Json(json.get().to_owned()));
    let text = members.response_text.clone().map(Body::Text);
    let base64 = members.response_base64.clone().map(Body::Base64);
    let mut bodies = [json, text, base64].into_iter().flatten();
    let body = bodies.next();
    if bodies.next().is_some() {
        return Err("it has more than one of response, responseText and responseBase64".to_owned());
    }
    if let Some(error) = members.error
        && serde_json::from_str::<Typed>(error.get()).is_err()
    {
        return Err("its error is not an object with a text as errorType".to_owned());
    }
    if body.is_none() && members.error.is_none() {
        return Err("it has neither a response nor an error to compare with".to_owned());
    }
    let streamed = members.streamed.as_ref().map(|streamed| streamed.content_type.clone());
    Ok(Answer { body, streamed, error: members.error.map(|json| json.get().to_owned()) })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Typed {
    #[serde(rename = "errorType")]
    _error_type: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(text: &str) -> String {
        match parse(text.to_owned()) {
            Err(Unusable::Wrong(why)) => why,
            Err(Unusable::NoRecord) => "no record".to_owned(),
            Ok(_) => "usable".to_owned(),
        }
    }

    #[test]
    fn event_and_response_are_enough() {
        let saved = parse(r#"{"event": {"n": 1.50}, "response": null}"#.to_owned()).unwrap();
        assert_eq!(saved.event, r#"{"n":1.50}"#);
        assert_eq!((saved.expected.body, saved.request_id), (Some(Body::Json("null".to_owned())), None));
        assert_eq!(parse(r#"{"event":null,"error":{"errorType":"E"}}"#.to_owned()).unwrap().event, "null");
    }

    #[test]
    fn anything_else_is_told() {
        for (text, expected) in [
            ("{", "it is not a record"),
            ("[]", "it is not a record"),
            (r#"{"name": "left-pad"}"#, "no record"),
            (r#"{"response": 1}"#, "no event"),
            (r#"{"event": 1}"#, "neither"),
            (r#"{"event": 1, "response": 1, "responseText": ""}"#, "more than one"),
            (r#"{"event": 1, "eventBase64": "", "response": 1}"#, "two events"),
            (r#"{"eventBase64": "?", "response": 1}"#, "not base64"),
            (r#"{"event": 1, "error": {}}"#, "errorType"),
            (r#"{"eventText": "[", "response": 1, "cut": {"event": {"kept": 1, "size": 2}}}"#, "too large"),
            (r#"{"event": 1, "response": 1, "event": 2}"#, "duplicate"),
        ] {
            assert!(why(text).contains(expected), "{text}: {}", why(text));
        }
    }
}

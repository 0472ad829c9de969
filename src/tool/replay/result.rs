//! The result of an invocation, as a record has it: what is compared, and written.

use super::ignore::Step;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;

/// What a caller gets, in the form of a record.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub body: Option<Body>,
    /// There if the response was a stream: its content type.
    pub streamed: Option<Option<String>>,
    /// JSON text of an object.
    pub error: Option<String>,
}

/// A response.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// JSON text.
    Json(String),
    Text(String),
    Base64(String),
}

impl Body {
    /// The response with these bytes, as a record has it.
    pub fn new(bytes: &[u8], is_streamed: bool) -> Body {
        match std::str::from_utf8(bytes) {
            Ok(text) if !is_streamed && serde_json::from_str::<IgnoredAny>(text).is_ok() => Body::Json(text.to_owned()),
            Ok(text) => Body::Text(text.to_owned()),
            Err(_) => Body::Base64(STANDARD.encode(bytes)),
        }
    }

    /// The member that holds it.
    pub fn name(&self) -> &'static str {
        match self {
            Body::Json(_) => "response",
            Body::Text(_) => "responseText",
            Body::Base64(_) => "responseBase64",
        }
    }

    /// The value of that member, as JSON text.
    pub fn json(&self) -> String {
        match self {
            Body::Json(json) => json.clone(),
            Body::Text(text) | Body::Base64(text) => Value::from(text.as_str()).to_string(),
        }
    }
}

impl Answer {
    /// The members of a record that hold it, with their JSON text.
    pub fn members(&self) -> Vec<(&'static str, String)> {
        let body = self.body.as_ref().map(|body| (body.name(), body.json()));
        let streamed = self.streamed.as_ref().map(|content_type| {
            let content_type = content_type.as_ref().map(|text| ("contentType".to_owned(), Value::from(text.as_str())));
            ("streamed", Value::Object(content_type.into_iter().collect()).to_string())
        });
        let error = self.error.as_ref().map(|json| ("error", json.clone()));
        body.into_iter().chain(streamed).chain(error).collect()
    }
}

/// A difference between the answer that is expected and the one that came. None: there is nothing.
#[derive(Debug, PartialEq)]
pub struct Difference {
    pub path: Vec<Step>,
    /// What is compared there, if it is not the value: a line of a text.
    pub detail: Option<String>,
    /// JSON text.
    pub expected: Option<String>,
    pub got: Option<String>,
}

/// JSON text as a value. None: it is nested more deeply than can be compared member by member.
pub fn value(json: &str) -> Option<Value> {
    serde_json::from_str(json).ok()
}

/// A member of a record that may be null.
pub fn some_raw<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<&'de RawValue>, D::Error> {
    serde::Deserialize::deserialize(from).map(Some)
}

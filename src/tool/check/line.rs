//! A line of the language runtime.

use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

pub struct Line {
    pub text: Vec<u8>,
    /// `None` if it is not an object of JSON.
    members: Option<BTreeMap<String, Box<RawValue>>>,
}

impl Line {
    pub fn new(text: Vec<u8>) -> Line {
        let members = serde_json::from_slice(&text).ok();
        Line { text, members }
    }

    pub fn is_object(&self) -> bool {
        self.members.is_some()
    }

    pub fn names(&self) -> Vec<&str> {
        self.members.iter().flatten().map(|(name, _)| name.as_str()).collect()
    }

    pub fn has(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }

    /// The JSON of a member.
    pub fn raw(&self, name: &str) -> Option<&str> {
        Some(self.members.as_ref()?.get(name)?.get())
    }

    /// `None`, too, if a value cannot be read, such as half of a surrogate pair.
    pub fn value(&self, name: &str) -> Option<Value> {
        serde_json::from_str(self.raw(name)?).ok()
    }

    pub fn text_of(&self, name: &str) -> Option<String> {
        self.value(name)?.as_str().map(str::to_owned)
    }

    /// Whether it belongs to the call, by its first bytes if it is not JSON.
    pub fn is_of(&self, id: &str) -> bool {
        match self.text_of("id") {
            Some(found) => found == id,
            None => self.text.starts_with(format!("{{\"id\":\"{id}\"").as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_belongs_to_its_call_even_if_it_is_not_json() {
        assert!(Line::new(br#"{"response":1,"id":"a"}"#.to_vec()).is_of("a"));
        assert!(Line::new(br#"{"id":"a","response":[1,}"#.to_vec()).is_of("a"));
        assert!(!Line::new(br#"{"id":"ab","response":[1,}"#.to_vec()).is_of("a"));
        assert!(!Line::new(b"\xff".to_vec()).is_of("a"));
    }

    #[test]
    fn values_of_any_depth_are_kept_as_they_are() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let line = Line::new(format!("{{\"id\":\"a\",\"response\":{deep}}}").into_bytes());
        assert_eq!(line.raw("response"), Some(deep.as_str()));
        assert!(line.value("response").is_none() && line.names() == ["id", "response"]);
    }
}

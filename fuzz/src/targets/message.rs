//! A line of the language runtime.
//!
//! Input: the line.

use std::collections::BTreeMap;

use open_runtime::child::protocol::{Message, Part};
use open_runtime::error::InvocationError;
use serde_json::value::RawValue;

use crate::input::{SECRET, is_json};
use crate::targets::errors::can_be_told;

/// The members of a message decide its kind. A line that is not a message is described and not quoted.
pub fn run(line: &[u8]) {
    let message = match Message::parse(line) {
        Ok(message) => message,
        Err(why) => return assert!(!why.contains(SECRET) && why.len() < 200, "{why}"),
    };
    let lossy = String::from_utf8_lossy(line); // ignored members may have invalid UTF-8
    let Ok(members) = serde_json::from_str::<BTreeMap<String, &RawValue>>(&lossy) else {
        // serde refuses the whole object for a name with a lone surrogate, and bootstrap ignores that member.
        return assert!(lossy.to_ascii_lowercase().contains("\\ud") && lossy.trim_start().starts_with('{'), "{lossy}");
    };
    match message {
        Message::Ready(_) => assert!(members.contains_key("ready")),
        Message::InitError(error) => {
            assert!(members.contains_key("error"));
            can_be_told(&InvocationError::Handler(error.into()));
        }
        Message::Response { id, response, is_output } => {
            let answer = members.get(if is_output { "output" } else { "response" });
            assert!(is_output || answer.is_some());
            assert_eq!(answer.is_some(), is_json(&line[response.clone()]));
            assert_eq!(&line[response], answer.map_or("", |json| json.get()).as_bytes());
            assert_eq!(id, text(members["id"]));
        }
        Message::Part { id, part } => {
            assert_eq!(id, text(members["id"]));
            match part {
                Part::Head(head) => assert_eq!(head, members["stream"].get()),
                Part::End => assert_eq!(members["end"].get(), "true"),
                Part::BytesFollow(count) => assert_eq!(members["bytes"].get().parse(), Ok(count)),
                Part::Bytes(bytes) => match members.get("chunk") {
                    Some(chunk) => assert_eq!(bytes, text(chunk).as_bytes()),
                    None => assert!(bytes.len() <= members["base64"].get().len() / 4 * 3 + 2),
                },
            }
        }
        Message::Error { id, error } => {
            assert_eq!(id, text(members["id"]));
            can_be_told(&InvocationError::Handler(error.into()));
        }
    }
}

fn text(json: &RawValue) -> String {
    serde_json::from_str(json.get()).expect("it is a string")
}

//! The cause of an error, as X-Ray shows it.

use crate::cloudevents::json::Document;
use crate::error::{InvocationError, text};
use crate::json_line::push_json;

/// Lambda drops a header that is longer, in bytes.
const MAX_CAUSE: usize = 64 << 10;

/// The value of `Lambda-Runtime-Function-XRay-Error-Cause`, in ASCII. `None` if it is longer than Lambda takes.
///
/// Source: the `exception` object of <https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html#api-segmentdocuments-errors>
pub fn cause(error: &InvocationError) -> Option<String> {
    let (message, stack) = (error.message(), error.stack_trace());
    if message.len() + stack.map_or(0, str::len) >= MAX_CAUSE {
        return None; // before it is copied several times: it may have megabytes
    }
    let mut json = Vec::new();
    push_json(&mut json, "{\"working_directory\":", &std::env::current_dir().unwrap_or_default().to_string_lossy());
    push_json(&mut json, ",\"paths\":[],\"exceptions\":[{\"type\":", error.error_type());
    push_json(&mut json, ",\"message\":", &message);
    json.extend_from_slice(b",\"stack\":[");
    push_frames(&mut json, stack);
    json.extend_from_slice(b"]}]}");
    let header = ascii(&String::from_utf8_lossy(&json));
    (header.len() < MAX_CAUSE).then_some(header)
}

fn push_frames(json: &mut Vec<u8>, stack_trace: Option<&str>) {
    let Some(Ok(stack)) = stack_trace.map(|stack| Document::parse(stack.as_bytes())) else { return };
    for (index, frame) in stack.root().elements().enumerate() {
        let frame = text(frame.raw());
        push_json(json, if index == 0 { "{\"label\":" } else { ",{\"label\":" }, frame.trim());
        json.push(b'}');
    }
}

/// The same JSON text with `\u` escapes for everything that is not printable ASCII.
fn ascii(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for character in json.chars() {
        if matches!(character, ' '..='~') {
            escaped.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            escaped.push_str(&format!("\\u{unit:04x}"));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::LambdaError;

    fn failed(message: &str, frames: &str) -> InvocationError {
        InvocationError::Handler(Box::new(LambdaError {
            error_type: "TypeError".to_owned(),
            error_message: message.to_owned(),
            stack_trace: Some(frames.to_owned()),
            ..LambdaError::default()
        }))
    }

    #[test]
    fn a_cause_is_ascii_and_says_what_happened() {
        let header = cause(&failed("größe \u{1F600}\n\u{7f}", r#"["  at f (a.js:1:2)"]"#)).unwrap();
        assert!(header.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
        let json: serde_json::Value = serde_json::from_str(&header).unwrap();
        assert_eq!(json["exceptions"][0]["message"], "größe \u{1F600}\n\u{7f}");
        assert_eq!(json["exceptions"][0]["stack"][0]["label"], "at f (a.js:1:2)");
    }

    #[test]
    fn a_stack_of_another_form_is_left_out() {
        let header = cause(&failed("m", r#"{"a":1}"#)).unwrap();
        let json: serde_json::Value = serde_json::from_str(&header).unwrap();
        assert_eq!(json["exceptions"][0]["stack"], serde_json::json!([]));
    }

    #[test]
    fn a_cause_of_64_kib_is_dropped() {
        assert!(cause(&failed(&"x".repeat(MAX_CAUSE - 300), "[]")).is_some());
        assert!(cause(&failed(&"x".repeat(MAX_CAUSE), "[]")).is_none());
    }

    #[test]
    fn a_cause_is_measured_as_it_goes_out() {
        let overhead = cause(&failed("", "[]")).unwrap().len();
        assert_eq!(cause(&failed(&"x".repeat(MAX_CAUSE - overhead - 1), "[]")).unwrap().len(), MAX_CAUSE - 1);
        assert!(cause(&failed(&"x".repeat(MAX_CAUSE - overhead), "[]")).is_none());
        assert!(cause(&failed(&"é".repeat(20_000), "[]")).is_none());
    }
}

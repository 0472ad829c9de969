//! The head of an HTTP response that comes as a stream: JSON, eight zero bytes, then the body.
//!
//! Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html>

use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// The type of a stream that begins with a head.
pub const CONTENT_TYPE: &str = "application/vnd.awslambda.http-integration-response";

const END: &[u8] = &[0; 8];

/// The end must come within so many bytes, as API Gateway has it.
const MAX: usize = 16 * 1024;

/// The members that services read. Others are ignored. Each may be null.
#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct Prelude {
    pub status_code: Option<u16>,
    pub headers: Option<BTreeMap<String, Value>>,
    pub multi_value_headers: Option<BTreeMap<String, Vec<Value>>>,
    pub cookies: Option<Vec<String>>,
}

/// True if a stream of this type begins with a head.
pub fn is_announced(content_type: Option<&str>) -> bool {
    content_type.is_some_and(|given| given.split(';').next().unwrap_or("").trim().eq_ignore_ascii_case(CONTENT_TYPE))
}

/// Finds the end of the head in a stream, whose parts may end anywhere.
#[derive(Default)]
pub struct Splitter {
    start: Vec<u8>,
}

/// A head as text, and the first bytes of the body.
#[derive(Debug, PartialEq)]
pub struct Split {
    pub head: Vec<u8>,
    pub body: Vec<u8>,
}

impl Splitter {
    /// Adds a part. Returns what was found, or None if the end has not come yet.
    ///
    /// # Errors
    /// The end is not where it must be.
    pub fn add(&mut self, bytes: &[u8]) -> Result<Option<Split>, String> {
        let from = self.start.len().saturating_sub(END.len() - 1);
        self.start.extend_from_slice(bytes);
        let found = self.start.get(from..).unwrap_or_default().windows(END.len()).position(|window| window == END);
        let Some(at) = found.map(|at| at + from) else {
            return if self.start.len() > MAX + END.len() { Err(too_far()) } else { Ok(None) };
        };
        if at > MAX {
            return Err(too_far());
        }
        let body = self.start.split_off(at + END.len());
        self.start.truncate(at);
        Ok(Some(Split { head: std::mem::take(&mut self.start), body }))
    }
}

fn too_far() -> String {
    format!("its head does not end within {MAX} bytes by eight zero bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_ends_wherever_its_parts_do() {
        let whole = b"{\"statusCode\":201}\0\0\0\0\0\0\0\0\0body";
        let expected = Split { head: b"{\"statusCode\":201}".to_vec(), body: b"\0body".to_vec() };
        assert_eq!(Splitter::default().add(whole), Ok(Some(expected)));
        let mut splitter = Splitter::default();
        let split = whole.iter().find_map(|byte| splitter.add(&[*byte]).unwrap()).unwrap();
        assert_eq!((split.head.as_slice(), split.body.len()), (&b"{\"statusCode\":201}"[..], 0));
    }

    #[test]
    fn a_head_without_an_end_is_an_error() {
        assert!(Splitter::default().add(&vec![b' '; MAX + 9]).is_err());
        assert_eq!(Splitter::default().add(&vec![b' '; MAX]), Ok(None));
    }

    #[test]
    fn types_are_compared_without_parameters() {
        assert!(is_announced(Some("Application/vnd.awslambda.http-integration-response; a=b")));
        assert!(!is_announced(Some("text/plain")) && !is_announced(None));
    }

    #[test]
    fn unknown_members_are_ignored() {
        let head: Prelude =
            serde_json::from_str(r#"{"statusCode":404,"cookies":["a=b"],"headers":null,"x":1}"#).unwrap();
        assert_eq!((head.status_code, head.cookies.map(|cookies| cookies.len())), (Some(404), Some(1)));
    }
}

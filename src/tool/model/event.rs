//! The event of an invocation: which events Lambda accepts.

use bytes::Bytes;
use serde::de::IgnoredAny;
use std::fmt;

/// The event if the caller gives none.
const EMPTY: &[u8] = b"{}";

/// The largest event of a synchronous invocation, in bytes.
pub const MAX_EVENT: usize = 6 * 1024 * 1024;

/// Lambda would refuse the event: it is not JSON.
#[derive(Debug)]
pub struct NotJson(String);

impl fmt::Display for NotJson {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Could not parse payload into json: {}", self.0)
    }
}

/// The event as the runtime gets it: unchanged, or `{}` if it is empty.
///
/// # Errors
/// It is not JSON in UTF-8. Any depth and any size is accepted.
pub fn checked(bytes: Bytes) -> Result<Bytes, NotJson> {
    if bytes.is_empty() {
        return Ok(Bytes::from_static(EMPTY));
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Err(NotJson("it begins with a byte order mark; save it as UTF-8 without one".to_owned()));
    }
    let text = std::str::from_utf8(&bytes).map_err(|why| NotJson(why.to_string()))?;
    // skips values without recursion, so that any depth will do
    serde_json::from_str::<IgnoredAny>(text).map_err(|why| NotJson(why.to_string()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_event_is_an_empty_object() {
        assert_eq!(checked(Bytes::new()).unwrap(), "{}");
    }

    #[test]
    fn json_is_left_as_it_is() {
        for text in [" {\n\"a\" : 12345678901234567890 }\r\n", "null", "\"\\u0000\"", "{\"a\":1,\"a\":2}"] {
            assert_eq!(checked(Bytes::from(text)).unwrap(), text);
        }
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        assert!(checked(Bytes::from(deep)).is_ok());
    }

    #[test]
    fn anything_else_is_refused() {
        for bytes in [&b"hello"[..], b"{\"a\":}", b"{} {}", b"\"\xff\"", b" "] {
            assert!(checked(Bytes::copy_from_slice(bytes)).is_err());
        }
        let marked = checked(Bytes::from("\u{feff}{}")).unwrap_err().to_string();
        assert!(marked.contains("byte order mark"), "{marked}");
    }
}

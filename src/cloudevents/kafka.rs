//! Kafka records as Lambda delivers them. Keys and values are in base64, and headers are lists of bytes.

use super::formats::base64;
use super::json::Value;
use super::json::append_text;
use super::json::text::is_clean;

/// Returns the record's key if it can be an attribute without a change.
pub fn key(record: Value<'_, '_>) -> Option<Vec<u8>> {
    bytes_at(record, "key").filter(|key| is_clean(key))
}

/// Decodes the base64 at a path.
pub fn bytes_at(record: Value<'_, '_>, path: &str) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    append_text(record.path(path)?, &mut text).then_some(())?;
    base64::decode(&text)
}

/// Returns all headers. Escapes in their names are unresolved.
pub fn headers<'a>(record: Value<'_, 'a>) -> Vec<(&'a [u8], Vec<u8>)> {
    let list = record.path("headers");
    let members = list.into_iter().flat_map(Value::elements).flat_map(Value::members);
    members.filter_map(|(name, value)| Some((name, bytes(value)?))).collect()
}

/// Reads a list of bytes. Java writes bytes as numbers from -128 to 127.
fn bytes(list: Value<'_, '_>) -> Option<Vec<u8>> {
    let byte = |number: Value<'_, '_>| {
        let number: i16 = std::str::from_utf8(number.raw()).ok()?.parse().ok()?;
        (-128..=255).contains(&number).then_some(number as u8)
    };
    list.elements().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::super::json::Document;
    use super::*;

    #[test]
    fn headers_are_signed_bytes() {
        let text =
            br#"{"key": "azE=", "headers": [{"a": [104, 105]}, {"b": [-61, -87]}, {"c": [256]}, {"d": "x"}, 5]}"#;
        let document = Document::parse(text).unwrap();
        let expected: Vec<(&[u8], Vec<u8>)> = vec![(b"a", b"hi".to_vec()), (b"b", "é".into()), (b"d", vec![])];
        assert_eq!(headers(document.root()), expected);
        assert_eq!(key(document.root()).as_deref(), Some(&b"k1"[..]));
    }

    #[test]
    fn a_key_that_is_not_text_is_left_out() {
        for text in [r#"{"key": "/w=="}"#, r#"{"key": "CQ=="}"#, r#"{"key": "!"}"#, r#"{"key": null}"#, "{}"] {
            let document = Document::parse(text.as_bytes()).unwrap();
            assert_eq!(key(document.root()), None, "{text}");
        }
    }
}

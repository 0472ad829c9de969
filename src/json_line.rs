//! JSON on one line, as both protocols and the log have it: strings are appended to it, line breaks are found and taken out.

use std::borrow::Cow;

use crate::cloudevents::json::blocks;
use crate::cloudevents::json::text::append_string;

/// Appends `before` as it is, and after it `text` as a JSON string.
#[inline(never)] // it stands in many places
pub fn push_json(json: &mut Vec<u8>, before: &str, text: &str) {
    json.extend_from_slice(before.as_bytes());
    append_string(text.as_bytes(), json);
}

/// Puts a *valid* JSON text, or a part of one, on one line. It means the same afterwards: between tokens all white space is
/// alike, and inside strings JSON forbids raw line feeds.
pub fn on_one_line(json: &[u8]) -> Cow<'_, [u8]> {
    if !has_line_breaks(json) {
        return Cow::Borrowed(json);
    }
    let blank = |byte: &u8| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte };
    Cow::Owned(json.iter().map(blank).collect())
}

/// Where the first line feed is.
pub fn find_line_feed(bytes: &[u8]) -> Option<usize> {
    find(bytes, |byte| byte == b'\n')
}

/// Whether there is a line feed or a carriage return.
pub fn has_line_breaks(bytes: &[u8]) -> bool {
    find(bytes, |byte| matches!(byte, b'\n' | b'\r')).is_some()
}

/// Where the first byte is that is `wanted`, which must be a control character. It passes over the blocks without any, and from
/// the first one on compares eight bytes at a time. Control characters are rare in JSON: strings have none. Where there is one,
/// between tokens, it compares the eight bytes around it one by one.
fn find(bytes: &[u8], wanted: impl Fn(u8) -> bool) -> Option<usize> {
    let mut start = blocks::without_controls(bytes);
    for word in bytes.get(start..)?.as_chunks::<8>().0 {
        if blocks::may_have_control(*word)
            && let Some(found) = word.iter().position(|&byte| wanted(byte))
        {
            return Some(start + found);
        }
        start += word.len();
    }
    let rest = bytes.get(start..)?;
    Some(start + rest.iter().position(|&byte| wanted(byte))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_break_is_found_wherever_it_is() {
        for length in 0..80 {
            for at in 0..length {
                for around in [b' ', b'x', 0x1f, 0x20, 0x7f, 0x80, 0xff] {
                    let mut bytes = vec![around; length];
                    assert_eq!(find_line_feed(&bytes), None);
                    bytes[at] = b'\r';
                    assert_eq!(find_line_feed(&bytes), None);
                    assert!(has_line_breaks(&bytes));
                    bytes[at] = b'\n';
                    assert_eq!(find_line_feed(&bytes), Some(at));
                    assert!(has_line_breaks(&bytes));
                }
            }
        }
    }

    #[test]
    fn the_first_one_counts() {
        assert_eq!(find_line_feed(b"0123456789\n\n"), Some(10));
    }

    #[test]
    fn a_json_text_on_one_line_means_the_same() {
        assert_eq!(on_one_line(b"{\r\n \"a\":\n1}"), Cow::<[u8]>::Owned(b"{   \"a\": 1}".to_vec()));
        assert!(matches!(on_one_line(b"{\"a\":\"\\n\"}"), Cow::Borrowed(_)));
    }
}

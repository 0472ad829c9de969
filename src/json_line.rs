//! JSON on one line, as both protocols and the log have it: strings are appended to it, line breaks are found and taken out.

use std::borrow::Cow;

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

/// Where the first byte is that is `wanted`, which must be a control character. It compares 32 bytes at a time, and from the first
/// control character on eight; the compiler, which builds for size, would compare one. Control characters are rare in JSON: strings
/// have none. Where there is one, between tokens, it compares the eight bytes around it one by one.
fn find(bytes: &[u8], wanted: impl Fn(u8) -> bool) -> Option<usize> {
    let blocks = bytes.as_chunks::<32>().0.iter().take_while(|block| !may_have_control_in_block(block));
    let mut start = blocks.count() * 32;
    for word in bytes.get(start..)?.as_chunks::<8>().0 {
        if may_have_control(*word)
            && let Some(found) = word.iter().position(|&byte| wanted(byte))
        {
            return Some(start + found);
        }
        start += word.len();
    }
    let rest = bytes.get(start..)?;
    Some(start + rest.iter().position(|&byte| wanted(byte))?)
}

#[inline(always)]
fn may_have_control_in_block(block: &[u8; 32]) -> bool {
    let [a, b, c, d] = block.as_chunks::<8>().0 else { return true };
    (borrows(*a) | borrows(*b) | borrows(*c) | borrows(*d)) & HIGHEST_BITS != 0
}

/// True if one of the eight bytes is less than 0x20. (The borrow of one that is may make the next one look so: hence "may".)
fn may_have_control(word: [u8; 8]) -> bool {
    borrows(word) & HIGHEST_BITS != 0
}

const HIGHEST_BITS: u64 = 0x8080_8080_8080_8080;

/// Sets the highest bit of each byte that is less than 0x20.
#[inline(always)]
fn borrows(word: [u8; 8]) -> u64 {
    let word = u64::from_ne_bytes(word);
    word.wrapping_sub(0x2020_2020_2020_2020) & !word
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

    #[test]
    fn a_word_is_passed_over_unless_it_has_a_control_character() {
        for plain in [*b"        ", *b"{\"a\": 1}", *b"\x7f\x80\x9f\xa0\xff   ", [0xff; 8], [0x80; 8]] {
            assert!(!may_have_control(plain));
            for at in 0..8 {
                for control in 0..0x20 {
                    let mut word = plain;
                    word[at] = control;
                    assert!(may_have_control(word));
                }
            }
        }
    }
}

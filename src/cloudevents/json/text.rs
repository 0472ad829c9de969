//! Text as JSON writes it, and text that CloudEvents allows in an attribute.

use std::borrow::Cow;

use super::blocks::{HIGHEST_BITS, ONES, special_bytes};

/// Removes the bytes before the first byte that stops from `text`, and returns them. If no byte stops, these are all
/// bytes.
#[inline(always)]
pub fn take_until<'t>(text: &mut &'t [u8], stops: impl Fn(u8) -> bool) -> &'t [u8] {
    let mut length = 0;
    while text.get(length).is_some_and(|byte| !stops(*byte)) {
        length += 1;
    }
    let (taken, rest) = text.split_at_checked(length).unwrap_or_default();
    *text = rest;
    taken
}

/// Returns the text of a valid JSON string. Returns `None` for any other value, for a string with lone surrogates, which
/// are not text, and for a string that is not UTF-8.
pub fn read_text(json: &[u8]) -> Option<Cow<'_, str>> {
    let [b'"', text @ .., b'"'] = json else { return None };
    if !text.contains(&b'\\') {
        return std::str::from_utf8(text).ok().map(Cow::Borrowed);
    }
    let mut out = Vec::new();
    let is_text = append_unescaped(text, &mut out);
    String::from_utf8(out).ok().filter(|_| is_text).map(Cow::Owned)
}

/// Appends `text`, which was between the quotes of a valid JSON string, with its escapes resolved. Returns false if it has
/// lone surrogates.
pub fn append_unescaped(text: &[u8], out: &mut Vec<u8>) -> bool {
    let (mut rest, mut is_text) = (text, true);
    while !is_plain(rest) {
        let Some(escape) = rest.iter().position(|byte| *byte == b'\\') else {
            break;
        };
        let (before, escape) = rest.split_at_checked(escape).unwrap_or_default();
        out.extend_from_slice(before);
        let (behind, is_character) = append_escape(escape, out);
        rest = behind;
        is_text &= is_character;
    }
    out.extend_from_slice(rest);
    is_text
}

/// True if all bytes are printable ASCII, and none is a quote or a backslash. JSON writes such text without escapes.
pub fn is_plain(text: &[u8]) -> bool {
    let (words, rest) = text.as_chunks::<8>();
    for word in words {
        let word = u64::from_le_bytes(*word);
        let deletes = word ^ (ONES * 0x7f);
        if special_bytes(word) | (deletes.wrapping_sub(ONES) & !deletes | word) & HIGHEST_BITS != 0 {
            return false;
        }
    }
    rest.iter().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\'))
}

/// Appends the character of the escape sequence that `text` begins with. Returns the text behind the sequence, and whether
/// the sequence is a character.
fn append_escape<'a>(text: &'a [u8], out: &mut Vec<u8>) -> (&'a [u8], bool) {
    let (code, rest) = match text {
        [_, b'u', rest @ ..] => return append_code_units(rest, out),
        [_, b'b', rest @ ..] => (8, rest),
        [_, b'f', rest @ ..] => (12, rest),
        [_, b'n', rest @ ..] => (b'\n', rest),
        [_, b'r', rest @ ..] => (b'\r', rest),
        [_, b't', rest @ ..] => (b'\t', rest),
        [_, other, rest @ ..] => (*other, rest),
        _ => return (&[], false),
    };
    out.push(code);
    (rest, true)
}

/// Appends the character of a `\uXXXX`, or of a surrogate pair. `text` begins behind the first `\u`. Returns the text
/// behind the character, and whether there is a character.
fn append_code_units<'a>(text: &'a [u8], out: &mut Vec<u8>) -> (&'a [u8], bool) {
    let (first, rest) = code_unit(text);
    if let (0xd800..=0xdbff, [b'\\', b'u', next @ ..]) = (first, rest) {
        let (second, behind) = code_unit(next);
        if (0xdc00..=0xdfff).contains(&second) {
            return (behind, append_char(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00), out));
        }
    }
    (rest, append_char(first, out))
}

fn code_unit(text: &[u8]) -> (u32, &[u8]) {
    let (digits, rest) = text.split_at_checked(4).unwrap_or_default();
    (digits.iter().fold(0, |unit, digit| unit * 16 + (*digit as char).to_digit(16).unwrap_or(0)), rest)
}

/// False, and nothing appended, for a surrogate.
fn append_char(code: u32, out: &mut Vec<u8>) -> bool {
    let character = char::from_u32(code);
    if let Some(character) = character {
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }
    character.is_some()
}

/// True if CloudEvents allows the character in an attribute. It forbids control characters and noncharacters.
///
/// Source: <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md#type-system>
fn is_allowed(character: char) -> bool {
    let code = character as u32;
    !character.is_control() && !(0xfdd0..=0xfdef).contains(&code) && code & 0xfffe != 0xfffe
}

/// True if `text` can be a String attribute without a change: it is not empty, is UTF-8, and has only allowed
/// characters.
pub fn is_clean(text: &[u8]) -> bool {
    !text.is_empty() && std::str::from_utf8(text).is_ok_and(|text| text.chars().all(is_allowed))
}

/// True if `text` is clean or empty. An extension attribute may be empty.
pub fn is_clean_or_empty(text: &[u8]) -> bool {
    text.is_empty() || is_clean(text)
}

/// Appends text as a JSON string without quotes. Leaves out the characters that attributes must not have. Stops at the
/// first byte that is not UTF-8.
pub fn append_attribute(text: &[u8], out: &mut Vec<u8>) {
    if is_plain(text) {
        return out.extend_from_slice(text);
    }
    let text = text.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    for character in text.chars().filter(|character| is_allowed(*character)) {
        if matches!(character, '"' | '\\') {
            out.push(b'\\');
        }
        append_char(character as u32, out);
    }
}

/// Appends UTF-8 text as a JSON string with quotes.
pub fn append_string(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text;
    while !is_plain(rest) {
        out.extend_from_slice(take_until(&mut rest, |byte| matches!(byte, 0..=0x1f | b'"' | b'\\')));
        let [byte, behind @ ..] = rest else { break };
        append_escaped(*byte, out);
        rest = behind;
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// Appends the escape of a quote, a backslash or a control character.
fn append_escaped(byte: u8, out: &mut Vec<u8>) {
    let letter = match byte {
        8 => b'b',
        12 => b'f',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0..=0x1f => {
            out.extend_from_slice(b"\\u00");
            return out.extend_from_slice(&[b'0' + (byte >> 4), hex(byte & 15)]);
        }
        other => other,
    };
    out.extend_from_slice(&[b'\\', letter]);
}

/// Returns the upper-case hexadecimal digit of a number below 16.
pub fn hex(digit: u8) -> u8 {
    digit + if digit < 10 { b'0' } else { b'A' - 10 }
}

/// Appends a number in decimal.
pub fn append_number(number: u64, out: &mut Vec<u8>) {
    if number >= 10 {
        append_number(number / 10, out);
    }
    out.push(b'0' + (number % 10) as u8);
}

#[cfg(test)]
mod tests {
    use super::super::{Document, append_text};
    use super::*;

    #[test]
    fn a_text_is_plain_if_each_of_its_bytes_is() {
        for (byte, around) in (0..=255).flat_map(|byte| b" a~".iter().map(move |around| (byte, *around))) {
            let is_expected = (b' '..=b'~').contains(&byte) && !matches!(byte, b'"' | b'\\');
            for (length, at) in (1..20).flat_map(|length| (0..length).map(move |at| (length, at))) {
                let mut text = vec![around; length];
                text[at] = byte;
                assert_eq!(is_plain(&text), is_expected, "{text:?}");
            }
        }
    }

    fn text(json: &str) -> Option<String> {
        let document = Document::parse(json.as_bytes()).ok()?;
        let mut out = Vec::new();
        append_text(document.root(), &mut out).then(|| String::from_utf8(out).unwrap())
    }

    #[test]
    fn strings_and_numbers_have_a_text() {
        assert_eq!(text(r#""a\n\u00e9\ud83d\ude00\/\"""#).as_deref(), Some("a\né😀/\""));
        assert_eq!(text("-1.50E+3").as_deref(), Some("-1.50E+3"));
        for other in ["null", "true", "{}", "[\"a\"]"] {
            assert_eq!(text(other), None, "{other}");
        }
    }

    #[test]
    fn lone_surrogates_are_left_out() {
        for lone in [r#""a\ud800b""#, r#""a\udc00b""#, r#""a\ud800\ud800b""#, r#""ab\udbff""#] {
            assert_eq!(text(lone).as_deref(), Some("ab"), "{lone}");
        }
        assert_eq!(text(r#""\ud800\ud83d\ude00""#).as_deref(), Some("😀"));
        assert_eq!(text(r#""\ud83d\u0041""#).as_deref(), Some("A"));
    }

    #[test]
    fn attributes_leave_out_characters_that_cloudevents_forbids() {
        let mut out = Vec::new();
        append_attribute("a\"\\\n\u{7f}\u{85}\u{fdd0}\u{1fffe}é😀".as_bytes(), &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), "a\\\"\\\\é😀");
        assert!(is_clean("é 1".as_bytes()) && !is_clean(b"") && !is_clean(b"a\n") && !is_clean(b"\xff"));
    }

    #[test]
    fn numbers_and_strings_are_written_as_json() {
        let mut out = Vec::new();
        append_number(18_446_744_073_709_551_615, &mut out);
        append_string("\u{1f}\"é\n\u{7f}\\".as_bytes(), &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), "18446744073709551615\"\\u001F\\\"é\\n\u{7f}\\\\\"");
    }

    #[test]
    fn a_string_is_escaped_so_that_others_read_the_same() {
        let all: String = (0..0x300).filter_map(char::from_u32).chain("\u{2028}\u{fffe}😀".chars()).collect();
        let mut out = Vec::new();
        append_string(all.as_bytes(), &mut out);
        assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), all);
    }

    #[test]
    fn a_text_is_read_as_others_read_it() {
        for json in [
            r#""""#,
            r#""plain""#,
            r#""é""#,
            r#""a\n\u00e9\ud83d\ude00\/\"\\""#,
            r#""a\ud800b""#,
            r#""a\udc00b""#,
            r#""\ud800\ud83d\ude00""#,
            r#""\ud83d""#,
            "1",
            "null",
            "[]",
        ] {
            let expected = serde_json::from_str::<String>(json).ok();
            assert_eq!(read_text(json.as_bytes()).as_deref(), expected.as_deref(), "{json}");
        }
        assert_eq!(read_text(b"\"\xff\""), None);
        assert_eq!(read_text(b"\"\xff\\n\""), None);
    }
}

//! URI-references (RFC 3986), made from names that AWS and its users choose. The `source` of a CloudEvent is a
//! URI-reference.

use crate::cloudevents::json::take_until;
use crate::cloudevents::json::text::hex;

/// Sets of characters, or-ed.
type Characters = u8;

/// Unreserved characters and sub-delimiters.
const ANYWHERE: Characters = 1;
const COLON: Characters = 2;
const AT: Characters = 4;
const SLASH_OR_QUESTION_MARK: Characters = 8;
const IN_SCHEME: Characters = 16;
const IN_PATH: Characters = ANYWHERE | COLON | AT | SLASH_OR_QUESTION_MARK;

/// The sets that each byte is in.
static SETS: [Characters; 256] = {
    let (mut all, mut byte) = ([0; 256], 0);
    let mut rest: &mut [Characters] = &mut all;
    while let [first, behind @ ..] = rest {
        *first = sets_of(byte);
        byte = byte.wrapping_add(1);
        rest = behind;
    }
    all
};

const fn sets_of(byte: u8) -> Characters {
    match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'+' => ANYWHERE | IN_SCHEME,
        b'_' | b'~' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b',' | b';' | b'=' => ANYWHERE,
        b':' => COLON,
        b'@' => AT,
        b'/' | b'?' => SLASH_OR_QUESTION_MARK,
        _ => 0,
    }
}

#[inline(always)]
fn contains(set: Characters, byte: u8) -> bool {
    SETS.get(usize::from(byte)).is_some_and(|sets| sets & set != 0)
}

/// Appends `text`, and percent-encodes every byte that is not allowed at its place. Valid `%XX` stay. The result is
/// ASCII and does not need an escape in JSON.
pub fn append_reference(text: &[u8], out: &mut Vec<u8>) {
    let scheme = scheme_length(text);
    let (before, rest) = text.split_at_checked(scheme).unwrap_or_default();
    out.extend_from_slice(before);
    let rest = match rest {
        [b'/', b'/', rest @ ..] => append_authority(rest, out),
        _ if scheme == 0 => append_first_segment(rest, out),
        _ => rest,
    };
    if let [_, fragment @ ..] = append_encoded(rest, IN_PATH, out) {
        out.push(b'#');
        append_all_encoded(fragment, IN_PATH, out);
    }
}

/// True if `text` is a URI-reference. With `absolute`, it must also have a scheme.
pub fn is_reference(text: &[u8], absolute: bool) -> bool {
    let mut encoded = Vec::with_capacity(text.len());
    append_reference(text, &mut encoded);
    !text.is_empty() && encoded == text && (!absolute || scheme_length(text) > 0)
}

/// Returns the length of a leading `scheme:`, including the colon. Returns 0 if there is no scheme.
fn scheme_length(text: &[u8]) -> usize {
    match text.iter().position(|byte| !contains(IN_SCHEME, *byte)) {
        Some(end) if text.get(end) == Some(&b':') && text.first().is_some_and(u8::is_ascii_alphabetic) => end + 1,
        _ => 0,
    }
}

/// Appends the first segment of a reference without a scheme, and returns the rest. This segment must not contain a
/// colon.
fn append_first_segment<'a>(text: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    let (segment, rest) = split_at_any(text, b"/?#");
    append_all_encoded(segment, ANYWHERE | AT, out);
    rest
}

/// Appends `user:password@host:port`, and returns the rest. `text` begins behind the two slashes.
fn append_authority<'a>(text: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    out.extend_from_slice(b"//");
    let (authority, rest) = split_at_any(text, b"/?#");
    let mut host = authority;
    if let Some(at) = authority.iter().rposition(|byte| *byte == b'@') {
        append_all_encoded(authority.get(..at).unwrap_or_default(), ANYWHERE | COLON, out);
        out.push(b'@');
        host = authority.get(at + 1..).unwrap_or_default();
    }
    let port = host.iter().rposition(|byte| !byte.is_ascii_digit()).filter(|at| host.get(*at) == Some(&b':'));
    let (name, port) = host.split_at_checked(port.unwrap_or(host.len())).unwrap_or_default();
    append_all_encoded(name, ANYWHERE, out);
    out.extend_from_slice(port);
    rest
}

fn split_at_any<'a>(text: &'a [u8], stops: &[u8]) -> (&'a [u8], &'a [u8]) {
    let end = text.iter().position(|byte| stops.contains(byte)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or_default()
}

/// Appends the `allowed` bytes and `%XX` unchanged. Percent-encodes all other bytes.
fn append_all_encoded(text: &[u8], allowed: Characters, out: &mut Vec<u8>) {
    let mut rest = text;
    while let [sharp, behind @ ..] = append_encoded(rest, allowed, out) {
        append_triplet(*sharp, out);
        rest = behind;
    }
}

/// Does the same up to the first `#`. Returns the text from there on.
fn append_encoded<'a>(text: &'a [u8], allowed: Characters, out: &mut Vec<u8>) -> &'a [u8] {
    let mut rest = text;
    loop {
        out.extend_from_slice(take_until(&mut rest, |byte| !contains(allowed, byte)));
        match rest {
            [b'#', ..] | [] => return rest,
            [b'%', behind @ ..] if is_triplet(behind) => {
                out.push(b'%');
                rest = behind;
            }
            [byte, behind @ ..] => {
                append_triplet(*byte, out);
                rest = behind;
            }
        }
    }
}

fn is_triplet(behind: &[u8]) -> bool {
    behind.get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
}

/// Appends a byte as `%XX`.
pub fn append_triplet(byte: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(&[b'%', hex(byte >> 4), hex(byte & 15)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_encoded_where_they_must_be() {
        for (text, expected) in [
            ("arn:aws:sqs:us-east-1:1:queue", "arn:aws:sqs:us-east-1:1:queue"),
            ("arn:aws:logs:::log-group:/a/[$LATEST]b", "arn:aws:logs:::log-group:/a/%5B$LATEST%5Db"),
            ("https://<url-id>.lambda-url.on.aws", "https://%3Curl-id%3E.lambda-url.on.aws"),
            ("arn:aws:x#shard#2", "arn:aws:x#shard%232"),
            ("my app:thing", "my%20app%3Athing"),
            ("1:2/3:4", "1%3A2/3:4"),
            (":", "%3A"),
            ("a%20b%2", "a%20b%252"),
            ("kafka://b-1:9092#t-0", "kafka://b-1:9092#t-0"),
            ("kafka://[::1]:9092", "kafka://%5B%3A%3A1%5D:9092"),
            ("x://u:p@@h:a:1/?#", "x://u:p%40@h%3Aa:1/?#"),
            ("x://a<1/", "x://a%3C1/"),
            ("é\"\\\u{7f}", "%C3%A9%22%5C%7F"),
        ] {
            let mut out = Vec::new();
            append_reference(text.as_bytes(), &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
            assert!(is_reference(expected.as_bytes(), false), "{expected}");
            assert_eq!(is_reference(text.as_bytes(), false), text == expected);
        }
    }

    #[test]
    fn absolute_means_with_a_scheme() {
        assert!(is_reference(b"https://example.com/x", true));
        assert!(is_reference(b"/x", false) && !is_reference(b"/x", true) && !is_reference(b"", false));
    }
}

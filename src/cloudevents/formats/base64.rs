//! Base64 (RFC 4648, section 4). AWS uses it for bytes in JSON.

use crate::os::simd;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Appends the base64 of `bytes`, with padding.
pub fn encode(bytes: &[u8], out: &mut Vec<u8>) {
    for chunk in bytes.chunks(3) {
        let mut group = 0;
        for place in 0..3 {
            group = group << 8 | usize::from(chunk.get(place).copied().unwrap_or(0));
        }
        for place in 0..4 {
            let letter = ALPHABET.get(group >> (18 - 6 * place) & 63).filter(|_| place <= chunk.len());
            out.push(letter.copied().unwrap_or(b'='));
        }
    }
}

/// Decodes base64, with or without padding. Returns `None` if `text` is not base64.
pub fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let text = match text {
        [text @ .., b'=', b'='] if text.len() % 4 == 2 => text,
        [text @ .., b'='] if text.len() % 4 == 3 => text,
        _ => text,
    };
    if text.len() % 4 == 1 {
        return None;
    }
    let mut bytes = vec![0; text.len() / 4 * 3];
    let (mut seen, decoded) = decode_sixteens(text, &mut bytes);
    let groups = text.get(decoded..).unwrap_or_default().chunks_exact(4);
    let rest = groups.remainder();
    for (group, out) in groups.zip(bytes.get_mut(decoded / 4 * 3..).unwrap_or_default().chunks_exact_mut(3)) {
        if let ([a, b, c, d], [x, y, z]) = (group, out) {
            let [a, b, c, d] = [value(*a), value(*b), value(*c), value(*d)];
            seen |= a | b | c | d;
            (*x, *y, *z) = (a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d);
        }
    }
    if let [a, b, rest @ ..] = rest {
        let [a, b, c] = [value(*a), value(*b), rest.first().map_or(0, |letter| value(*letter))];
        seen |= a | b | c;
        bytes.push(a << 2 | b >> 4);
        bytes.extend(rest.first().map(|_| b << 4 | c >> 2));
    }
    (seen < NO_LETTER).then_some(bytes)
}

/// Decodes as many letters as can be decoded sixteen at once, and returns how many. The other number is [`NO_LETTER`] if one of them
/// is no letter, and 0 otherwise.
fn decode_sixteens(text: &[u8], out: &mut [u8]) -> (u8, usize) {
    let (mut seen, mut count) = (0, 0);
    for (letters, out) in text.as_chunks().0.iter().zip(out.as_chunks_mut().0) {
        let Some((bytes, is_base64)) = simd::decode_base64(letters) else { break };
        *out = bytes;
        seen |= if is_base64 { 0 } else { NO_LETTER };
        count += letters.len();
    }
    (seen, count)
}

/// What a letter stands for. The table has an entry for each byte: base64 can be megabytes.
fn value(letter: u8) -> u8 {
    VALUES.get(usize::from(letter)).copied().unwrap_or(NO_LETTER)
}

/// Marks what is no letter of the alphabet. No value has this bit.
const NO_LETTER: u8 = 64;

static VALUES: [u8; 256] = values();

#[allow(clippy::indexing_slicing, reason = "the compiler runs it, and would refuse to build")]
const fn values() -> [u8; 256] {
    let mut values = [NO_LETTER; 256];
    let mut value = 0;
    while value < ALPHABET.len() {
        values[ALPHABET[value] as usize] = value as u8;
        value += 1;
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_bytes_decode_to_themselves() {
        for length in 0..70u8 {
            let bytes: Vec<u8> = (0..length).map(|byte| byte.wrapping_mul(91).wrapping_add(length)).collect();
            let mut text = Vec::new();
            encode(&bytes, &mut text);
            assert_eq!(text.len() % 4, 0);
            assert_eq!(decode(&text).as_deref(), Some(&*bytes));
            while text.last() == Some(&b'=') {
                text.pop();
            }
            assert_eq!(decode(&text).as_deref(), Some(&*bytes));
        }
    }

    #[test]
    fn a_byte_that_is_no_letter_is_refused_wherever_it_is_and_a_letter_keeps_its_value() {
        let text = [b'A'; 40];
        for (byte, at) in (0..=255u8).flat_map(|byte| (0..text.len()).map(move |at| (byte, at))) {
            let mut text = text;
            text[at] = byte;
            let value = ALPHABET.iter().position(|letter| *letter == byte);
            let decoded = decode(&text);
            assert_eq!(decoded.is_some(), value.is_some() || byte == b'=' && at == text.len() - 1, "{byte} at {at}");
            if let (Some(decoded), Some(value)) = (decoded, value) {
                let group = decoded[at / 4 * 3..][..3].iter().fold(0, |group, byte| group << 8 | usize::from(*byte));
                assert_eq!(group, value << (18 - at % 4 * 6), "{byte} at {at}");
                assert_eq!(
                    decoded.iter().filter(|byte| **byte != 0).count(),
                    group.to_be_bytes().iter().filter(|byte| **byte != 0).count()
                );
            }
        }
    }

    #[test]
    fn known_texts() {
        let mut text = Vec::new();
        encode(b"Hello, World", &mut text);
        assert_eq!(text, b"SGVsbG8sIFdvcmxk");
        assert_eq!(decode(b"+/8=").as_deref(), Some(&[0xfb, 0xff][..]));
    }

    #[test]
    fn invalid_base64_is_refused() {
        for text in ["A", "AAAAA", "AA=A", "A===", "AAA==", "AA AA", "-_-_", "=", "AAAA=", "é"] {
            assert_eq!(decode(text.as_bytes()), None, "{text}");
        }
        for text in ["??AA", "?A?A", "?AA?", "A??A", "A?A?", "AA??", "??A", "?A?", "A??", "??"] {
            assert_eq!(decode(text.as_bytes()), None, "{text}");
        }
    }
}

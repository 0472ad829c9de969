//! Base64 (RFC 4648, section 4). AWS uses it for bytes in JSON.

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
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    for chunk in text.chunks(4) {
        let mut group = 0;
        for place in 0..4 {
            group = group << 6 | chunk.get(place).map_or(Some(0), |letter| value(*letter))?;
        }
        let [_, group @ ..] = group.to_be_bytes();
        bytes.extend_from_slice(group.get(..chunk.len() - 1)?);
    }
    Some(bytes)
}

fn value(letter: u8) -> Option<u32> {
    let value = match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
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
    }
}

//! How the targets read their input, and recognise JSON.

use serde_json::value::RawValue;

/// Stands for customers' data in the corpus: no message of bootstrap may contain it.
pub const SECRET: &str = "sEcReT";

/// The words of the first line, and the bytes after it.
pub fn words_and_rest(input: &[u8]) -> (Vec<&[u8]>, &[u8]) {
    let end = input.iter().position(|&byte| byte == b'\n').unwrap_or(input.len());
    let words = input[..end].split(|&byte| byte == b' ').collect();
    (words, input.get(end + 1..).unwrap_or_default())
}

/// The number of the word at `index`, from 1 to `largest`. Any word gives a number.
pub fn number(words: &[&[u8]], index: usize, largest: usize) -> usize {
    let word = words.get(index).copied().unwrap_or_default();
    let digit = |number: usize, byte: &u8| number.wrapping_mul(10).wrapping_add(usize::from(byte.wrapping_sub(b'0')));
    (word.iter().fold(0, digit).max(1) - 1) % largest + 1
}

/// Whether these bytes are one JSON text.
pub fn is_json(bytes: &[u8]) -> bool {
    serde_json::from_slice::<&RawValue>(bytes).is_ok()
}

/// Whether these bytes are a JSON text on a line of its own.
pub fn is_one_line_of_json(bytes: &[u8]) -> bool {
    is_json(bytes) && !bytes.iter().any(|byte| matches!(byte, b'\n' | b'\r'))
}

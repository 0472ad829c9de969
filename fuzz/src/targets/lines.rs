//! Lines from pieces of any size, and the search for line breaks, compared with simple implementations.
//!
//! Input: a line with the size of the pieces, and how many times the rest is repeated.

use open_runtime::child::lines::Lines;
use open_runtime::json_line::{find_line_feed, has_line_breaks};

use crate::input::{number, words_and_rest};

/// Every line feed is found, and nothing else. No byte is lost, doubled or moved.
pub fn run(input: &[u8]) {
    let (words, rest) = words_and_rest(input);
    let bytes = rest.repeat(number(&words, 1, (200_000 / rest.len().max(1)).clamp(1, 1000)));
    for start in 0..rest.len().min(16) {
        search(&rest[start..]);
    }
    let size = number(&words, 0, 70_000);
    split(&bytes, size.max(bytes.len() / 500));
}

fn search(bytes: &[u8]) {
    assert_eq!(find_line_feed(bytes), bytes.iter().position(|&byte| byte == b'\n'));
    assert_eq!(has_line_breaks(bytes), bytes.contains(&b'\n') || bytes.contains(&b'\r'));
}

fn split(bytes: &[u8], size: usize) {
    let mut expected: Vec<&[u8]> = bytes.split(|&byte| byte == b'\n').collect();
    let unfinished = expected.pop().unwrap_or_default();
    let mut expected = expected.into_iter();
    let mut lines = Lines::default();
    for piece in bytes.chunks(size.max(1)) {
        lines.push(piece);
        while let Some(line) = lines.take_next() {
            assert_eq!(Some(&line[..]), expected.next());
        }
    }
    assert_eq!(expected.next(), None);
    assert_eq!(lines.unfinished(), unfinished.len());
}

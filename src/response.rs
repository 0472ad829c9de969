//! What an invocation is answered with.

use std::ops::Range;

/// A response: a part of the line it came in, which is not copied.
#[derive(Debug, Default)]
pub struct Response {
    line: Vec<u8>,
    range: Range<usize>,
}

impl Response {
    /// A response that stands alone.
    pub fn new(json: Vec<u8>) -> Response {
        let range = 0..json.len();
        Response { line: json, range }
    }

    /// A response that stands at `range` of `line`.
    pub fn within(line: Vec<u8>, range: Range<usize>) -> Response {
        Response { line, range }
    }

    /// The JSON text alone. It is moved to the beginning of its line, and not to new memory.
    pub fn into_json(mut self) -> Vec<u8> {
        self.line.truncate(self.range.end);
        self.line.drain(..self.range.start);
        self.line
    }

    /// The JSON text.
    pub fn json(&self) -> &[u8] {
        self.line.get(self.range.clone()).unwrap_or_default()
    }
}

impl AsRef<[u8]> for Response {
    fn as_ref(&self) -> &[u8] {
        self.json()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_is_a_part_of_its_line() {
        for response in [Response::within(b"[{}]".to_vec(), 1..3), Response::new(b"{}".to_vec())] {
            assert_eq!(response.json(), b"{}");
            assert_eq!(response.as_ref(), b"{}");
            assert_eq!(response.into_json(), b"{}");
        }
    }
}

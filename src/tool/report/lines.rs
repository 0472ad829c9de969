//! Splits what a pipe brings into lines.

use std::cell::RefCell;

/// A line with more bytes than this comes in parts.
const MAX_LINE: usize = 64 * 1024;

/// The beginning of a line, which waits for its end.
#[derive(Default)]
pub struct Lines {
    partial: RefCell<Vec<u8>>,
}

impl Lines {
    /// Hands over each line that these bytes end, without its line feed.
    pub fn add(&self, bytes: &[u8], mut take: impl FnMut(&[u8])) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let mut partial = self.partial.borrow_mut();
            partial.extend_from_slice(piece);
            if piece.ends_with(b"\n") || partial.len() > MAX_LINE {
                let line = std::mem::take(&mut *partial);
                drop(partial);
                take(line.strip_suffix(b"\n").unwrap_or(&line));
            }
        }
    }

    /// Hands over a line that has no end.
    pub fn rest(&self, take: impl FnOnce(&[u8])) {
        let line = self.partial.take();
        if !line.is_empty() {
            take(&line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_may_come_in_pieces_and_without_an_end() {
        let (lines, found) = (Lines::default(), RefCell::new(Vec::new()));
        let take = |line: &[u8]| found.borrow_mut().push(String::from_utf8_lossy(line).into_owned());
        lines.add(b"one\ntw", take);
        lines.add(b"o\n\nthree", take);
        lines.rest(take);
        lines.rest(take);
        assert_eq!(*found.borrow(), ["one", "two", "", "three"]);
    }

    #[test]
    fn an_endless_line_comes_in_parts() {
        let (lines, found) = (Lines::default(), RefCell::new(0));
        (0..3).for_each(|_| lines.add(&[b'x'; MAX_LINE], |line| *found.borrow_mut() += line.len()));
        assert_eq!(*found.borrow(), 2 * MAX_LINE);
    }
}

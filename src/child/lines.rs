//! Lines out of a pipe, which delivers pieces of any size.

use std::io::{self, ErrorKind, Read};

use crate::json_line::find_line_feed;
use crate::os::process::{Process, Progress};

/// Longer lines are handed out without being copied, in bytes.
const LARGE_LINE: usize = 64 << 10;

/// A line of which so much has come, in bytes, may be large.
const LARGE_PIECE: usize = 16 << 10;

/// What has been read. What lies before `start` has been handed out.
#[derive(Debug, Default)]
pub struct Lines {
    buffer: Vec<u8>,
    start: usize,
    searched: usize,
    /// The length of the last large line: the next one is often as long.
    expected: usize,
    /// So many bytes come before the next line.
    between: usize,
}

impl Lines {
    /// Reads once.
    pub fn read(&mut self, process: &mut Process) -> io::Result<Progress> {
        if self.buffer.len() >= LARGE_PIECE {
            self.buffer.reserve(self.expected.saturating_sub(self.buffer.len()));
        }
        self.buffer.reserve(self.between.min(LARGE_LINE));
        process.read(&mut self.buffer)
    }

    /// So many bytes follow the line that was taken last, and belong to no line.
    pub fn expect_bytes(&mut self, count: usize) {
        self.between = count;
    }

    /// What has come of these bytes, once.
    pub fn take_bytes(&mut self) -> &[u8] {
        let bytes = self.buffer.get(self.start..).unwrap_or_default();
        let bytes = bytes.get(..self.between).unwrap_or(bytes);
        self.between -= bytes.len();
        self.start += bytes.len();
        self.searched = self.searched.max(self.start); // what was searched of a line is not searched again
        bytes
    }

    /// Reads what is left, see [`Process::drain`].
    pub fn drain(&mut self, process: &mut Process) -> io::Result<()> {
        process.drain(&mut self.buffer)
    }

    /// Adds bytes that have been read elsewhere.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole line, without its line feed.
    pub fn take_next(&mut self) -> Option<Vec<u8>> {
        let Some(found) = self.buffer.get(self.searched..).and_then(find_line_feed) else {
            self.buffer.drain(..self.start); // once for all the lines of a read: there may be thousands
            self.start = 0;
            self.searched = self.buffer.len();
            return None;
        };
        let end = self.searched + found;
        let line = if end - self.start > LARGE_LINE { self.give(end) } else { self.copy(end) };
        self.searched = self.start;
        Some(line)
    }

    fn give(&mut self, end: usize) -> Vec<u8> {
        let behind = end + 1;
        self.expected = behind;
        let rest = self.buffer.split_off(behind);
        let mut line = std::mem::replace(&mut self.buffer, rest);
        line.truncate(end);
        line.drain(..std::mem::take(&mut self.start));
        line
    }

    /// Copies a line, so that the buffer stays. A new buffer of its size would cost two system calls.
    fn copy(&mut self, end: usize) -> Vec<u8> {
        let line = self.buffer.get(self.start..end).unwrap_or_default().to_vec();
        self.start = end + 1;
        line
    }

    /// Waits for the next whole line of an input that blocks. `None` at its end.
    pub fn wait_for_next(&mut self, input: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
        let mut piece = vec![0; LARGE_LINE];
        loop {
            if let Some(line) = self.take_next() {
                return Ok(Some(line));
            }
            match input.read(&mut piece) {
                Ok(0) => return Ok(None),
                Ok(count) => self.push(piece.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// How many bytes of an unfinished line there are, or how many are still to come before the next one.
    pub fn unfinished(&self) -> usize {
        (self.buffer.len() - self.start).saturating_add(self.between)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Lines {
        let mut lines = Lines::default();
        lines.push(bytes);
        lines
    }

    #[test]
    fn lines_come_out_one_by_one_and_the_rest_stays() {
        let mut lines = lines(b"one\n\nthree\nhalf");
        assert_eq!(lines.take_next().unwrap(), b"one");
        assert_eq!(lines.take_next().unwrap(), b"");
        assert_eq!(lines.take_next().unwrap(), b"three");
        assert_eq!(lines.take_next(), None);
        assert_eq!(lines.unfinished(), 4);
    }

    #[test]
    fn bytes_between_two_lines_come_as_they_are() {
        let mut lines = lines(b"five\n\n{\n");
        assert_eq!(lines.take_next().unwrap(), b"five");
        lines.expect_bytes(5);
        assert_eq!(lines.take_bytes(), b"\n{\n");
        assert_eq!(lines.take_bytes(), b"");
        assert_eq!(lines.unfinished(), 2);
        assert_eq!(lines.take_next(), None);
        lines.push(b"\n\nnext\nhalf");
        assert_eq!(lines.take_bytes(), b"\n\n");
        assert_eq!(lines.unfinished(), 9);
        assert_eq!(lines.take_next().unwrap(), b"next");
        assert_eq!(lines.take_bytes(), b"");
        assert_eq!(lines.take_next(), None);
    }

    #[test]
    fn more_bytes_than_there_can_be_are_still_to_come() {
        let mut lines = lines(b"x");
        lines.expect_bytes(usize::MAX);
        assert_eq!(lines.unfinished(), usize::MAX);
    }

    #[test]
    fn a_line_may_come_in_pieces() {
        let mut lines = lines(b"on");
        assert_eq!(lines.take_next(), None);
        lines.push(b"e\ntwo");
        assert_eq!(lines.take_next().unwrap(), b"one");
        assert_eq!(lines.take_next(), None);
        lines.push(b"\n");
        assert_eq!(lines.take_next().unwrap(), b"two");
    }

    #[test]
    fn a_large_line_is_whole_and_what_follows_it_stays() {
        let mut bytes = b"first\n".to_vec();
        bytes.extend_from_slice(&[b'x'; 100_000]);
        bytes.extend_from_slice(b"\nnext\n");
        let mut lines = lines(&bytes);
        assert_eq!(lines.take_next().unwrap(), b"first");
        assert_eq!(lines.take_next().unwrap(), vec![b'x'; 100_000]);
        assert_eq!(lines.take_next().unwrap(), b"next");
        assert_eq!(lines.unfinished(), 0);
    }

    #[test]
    fn short_lines_leave_the_buffer_and_a_long_one_takes_it() {
        let mut lines = lines(b"one\ntwo\n");
        lines.push(&[b'x'; LARGE_LINE + 1]);
        lines.push(b"\n");
        let buffer = lines.buffer.as_ptr();
        lines.take_next();
        lines.take_next();
        assert_eq!(lines.buffer.as_ptr(), buffer);
        let long = lines.take_next().unwrap();
        assert_eq!(long.as_ptr(), buffer);
    }

    #[test]
    fn a_line_of_the_limit_is_short_wherever_it_begins() {
        let mut line = vec![b'x'; LARGE_LINE];
        line.push(b'\n');
        let mut lines = lines(&line.repeat(2));
        let buffer = lines.buffer.as_ptr();
        for _ in 0..2 {
            assert_eq!(lines.take_next().unwrap().len(), LARGE_LINE);
            assert_eq!(lines.buffer.as_ptr(), buffer);
        }
    }
}

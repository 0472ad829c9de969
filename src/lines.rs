//! The lines that come out of a pipe in pieces of any size.

use std::io;

use crate::process::{Process, Progress};
use crate::sys;

/// How much is asked for at once, in bytes, at the least.
const PIECE: usize = 16 << 10;

/// No pipe of ours holds more, in bytes.
const LARGEST_PIPE: usize = 1 << 20;

/// Lines longer than this are handed out without being copied.
const LARGE_LINE: usize = 64 << 10;

/// What has been read, and not yet handed out.
#[derive(Debug, Default)]
pub struct Lines {
    buffer: Vec<u8>,
    filled: usize,
    searched: usize,
}

impl Lines {
    /// Reads once. Room grows with what is already there, so that a line of any size costs few reads.
    pub fn read(&mut self, process: &mut Process) -> io::Result<Progress> {
        let room = PIECE.max(self.filled);
        if self.buffer.len() < self.filled + PIECE {
            self.buffer.resize(self.filled + room, 0);
        }
        let progress = process.read(&mut self.buffer[self.filled..])?;
        if let Progress::Bytes(length) = progress {
            self.filled += length;
        }
        Ok(progress)
    }

    /// Reads what is left in the pipe of a child that has ended. Bounded by what a pipe holds: its grandchildren may hold the
    /// pipe open, and write for ever.
    pub fn drain(&mut self, process: &mut Process) -> io::Result<()> {
        let end = self.filled + LARGEST_PIPE;
        while self.filled < end && matches!(self.read(process)?, Progress::Bytes(_)) {}
        Ok(())
    }

    /// The next whole line, without its line feed.
    pub fn take_next(&mut self) -> Option<Vec<u8>> {
        let Some(found) = sys::find_byte(&self.buffer[self.searched..self.filled], b'\n') else {
            self.searched = self.filled;
            return None;
        };
        let end = self.searched + found;
        let line = self.take(end);
        self.searched = 0;
        Some(line)
    }

    /// Whether half a line is left over.
    pub fn has_rest(&self) -> bool {
        self.filled > 0
    }

    fn take(&mut self, end: usize) -> Vec<u8> {
        let rest = end + 1..self.filled;
        if end > LARGE_LINE {
            let rest_of_buffer = self.buffer[rest].to_vec();
            self.filled = rest_of_buffer.len();
            let mut line = std::mem::replace(&mut self.buffer, rest_of_buffer);
            line.truncate(end);
            return line;
        }
        let line = self.buffer[..end].to_vec();
        self.buffer.copy_within(rest.clone(), 0);
        self.filled = rest.len();
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Lines {
        Lines { buffer: bytes.to_vec(), filled: bytes.len(), searched: 0 }
    }

    #[test]
    fn lines_come_out_one_by_one_and_the_rest_stays() {
        let mut lines = lines(b"one\n\nthree\nhalf");
        assert_eq!(lines.take_next().unwrap(), b"one");
        assert_eq!(lines.take_next().unwrap(), b"");
        assert_eq!(lines.take_next().unwrap(), b"three");
        assert_eq!(lines.take_next(), None);
        assert!(lines.has_rest());
    }

    #[test]
    fn a_large_line_is_whole_and_what_follows_it_stays() {
        let mut bytes = vec![b'x'; LARGE_LINE + 9];
        bytes.extend_from_slice(b"\nnext\n");
        let mut lines = lines(&bytes);
        assert_eq!(lines.take_next().unwrap(), vec![b'x'; LARGE_LINE + 9]);
        assert_eq!(lines.take_next().unwrap(), b"next");
        assert!(!lines.has_rest());
    }
}

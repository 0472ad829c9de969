//! The pipes to a language runtime. Nothing here blocks for longer than it is told, and memory is bounded.

use crate::os::sys;
use libc::{POLLIN, POLLOUT};
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::Duration;

/// The most that is held of STDOUT: several times the longest line that Lambda allows.
const MAX_UNREAD: usize = 48 << 20;
/// The most that is held of the log. The rest is counted only.
const MAX_LOG: usize = 16 << 20;
/// The most that is kept of what was taken: moving the rest costs time.
const MAX_TAKEN: usize = 4 << 20;
const PIECE: usize = 64 << 10;

pub struct Pipes {
    stdin: Option<File>,
    stdout: Option<File>,
    stderr: Option<File>,
    unread: Vec<u8>,
    /// So many bytes of `unread` have been taken.
    taken: usize,
    /// So many bytes of `unread` hold no line feed behind `taken`.
    searched: usize,
    log: Vec<u8>,
}

/// Which of the pipes a turn serves, besides the log.
#[derive(Clone, Copy)]
pub struct Served<'a> {
    pub written: &'a [u8],
    pub is_read: bool,
}

pub const ALL: Served<'static> = Served { written: &[], is_read: true };
pub const LOG: Served<'static> = Served { written: &[], is_read: false };

impl Pipes {
    /// # Errors
    /// The kernel refuses to make one of them non-blocking.
    pub fn new(stdin: OwnedFd, stdout: OwnedFd, stderr: OwnedFd) -> io::Result<Pipes> {
        [&stdin, &stdout, &stderr].into_iter().try_for_each(|pipe| sys::set_nonblocking(pipe.as_fd()))?;
        let [stdin, stdout, stderr] = [stdin, stdout, stderr].map(|pipe| Some(File::from(pipe)));
        Ok(Pipes { stdin, stdout, stderr, unread: Vec::new(), taken: 0, searched: 0, log: Vec::new() })
    }

    pub fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// True if STDOUT has ended, and all of it was taken.
    pub fn is_at_end(&self) -> bool {
        self.stdout.is_none() && self.unread.len() == self.taken
    }

    /// True if a line would be longer than what is held.
    pub fn is_full(&self) -> bool {
        self.unread.len() - self.taken >= MAX_UNREAD
    }

    /// Whether STDOUT has bytes that were not read, or has ended.
    pub fn has_output(&self) -> bool {
        let mut awaited = [sys::awaited(self.stdout.as_ref().map(AsFd::as_fd), POLLIN)];
        sys::poll(&mut awaited, Duration::ZERO).is_ok() && awaited[0].revents != 0
    }

    /// Bytes that no line feed follows yet.
    pub fn rest(&self) -> &[u8] {
        &self.unread[self.taken..]
    }

    /// Takes a line, without its line feed.
    pub fn line(&mut self) -> Option<Vec<u8>> {
        let from = self.taken.max(self.searched);
        let Some(length) = self.unread[from..].iter().position(|byte| *byte == b'\n') else {
            self.searched = self.unread.len();
            return None;
        };
        let line = self.unread[self.taken..from + length].to_vec();
        self.taken = from + length + 1;
        if self.taken == self.unread.len() || self.taken > MAX_TAKEN {
            self.unread.drain(..self.taken);
            (self.taken, self.searched) = (0, 0);
        }
        Some(line)
    }

    /// The descriptors of STDIN and STDOUT.
    pub fn protocol(&self) -> impl Iterator<Item = i32> {
        [&self.stdin, &self.stdout].into_iter().flatten().map(AsRawFd::as_raw_fd)
    }

    pub fn log(&self) -> &[u8] {
        &self.log
    }

    pub fn clear_log(&mut self) {
        self.log.clear();
    }

    /// Waits until a pipe is ready, or that long, and then reads and writes once. Returns how much was written.
    ///
    /// # Errors
    /// `BrokenPipe` if nobody reads STDIN.
    pub fn turn(&mut self, served: Served<'_>, wait: Duration) -> io::Result<usize> {
        let is_read = served.is_read && !self.is_full();
        let mut awaited = [
            sys::awaited(self.stdin.as_ref().filter(|_| !served.written.is_empty()).map(AsFd::as_fd), POLLOUT),
            sys::awaited(self.stdout.as_ref().filter(|_| is_read).map(AsFd::as_fd), POLLIN),
            sys::awaited(self.stderr.as_ref().map(AsFd::as_fd), POLLIN),
        ];
        sys::poll(&mut awaited, wait)?;
        let [writable, readable, has_log] = awaited.map(|each| each.revents != 0);
        if has_log {
            let room = MAX_LOG.saturating_sub(self.log.len());
            read_some(&mut self.stderr, &mut self.log, room);
        }
        if readable {
            read_some(&mut self.stdout, &mut self.unread, MAX_UNREAD);
        }
        if writable { self.write(served.written) } else { Ok(0) }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(stdin) = &mut self.stdin else { return Err(ErrorKind::BrokenPipe.into()) };
        match stdin.write(bytes) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(0),
            other => other,
        }
    }
}

/// Reads once. What has no room is dropped. Closes the pipe at its end.
fn read_some(pipe: &mut Option<File>, into: &mut Vec<u8>, room: usize) {
    let mut piece = [0; PIECE];
    let Some(file) = pipe else { return };
    match file.read(&mut piece) {
        Ok(0) => *pipe = None,
        Ok(length) => into.extend_from_slice(&piece[..length.min(room)]),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
        Err(_) => *pipe = None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pipes() -> (Pipes, File, File) {
        let (stdin, (stdout, its_stdout), (stderr, its_stderr)) =
            (sys::pipe().unwrap(), sys::pipe().unwrap(), sys::pipe().unwrap());
        (Pipes::new(stdin.1, stdout, stderr).unwrap(), its_stdout.into(), its_stderr.into())
    }

    #[test]
    fn lines_come_whole_from_pieces() {
        let (mut pipes, mut stdout, stderr) = pipes();
        assert!(!pipes.has_output());
        for (piece, lines) in [("a", vec![]), ("b\nc\nd", vec!["ab", "c"]), ("\n\n", vec!["d", ""])] {
            stdout.write_all(piece.as_bytes()).unwrap();
            assert!(pipes.has_output());
            pipes.turn(ALL, Duration::from_secs(1)).unwrap();
            let found: Vec<_> = std::iter::from_fn(|| pipes.line()).collect();
            assert_eq!(found, lines.iter().map(|line| line.as_bytes()).collect::<Vec<_>>());
        }
        assert!(!pipes.is_at_end());
        drop((stdout, stderr));
        pipes.turn(ALL, Duration::ZERO).unwrap();
        assert!(pipes.is_at_end());
    }

    #[test]
    fn what_is_held_is_bounded() {
        let (mut pipes, mut stdout, mut stderr) = pipes();
        for _ in 0..MAX_LOG / PIECE + 10 {
            stderr.write_all(&[b'x'; PIECE]).unwrap();
            pipes.turn(ALL, Duration::ZERO).unwrap();
        }
        assert_eq!(pipes.log().len(), MAX_LOG);
        while !pipes.is_full() {
            stdout.write_all(&[b'x'; PIECE]).unwrap();
            pipes.turn(ALL, Duration::ZERO).unwrap();
        }
        stdout.write_all(b"more").unwrap();
        pipes.turn(ALL, Duration::ZERO).unwrap();
        assert_eq!(pipes.rest().len(), MAX_UNREAD);
    }
}

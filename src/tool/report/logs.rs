//! The function's log: what bootstrap and the processes below it write to STDOUT and STDERR. It is passed on to our
//! stderr.

use super::observer::Observer;
use crate::os::pipe::Pipe;
use std::cell::RefCell;
use std::io::{self, Write};
use std::process::Stdio;
use std::rc::Rc;

/// The most that `X-Amz-Log-Result` holds, in bytes before base64.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_ResponseSyntax>
const TAIL: usize = 4096;

/// The log of all execution environments.
pub struct Logs {
    pipe: Pipe,
    seen: RefCell<Seen>,
    observer: Rc<Observer>,
}

/// What was passed on.
#[derive(Default)]
struct Seen {
    /// The end of the current invocation's log.
    tail: Vec<u8>,
    /// The last line has not ended yet.
    is_mid_line: bool,
}

impl Logs {
    pub fn new(observer: Rc<Observer>) -> io::Result<Logs> {
        Ok(Logs { pipe: Pipe::new()?, seen: RefCell::default(), observer })
    }

    pub fn for_child(&self) -> io::Result<Stdio> {
        self.pipe.for_child()
    }

    /// Passes on what was written so far. Blocks while our stderr does.
    pub fn pass_on(&self) {
        self.pipe.drain(|bytes| self.take(bytes));
    }

    fn take(&self, bytes: &[u8]) {
        let _ = io::stderr().write_all(bytes); // a log that cannot be written does not stop the function
        self.seen.borrow_mut().add(bytes);
        self.observer.log(bytes);
    }

    /// Passes on whatever is written, for ever.
    pub async fn run(&self) {
        while self.pipe.next(|bytes| self.take(bytes)).await.is_ok() {}
    }

    /// Writes lines of the tool, after all that the function has written so far. They begin on a new line.
    pub fn say(&self, lines: &str) {
        self.pass_on();
        let start = if std::mem::take(&mut self.seen.borrow_mut().is_mid_line) { "\n" } else { "" };
        let _ = io::stderr().write_all(format!("{start}{lines}\n").as_bytes());
    }

    /// Begins a new tail, with this line, for a new invocation.
    pub fn begin(&self, first_line: String) {
        self.pass_on();
        self.seen.borrow_mut().tail = first_line.into_bytes();
    }

    /// The last 4 KB of the invocation's log, with these lines at its end.
    pub fn tail(&self, last_lines: &str) -> Vec<u8> {
        self.pass_on();
        let mut tail = self.seen.borrow().tail.clone();
        if !tail.ends_with(b"\n") {
            tail.push(b'\n');
        }
        tail.extend_from_slice(last_lines.as_bytes());
        tail.split_off(tail.len().saturating_sub(TAIL))
    }
}

impl Seen {
    fn add(&mut self, bytes: &[u8]) {
        self.is_mid_line = bytes.last().is_some_and(|last| *last != b'\n');
        self.tail.extend_from_slice(bytes);
        let surplus = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..surplus);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_tail_holds_what_was_written_just_before() {
        let logs = Logs::new(Rc::new(Observer::new(Rc::default(), Rc::default()))).unwrap();
        logs.begin("START\n".to_owned());
        std::fs::write(logs.pipe.path(), "logged").unwrap(); // the event loop has had no turn since
        assert_eq!(logs.tail("END\n"), b"START\nlogged\nEND\n");
    }

    #[test]
    fn the_tail_is_the_last_4_kb() {
        let mut seen = Seen::default();
        seen.add(&[b'a'; 3000]);
        seen.add(&[b'b'; 3000]);
        assert_eq!(seen.tail.len(), TAIL);
        assert_eq!(seen.tail[TAIL - 3001], b'a');
        assert!(seen.is_mid_line);
    }
}

//! A pipe from the processes of an execution environment to this tool.

use super::sys;
use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::process::Stdio;
use tokio::net::unix::pipe::Receiver;

/// Both ends. The tool holds the write end, too: the pipe has no end of file, and outlives execution environments.
pub struct Pipe {
    reader: Receiver,
    writer: OwnedFd,
    buffer: RefCell<Box<[u8]>>,
    /// Another process has had the write end, or may open it.
    is_given: Cell<bool>,
}

/// As much as a pipe holds by default.
const BUFFER: usize = 65536;

impl Pipe {
    pub fn new() -> io::Result<Pipe> {
        let (reader, writer) = sys::pipe()?;
        let buffer = RefCell::new(vec![0; BUFFER].into());
        Ok(Pipe { reader: Receiver::from_owned_fd(reader)?, writer, buffer, is_given: Cell::new(false) })
    }

    /// A copy of the write end for a child's STDOUT or STDERR.
    pub fn for_child(&self) -> io::Result<Stdio> {
        self.is_given.set(true);
        self.writer.try_clone().map(Stdio::from)
    }

    /// A path at which any process of the same user can open the write end while the tool runs. Nothing has to be
    /// removed.
    pub fn path(&self) -> String {
        self.is_given.set(true);
        format!("/proc/{}/fd/{}", std::process::id(), self.writer.as_raw_fd())
    }

    /// Hands over everything that was written so far, without blocking. It asks the kernel: the event loop learns of
    /// new data only at its next turn. A pipe that nobody has been given is not asked. `take` must not use this pipe.
    pub fn drain(&self, mut take: impl FnMut(&[u8])) {
        if !self.is_given.get() {
            return;
        }
        let mut buffer = self.buffer.borrow_mut();
        while let Ok(count @ 1..) = sys::read(self.reader.as_fd(), &mut buffer) {
            take(&buffer[..count]);
        }
    }

    /// Waits until something is written, and hands that over. `take` must not use this pipe.
    ///
    /// # Errors
    /// Those of the event loop.
    pub async fn next(&self, mut take: impl FnMut(&[u8])) -> io::Result<()> {
        self.reader.readable().await?;
        let mut buffer = self.buffer.borrow_mut();
        while let Ok(count @ 1..) = self.reader.try_read(&mut buffer) {
            take(&buffer[..count]);
        }
        Ok(())
    }
}

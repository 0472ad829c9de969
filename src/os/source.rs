//! A descriptor to wait for.

use std::os::fd::{AsRawFd, BorrowedFd};

/// A descriptor to wait for, and whether it is ready. To the kernel it is a `pollfd`.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Source {
    poll: libc::pollfd,
}

impl Source {
    /// Ready when there are bytes to read, or an end of file. `None` is never ready.
    pub fn readable<'a>(fd: impl Into<Option<BorrowedFd<'a>>>) -> Source {
        Source::new(fd.into(), libc::POLLIN)
    }

    /// Ready when bytes can be written, or when nobody will ever read them. `None` is never ready.
    pub fn writable<'a>(fd: impl Into<Option<BorrowedFd<'a>>>) -> Source {
        Source::new(fd.into(), libc::POLLOUT)
    }

    /// Ready when nobody will ever read what is written. `None` is never ready.
    pub fn abandoned<'a>(fd: impl Into<Option<BorrowedFd<'a>>>) -> Source {
        Source::new(fd.into(), 0) // poll reports POLLERR unasked
    }

    fn new(fd: Option<BorrowedFd<'_>>, events: libc::c_short) -> Source {
        let fd = fd.map_or(-1, |fd| fd.as_raw_fd()); // poll ignores negative ones
        Source { poll: libc::pollfd { fd, events, revents: 0 } }
    }

    /// Whether it was ready when the last wait ended. An error or a hang-up counts; the next read or write returns it.
    pub fn is_ready(&self) -> bool {
        self.poll.revents != 0
    }

    /// It is not ready.
    pub fn clear(&mut self) {
        self.poll.revents = 0;
    }
}

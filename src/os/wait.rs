//! The only place that sleeps. Whatever bootstrap waits for, it waits for it here, together with everything else that it must
//! not miss meanwhile.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use crate::os::deadline::Deadline;
use crate::os::sys;

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitEnd {
    /// What was waited for has happened.
    Ready,
    /// SIGTERM: the execution environment ends.
    Terminated,
    /// The deadline came.
    TimedOut,
}

/// A descriptor to wait for, and whether it is ready.
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
}

/// Waits until at least one source is ready. Returns false when the deadline came first.
pub fn for_any<const N: usize>(sources: &mut [Source; N], deadline: Deadline) -> io::Result<bool> {
    let mut fds = sources.each_ref().map(|source| source.poll);
    loop {
        sys::poll(&mut fds, deadline.as_poll_timeout())?;
        if fds.iter().any(|fd| fd.revents != 0) {
            break;
        }
        if deadline.has_passed() {
            return Ok(false);
        }
    }
    for (source, fd) in sources.iter_mut().zip(fds) {
        source.poll = fd;
    }
    Ok(true)
}

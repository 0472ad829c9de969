//! The only place that sleeps. Whatever bootstrap waits for, it waits for it here, together with everything else that it must
//! not miss meanwhile.

use std::io;

use crate::os::deadline::Deadline;
pub use crate::os::source::Source;
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

/// Waits until at least one source is ready. Returns false when the deadline came first.
pub fn for_any(sources: &mut [Source], deadline: Deadline) -> io::Result<bool> {
    loop {
        sys::poll(sources, deadline.as_poll_timeout())?;
        if sources.iter().any(Source::is_ready) {
            return Ok(true);
        }
        if deadline.has_passed() {
            return Ok(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Write, pipe};
    use std::os::fd::AsFd;
    use std::time::Duration;

    fn soon() -> Deadline {
        Deadline::after(Duration::from_millis(1))
    }

    #[test]
    fn a_wait_says_which_sources_are_ready() {
        let ((empty, _writer), (full, mut writer)) = (pipe().unwrap(), pipe().unwrap());
        writer.write_all(b"x").unwrap();
        let mut sources = [Source::readable(empty.as_fd()), Source::readable(full.as_fd()), Source::readable(None)];
        assert!(for_any(&mut sources, Deadline::NEVER).unwrap());
        assert_eq!(sources.map(|source| source.is_ready()), [false, true, false]);
    }

    #[test]
    fn a_wait_for_what_does_not_come_ends_at_its_deadline() {
        let (reader, _writer) = pipe().unwrap();
        let deadline = soon();
        assert!(!for_any(&mut [Source::readable(reader.as_fd())], deadline).unwrap());
        assert!(deadline.has_passed());
    }

    #[test]
    fn a_pipe_is_abandoned_when_nobody_can_read_it() {
        let (reader, writer) = pipe().unwrap();
        assert!(!for_any(&mut [Source::abandoned(writer.as_fd())], soon()).unwrap());
        drop(reader);
        assert!(for_any(&mut [Source::abandoned(writer.as_fd())], Deadline::NEVER).unwrap());
    }
}

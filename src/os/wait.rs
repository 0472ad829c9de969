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

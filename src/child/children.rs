//! The supervised children: the language runtime, and the resident middlewares. Whoever waits for anything else asks here to look
//! after them meanwhile.

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::child::supervised::{self, Supervised};
use crate::error::Fatal;
use crate::os::deadline::Deadline;
use crate::os::signals::Signals;
use crate::os::wait::{Source, WaitEnd};

/// All of them.
#[derive(Debug)]
pub struct Children {
    /// The language runtime is the first.
    pub all: Vec<Supervised>,
    /// SIGTERM, and their ends.
    pub signals: Signals,
}

/// The children for two owners: the loop that calls them, and the wait for Lambda that looks after them meanwhile. There is one
/// thread. ureq requires all that it holds to be shareable between threads; the mutex is for that alone.
#[derive(Clone, Debug)]
pub struct SharedChildren(Arc<Mutex<Children>>);

impl SharedChildren {
    /// Shares them.
    pub fn new(children: Children) -> SharedChildren {
        SharedChildren(Arc::new(Mutex::new(children)))
    }

    /// The children. Drop the guard before anything that may wait for Lambda: that wait takes it too, and would block for ever.
    pub fn get(&self) -> MutexGuard<'_, Children> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Children {
    /// Waits until all are ready, or SIGTERM comes. Blocks for as long as the user's code takes to load: an Init phase that takes
    /// too long is ended by Lambda (10 s, or more with provisioned concurrency).
    ///
    /// # Errors
    /// [`Fatal::CrashLoop`], with the reason.
    pub fn wait_until_ready(&mut self) -> Result<WaitEnd, Fatal> {
        wait_until_ready(&mut self.all, Deadline::NEVER, self.signals)
    }

    /// Waits until `other` is readable, if there is one, and looks after the children meanwhile: one may become ready, answer too
    /// late, or die, and then it is started again at once.
    ///
    /// # Errors
    /// [`Fatal::CrashLoop`] if one cannot be kept alive.
    pub fn wait_for(&mut self, other: Option<BorrowedFd<'_>>, deadline: Deadline) -> Result<WaitEnd, Fatal> {
        self.all.iter_mut().try_for_each(|child| child.notice_missed_end(None)).map_err(cannot_wait)?;
        let mut other = [Source::readable(other)];
        loop {
            if let Some(end) = step(&mut self.all, &mut other, deadline, self.signals)? {
                return Ok(end);
            }
        }
    }

    /// Starts those again that are dead, unless the environment ends. Does not wait for them.
    ///
    /// # Errors
    /// [`Fatal::CrashLoop`] if one cannot be kept alive.
    pub fn ensure_started(&mut self) -> Result<(), Fatal> {
        ensure_started(&mut self.all)
    }

    /// The Shutdown phase: SIGTERM, end of file, and SIGKILL for what is left when the time is over.
    ///
    /// # Errors
    /// [`Fatal::System`] if waiting fails.
    pub fn stop(&mut self) -> Result<(), Fatal> {
        self.signals.notice_termination(); // the limits of the Shutdown phase hold, whatever the reason to stop
        self.all.iter_mut().for_each(Supervised::ask_to_stop);
        self.all.iter_mut().try_for_each(Supervised::stop).map_err(cannot_wait)
    }
}

/// Waits until these children are ready, within the deadline.
///
/// # Errors
/// [`Fatal::CrashLoop`], with the reason.
pub fn wait_until_ready(children: &mut [Supervised], deadline: Deadline, signals: Signals) -> Result<WaitEnd, Fatal> {
    while !children.iter().all(Supervised::is_ready) {
        if let Some(end) = step(children, &mut [], deadline, signals)? {
            return Ok(end);
        }
    }
    Ok(WaitEnd::Ready)
}

fn ensure_started(children: &mut [Supervised]) -> Result<(), Fatal> {
    children.iter_mut().try_for_each(Supervised::ensure_started).map_err(Fatal::CrashLoop)
}

fn step(
    children: &mut [Supervised],
    others: &mut [Source],
    deadline: Deadline,
    signals: Signals,
) -> Result<Option<WaitEnd>, Fatal> {
    ensure_started(children)?;
    if signals.is_terminating() {
        return Ok(Some(WaitEnd::Terminated)); // noticed elsewhere, and no descriptor becomes ready for it again
    }
    supervised::step(children, None, others, deadline, signals).map_err(Fatal::CrashLoop)
}

fn cannot_wait(cause: io::Error) -> Fatal {
    Fatal::System { what: "wait for a child to end", cause }
}

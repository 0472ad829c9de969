//! SIGTERM, SIGINT and SIGCHLD as descriptors to wait for (the self-pipe trick).

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::os::deadline::Deadline;
use crate::os::sys;

/// From SIGTERM to the end of everything. Lambda gives 300 ms to an environment that has internal extensions alone, and then
/// kills it: <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-shutdown>
pub const SHUTDOWN_LIMIT: Duration = Duration::from_millis(270);

/// The same for a slot, whose supervisor must end after it.
pub const SLOT_LIMIT: Duration = Duration::from_millis(240);

/// An invocation must be over this long before that, so that Lambda is told what became of it.
const REPORT_MARGIN: Duration = Duration::from_millis(30);

/// The pipes that signals write to. All copies are the same, and they live as long as the process.
#[derive(Clone, Copy, Debug)]
pub struct Signals {
    terminate: &'static OwnedFd,
    child: &'static OwnedFd,
    shutdown: &'static OnceLock<Deadline>,
    limit: Duration,
    /// How often the pipe of SIGCHLD has been emptied.
    emptied: &'static AtomicU32,
}

impl Signals {
    /// Call it before the first fork, so that no signal is missed.
    pub fn install() -> io::Result<Signals> {
        Signals::install_for(SHUTDOWN_LIMIT)
    }

    /// The same, with this time from SIGTERM to the end of everything.
    pub fn install_for(limit: Duration) -> io::Result<Signals> {
        sys::unblock_all_signals()?; // a parent may have blocked them, and children inherit that
        Ok(Signals {
            terminate: self_pipe(&[signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT])?,
            child: self_pipe(&[signal_hook::consts::SIGCHLD])?,
            shutdown: Box::leak(Box::default()),
            limit,
            emptied: Box::leak(Box::default()),
        })
    }

    /// Readable once SIGTERM or SIGINT has come. `None` once that has been noticed: nobody empties this pipe, because the signal
    /// is final, so a wait that had it would end at once.
    pub fn termination(self) -> Option<BorrowedFd<'static>> {
        self.shutdown.get().is_none().then(|| self.terminate.as_fd())
    }

    /// Call it when [`termination`](Signals::termination) is readable. The limits of the Shutdown phase start now.
    pub fn notice_termination(self) {
        self.shutdown.get_or_init(|| Deadline::after(self.limit));
    }

    /// Whether SIGTERM has been noticed: the execution environment ends.
    pub fn is_terminating(self) -> bool {
        self.shutdown.get().is_some()
    }

    /// When bootstrap must end. Never, until SIGTERM is noticed.
    pub fn shutdown_deadline(self) -> Deadline {
        self.shutdown.get().copied().unwrap_or(Deadline::NEVER)
    }

    /// When an invocation that is under way must be over. Never, until SIGTERM is noticed.
    pub fn work_deadline(self) -> Deadline {
        self.shutdown_deadline().earlier_by(REPORT_MARGIN)
    }

    /// Readable when a child may have ended. Empty it before checking the children: otherwise the end of one that ends between
    /// the two is missed.
    pub fn child_ended(self) -> BorrowedFd<'static> {
        self.child.as_fd()
    }

    /// Makes [`child_ended`](Signals::child_ended) unreadable until the next SIGCHLD.
    pub fn empty_child_ended(self) {
        self.emptied.fetch_add(1, Ordering::Relaxed);
        sys::discard(self.child_ended(), &mut [0; 64]); // bytes that are left only end the next wait early
    }

    /// How often [`child_ended`](Signals::child_ended) has been emptied, by whomever. As long as that is the same, the end of no child
    /// can have been missed, and it need not be looked at.
    pub fn times_emptied(self) -> u32 {
        self.emptied.load(Ordering::Relaxed)
    }
}

fn self_pipe(signals: &[libc::c_int]) -> io::Result<&'static OwnedFd> {
    let (reader, writer) = sys::self_pipe()?;
    let writer = Box::leak(Box::new(writer));
    signals.iter().try_for_each(|&signal| sys::write_on_signal(signal, writer))?;
    Ok(Box::leak(Box::new(reader)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::wait::{self, Source};

    /// The pipes of other signals than those of bootstrap, which belong to the program that runs the tests.
    fn signals() -> Signals {
        Signals {
            terminate: self_pipe(&[libc::SIGUSR1]).unwrap(),
            child: self_pipe(&[libc::SIGUSR2]).unwrap(),
            shutdown: Box::leak(Box::default()),
            limit: SHUTDOWN_LIMIT,
            emptied: Box::leak(Box::default()),
        }
    }

    fn is_readable(fd: Option<BorrowedFd<'_>>) -> bool {
        wait::for_any(&mut [Source::readable(fd)], Deadline::after(Duration::ZERO)).unwrap()
    }

    /// Another thread of the tests may take the signal, and need a while.
    fn becomes_readable(fd: Option<BorrowedFd<'_>>) -> bool {
        wait::for_any(&mut [Source::readable(fd)], Deadline::after(Duration::from_secs(20))).unwrap()
    }

    #[test]
    fn the_end_of_a_child_is_readable_until_it_is_emptied() {
        let signals = signals();
        assert!(!is_readable(Some(signals.child_ended())));
        sys::signal_process(std::process::id(), libc::SIGUSR2).unwrap();
        assert!(becomes_readable(Some(signals.child_ended())));
        let before = signals.times_emptied();
        signals.empty_child_ended();
        assert_ne!(signals.times_emptied(), before);
        assert!(!is_readable(Some(signals.child_ended())));
    }

    #[test]
    fn a_termination_that_was_noticed_starts_the_limits_and_ends_no_other_wait() {
        let signals = signals();
        assert!(!is_readable(signals.termination()) && !signals.is_terminating());
        assert_eq!(signals.work_deadline().left(), None);
        sys::signal_process(std::process::id(), libc::SIGUSR1).unwrap();
        assert!(becomes_readable(signals.termination()));
        signals.notice_termination();
        assert!(signals.termination().is_none() && signals.is_terminating());
        let (work, all) = (signals.work_deadline().left().unwrap(), signals.shutdown_deadline().left().unwrap());
        assert!(work <= SHUTDOWN_LIMIT - REPORT_MARGIN && all <= SHUTDOWN_LIMIT, "{work:?} {all:?}");
    }
}

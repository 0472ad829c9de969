//! One run of one claim: its limits, and what was sent and came meanwhile.

use super::notes::Notes;
use super::problem::{Problem, fails};
use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What all claims share.
pub struct Kit {
    /// The language runtime's executable.
    pub program: PathBuf,
    /// The folder with the handlers. Each start gets a copy.
    pub conformance: PathBuf,
    /// The limit of each wait.
    pub limit: Duration,
    /// A signal has come: no claim goes on.
    pub is_stopped: Arc<AtomicBool>,
}

pub struct Trial<'a> {
    pub kit: &'a Kit,
    pub notes: RefCell<Notes>,
    began: Instant,
}

/// A claim may take this many times the limit of a wait.
const WAITS: u32 = 3;

impl Trial<'_> {
    pub fn new(kit: &Kit) -> Trial<'_> {
        Trial { kit, notes: RefCell::default(), began: Instant::now() }
    }

    /// The end of a wait that begins now.
    pub fn limit(&self) -> Instant {
        (Instant::now() + self.kit.limit).min(self.began + self.kit.limit * WAITS)
    }

    /// # Errors
    /// The claim fails if the wait is over, or a signal has come.
    pub fn go_on(&self, limit: Instant, awaited: &str) -> Result<(), Problem> {
        if self.kit.is_stopped.load(Ordering::Relaxed) {
            return fails("interrupted");
        }
        if Instant::now() < limit { Ok(()) } else { fails(format!("{awaited} did not come within the limit")) }
    }

    /// Remembers what happened, for the report of a failure.
    pub fn note(&self, what: &'static str, bytes: &[u8]) {
        self.notes.borrow_mut().add(what, bytes);
    }
}

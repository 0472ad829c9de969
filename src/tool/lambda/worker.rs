//! A worker of a pool, which has one execution environment after another, while it waits for an invocation.

use super::phases::Lambda;
use crate::apis::queue::Job;
use std::cell::{Cell, RefCell};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::sleep;

/// What its pool tells it.
pub struct Worker {
    pub generation: u64,
    /// The change because of which it was started.
    pub cause: Option<String>,
    given: RefCell<Option<Job>>,
    is_to_end: Cell<bool>,
    /// Its environment exited while it was idle.
    is_cold: Cell<bool>,
    changed: Notify,
}

/// Why it is idle no more.
pub enum IdleEnd {
    Job(Job),
    MustEnd,
    /// It was idle for too long.
    Withdrawn,
}

impl Worker {
    pub fn new(generation: u64, cause: Option<String>) -> Worker {
        let (given, changed) = (RefCell::default(), Notify::new());
        Worker { generation, cause, given, is_to_end: Cell::new(false), is_cold: Cell::new(false), changed }
    }

    /// True if it has an environment that has not exited, as far as is known.
    pub fn is_warm(&self) -> bool {
        !self.is_cold.get()
    }

    pub fn give(&self, job: Job) {
        self.is_cold.set(false);
        *self.given.borrow_mut() = Some(job);
        self.changed.notify_one();
    }

    pub fn end(&self) {
        self.is_to_end.set(true);
        self.changed.notify_one();
    }

    /// Waits until it must end.
    pub async fn must_end(&self) {
        while !self.is_to_end.get() {
            self.changed.notified().await;
        }
    }

    /// Waits for an invocation, for at most this time. An environment that exits meanwhile is ended. `withdraw` is false if
    /// an invocation has come at the last moment.
    pub async fn idle(&self, lambda: &mut Lambda, limit: Duration, withdraw: impl Fn() -> bool) -> IdleEnd {
        let end = sleep(limit);
        tokio::pin!(end);
        loop {
            if let Some(job) = self.given.borrow_mut().take() {
                return IdleEnd::Job(job);
            }
            if self.is_to_end.get() {
                return IdleEnd::MustEnd;
            }
            tokio::select! {
                biased;
                () = self.changed.notified() => {}
                () = lambda.watch_idle() => self.is_cold.set(true),
                () = &mut end => if withdraw() {
                    return IdleEnd::Withdrawn;
                },
            }
        }
    }
}

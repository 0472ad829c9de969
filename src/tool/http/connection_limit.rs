//! How many connections one listener keeps open, and which one it closes to make room.

use crate::os::sys;
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::pin;
use std::rc::{Rc, Weak};
use std::task::Poll;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// From the first byte of a request to the end of its head.
const HEAD_LIMIT: Duration = Duration::from_secs(10);

/// Hands out a limited number of slots, one for each connection of a listener.
pub struct ConnectionLimit {
    max: usize,
    taken: RefCell<Vec<Weak<ConnectionSlot>>>,
    freed: Rc<Notify>,
}

/// The slot of one connection. Dropping it frees it.
pub struct ConnectionSlot {
    stage: Cell<Stage>,
    must_close: Notify,
    freed: Rc<Notify>,
}

/// While it is there, a request is being answered.
pub struct Busy(Rc<ConnectionSlot>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.stage.set(Stage::Idle);
    }
}

/// How far the current request has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Idle,
    /// The first byte of its head came at that time.
    Head(Instant),
    /// It is being answered. That may take hours.
    Busy,
}

impl ConnectionLimit {
    /// A quarter of the descriptors that this process may open: there are two listeners, and bootstrap needs pipes.
    pub fn new() -> Rc<ConnectionLimit> {
        ConnectionLimit::of((sys::max_descriptors() / 4).clamp(8, 1024))
    }

    fn of(max: usize) -> Rc<ConnectionLimit> {
        Rc::new(ConnectionLimit { max, taken: RefCell::default(), freed: Rc::default() })
    }

    /// Waits for a free slot. If there is none, the oldest connection without a whole request is closed.
    pub async fn take(&self) -> Rc<ConnectionSlot> {
        loop {
            let freed = self.freed.notified(); // made before the check, so that no slot is freed unnoticed in between
            if let Some(slot) = self.try_take() {
                return slot;
            }
            freed.await;
        }
    }

    fn try_take(&self) -> Option<Rc<ConnectionSlot>> {
        let mut taken = self.taken.borrow_mut();
        taken.retain(|slot| slot.strong_count() > 0);
        if taken.len() >= self.max {
            let slots: Vec<Rc<ConnectionSlot>> = taken.iter().filter_map(Weak::upgrade).collect();
            let idle = slots.iter().find(|slot| slot.stage.get() == Stage::Idle);
            idle.or_else(|| slots.iter().find(|slot| slot.stage.get() != Stage::Busy))?.ask_to_close();
            return None; // its task closes it at its next turn
        }
        let (stage, must_close, freed) = (Cell::new(Stage::Idle), Notify::new(), self.freed.clone());
        let slot = Rc::new(ConnectionSlot { stage, must_close, freed });
        taken.push(Rc::downgrade(&slot));
        Some(slot)
    }
}

impl ConnectionSlot {
    /// Bytes have come from the client.
    pub fn head_begins(&self) {
        if self.stage.get() == Stage::Idle {
            self.stage.set(Stage::Head(Instant::now()));
        }
    }

    /// The whole head of a request has come.
    pub fn request_begins(self: &Rc<ConnectionSlot>) -> Busy {
        self.stage.set(Stage::Busy);
        Busy(self.clone())
    }

    /// True while a request is being answered.
    pub fn is_busy(&self) -> bool {
        self.stage.get() == Stage::Busy
    }

    fn ask_to_close(&self) {
        self.must_close.notify_one();
    }

    /// Waits until the connection must be closed. To be polled by the task that serves the connection, and after it: the
    /// stage changes nowhere else, so that a request that comes in one piece needs no timer.
    pub async fn must_close_now(&self) {
        let mut asked = pin!(self.must_close.notified());
        let mut timer = pin!(None);
        let mut timed = None;
        poll_fn(|context| {
            let late = match self.stage.get() {
                Stage::Head(since) => {
                    if timed != Some(since) {
                        timed = Some(since);
                        timer.set(Some(sleep_until(since + HEAD_LIMIT)));
                    }
                    timer.as_mut().as_pin_mut().map_or(Poll::Pending, |timer| timer.poll(context))
                }
                Stage::Idle | Stage::Busy => Poll::Pending,
            };
            if late.is_ready() { late } else { asked.as_mut().poll(context) }
        })
        .await;
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        self.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::{Context, Waker};

    #[test]
    fn the_oldest_connection_without_a_request_is_closed_and_one_that_is_answered_is_not() {
        let limit = ConnectionLimit::of(3);
        let taken: Vec<_> = (0..3).filter_map(|_| limit.try_take()).collect();
        taken[0].head_begins();
        let _busy = taken[0].request_begins();
        assert!(limit.try_take().is_none());
        let must_close = |slot: &Rc<ConnectionSlot>| {
            pin!(slot.must_close_now()).poll(&mut Context::from_waker(Waker::noop())).is_ready()
        };
        let closing: Vec<bool> = taken.iter().map(must_close).collect();
        assert_eq!(closing, [false, true, false]);
        drop(taken);
        assert!(limit.try_take().is_some());
    }
}

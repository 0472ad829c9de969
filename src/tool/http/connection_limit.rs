//! How many connections one listener has open, and for how long those that ask for nothing may stay.

use crate::os::sys;
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// From the first byte of a request to the end of its head.
const HEAD_LIMIT: Duration = Duration::from_secs(10);

/// The connections of one listener.
pub struct ConnectionLimit {
    most: usize,
    taken: RefCell<Vec<Weak<ConnectionSlot>>>,
    left: Rc<Notify>,
}

/// One connection's. It is free again when this is dropped.
pub struct ConnectionSlot {
    stage: Cell<Stage>,
    must_close: Cell<bool>,
    changed: Notify,
    left: Rc<Notify>,
}

/// Of the present request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Idle,
    /// Its head has begun to come, then.
    Head(Instant),
    /// It is being answered, for hours if need be.
    Busy,
}

impl ConnectionLimit {
    /// A quarter of what this process may open: there are two listeners, and bootstrap wants pipes.
    pub fn new() -> Rc<ConnectionLimit> {
        ConnectionLimit::of((sys::most_descriptors() / 4).clamp(8, 1024))
    }

    fn of(most: usize) -> Rc<ConnectionLimit> {
        Rc::new(ConnectionLimit { most, taken: RefCell::default(), left: Rc::default() })
    }

    /// Waits until there is one. The oldest connection without a whole request has to make room.
    pub async fn take(&self) -> Rc<ConnectionSlot> {
        loop {
            let left = self.left.notified(); // made before the look: nobody leaves unseen
            if let Some(slot) = self.try_take() {
                return slot;
            }
            left.await;
        }
    }

    fn try_take(&self) -> Option<Rc<ConnectionSlot>> {
        let mut taken = self.taken.borrow_mut();
        taken.retain(|slot| slot.strong_count() > 0);
        if taken.len() >= self.most {
            let slots: Vec<Rc<ConnectionSlot>> = taken.iter().filter_map(Weak::upgrade).collect();
            let idle = slots.iter().find(|slot| slot.stage.get() == Stage::Idle);
            idle.or_else(|| slots.iter().find(|slot| slot.stage.get() != Stage::Busy))?.ask_to_close();
            return None; // it leaves at its next turn
        }
        let (stage, must_close, left) = (Cell::new(Stage::Idle), Cell::new(false), self.left.clone());
        let slot = Rc::new(ConnectionSlot { stage, must_close, changed: Notify::new(), left });
        taken.push(Rc::downgrade(&slot));
        Some(slot)
    }
}

impl ConnectionSlot {
    /// Bytes have come.
    pub fn head_begins(&self) {
        if self.stage.get() == Stage::Idle {
            self.stage.set(Stage::Head(Instant::now()));
            self.changed.notify_one();
        }
    }

    /// A head is whole.
    pub fn request_begins(&self) {
        self.stage.set(Stage::Busy);
        self.changed.notify_one();
    }

    /// The answer is there.
    pub fn request_ends(&self) {
        self.stage.set(Stage::Idle);
    }

    fn ask_to_close(&self) {
        self.must_close.set(true);
        self.changed.notify_one();
    }

    /// Waits until the connection has to be closed.
    pub async fn must_close_now(&self) {
        while !self.must_close.get() {
            match self.stage.get() {
                Stage::Head(since) if since.elapsed() >= HEAD_LIMIT => return,
                Stage::Head(since) => drop(timeout_at(since + HEAD_LIMIT, self.changed.notified()).await),
                Stage::Idle | Stage::Busy => self.changed.notified().await,
            }
        }
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        self.left.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_that_asks_for_nothing_makes_room_and_who_is_answered_does_not() {
        let slots = ConnectionLimit::of(3);
        let taken: Vec<_> = (0..3).filter_map(|_| slots.try_take()).collect();
        taken[0].head_begins();
        taken[0].request_begins();
        assert!(slots.try_take().is_none());
        let gone: Vec<bool> = taken.iter().map(|slot| slot.must_close.get()).collect();
        assert_eq!(gone, [false, true, false]);
        drop(taken);
        assert!(slots.try_take().is_some());
    }
}

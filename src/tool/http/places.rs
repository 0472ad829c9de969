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
pub struct Places {
    most: usize,
    taken: RefCell<Vec<Weak<Place>>>,
    left: Rc<Notify>,
}

/// One connection's. It is free again when this is dropped.
pub struct Place {
    stage: Cell<Stage>,
    has_to_go: Cell<bool>,
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

impl Places {
    /// A quarter of what this process may open: there are two listeners, and bootstrap wants pipes.
    pub fn new() -> Rc<Places> {
        Places::of((sys::most_descriptors() / 4).clamp(8, 1024))
    }

    fn of(most: usize) -> Rc<Places> {
        Rc::new(Places { most, taken: RefCell::default(), left: Rc::default() })
    }

    /// Waits until there is one. The oldest connection without a whole request has to make room.
    pub async fn take(&self) -> Rc<Place> {
        loop {
            let left = self.left.notified(); // made before the look: nobody leaves unseen
            if let Some(place) = self.try_take() {
                return place;
            }
            left.await;
        }
    }

    fn try_take(&self) -> Option<Rc<Place>> {
        let mut taken = self.taken.borrow_mut();
        taken.retain(|place| place.strong_count() > 0);
        if taken.len() >= self.most {
            let places: Vec<Rc<Place>> = taken.iter().filter_map(Weak::upgrade).collect();
            let idle = places.iter().find(|place| place.stage.get() == Stage::Idle);
            idle.or_else(|| places.iter().find(|place| place.stage.get() != Stage::Busy))?.end();
            return None; // it leaves at its next turn
        }
        let (stage, has_to_go, left) = (Cell::new(Stage::Idle), Cell::new(false), self.left.clone());
        let place = Rc::new(Place { stage, has_to_go, changed: Notify::new(), left });
        taken.push(Rc::downgrade(&place));
        Some(place)
    }
}

impl Place {
    /// Bytes have come.
    pub fn hears(&self) {
        if self.stage.get() == Stage::Idle {
            self.stage.set(Stage::Head(Instant::now()));
            self.changed.notify_one();
        }
    }

    /// A head is whole.
    pub fn begins(&self) {
        self.stage.set(Stage::Busy);
        self.changed.notify_one();
    }

    /// The answer is there.
    pub fn rests(&self) {
        self.stage.set(Stage::Idle);
    }

    fn end(&self) {
        self.has_to_go.set(true);
        self.changed.notify_one();
    }

    /// Waits until the connection has to be closed.
    pub async fn is_over(&self) {
        while !self.has_to_go.get() {
            match self.stage.get() {
                Stage::Head(since) if since.elapsed() >= HEAD_LIMIT => return,
                Stage::Head(since) => drop(timeout_at(since + HEAD_LIMIT, self.changed.notified()).await),
                Stage::Idle | Stage::Busy => self.changed.notified().await,
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.left.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_that_asks_for_nothing_makes_room_and_who_is_answered_does_not() {
        let places = Places::of(3);
        let taken: Vec<_> = (0..3).filter_map(|_| places.try_take()).collect();
        taken[0].hears();
        taken[0].begins();
        assert!(places.try_take().is_none());
        let gone: Vec<bool> = taken.iter().map(|place| place.has_to_go.get()).collect();
        assert_eq!(gone, [false, true, false]);
        drop(taken);
        assert!(places.try_take().is_some());
    }
}

//! Several invocations at once in one execution environment, as Lambda Managed Instances have them: each request for the next
//! invocation is a slot.

use super::ids;
use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

/// So many ids of invocations that have timed out are kept.
const MAX_LATE: usize = 1000;

/// The slots of an execution environment. `S` is the state of one.
pub struct Slots<S> {
    /// Those that wait for an invocation. The one that has waited longest is the first.
    waiting: RefCell<VecDeque<Rc<S>>>,
    /// Those that have one, by request id.
    running: RefCell<HashMap<String, Running<S>>>,
    /// The invocations whose answer is refused because it comes too late.
    late: RefCell<VecDeque<String>>,
}

struct Running<S> {
    slot: Rc<S>,
    invocation_id: String,
}

/// Which slot a request of the runtime is about.
pub enum Found<S> {
    Slot(Rc<S>),
    /// The invocation has timed out.
    Late,
    /// The runtime has mixed up two invocations.
    CrossWired,
    None,
}

impl<S> Default for Slots<S> {
    fn default() -> Slots<S> {
        Slots { waiting: RefCell::default(), running: RefCell::default(), late: RefCell::default() }
    }
}

impl<S> Slots<S> {
    /// Adds a slot that waits for an invocation.
    pub fn add(&self, slot: Rc<S>) {
        self.waiting.borrow_mut().push_back(slot);
    }

    /// How many wait for an invocation.
    pub fn waiting(&self) -> usize {
        self.waiting.borrow().len()
    }

    /// Takes a slot away that waits, as its request has gone.
    pub fn withdraw(&self, slot: &Rc<S>) {
        self.waiting.borrow_mut().retain(|other| !Rc::ptr_eq(other, slot));
    }

    /// Takes the slot that has waited longest, for this invocation. None: no slot waits.
    pub fn take(&self, request_id: &str) -> Option<Rc<S>> {
        let slot = self.waiting.borrow_mut().pop_front()?;
        let running = Running { slot: slot.clone(), invocation_id: ids::uuid() };
        self.running.borrow_mut().insert(request_id.to_owned(), running);
        Some(slot)
    }

    /// What the runtime must echo with the answer to this invocation.
    pub fn invocation_id(&self, request_id: &str) -> Option<String> {
        self.running.borrow().get(request_id).map(|running| running.invocation_id.clone())
    }

    /// The slot of an invocation. `echo` is the invocation id that the runtime sends with its answer; it may send none.
    pub fn find(&self, request_id: &str, echo: Option<&str>) -> Found<S> {
        if self.late.borrow().iter().any(|late| late == request_id) {
            return Found::Late;
        }
        match self.running.borrow().get(request_id) {
            None => Found::None,
            Some(running) if echo.is_some_and(|echo| echo != running.invocation_id) => Found::CrossWired,
            Some(running) => Found::Slot(running.slot.clone()),
        }
    }

    /// To be called when the caller of an invocation has its answer, or its timeout has passed.
    pub fn ended(&self, request_id: &str, is_late: bool) {
        self.running.borrow_mut().remove(request_id);
        if is_late {
            let mut late = self.late.borrow_mut();
            late.push_back(request_id.to_owned());
            if late.len() > MAX_LATE {
                late.pop_front();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invocations_run_beside_each_other_and_their_answers_find_them() {
        let slots = Slots::default();
        assert!(slots.take("none").is_none());
        slots.add(Rc::new(1));
        slots.add(Rc::new(2));
        assert_eq!((slots.take("a").as_deref(), slots.take("b").as_deref()), (Some(&1), Some(&2)));
        assert!(matches!(slots.find("b", None), Found::Slot(slot) if *slot == 2));
        let echo = slots.invocation_id("a");
        assert!(matches!(slots.find("b", echo.as_deref()), Found::CrossWired));
        slots.ended("a", false);
        slots.ended("b", true);
        assert!(matches!(slots.find("a", None), Found::None) && matches!(slots.find("b", None), Found::Late));
    }

    #[test]
    fn a_slot_whose_request_has_gone_gets_nothing() {
        let (slots, slot) = (Slots::default(), Rc::new(1));
        slots.add(slot.clone());
        slots.withdraw(&slot);
        assert!(slots.waiting() == 0 && slots.take("a").is_none());
    }
}

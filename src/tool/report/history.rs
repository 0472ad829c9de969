//! The hub: tells whoever subscribes what happens while it happens, and keeps the records of the last invocations.
//!
//! As long as nobody wants to know, nothing is made for it. A subscriber that does not keep up loses events, and is told
//! how many; it never holds up an invocation.

use super::event::Event;
use super::live::Live;
use super::record::Record;
use super::recorder::{MAX_WRITTEN, Recorder};
use super::redaction::Redaction;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use tokio::sync::mpsc;

/// The most records that are kept.
const MAX_RECORDS: usize = 500;

/// The most bytes that are kept of an event, of a response, and of a log.
const MAX_KEPT: usize = 256 * 1024;

/// The most bytes that all kept records have together, about.
const MAX_WEIGHT: usize = 64 * 1024 * 1024;

/// The events that wait for one subscriber, at most.
const QUEUE: usize = 256;

/// Who wants to know what happens.
#[derive(Default)]
pub struct Hub {
    /// Somebody wants the last records.
    keeps: Cell<bool>,
    recorder: RefCell<Option<Recorder>>,
    kept: RefCell<Kept>,
    /// What is under way, while records are kept.
    live: RefCell<Live>,
    subscribers: RefCell<Vec<Subscriber>>,
}

#[derive(Default)]
struct Kept {
    records: VecDeque<Rc<Record>>,
    weight: usize,
}

struct Subscriber {
    events: mpsc::Sender<Rc<Event>>,
    missed: Rc<Cell<u64>>,
}

/// The end at which a subscriber reads. Dropping it ends the subscription.
pub struct Subscription {
    events: mpsc::Receiver<Rc<Event>>,
    missed: Rc<Cell<u64>>,
}

impl Hub {
    /// From now on the last records are kept.
    pub fn keep_records(&self) {
        self.keeps.set(true);
    }

    /// From now on records are written to files.
    pub fn record_to(&self, recorder: Recorder) {
        *self.recorder.borrow_mut() = Some(recorder);
    }

    /// Takes this out of records from now on, if they are written to files.
    pub fn redact(&self, redaction: impl FnOnce() -> Option<Redaction>) {
        if let Some(recorder) = &*self.recorder.borrow() {
            recorder.redact(redaction());
        }
    }

    /// No invocation follows: waits until the files are written, for 10 s at most.
    pub fn finish_records(&self) {
        if let Some(recorder) = self.recorder.take() {
            recorder.finish();
        }
    }

    /// The most bytes of a log, or of a response that is streamed, that anybody wants.
    pub fn limit(&self) -> usize {
        if self.recorder.borrow().is_some() { MAX_WRITTEN } else { MAX_KEPT }
    }

    /// True if anybody wants to know what happens.
    pub fn is_live(&self) -> bool {
        self.recorder.borrow().is_some() || self.is_told()
    }

    /// True if events are made: for subscribers, or to keep what is under way.
    fn is_told(&self) -> bool {
        self.keeps.get() || !self.subscribers.borrow().is_empty()
    }

    /// From now on the subscriber is told what happens.
    pub fn subscribe(&self) -> Subscription {
        let (sender, events) = mpsc::channel(QUEUE);
        let missed = Rc::new(Cell::new(0));
        self.subscribers.borrow_mut().push(Subscriber { events: sender, missed: missed.clone() });
        Subscription { events, missed }
    }

    /// The last records, the oldest first.
    pub fn records(&self) -> Vec<Rc<Record>> {
        self.kept.borrow().records.iter().cloned().collect()
    }

    /// The record of one invocation, if it is still kept.
    pub fn record(&self, request_id: &str) -> Option<Rc<Record>> {
        self.kept.borrow().records.iter().find(|record| record.request_id == request_id).cloned()
    }

    /// What is under way, if records are kept.
    pub fn with_live<T>(&self, read: impl FnOnce(&Live) -> T) -> T {
        read(&self.live.borrow())
    }

    /// Tells all subscribers. The event is only made if somebody wants to know.
    pub fn tell(&self, event: impl FnOnce() -> Event) {
        if !self.is_told() {
            return;
        }
        let event = Rc::new(event());
        if self.keeps.get() {
            self.live.borrow_mut().apply(&event);
        }
        let mut subscribers = self.subscribers.borrow_mut();
        subscribers.retain(|subscriber| subscriber.tell(&event));
    }

    /// An invocation has ended: keeps its record, as far as there is room, and tells it.
    pub fn invocation_ended(&self, mut record: Record) {
        if let Some(recorder) = &*self.recorder.borrow() {
            if !self.is_told() {
                return recorder.add(record);
            }
            recorder.add(record.clone());
        }
        record.cut_to(MAX_KEPT);
        let record = Rc::new(record);
        if self.keeps.get() {
            self.kept.borrow_mut().add(record.clone());
        }
        self.tell(|| Event::InvocationEnded(record));
    }
}

impl Kept {
    fn add(&mut self, record: Rc<Record>) {
        self.weight += record.weight();
        self.records.push_back(record);
        while self.records.len() > MAX_RECORDS || self.weight > MAX_WEIGHT {
            let Some(oldest) = self.records.pop_front() else { return };
            self.weight -= oldest.weight();
        }
    }
}

impl Subscriber {
    /// False if it has gone.
    fn tell(&self, event: &Rc<Event>) -> bool {
        let missed = self.missed.get();
        if missed > 0 && self.events.try_send(Rc::new(Event::Missed(missed))).is_ok() {
            self.missed.set(0);
        }
        let is_behind = self.missed.get() > 0; // it may not hear of this before it hears of what it has missed
        if is_behind || self.events.try_send(event.clone()).is_err() {
            self.missed.set(self.missed.get() + 1);
        }
        !self.events.is_closed()
    }
}

impl Subscription {
    /// Waits for the next event, for ever if need be. None: the hub has gone.
    pub async fn next(&mut self) -> Option<Rc<Event>> {
        if self.events.is_empty() && self.missed.get() > 0 {
            return Some(Rc::new(Event::Missed(self.missed.take())));
        }
        self.events.recv().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::invocation::Source;
    use crate::report::record::{Context, LogLines, Payload, Timing};
    use bytes::Bytes;

    fn record(request_id: &str, size: usize) -> Record {
        Record {
            function: "function".to_owned(),
            handler: String::new(),
            environment: None,
            request_id: request_id.to_owned(),
            at_ms: 0,
            source: Source::Async,
            event: Payload::whole(Bytes::from(vec![b' '; size])),
            context: Context::default(),
            variables: Vec::new(),
            response: None,
            error: None,
            log: LogLines::default(),
            timing: Timing::default(),
        }
    }

    fn ended(environment: u64) -> Event {
        Event::EnvironmentEnded { function: "f".to_owned(), environment }
    }

    fn number(event: &Event) -> u64 {
        match event {
            Event::EnvironmentEnded { environment, .. } => *environment,
            Event::Missed(count) => 1000 + count,
            _ => unreachable!("only these are told"),
        }
    }

    #[test]
    fn nothing_is_made_while_nobody_listens() {
        let hub = Hub::default();
        hub.tell(|| unreachable!("nobody listens"));
        hub.invocation_ended(record("1", 1));
        assert!(!hub.is_live() && hub.records().is_empty());
        drop(hub.subscribe());
        hub.tell(|| ended(1));
        assert!(!hub.is_live());
    }

    #[tokio::test]
    async fn a_slow_subscriber_is_told_what_it_missed_and_where() {
        let hub = Hub::default();
        let mut slow = hub.subscribe();
        (0..QUEUE as u64 + 3).for_each(|at| hub.tell(|| ended(at)));
        assert_eq!(number(&slow.next().await.unwrap()), 0);
        assert_eq!(number(&slow.next().await.unwrap()), 1);
        hub.tell(|| ended(7));
        let mut rest = Vec::new();
        for _ in 0..QUEUE {
            rest.push(number(&slow.next().await.unwrap()));
        }
        assert_eq!(rest[QUEUE - 3..], [QUEUE as u64 - 1, 1003, 7]);
    }

    #[tokio::test]
    async fn what_it_missed_is_told_even_if_nothing_follows() {
        let hub = Hub::default();
        let mut slow = hub.subscribe();
        (0..=QUEUE as u64).for_each(|at| hub.tell(|| ended(at)));
        let mut last = 0;
        for _ in 0..=QUEUE {
            last = number(&slow.next().await.unwrap());
        }
        assert_eq!(last, 1001);
    }

    #[test]
    fn the_memory_of_the_history_is_bounded() {
        let hub = Hub::default();
        hub.keep_records();
        (0..MAX_RECORDS + 5).for_each(|at| hub.invocation_ended(record(&at.to_string(), 1)));
        let ids: Vec<_> = hub.records().iter().map(|record| record.request_id.clone()).collect();
        assert_eq!((ids.len(), ids[0].as_str()), (MAX_RECORDS, "5"));
        (0..MAX_RECORDS).for_each(|_| hub.invocation_ended(record("large", 2 * MAX_KEPT)));
        let weight: usize = hub.records().iter().map(|record| record.weight()).sum();
        assert!(weight <= MAX_WEIGHT && hub.kept.borrow().weight == weight);
    }
}

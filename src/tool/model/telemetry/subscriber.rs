//! A subscriber's buffer: a batch is due when it is full or old. While one is being delivered, the next is collected; what does
//! not fit into that is dropped and counted.

use super::{Category, Event};
use bytes::Bytes;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// The versions of the schema of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaVersion {
    V2022_07_01,
    V2022_12_13,
    V2025_01_29,
}

/// Where events go. All destinations are on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// `POST` with an array of events.
    Http { port: u16, path: String, host: String },
    /// An event a line.
    Tcp { port: u16 },
}

/// When a batch is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buffering {
    pub max_items: usize,
    pub max_bytes: usize,
    pub timeout: Duration,
}

impl Default for Buffering {
    fn default() -> Buffering {
        Buffering { max_items: 10_000, max_bytes: 262_144, timeout: Duration::from_secs(1) }
    }
}

/// What an extension has asked for.
pub struct Subscription {
    pub version: SchemaVersion,
    pub categories: Vec<Category>,
    pub destination: Destination,
    pub buffering: Buffering,
}

/// An extension that has subscribed, and what waits for it.
pub struct Subscriber {
    pub name: String,
    pub subscription: Subscription,
    buffer: RefCell<Buffer>,
    changed: Notify,
}

/// Events that are delivered together, each as JSON.
pub type Batch = Vec<Bytes>;

/// Events that nobody got, and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    pub records: u64,
    pub bytes: u64,
}

#[derive(Default)]
struct Buffer {
    events: VecDeque<Bytes>,
    bytes: usize,
    /// When the oldest event came.
    since: Option<Instant>,
    dropped: Dropped,
    /// How many events of a batch are being delivered.
    delivering: u64,
    /// How many events have been delivered or given up so far.
    done: u64,
    must_flush: bool,
}

impl Subscriber {
    pub fn new(name: String, subscription: Subscription) -> Subscriber {
        Subscriber { name, subscription, buffer: RefCell::default(), changed: Notify::new() }
    }

    pub fn wants(&self, category: Category) -> bool {
        self.subscription.categories.contains(&category)
    }

    /// Adds an event, or counts it as dropped if the buffer is full.
    pub fn add(&self, event: &Event) {
        let json = event.in_schema(self.subscription.version);
        let mut buffer = self.buffer.borrow_mut();
        if self.is_full(&buffer) && buffer.delivering > 0 {
            buffer.dropped.records += 1;
            buffer.dropped.bytes += json.len() as u64;
            return;
        }
        buffer.bytes += json.len();
        buffer.since.get_or_insert_with(Instant::now);
        buffer.events.push_back(json);
        drop(buffer);
        self.changed.notify_waiters();
    }

    fn is_full(&self, buffer: &Buffer) -> bool {
        let limits = self.subscription.buffering;
        buffer.events.len() >= limits.max_items || buffer.bytes >= limits.max_bytes
    }

    /// Has all that is buffered delivered at once. Returns the number of the last of these events, for `until_done`.
    pub fn flush(&self) -> u64 {
        let mut buffer = self.buffer.borrow_mut();
        buffer.must_flush = !buffer.events.is_empty();
        let last = buffer.done + buffer.delivering + buffer.events.len() as u64;
        drop(buffer);
        self.changed.notify_waiters();
        last
    }

    /// Waits until so many events have been delivered. Those that come meanwhile do not count: an extension that logs each
    /// delivery would make the wait endless.
    pub async fn until_done(&self, last: u64) {
        loop {
            let changed = self.changed.notified(); // made before the check: no change in between is missed
            if self.buffer.borrow().done >= last {
                return;
            }
            changed.await;
        }
    }

    /// Waits until a batch is due, and takes it. `delivered` must follow.
    pub async fn next(&self) -> Batch {
        loop {
            let changed = self.changed.notified();
            let due = {
                let buffer = self.buffer.borrow();
                let is_due = buffer.must_flush || self.is_full(&buffer);
                buffer.since.map(|since| if is_due { since } else { since + self.subscription.buffering.timeout })
            };
            match due {
                Some(due) if due <= Instant::now() => return self.take(),
                Some(due) => drop(timeout_at(due, changed).await),
                None => changed.await,
            }
        }
    }

    /// Takes at most what fits into one batch.
    pub fn take(&self) -> Batch {
        let limits = self.subscription.buffering;
        let mut buffer = self.buffer.borrow_mut();
        let mut batch = Batch::new();
        let mut bytes = 0;
        while let Some(event) = buffer.events.front() {
            if batch.len() >= limits.max_items || bytes >= limits.max_bytes {
                break;
            }
            bytes += event.len();
            batch.extend(buffer.events.pop_front());
        }
        buffer.bytes -= bytes;
        if buffer.events.is_empty() {
            buffer.since = None;
            buffer.must_flush = false;
        }
        buffer.delivering = batch.len() as u64;
        batch
    }

    /// To be called when a batch that was taken has been delivered, or is given up. Returns what was dropped
    /// meanwhile.
    pub fn delivered(&self) -> Option<Dropped> {
        let mut buffer = self.buffer.borrow_mut();
        buffer.done += std::mem::take(&mut buffer.delivering);
        let dropped = std::mem::take(&mut buffer.dropped);
        drop(buffer);
        self.changed.notify_waiters();
        (dropped.records > 0).then_some(dropped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn subscriber(max_items: usize, timeout_ms: u64) -> Subscriber {
        let buffering = Buffering { max_items, max_bytes: 1000, timeout: Duration::from_millis(timeout_ms) };
        let (version, destination) = (SchemaVersion::V2025_01_29, Destination::Tcp { port: 1 });
        let categories = Category::ALL.to_vec();
        Subscriber::new("a".to_owned(), Subscription { version, categories, destination, buffering })
    }

    fn event() -> Event {
        Event::new(Category::Function, "function", &Value::from("x"))
    }

    #[tokio::test]
    async fn a_full_buffer_is_delivered_at_once_and_an_old_one_later() {
        let subscriber = subscriber(2, 20);
        subscriber.add(&event());
        let began = Instant::now();
        assert_eq!(subscriber.next().await.len(), 1);
        assert!(began.elapsed() >= Duration::from_millis(15));
        assert!(subscriber.delivered().is_none());
        (0..2).for_each(|_| subscriber.add(&event()));
        let began = Instant::now();
        assert_eq!(subscriber.next().await.len(), 2);
        assert!(began.elapsed() < Duration::from_millis(15));
    }

    #[tokio::test]
    async fn while_a_batch_is_delivered_one_more_is_kept_and_the_rest_is_counted() {
        let subscriber = subscriber(2, 20);
        subscriber.add(&event());
        let _batch = subscriber.next().await;
        (0..5).for_each(|_| subscriber.add(&event()));
        let dropped = subscriber.delivered().unwrap();
        assert_eq!((dropped.records, subscriber.take().len()), (3, 2));
        assert!(dropped.bytes > 3 * 10);
    }
}

//! What happens in an execution environment, as Lambda's Telemetry API tells it to the extensions that have subscribed.
//!
//! An event is sent to each subscriber's buffer, and never waits. What happens before a subscription is kept until Init is over: a
//! subscriber gets that, too. Delivery is in `apis/telemetry_delivery.rs`.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/telemetry-api.html>, and what AWS's emulator for Managed Instances does.

mod events;
mod subscriber;

pub use events::{InitPhase, Phase};
use subscriber::Dropped;
pub use subscriber::{Batch, Buffering, Destination, SchemaVersion, Subscriber, Subscription};

use super::time;
use bytes::Bytes;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::rc::Rc;

/// The most events that are kept in Init for those who subscribe later, in bytes of JSON.
const MAX_EARLY: usize = 1024 * 1024;

/// What an extension can subscribe to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    Platform,
    Function,
    Extension,
}

impl Category {
    pub const ALL: [Category; 3] = [Category::Platform, Category::Function, Category::Extension];

    pub fn name(self) -> &'static str {
        match self {
            Category::Platform => "platform",
            Category::Function => "function",
            Category::Extension => "extension",
        }
    }
}

/// An event as JSON. A line of a log that is itself an object is a string in the oldest schema.
#[derive(Clone)]
pub struct Event {
    category: Category,
    json: Bytes,
    oldest_schema: Option<Bytes>,
}

impl Event {
    fn new(category: Category, kind: &str, record: &Value) -> Event {
        Event { category, json: render(kind, record), oldest_schema: None }
    }

    fn in_schema(&self, version: SchemaVersion) -> Bytes {
        let older = self.oldest_schema.as_ref().filter(|_| version == SchemaVersion::V2022_07_01);
        older.unwrap_or(&self.json).clone()
    }
}

fn render(kind: &str, record: &Value) -> Bytes {
    Bytes::from(json!({"time": time::iso(time::now_ms()), "type": kind, "record": record}).to_string())
}

/// The events of one execution environment, and who gets them.
#[derive(Default)]
pub struct Telemetry {
    state: RefCell<Stream>,
}

#[derive(Default)]
struct Stream {
    early: Vec<Event>,
    early_bytes: usize,
    /// What did not fit there.
    early_dropped: Dropped,
    /// Init is over.
    is_closed: bool,
    subscribers: Vec<Rc<Subscriber>>,
}

impl Stream {
    /// Keeps an event for those who subscribe later.
    fn keep(&mut self, event: Event) {
        let size = event.json.len();
        if self.early_bytes + size > MAX_EARLY {
            self.early_dropped.records += 1;
            self.early_dropped.bytes += size as u64;
            return;
        }
        self.early_bytes += size;
        self.early.push(event);
    }
}

/// Why there is no subscription.
#[derive(Debug, PartialEq, Eq)]
pub enum NotSubscribed {
    /// Init is over.
    Closed,
    /// This extension has subscribed before.
    Twice,
}

impl Telemetry {
    /// True if somebody has subscribed, or still can.
    pub fn is_wanted(&self) -> bool {
        let stream = self.state.borrow();
        !stream.is_closed || !stream.subscribers.is_empty()
    }

    /// Sends an event to all that have subscribed to its category. Without subscribers nothing is made of it.
    fn send(&self, category: Category, make: impl FnOnce() -> Event) {
        let mut stream = self.state.borrow_mut();
        if stream.is_closed && stream.subscribers.is_empty() {
            return;
        }
        let event = make();
        for subscriber in stream.subscribers.iter().filter(|subscriber| subscriber.wants(category)) {
            subscriber.add(&event);
        }
        if !stream.is_closed {
            stream.keep(event);
        }
    }

    /// Adds a subscriber, which gets what has happened before, too.
    ///
    /// # Errors
    /// Init is over, or there is one of that name.
    pub fn subscribe(&self, name: &str, subscription: Subscription) -> Result<Rc<Subscriber>, NotSubscribed> {
        let (subscriber, dropped) = {
            let mut stream = self.state.borrow_mut();
            if stream.is_closed {
                return Err(NotSubscribed::Closed);
            }
            if stream.subscribers.iter().any(|subscriber| subscriber.name == name) {
                return Err(NotSubscribed::Twice);
            }
            let subscriber = Rc::new(Subscriber::new(name.to_owned(), subscription));
            for event in stream.early.iter().filter(|event| subscriber.wants(event.category)) {
                subscriber.add(event);
            }
            stream.subscribers.push(subscriber.clone());
            (subscriber, stream.early_dropped)
        };
        self.subscribed(&subscriber);
        if dropped.records > 0 {
            self.logs_dropped(dropped, "Init had more events than are kept for later subscribers");
        }
        Ok(subscriber)
    }

    /// To be called when Init is over: nobody can subscribe from now on.
    pub fn close(&self) {
        let mut stream = self.state.borrow_mut();
        stream.is_closed = true;
        stream.early = Vec::new();
    }

    /// Sends what is buffered at once, and waits until it has been delivered.
    pub async fn flush(&self) {
        let subscribers = self.state.borrow().subscribers.clone();
        let flushed: Vec<u64> = subscribers.iter().map(|subscriber| subscriber.flush()).collect();
        for (subscriber, last) in subscribers.iter().zip(flushed) {
            subscriber.until_done(last).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscription(categories: &[Category]) -> Subscription {
        Subscription {
            version: SchemaVersion::V2022_07_01,
            categories: categories.to_vec(),
            destination: Destination::Tcp { port: 1 },
            buffering: Buffering::default(),
        }
    }

    fn kinds(subscriber: &Subscriber) -> Vec<String> {
        let batch = subscriber.take();
        let kind = |event: &Bytes| serde_json::from_slice::<Value>(event).unwrap()["type"].as_str().unwrap().to_owned();
        batch.iter().map(kind).collect()
    }

    #[test]
    fn a_late_subscriber_gets_what_happened_in_init() {
        let telemetry = Telemetry::default();
        telemetry.line(Category::Function, b"early", false);
        let subscriber = telemetry.subscribe("a", subscription(&Category::ALL)).unwrap();
        telemetry.line(Category::Extension, b"late", false);
        assert_eq!(kinds(&subscriber), ["function", "platform.telemetrySubscription", "extension"]);
    }

    #[test]
    fn what_init_had_too_much_of_is_counted() {
        let telemetry = Telemetry::default();
        (0..40).for_each(|_| telemetry.line(Category::Function, &[b'x'; 30_000], false));
        let subscriber = telemetry.subscribe("a", subscription(&[Category::Platform])).unwrap();
        assert_eq!(kinds(&subscriber), ["platform.telemetrySubscription", "platform.logsDropped"]);
    }

    #[test]
    fn a_subscriber_gets_only_its_categories() {
        let telemetry = Telemetry::default();
        let subscriber = telemetry.subscribe("a", subscription(&[Category::Function])).unwrap();
        telemetry.line(Category::Extension, b"x", false);
        telemetry.line(Category::Function, b"x", false);
        assert_eq!(kinds(&subscriber), ["function"]);
    }

    #[test]
    fn after_init_nobody_can_subscribe_and_nobody_can_twice() {
        let telemetry = Telemetry::default();
        assert!(telemetry.subscribe("a", subscription(&Category::ALL)).is_ok());
        assert_eq!(telemetry.subscribe("a", subscription(&Category::ALL)).err(), Some(NotSubscribed::Twice));
        telemetry.close();
        assert_eq!(telemetry.subscribe("b", subscription(&Category::ALL)).err(), Some(NotSubscribed::Closed));
    }

    #[test]
    fn a_json_line_is_an_object_in_the_newer_schemas_only() {
        let telemetry = Telemetry::default();
        let old = telemetry.subscribe("old", subscription(&[Category::Function])).unwrap();
        let newer = Subscription { version: SchemaVersion::V2022_12_13, ..subscription(&[Category::Function]) };
        let new = telemetry.subscribe("new", newer).unwrap();
        telemetry.line(Category::Function, br#"{"level":"INFO"}"#, true);
        telemetry.line(Category::Function, b"text", true);
        let records = |subscriber: &Subscriber| -> Vec<Value> {
            let batch = subscriber.take();
            batch.iter().map(|event| serde_json::from_slice::<Value>(event).unwrap()["record"].take()).collect()
        };
        assert_eq!(records(&old), [json!(r#"{"level":"INFO"}"#), json!("text")]);
        assert_eq!(records(&new), [json!({"level": "INFO"}), json!("text")]);
    }
}

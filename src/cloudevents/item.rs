//! Finds the record of an event, and the name that AWS has for the record (`itemIdentifier`).

use super::json::append_text;
use super::json::{Document, Value};
use super::kinds::{Kind, Partial};
use super::mapping::{MappedEvent, Mapping};

/// Returns the JSON that names a record in `batchItemFailures`. Returns `None` if the record does not have a name. AWS
/// would take an empty name for a failure of the whole batch.
pub fn item_identifier(kind: &Kind, record: &[u8]) -> Option<Vec<u8>> {
    let document = Document::parse(record).ok()?;
    let record = document.root();
    let text_at = |path: &str| record.path(path).map(Value::raw).filter(|raw| raw.starts_with(b"\"") && raw.len() > 2);
    match kind.partial {
        Partial::None | Partial::Ordered => None,
        Partial::Sqs => Some(text_at("messageId")?.to_vec()),
        Partial::Checkpoint => Some(text_at(kind.order.sequence().0.trim_matches(['{', '}']))?.to_vec()),
        Partial::Kafka => kafka_identifier(record),
    }
}

fn kafka_identifier(record: Value<'_, '_>) -> Option<Vec<u8>> {
    let partition = partition(record)?;
    let offset = record.path("offset")?.raw();
    let json = [br#"{"partition":"#, &*partition, br#","offset":"#, offset, b"}"].concat();
    offset.first()?.is_ascii_digit().then_some(json)
}

/// True if the first checkpoint comes before the other in the source. Hooks may have changed the order of the calls.
/// The source sends again what follows in its own order.
pub fn is_before(item: &[u8], other: &[u8]) -> bool {
    let number = |item: &[u8]| -> Vec<u8> {
        item.iter().copied().filter(u8::is_ascii_digit).skip_while(|digit| *digit == b'0').collect()
    };
    let (own, others) = (number(item), number(other));
    (own.len(), own) < (others.len(), others)
}

pub fn partition_of(record: &[u8]) -> Option<Vec<u8>> {
    partition(Document::parse(record).ok()?.root())
}

/// Returns `"topic-partition"`, including the quotes.
fn partition(record: Value<'_, '_>) -> Option<Vec<u8>> {
    let (topic, mut number) = (record.path("topic").and_then(Value::plain_text), Vec::new());
    let has_number = record.path("partition").is_some_and(|value| append_text(value, &mut number));
    match topic {
        Some(topic) if has_number => Some([b"\"", topic, b"-", &*number, b"\""].concat()),
        _ => record.path("eventSourceKey").map(|key| key.raw().to_vec()).filter(|key| key.starts_with(b"\"")),
    }
}

/// True if a record of SQS is from a FIFO queue. A standard queue can have message groups for fairness, but does not
/// have sequence numbers.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html>
pub fn is_fifo(record: &[u8]) -> bool {
    let Ok(document) = Document::parse(record) else { return false };
    let record = document.root();
    let queue = record.path("eventSourceARN").and_then(Value::plain_text).unwrap_or_default();
    let attributes = ["attributes.MessageGroupId", "attributes.SequenceNumber"];
    queue.ends_with(b".fifo") || attributes.iter().all(|path| record.path(path).is_some())
}

/// Finds the records of events. Hooks may have changed, moved or removed events.
pub struct RecordFinder<'m> {
    mapping: &'m Mapping<'m>,
    /// The identities of the events as they were mapped, sorted, with the indexes of their records. A record that was
    /// found loses its index. `None` if no hook changed the events.
    mapped: Option<Vec<(Vec<u8>, Option<usize>)>>,
}

impl<'m> RecordFinder<'m> {
    /// Prepares the search for a mapping's events. `is_unchanged` says that no hook changed the events.
    pub fn new(mapping: &'m Mapping<'m>, is_unchanged: bool) -> RecordFinder<'m> {
        let mapped = (!is_unchanged).then(|| {
            let events = mapping.events().enumerate();
            let mut mapped: Vec<_> =
                events.filter_map(|(index, event)| Some((identity(event)?, Some(index)))).collect();
            mapped.sort_unstable();
            mapped
        });
        RecordFinder { mapping, mapped }
    }

    /// Returns the record of an event. `index` is the index of the event among the calls.
    ///
    /// If no hook changed the events, the record has the same index. Otherwise, `id` and `source` of the event identify
    /// the record. If they are new, the record is the event's data, or the event itself if it does not have data. A
    /// record that carried a CloudEvent can be identified only by `id` and `source`.
    pub fn find(&mut self, index: usize, event: MappedEvent<'_>) -> Option<Vec<u8>> {
        let Some(mapped) = &mut self.mapped else { return self.mapping.record(index).map(<[u8]>::to_vec) };
        let identity = identity(event).unwrap_or_default();
        let start = mapped.partition_point(|(other, _)| *other < identity);
        let mut same = mapped.iter_mut().skip(start).take_while(|(other, _)| *other == identity);
        if let Some(index) = same.find_map(|(_, index)| index.take()) {
            return self.mapping.record(index).map(<[u8]>::to_vec);
        }
        let document = Document::parse(event.data).ok()?;
        let root = document.root();
        Some(root.path("data").unwrap_or(root).raw().to_vec())
    }
}

/// Returns what identifies a CloudEvent: its `id` and its `source`.
fn identity(event: MappedEvent<'_>) -> Option<Vec<u8>> {
    let data = if event.tail.is_empty() { event.data } else { b"null" }; // the data is not needed
    let text = [event.head, data, event.tail].concat();
    let document = Document::parse(&text).ok()?;
    let mut identity = Vec::new();
    append_text(document.root().get(b"id")?, &mut identity);
    identity.push(0);
    append_text(document.root().get(b"source")?, &mut identity);
    Some(identity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkpoints_are_numbers_of_any_length() {
        for (item, other) in [("\"9\"", "\"10\""), ("\"0009\"", "\"10\""), ("\"9\"", "\"0010\""), ("\"10\"", "\"11\"")]
        {
            assert!(is_before(item.as_bytes(), other.as_bytes()), "{item} {other}");
            assert!(!is_before(other.as_bytes(), item.as_bytes()), "{other} {item}");
        }
        assert!(!is_before(b"\"10\"", b"\"10\""));
    }

    #[test]
    fn a_record_of_kafka_names_its_partition_or_the_pipe_does() {
        for (record, expected) in [
            (r#"{"topic":"t","partition":0}"#, Some(r#""t-0""#)),
            (r#"{"topic":"t","partition":0,"eventSourceKey":"k"}"#, Some(r#""t-0""#)),
            (r#"{"topic":"t","eventSourceKey":"k"}"#, Some(r#""k""#)),
            (r#"{"partition":0,"eventSourceKey":"k"}"#, Some(r#""k""#)),
            (r#"{"topic":"t","eventSourceKey":1}"#, None),
            ("{}", None),
        ] {
            assert_eq!(partition_of(record.as_bytes()).as_deref(), expected.map(str::as_bytes), "{record}");
        }
    }

    #[test]
    fn a_name_that_is_no_text_names_no_record() {
        let sqs = super::super::kinds::KINDS.iter().find(|kind| kind.name() == "sqs").unwrap();
        for (record, expected) in [
            (r#"{"messageId":"1"}"#, Some(r#""1""#)),
            (r#"{"messageId":12345}"#, None),
            (r#"{"messageId":""}"#, None),
            ("{}", None),
        ] {
            assert_eq!(item_identifier(sqs, record.as_bytes()).as_deref(), expected.map(str::as_bytes), "{record}");
        }
    }

    #[test]
    fn id_and_source_together_are_an_identity() {
        let of = |id: &str, source: &str, tail: &str| {
            let head = format!(r#"{{"id":"{id}","source":"{source}","data":"#);
            let data = if tail.is_empty() { "1}" } else { "not looked at" };
            let [head, data, tail] = [&*head, data, tail].map(str::as_bytes);
            identity(MappedEvent { head, data, tail, may_have_line_breaks: false })
        };
        assert!(of("a", "/b", "}").is_some());
        assert_eq!(of("a", "/b", "}"), of("a", "/b", ""));
        for (id, source) in [("b", "/b"), ("a", "/c"), ("a/", "b")] {
            assert_ne!(of("a", "/b", "}"), of(id, source, "}"), "{id} {source}");
        }
    }

    #[test]
    fn a_queue_is_fifo_by_its_name_or_by_sequence_numbers_in_groups() {
        let record = |queue: &str, attributes: &str| {
            format!(r#"{{"eventSourceARN":"arn:aws:sqs:eu-west-1:1:{queue}","attributes":{{{attributes}}}}}"#)
        };
        for (queue, attributes, fifo) in [
            ("q.fifo", "", true),
            ("q", r#""MessageGroupId":"g","SequenceNumber":"1""#, true),
            ("q", r#""MessageGroupId":"g""#, false),
            ("q", r#""SequenceNumber":"1""#, false),
            ("q", "", false),
        ] {
            assert_eq!(is_fifo(record(queue, attributes).as_bytes()), fifo, "{queue} {attributes}");
        }
    }
}

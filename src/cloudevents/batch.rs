//! The calls that one mapped event becomes, and the one response that their outcomes become.
//!
//! What an event source makes of a response is AWS's to say; where it takes a list of failed records
//! (`batchItemFailures`, only with `SLSBATCH=report`), this writes it.
//!
//! | source | order | itemIdentifier | listed |
//! | --- | --- | --- | --- |
//! | SQS | any | `messageId` | all that did not succeed |
//! | SQS FIFO | kept | `messageId` | all that did not succeed: the first that failed, and what was not reached |
//! | Kinesis, DynamoDB | kept | `SequenceNumber` | the first that did not succeed: all from it on come again |
//! | Kafka | kept in each partition | `{"partition":"topic-0","offset":15}` | all that did not succeed |
//!
//! A handler may name the record that it was given in `batchItemFailures` of its own: then it did not succeed.
//!
//! Sources: <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting>,
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html>,
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>,
//! <https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html>

use std::fmt;

use super::item::{Records, is_before, is_fifo, item, partition_of};
use super::json::{Document, Value};
use super::kinds::{self, Partial};
use super::mapping::{Event, Mapping};
use super::options::Options;

/// The calls of one event.
pub struct Batch<'m> {
    mapping: &'m Mapping<'m>,
    events: Vec<Event<'m>>,
    /// The events are as mapped, each at its place.
    is_as_mapped: bool,
    /// One call has all of them.
    is_together: bool,
    reports: bool,
}

/// What became of a call.
#[derive(Clone, Copy)]
pub enum Outcome<'r> {
    /// The handler's response.
    Succeeded(&'r [u8]),
    /// The handler, or the language runtime, failed.
    Failed,
    /// It was never begun, or not over in time.
    NotReached,
}

/// What becomes of the invocation.
#[cfg_attr(test, derive(Debug, PartialEq, Eq))]
pub enum Answer {
    /// The response to the call of this index is the response.
    AsIs(usize),
    /// This is.
    Made(Vec<u8>),
    /// The invocation fails.
    Failed(Failure),
}

/// How many of the records failed. Displayed as `3 of 10 records failed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The call that failed first in order; none if none failed, and some were not reached.
    pub first: Option<usize>,
    /// Calls that failed.
    pub failed: usize,
    /// Calls that were not reached.
    pub not_reached: usize,
    /// Calls in all.
    pub total: usize,
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} of {} records failed", self.failed, self.total)?;
        match self.not_reached {
            0 => Ok(()),
            not_reached => write!(out, ", {not_reached} not reached"),
        }
    }
}

impl<'m> Batch<'m> {
    /// The calls of a mapped event. `changed` is what the `before` hooks made of it; it must be JSON. With
    /// `SLSEVENTS=batch` it must be given, for the call has one text: without hooks, what [`Mapping::append_to`] appends.
    pub fn new(mapping: &'m Mapping<'m>, changed: Option<&'m [u8]>, options: &Options) -> Batch<'m> {
        let is_together = options.batch || !mapping.is_batch();
        let list = changed.filter(|_| !is_together).map(elements);
        let events = match (changed, list) {
            (_, Some(Some(list))) => list.into_iter().map(Event::whole).collect(),
            (Some(changed), _) => vec![Event::whole(changed)],
            (None, _) => mapping.events().collect(),
        };
        Batch { mapping, events, is_as_mapped: changed.is_none(), is_together, reports: options.report }
    }

    /// The events, one for each call of the handler.
    pub fn events(&self) -> &[Event<'m>] {
        &self.events
    }

    /// True if the calls must be one after the other, and none after one that failed.
    pub fn is_in_order(&self) -> bool {
        match self.mapping.kind.partial {
            Partial::None => false,
            Partial::Ordered | Partial::Checkpoint | Partial::Kafka => true,
            Partial::Sqs => self.mapping.record(0).is_some_and(is_fifo),
        }
    }

    /// The group of each call, for calls that are in order: after one that failed, the others of its group must wait, for
    /// they come again with it. With a report these are Kafka's partitions; else all is one group.
    pub fn groups(&self) -> Vec<usize> {
        let are_partitions = self.mapping.kind.partial == Partial::Kafka && self.may_report();
        if !are_partitions || self.events.len() < 2 {
            return Vec::new();
        }
        let mut records = Records::new(self.mapping, self.is_as_mapped);
        let events = self.events.iter().enumerate();
        let partition = |record: Option<Vec<u8>>| record.as_deref().and_then(partition_of).unwrap_or_default();
        let mut partitions: Vec<_> =
            events.map(|(index, event)| (partition(records.find(index, *event)), Some(index))).collect();
        partitions.sort_unstable();
        let mut groups = vec![0; partitions.len()];
        for (group, same) in partitions.chunk_by(|(one, _), (other, _)| one == other).enumerate() {
            for index in same.iter().filter_map(|(_, index)| *index) {
                groups.get_mut(index).into_iter().for_each(|slot| *slot = group);
            }
        }
        groups
    }

    fn may_report(&self) -> bool {
        self.reports && self.knows_failures() && !self.is_together
    }

    /// What the outcomes, in the order of the calls, make of the invocation.
    ///
    /// Where all succeeded: for sources that know `batchItemFailures` an empty list of those, which is a success
    /// whether or not the event source mapping reads it; for other batches the JSON array of the responses; for one
    /// event its response, and so for batches of one, but those that are arrays themselves. A response to an HTTP
    /// request that is a CloudEvent becomes an HTTP response. Where one did not succeed, the invocation fails, or with
    /// `SLSBATCH=report` they are reported.
    pub fn answer(&self, outcomes: &[Outcome<'_>]) -> Answer {
        let outcomes: &[Outcome<'_>] = &outcomes.iter().map(|outcome| self.judged(*outcome)).collect::<Vec<_>>();
        let count = |test: fn(&Outcome<'_>) -> bool| outcomes.iter().filter(|outcome| test(outcome)).count();
        let failed = count(|outcome| matches!(outcome, Outcome::Failed));
        let not_reached = count(|outcome| matches!(outcome, Outcome::NotReached));
        if failed + not_reached == 0 {
            return self.success(outcomes);
        }
        let first = outcomes.iter().position(|outcome| matches!(outcome, Outcome::Failed));
        let failure = Failure { first, failed, not_reached, total: outcomes.len() };
        match self.report(outcomes).filter(|_| self.may_report()) {
            Some(report) => Answer::Made(report),
            None => Answer::Failed(failure),
        }
    }

    /// Tells of a response whether it says that the record failed, so that none is begun after it where order is kept.
    pub fn failure_test(&self) -> fn(&[u8]) -> bool {
        if self.knows_failures() && !self.is_together { names_failures } else { |_| false }
    }

    fn knows_failures(&self) -> bool {
        matches!(self.mapping.kind.partial, Partial::Sqs | Partial::Checkpoint | Partial::Kafka)
    }

    /// What became of a call, where its response may say that the record failed.
    fn judged<'r>(&self, outcome: Outcome<'r>) -> Outcome<'r> {
        match outcome {
            Outcome::Succeeded(response) if self.failure_test()(response) => Outcome::Failed,
            other => other,
        }
    }

    fn success(&self, outcomes: &[Outcome<'_>]) -> Answer {
        let responses: Vec<&[u8]> = outcomes.iter().filter_map(response).collect();
        if self.is_together {
            return match responses.first() {
                Some(response) => self.answer_to_request(response).map_or(Answer::AsIs(0), Answer::Made),
                None => Answer::Made(b"null".to_vec()),
            };
        }
        let is_array = self.mapping.kind.records == kinds::Records::Each(None);
        let is_enrichment = is_array && !self.reports && responses.iter().any(|response| *response != b"null");
        if self.knows_failures() && !is_enrichment {
            return Answer::Made(br#"{"batchItemFailures":[]}"#.to_vec());
        }
        match (self.mapping.http, responses.len()) {
            (Some(shape), _) => Answer::Made(shape.answer_all(&responses)),
            (None, 0) if !is_array => Answer::Made(b"null".to_vec()),
            (None, 1) if !is_array => Answer::AsIs(0),
            _ => Answer::Made(array(&responses)),
        }
    }

    /// The HTTP response that the response to an HTTP request stands for, if it is none itself.
    fn answer_to_request(&self, response: &[u8]) -> Option<Vec<u8>> {
        let shape = self.mapping.http?;
        match response {
            b"null" if self.mapping.is_unwrapped_request => Some(shape.no_content()),
            _ => shape.answer(response),
        }
    }

    /// The list of what did not succeed. None if it would have to name a record that cannot be named.
    fn report(&self, outcomes: &[Outcome<'_>]) -> Option<Vec<u8>> {
        let mut records = Records::new(self.mapping, self.is_as_mapped);
        let names_first_alone = self.mapping.kind.partial == Partial::Checkpoint; // all from it on come again
        let mut items: Vec<Vec<u8>> = Vec::new();
        for (index, outcome) in outcomes.iter().enumerate() {
            let record = records.find(index, *self.events.get(index)?);
            if matches!(outcome, Outcome::Succeeded(_)) {
                continue;
            }
            let item = item(self.mapping.kind, &record?)?;
            match items.first_mut().filter(|_| names_first_alone) {
                Some(first) if is_before(&item, first) => *first = item,
                Some(_) => (),
                None => items.push(item),
            }
        }
        let mut out = br#"{"batchItemFailures":["#.to_vec();
        for (index, item) in items.iter().enumerate() {
            out.extend_from_slice(if index == 0 { br#"{"itemIdentifier":"# } else { br#",{"itemIdentifier":"# });
            out.extend_from_slice(item);
            out.push(b'}');
        }
        out.extend_from_slice(b"]}");
        Some(out)
    }
}

/// True if a response has `batchItemFailures`, and they are not none.
fn names_failures(response: &[u8]) -> bool {
    let Ok(document) = Document::parse(response) else { return false };
    let failures = document.root().path("batchItemFailures");
    failures.is_some_and(|failures| failures.first() != b'[' || failures.elements().next().is_some())
}

fn response<'r>(outcome: &Outcome<'r>) -> Option<&'r [u8]> {
    match outcome {
        Outcome::Succeeded(response) => Some(response.trim_ascii()),
        _ => None,
    }
}

/// The elements of a JSON array; none for any other JSON.
fn elements(text: &[u8]) -> Option<Vec<&[u8]>> {
    let document = Document::parse(text).ok()?;
    let root = document.root();
    (root.first() == b'[').then(|| root.elements().map(Value::raw).collect())
}

fn array(elements: &[&[u8]]) -> Vec<u8> {
    [b"[", &*elements.join(&b","[..]), b"]"].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloudevents::{EventFacts, map};
    use std::str::from_utf8;

    const OK: Outcome<'static> = Outcome::Succeeded(b"null");
    const BAD: Outcome<'static> = Outcome::Failed;
    const LATE: Outcome<'static> = Outcome::NotReached;
    const REPORT: Options = Options { report: true, raw: false, wrap: false, unwrap: false, batch: false };
    const NOT: Options = Options { report: false, ..REPORT };

    const INVOCATION: EventFacts<'static> =
        EventFacts { request_id: "r", function_arn: "", trace_id: None, received_ms: 0 };

    /// The answer as a text, after a hook has made `change` of the list of events.
    fn changed(event: &str, options: Options, change: fn(&mut Vec<&[u8]>), outcomes: &[Outcome<'_>]) -> String {
        let mapping = map(event.as_bytes(), &INVOCATION, &options).unwrap();
        let mut text = Vec::new();
        mapping.append_to(&mut text);
        let mut list = elements(&text).unwrap();
        change(&mut list);
        let changed = array(&list);
        said(Batch::new(&mapping, Some(&changed), &options).answer(outcomes))
    }

    fn answer(event: &str, options: Options, outcomes: &[Outcome<'_>]) -> String {
        let mapping = map(event.as_bytes(), &INVOCATION, &options).unwrap();
        let batch = Batch::new(&mapping, None, &options);
        assert_eq!(batch.events().len(), outcomes.len());
        said(batch.answer(outcomes))
    }

    fn said(answer: Answer) -> String {
        match answer {
            Answer::AsIs(index) => format!("response {index}"),
            Answer::Made(text) => from_utf8(&text).unwrap().to_owned(),
            Answer::Failed(failure) => failure.to_string(),
        }
    }

    /// An event of records that are these, with the number of each in place of `@`.
    fn event(start: &str, record: &str, end: &str, numbers: &[u32]) -> String {
        let records: Vec<String> = numbers.iter().map(|number| record.replace('@', &number.to_string())).collect();
        [start, &records.join(","), end].concat()
    }

    fn sqs(numbers: &[u32]) -> String {
        let record = r#"{"eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:us-east-1:1:q","messageId":"m@"}"#;
        event(r#"{"Records":["#, record, "]}", numbers)
    }

    fn kinesis(numbers: &[u32]) -> String {
        let record = r#"{"eventSource":"aws:kinesis","eventSourceARN":"arn:aws:kinesis:us-east-1:1:stream/s",
            "eventID":"shardId-0:@","kinesis":{"sequenceNumber":"@"}}"#;
        event(r#"{"Records":["#, record, "]}", numbers)
    }

    fn dynamodb(numbers: &[u32]) -> String {
        let record = r#"{"eventSource":"aws:dynamodb","eventSourceARN":"arn:aws:dynamodb:us-east-1:1:table/t",
            "eventName":"INSERT","eventID":"e@","dynamodb":{"SequenceNumber":"@"}}"#;
        event(r#"{"Records":["#, record, "]}", numbers)
    }

    fn kafka(numbers: &[u32]) -> String {
        let record = r#"{"topic":"t","partition":0,"offset":@,"value":""}"#;
        let end = r#"],"t-1":[{"topic":"t","partition":1,"offset":7,"value":""}]}}"#;
        event(
            r#"{"eventSource":"aws:kafka","eventSourceArn":"arn:aws:kafka:x","records":{"t-0":["#,
            record,
            end,
            numbers,
        )
    }

    fn pipe(numbers: &[u32]) -> String {
        sqs(numbers).replace(r#"{"Records":"#, "").replace("]}", "]")
    }

    #[test]
    fn where_all_succeed_nothing_is_named() {
        for options in [REPORT, NOT] {
            for event in [sqs(&[1, 2]), kinesis(&[1, 2]), dynamodb(&[1, 2]), kafka(&[1]), pipe(&[1, 2])] {
                assert_eq!(answer(&event, options, &[OK, OK]), r#"{"batchItemFailures":[]}"#);
            }
        }
    }

    #[test]
    fn all_messages_that_did_not_succeed_are_named() {
        let expected = r#"{"batchItemFailures":[{"itemIdentifier":"m1"},{"itemIdentifier":"m3"}]}"#;
        assert_eq!(answer(&sqs(&[1, 2, 3]), REPORT, &[BAD, OK, LATE]), expected);
        assert_eq!(answer(&pipe(&[1, 2, 3]), REPORT, &[BAD, OK, LATE]), expected);
    }

    #[test]
    fn of_streams_the_first_that_did_not_succeed_is_named() {
        let expected = r#"{"batchItemFailures":[{"itemIdentifier":"2"}]}"#;
        assert_eq!(answer(&kinesis(&[1, 2, 3]), REPORT, &[OK, BAD, LATE]), expected);
        assert_eq!(answer(&dynamodb(&[1, 2, 3]), REPORT, &[OK, LATE, LATE]), expected);
    }

    #[test]
    fn partitions_of_kafka_are_groups_where_single_records_may_be_reported() {
        let groups = |event: &str, options: Options| {
            Batch::new(&map(event.as_bytes(), &INVOCATION, &options).unwrap(), None, &options).groups()
        };
        assert_eq!(groups(&kafka(&[1, 2]), REPORT), [0, 0, 1]);
        assert!(groups(&kafka(&[1, 2]), NOT).is_empty());
        assert!(groups(&kinesis(&[1, 2]), REPORT).is_empty());
    }

    #[test]
    fn of_kafka_all_that_did_not_succeed_are_named() {
        let [first, second, third] = [("t-0", 2), ("t-0", 3), ("t-1", 7)].map(|(partition, offset)| {
            format!(r#"{{"itemIdentifier":{{"partition":"{partition}","offset":{offset}}}}}"#)
        });
        let expected = format!(r#"{{"batchItemFailures":[{first},{second},{third}]}}"#);
        assert_eq!(answer(&kafka(&[1, 2, 3]), REPORT, &[OK, BAD, LATE, LATE]), expected);
        assert_eq!(answer(&kafka(&[1]), REPORT, &[OK, LATE]), format!(r#"{{"batchItemFailures":[{third}]}}"#));
    }

    #[test]
    fn without_report_the_invocation_fails() {
        assert_eq!(answer(&sqs(&[1, 2, 3]), NOT, &[BAD, OK, LATE]), "1 of 3 records failed, 1 not reached");
    }

    #[test]
    fn a_record_that_has_no_name_fails_the_invocation() {
        let nameless = sqs(&[1, 2]).replace(r#","messageId":"m2""#, "");
        assert_eq!(answer(&nameless, REPORT, &[OK, BAD]), "1 of 2 records failed");
        assert_eq!(answer(&nameless, REPORT, &[BAD, OK]), r#"{"batchItemFailures":[{"itemIdentifier":"m1"}]}"#);
        let nameless = sqs(&[1]).replace("m1", "");
        assert_eq!(answer(&nameless, REPORT, &[BAD]), "1 of 1 records failed");
    }

    #[test]
    fn hooks_may_filter_and_move_messages() {
        let swap = |list: &mut Vec<&[u8]>| {
            list.remove(1);
            list.reverse();
        };
        let expected = r#"{"batchItemFailures":[{"itemIdentifier":"m3"}]}"#;
        assert_eq!(changed(&sqs(&[1, 2, 3]), REPORT, swap, &[BAD, OK]), expected);
        assert_eq!(changed(&sqs(&[1, 2]), REPORT, |list| list.clear(), &[]), r#"{"batchItemFailures":[]}"#);
    }

    #[test]
    fn what_a_hook_moved_behind_a_failed_record_is_not_lost() {
        let last_first = |list: &mut Vec<&[u8]>| list.rotate_right(1);
        let expected = r#"{"batchItemFailures":[{"itemIdentifier":"9"}]}"#;
        assert_eq!(changed(&kinesis(&[9, 10, 11]), REPORT, last_first, &[BAD, LATE, LATE]), expected);
        assert_eq!(changed(&dynamodb(&[9, 10, 11]), REPORT, last_first, &[BAD, LATE, LATE]), expected);
        let backwards = |list: &mut Vec<&[u8]>| list.reverse();
        let answer = changed(&kafka(&[9, 10]), REPORT, backwards, &[OK, BAD, LATE]);
        let [first, second] =
            [10, 9].map(|offset| format!(r#"{{"itemIdentifier":{{"partition":"t-0","offset":{offset}}}}}"#));
        assert_eq!(answer, format!(r#"{{"batchItemFailures":[{first},{second}]}}"#));
    }

    #[test]
    fn an_event_that_a_hook_made_new_is_named_by_its_data_or_itself() {
        let new: fn(&mut Vec<&[u8]>) =
            |list| *list = vec![br#"{"id":"new","data":{"messageId":"m2"}}"#, br#"{"messageId":"m1"}"#];
        let expected = r#"{"batchItemFailures":[{"itemIdentifier":"m2"},{"itemIdentifier":"m1"}]}"#;
        assert_eq!(changed(&sqs(&[1, 2]), REPORT, new, &[BAD, BAD]), expected);
        let strange: fn(&mut Vec<&[u8]>) = |list| *list = vec![b"5"];
        assert_eq!(changed(&sqs(&[1, 2]), REPORT, strange, &[BAD]), "1 of 1 records failed");
    }

    #[test]
    fn failures_that_the_handler_itself_names_are_failures() {
        let own = Outcome::Succeeded(br#"{"batchItemFailures":[{"itemIdentifier":"m2"}]}"#);
        assert_eq!(answer(&sqs(&[1, 2]), REPORT, &[OK, own]), r#"{"batchItemFailures":[{"itemIdentifier":"m2"}]}"#);
        assert_eq!(answer(&sqs(&[1]), NOT, &[own]), "1 of 1 records failed");
        for none in
            [&br#"{"batchItemFailures":[]}"#[..], br#"{"batchItemFailures":null}"#, br#""batchItemFailures""#, b"{}"]
        {
            assert_eq!(answer(&sqs(&[1]), NOT, &[Outcome::Succeeded(none)]), r#"{"batchItemFailures":[]}"#);
        }
        let wrong = Outcome::Succeeded(br#"{"batchItemFailures":"m1"}"#);
        assert_eq!(answer(&sqs(&[1]), NOT, &[wrong]), "1 of 1 records failed");
    }

    #[test]
    fn one_call_for_all_answers_for_itself() {
        let options = Options { batch: true, ..REPORT };
        let own = Outcome::Succeeded(br#"{"batchItemFailures":[{"itemIdentifier":"m2"}]}"#);
        let same: fn(&mut Vec<&[u8]>) = |_| ();
        assert_eq!(changed(&sqs(&[1, 2]), options, same, &[own]), "response 0");
        assert_eq!(changed(&sqs(&[1, 2]), options, same, &[BAD]), "1 of 1 records failed");
    }

    #[test]
    fn a_pipe_may_want_its_enriched_records_back() {
        let outcomes = [Outcome::Succeeded(b" 1 "), OK];
        assert_eq!(answer(&pipe(&[1, 2]), NOT, &outcomes), "[1,null]");
        assert_eq!(answer(&pipe(&[1, 2]), REPORT, &outcomes), r#"{"batchItemFailures":[]}"#);
    }

    #[test]
    fn the_order_is_that_of_the_source() {
        let is_in_order =
            |event: &str| Batch::new(&map(event.as_bytes(), &INVOCATION, &NOT).unwrap(), None, &NOT).is_in_order();
        assert!(!is_in_order(&sqs(&[1, 2])) && !is_in_order(&pipe(&[1, 2])));
        assert!(is_in_order(&sqs(&[1, 2]).replace(":q\"", ":q.fifo\"")));
        for queue in [
            r#"{"eventSource":"aws:mq","messages":[{"messageID":"1"}]}"#,
            r#"{"eventSource":"aws:rmq","rmqMessagesByQueue":{"q::/":[{}]}}"#,
        ] {
            assert!(is_in_order(queue), "{queue}");
        }
        assert!([kinesis(&[1]), dynamodb(&[1]), kafka(&[1])].iter().all(|event| is_in_order(event)));
    }
}

//! Makes the calls for a mapped event, and the response from their outcomes.
//!
//! Each event source has its own rules for responses. Some sources accept a list of the failed records
//! (`batchItemFailures`). With `SLSBATCH=report`, this module writes the list.
//!
//! | source | order | itemIdentifier | listed |
//! | --- | --- | --- | --- |
//! | SQS | any | `messageId` | all records that did not succeed |
//! | SQS FIFO | kept | `messageId` | all records that did not succeed: the first that failed, and those that were not reached |
//! | Kinesis, DynamoDB | kept | `SequenceNumber` | the first record that did not succeed: the source sends it and all later records again |
//! | Kafka | kept in each partition | `{"partition":"topic-0","offset":15}` | all records that did not succeed |
//!
//! A handler may itself list failures in `batchItemFailures`. The record of this call then did not succeed.
//!
//! Sources: <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting>,
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html>,
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>,
//! <https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html>

use std::fmt;

use super::item::{RecordFinder, is_before, is_fifo, item_identifier, partition_of};
use super::json::{Document, Value};
use super::kinds::{self, Partial};
use super::mapping::{MappedEvent, Mapping};
use super::options::Options;

/// The calls for an event.
pub struct Batch<'m> {
    mapping: &'m Mapping<'m>,
    events: Vec<MappedEvent<'m>>,
    /// No hook changed the events, so each is at the index of its record.
    is_unchanged: bool,
    /// A single call gets all events.
    is_single_call: bool,
    reports: bool,
}

/// The outcome of a call: the handler's response or its error. `None` if the call did not begin, or did not end in
/// time.
pub type CallOutcome<R, E> = Option<Result<R, E>>;

/// The result of the invocation.
pub enum Answer<R, E> {
    /// The response is this response of the handler.
    AsIs(R),
    /// The response is this JSON.
    Made(Vec<u8>),
    /// The invocation fails. The error is from the first call that failed, in the order of the calls. It is `None` if
    /// no call failed, and some calls were not reached.
    Failed(FailureCount, Option<E>),
}

/// How many records failed. Its text is `3 of 10 records failed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailureCount {
    pub failed: usize,
    pub not_reached: usize,
    pub total: usize,
}

impl fmt::Display for FailureCount {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} of {} records failed", self.failed, self.total)?;
        match self.not_reached {
            0 => Ok(()),
            not_reached => write!(out, ", {not_reached} not reached"),
        }
    }
}

impl<'m> Batch<'m> {
    /// Makes the calls for a mapped event. `changed` is the JSON that the `before` hooks return. With `SLSEVENTS=batch`
    /// it is required, because the call gets a single text. Without hooks, this is what [`Mapping::append_to`] appends.
    pub fn new(mapping: &'m Mapping<'m>, changed: Option<&'m [u8]>, options: &Options) -> Batch<'m> {
        let is_single_call = options.batch || !mapping.is_batch();
        let list = changed.filter(|_| !is_single_call).map(elements);
        let events = match (changed, list) {
            (_, Some(Some(list))) => list.into_iter().map(MappedEvent::from_text).collect(),
            (Some(changed), _) => vec![MappedEvent::from_text(changed)],
            (None, _) => mapping.events().collect(),
        };
        Batch { mapping, events, is_unchanged: changed.is_none(), is_single_call, reports: options.report }
    }

    /// Returns the events. There is a call for each.
    pub fn events(&self) -> &[MappedEvent<'m>] {
        &self.events
    }

    /// True if the calls must be made one after the other, and no call must be made after a call that failed.
    pub fn is_in_order(&self) -> bool {
        match self.mapping.kind.partial {
            Partial::None => false,
            Partial::Ordered | Partial::Checkpoint | Partial::Kafka => true,
            Partial::Sqs => self.mapping.record(0).is_some_and(is_fifo),
        }
    }

    /// Returns the group of each call, if the calls have an order. After a failed call, the other calls of its group
    /// must not be made, because the source sends their records again. With a report, the groups are Kafka's
    /// partitions. Otherwise, the list is empty, and all calls are in the same group.
    pub fn groups(&self) -> Vec<usize> {
        let are_partitions = self.mapping.kind.partial == Partial::Kafka && self.may_report();
        if !are_partitions || self.events.len() < 2 {
            return Vec::new();
        }
        let mut records = RecordFinder::new(self.mapping, self.is_unchanged);
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

    /// True if the response of the only call is the response of the invocation, whatever it is. The handler may stream it.
    pub fn may_stream(&self) -> bool {
        self.is_single_call && self.events.len() == 1
    }

    fn may_report(&self) -> bool {
        self.reports && self.accepts_item_failures() && !self.is_single_call
    }

    /// Makes the result of the invocation. `outcomes` are in the order of the calls.
    ///
    /// If a call did not succeed, the invocation fails, unless there is a [`report`](Batch::report). If all calls
    /// succeeded, the response is:
    ///
    /// - for a source that accepts `batchItemFailures`, an empty list. It means success, even if the event source
    ///   mapping does not read it. EventBridge Pipes gets the JSON array of the responses instead, if a response is not
    ///   null and `SLSBATCH` is not `report`;
    /// - for an HTTP request, an HTTP response, if the handler answers with a CloudEvent, or if the request carried a
    ///   list of CloudEvents;
    /// - for any other batch, the JSON array of the responses. If the batch has a single record and is not itself an
    ///   array, it is the response for the record;
    /// - for any other event, the handler's response.
    pub fn answer<R: AsRef<[u8]>, E>(&self, outcomes: Vec<CallOutcome<R, E>>) -> Answer<R, E> {
        let total = outcomes.len();
        let (mut responses, mut first, mut failed, mut not_reached) = (Vec::with_capacity(total), None, 0, 0);
        for outcome in outcomes {
            match outcome {
                Some(Ok(response)) => responses.push(response),
                Some(Err(error)) => {
                    failed += 1;
                    first.get_or_insert(error);
                }
                None => not_reached += 1,
            }
        }
        if responses.len() < total {
            return Answer::Failed(FailureCount { failed, not_reached, total }, first);
        }
        self.success(responses)
    }

    /// Returns a test that is true if a response lists failures. The record of the call then did not succeed.
    pub fn failure_test(&self) -> fn(&[u8]) -> bool {
        if self.accepts_item_failures() && !self.is_single_call { lists_failures } else { |_| false }
    }

    fn accepts_item_failures(&self) -> bool {
        matches!(self.mapping.kind.partial, Partial::Sqs | Partial::Checkpoint | Partial::Kafka)
    }

    fn success<R: AsRef<[u8]>, E>(&self, mut responses: Vec<R>) -> Answer<R, E> {
        let texts: Vec<&[u8]> = responses.iter().map(|response| response.as_ref().trim_ascii()).collect();
        let made = if self.is_single_call {
            match texts.first() {
                Some(response) => self.answer_to_request(response),
                None => Some(b"null".to_vec()),
            }
        } else {
            self.answer_to_records(&texts)
        };
        match (made, responses.pop()) {
            (Some(made), _) => Answer::Made(made),
            (None, Some(response)) => Answer::AsIs(response),
            (None, None) => Answer::Made(b"null".to_vec()),
        }
    }

    /// Makes a response from the responses for single records. Returns `None` if it would be the only response,
    /// unchanged.
    fn answer_to_records(&self, responses: &[&[u8]]) -> Option<Vec<u8>> {
        let is_array = self.mapping.kind.records == kinds::Records::Elements;
        let is_enrichment = is_array && !self.reports && responses.iter().any(|response| *response != b"null");
        if self.accepts_item_failures() && !is_enrichment {
            return Some(br#"{"batchItemFailures":[]}"#.to_vec());
        }
        match (self.mapping.response_format, responses.len()) {
            (Some(format), _) => Some(format.convert_all(responses)),
            (None, 0 | 1) if !is_array => None,
            _ => Some(array(responses)),
        }
    }

    /// Makes an HTTP response from the response to an HTTP request. Returns `None` if the response stays as it is.
    fn answer_to_request(&self, response: &[u8]) -> Option<Vec<u8>> {
        let format = self.mapping.response_format?;
        match response {
            b"null" if self.mapping.is_unwrapped_request => Some(format.no_content()),
            _ => format.convert(response),
        }
    }

    /// With `SLSBATCH=report`, returns the list of the records that did not succeed. Returns `None` if all records
    /// succeeded, or if a record does not have a name.
    pub fn report<R, E>(&self, outcomes: &[CallOutcome<R, E>]) -> Option<Vec<u8>> {
        let has_succeeded = |outcome: &CallOutcome<R, E>| matches!(outcome, Some(Ok(_)));
        if !self.may_report() || outcomes.iter().all(has_succeeded) {
            return None;
        }
        let mut records = RecordFinder::new(self.mapping, self.is_unchanged);
        let lists_first_only = self.mapping.kind.partial == Partial::Checkpoint; // the source sends the rest again
        let mut items: Vec<Vec<u8>> = Vec::new();
        for (index, outcome) in outcomes.iter().enumerate() {
            let record = records.find(index, *self.events.get(index)?);
            if has_succeeded(outcome) {
                continue;
            }
            let item = item_identifier(self.mapping.kind, &record?)?;
            match items.first_mut().filter(|_| lists_first_only) {
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

/// True if a response has a `batchItemFailures` that is not empty.
fn lists_failures(response: &[u8]) -> bool {
    let Ok(document) = Document::parse(response) else { return false };
    let failures = document.root().path("batchItemFailures");
    failures.is_some_and(|failures| failures.first() != b'[' || failures.elements().next().is_some())
}

/// Returns the elements of a JSON array. Returns `None` for any other JSON.
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

    type TestOutcome = CallOutcome<&'static [u8], usize>;

    const OK: TestOutcome = Some(Ok(b"null"));
    const BAD: TestOutcome = Some(Err(0));
    const LATE: TestOutcome = None;
    const REPORT: Options = Options { report: true, raw: false, wrap: false, unwrap: false, batch: false };
    const NOT: Options = Options { report: false, ..REPORT };

    const INVOCATION: EventFacts<'static> =
        EventFacts { request_id: "r", function_arn: "", trace_id: None, received_ms: 0 };

    /// Returns the answer as text, after a hook applied `change` to the list of events.
    fn changed(event: &str, options: Options, change: fn(&mut Vec<&[u8]>), outcomes: &[TestOutcome]) -> String {
        let mapping = map(event.as_bytes(), &INVOCATION, &options).unwrap();
        let mut text = Vec::new();
        mapping.append_to(&mut text);
        let mut list = elements(&text).unwrap();
        change(&mut list);
        let changed = array(&list);
        answer_text(&Batch::new(&mapping, Some(&changed), &options), outcomes)
    }

    fn answer(event: &str, options: Options, outcomes: &[TestOutcome]) -> String {
        let mapping = map(event.as_bytes(), &INVOCATION, &options).unwrap();
        let batch = Batch::new(&mapping, None, &options);
        assert_eq!(batch.events().len(), outcomes.len());
        answer_text(&batch, outcomes)
    }

    fn answer_text(batch: &Batch<'_>, outcomes: &[TestOutcome]) -> String {
        let text = |bytes: &[u8]| from_utf8(bytes).unwrap().to_owned();
        match (batch.report(outcomes), batch.answer(outcomes.to_vec())) {
            (Some(report), Answer::Failed(..)) => text(&report),
            (Some(report), _) => panic!("a report of a success: {}", text(&report)),
            (None, Answer::AsIs(response)) => format!("response {}", text(response)),
            (None, Answer::Made(made)) => text(&made),
            (None, Answer::Failed(failure, _)) => failure.to_string(),
        }
    }

    /// Returns an event with a record for each number. The number replaces `@` in the record.
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
    fn a_success_lists_no_failures() {
        for options in [REPORT, NOT] {
            for event in [sqs(&[1, 2]), kinesis(&[1, 2]), dynamodb(&[1, 2]), kafka(&[1]), pipe(&[1, 2])] {
                assert_eq!(answer(&event, options, &[OK, OK]), r#"{"batchItemFailures":[]}"#);
            }
        }
    }

    #[test]
    fn all_messages_that_did_not_succeed_are_listed() {
        let expected = r#"{"batchItemFailures":[{"itemIdentifier":"m1"},{"itemIdentifier":"m3"}]}"#;
        assert_eq!(answer(&sqs(&[1, 2, 3]), REPORT, &[BAD, OK, LATE]), expected);
        assert_eq!(answer(&pipe(&[1, 2, 3]), REPORT, &[BAD, OK, LATE]), expected);
    }

    #[test]
    fn streams_list_the_first_record_that_did_not_succeed() {
        let expected = r#"{"batchItemFailures":[{"itemIdentifier":"2"}]}"#;
        assert_eq!(answer(&kinesis(&[1, 2, 3]), REPORT, &[OK, BAD, LATE]), expected);
        assert_eq!(answer(&dynamodb(&[1, 2, 3]), REPORT, &[OK, LATE, LATE]), expected);
    }

    #[test]
    fn kafka_partitions_are_groups_with_a_report() {
        let groups = |event: &str, options: Options| {
            Batch::new(&map(event.as_bytes(), &INVOCATION, &options).unwrap(), None, &options).groups()
        };
        assert_eq!(groups(&kafka(&[1, 2]), REPORT), [0, 0, 1]);
        assert_eq!(groups(&kafka(&[1]), REPORT), [0, 1]);
        assert!(groups(&kafka(&[1, 2]), NOT).is_empty());
        assert!(groups(&kinesis(&[1, 2]), REPORT).is_empty());
    }

    #[test]
    fn kafka_lists_all_records_that_did_not_succeed() {
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
    fn a_record_that_a_hook_moved_behind_a_failed_record_is_not_lost() {
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
    fn a_new_event_of_a_hook_is_identified_by_its_data_or_itself() {
        let new: fn(&mut Vec<&[u8]>) =
            |list| *list = vec![br#"{"id":"new","data":{"messageId":"m2"}}"#, br#"{"messageId":"m1"}"#];
        let expected = r#"{"batchItemFailures":[{"itemIdentifier":"m2"},{"itemIdentifier":"m1"}]}"#;
        assert_eq!(changed(&sqs(&[1, 2]), REPORT, new, &[BAD, BAD]), expected);
        let strange: fn(&mut Vec<&[u8]>) = |list| *list = vec![b"5"];
        assert_eq!(changed(&sqs(&[1, 2]), REPORT, strange, &[BAD]), "1 of 1 records failed");
    }

    #[test]
    fn a_carried_event_leads_to_its_record_wherever_a_hook_has_moved_it() {
        let options = Options { unwrap: true, ..REPORT };
        let body = r#""body":"{\"specversion\":\"1.0\",\"id\":\"@\",\"source\":\"/s\",\"type\":\"t\"}""#;
        let record = format!(
            r#"{{"eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:us-east-1:1:q","messageId":"m@",{body}}}"#
        );
        let event = event(r#"{"Records":["#, &record, "]}", &[1, 2, 3, 4]);
        let swap = |list: &mut Vec<&[u8]>| list.swap(0, 2);
        let expected = r#"{"batchItemFailures":[{"itemIdentifier":"m3"},{"itemIdentifier":"m4"}]}"#;
        assert_eq!(changed(&event, options, swap, &[BAD, OK, OK, LATE]), expected);
        let twice: fn(&mut Vec<&[u8]>) = |list| list.extend_from_within(..1);
        assert_eq!(changed(&event, options, twice, &[OK, OK, OK, OK, BAD]), "1 of 5 records failed");
    }

    #[test]
    fn failures_that_the_handler_lists_are_failures() {
        let event = sqs(&[1]);
        let mapping = map(event.as_bytes(), &INVOCATION, &NOT).unwrap();
        let is_failure = Batch::new(&mapping, None, &NOT).failure_test();
        for own in [r#"{"batchItemFailures":[{"itemIdentifier":"m2"}]}"#, r#"{"batchItemFailures":"m1"}"#] {
            assert!(is_failure(own.as_bytes()), "{own}");
        }
        for none in [r#"{"batchItemFailures":[]}"#, r#"{"batchItemFailures":null}"#, r#""batchItemFailures""#, "{}"] {
            assert!(!is_failure(none.as_bytes()), "{none}");
        }
        let together = Options { batch: true, ..NOT };
        let is_failure = Batch::new(&mapping, Some(b"[]"), &together).failure_test();
        assert!(!is_failure(br#"{"batchItemFailures":[{"itemIdentifier":"m2"}]}"#));
    }

    #[test]
    fn a_failed_batch_has_the_error_of_its_first_failed_call() {
        let event = sqs(&[1, 2, 3, 4]);
        let mapping = map(event.as_bytes(), &INVOCATION, &NOT).unwrap();
        let first = |outcomes: [TestOutcome; 4]| match Batch::new(&mapping, None, &NOT).answer(outcomes.to_vec()) {
            Answer::Failed(_, first) => first,
            _ => panic!("no failure"),
        };
        assert_eq!(first([LATE, OK, Some(Err(3)), Some(Err(4))]), Some(3));
        assert_eq!(first([OK, OK, OK, LATE]), None);
    }

    #[test]
    fn a_single_call_for_all_records_makes_the_response() {
        let options = Options { batch: true, ..REPORT };
        let own: TestOutcome = Some(Ok(br#"{"batchItemFailures":[{"itemIdentifier":"m2"}]}"#));
        let same: fn(&mut Vec<&[u8]>) = |_| ();
        assert_eq!(
            changed(&sqs(&[1, 2]), options, same, &[own]),
            r#"response {"batchItemFailures":[{"itemIdentifier":"m2"}]}"#
        );
        assert_eq!(changed(&sqs(&[1, 2]), options, same, &[BAD]), "1 of 1 records failed");
    }

    #[test]
    fn other_records_have_their_responses_and_a_single_one_its_own() {
        let outcomes: [TestOutcome; 2] = [Some(Ok(b" 1 ")), OK];
        let records = |numbers: &[u32]| sqs(numbers).replace("aws:sqs", "aws:newservice");
        for options in [NOT, REPORT] {
            assert_eq!(answer(&records(&[1, 2]), options, &outcomes), "[1,null]");
            assert_eq!(answer(&records(&[1]), options, &[Some(Ok(b" 1 "))]), "response  1 ");
        }
        assert_eq!(answer(&pipe(&[1]), NOT, &[Some(Ok(b" 1 "))]), "[1]"); // Pipes wants a list, always
    }

    #[test]
    fn only_a_single_call_for_a_single_event_may_stream() {
        let may_stream = |event: &str, changed: Option<&[u8]>, options: Options| {
            Batch::new(&map(event.as_bytes(), &INVOCATION, &options).unwrap(), changed, &options).may_stream()
        };
        let together = Options { batch: true, ..NOT };
        assert!(may_stream("{}", None, NOT));
        assert!(may_stream(&sqs(&[1, 2]), Some(b"[{},{}]"), together));
        assert!(!may_stream(&sqs(&[1]), None, NOT));
        assert!(!may_stream(&sqs(&[1, 2]), None, NOT));
    }

    /// A request of API Gateway with this content type and body.
    fn request(content_type: &str, body: &str) -> String {
        let mut request: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/events/apigw-http-v2.json")).unwrap();
        request["headers"] = serde_json::json!({ "content-type": content_type });
        request["body"] = body.into();
        request["isBase64Encoded"] = false.into();
        request.to_string()
    }

    #[test]
    fn a_request_that_carries_events_gets_an_http_response() {
        let unwrap = Options { unwrap: true, ..NOT };
        let event = r#"{"specversion":"1.0","id":"1","source":"/s","type":"t"}"#;
        let single = request("application/cloudevents+json", event);
        let list = request("application/cloudevents-batch+json", &format!("[{event},{event}]"));
        let no_content = r#"{"statusCode":204,"headers":{},"body":"","isBase64Encoded":false}"#;
        assert_eq!(answer(&single, unwrap, &[OK]), no_content);
        assert_eq!(answer(&single, NOT, &[OK]), "response null"); // the handler has got the request, and answers it
        assert_eq!(answer(&list, unwrap, &[OK, OK]), no_content);
        assert_eq!(
            answer(&list, unwrap, &[Some(Ok(b"1")), OK]),
            r#"{"statusCode":200,"headers":{"content-type":"application/json"},"body":"[1]","isBase64Encoded":false}"#
        );
    }

    #[test]
    fn a_pipe_gets_the_responses_without_a_report() {
        let outcomes: [TestOutcome; 2] = [Some(Ok(b" 1 ")), OK];
        assert_eq!(answer(&pipe(&[1, 2]), NOT, &outcomes), "[1,null]");
        assert_eq!(answer(&pipe(&[1, 2]), REPORT, &outcomes), r#"{"batchItemFailures":[]}"#);
    }

    #[test]
    fn calls_have_the_order_of_the_source() {
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

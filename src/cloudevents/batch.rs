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
//! | Kafka | kept | `{"partition":"topic-0","offset":15}` | the first of each partition that did not succeed |
//!
//! Sources: <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting>,
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html>,
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>,
//! <https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html>

use std::fmt;

use super::Options;
use super::item::{Records, is_fifo, item};
use super::json::{Document, Value};
use super::kinds::{self, Partial};
use super::mapping::{Event, Mapping};

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
            Partial::Ordered | Partial::Checkpoint(_) | Partial::Kafka => true,
            Partial::Sqs => self.mapping.record(0).is_some_and(is_fifo),
        }
    }

    /// What the outcomes, in the order of the calls, make of the invocation.
    ///
    /// Where all succeeded: for sources that know `batchItemFailures` an empty list of those, which is a success
    /// whether or not the event source mapping reads it; for other batches the JSON array of the responses; for one
    /// event its response, and so for batches of one, but those that are arrays themselves. A response to an HTTP
    /// request that is a CloudEvent becomes an HTTP response. Where one did not succeed, the invocation fails, or with
    /// `SLSBATCH=report` they are reported.
    pub fn answer(&self, outcomes: &[Outcome<'_>]) -> Answer {
        let count = |test: fn(&Outcome<'_>) -> bool| outcomes.iter().filter(|outcome| test(outcome)).count();
        let failed = count(|outcome| matches!(outcome, Outcome::Failed));
        let not_reached = count(|outcome| matches!(outcome, Outcome::NotReached));
        if failed + not_reached == 0 {
            return self.success(outcomes);
        }
        let first = outcomes.iter().position(|outcome| matches!(outcome, Outcome::Failed));
        let failure = Failure { first, failed, not_reached, total: outcomes.len() };
        let may_report = self.reports && self.knows_failures() && !self.is_together;
        match self.report(outcomes).filter(|_| may_report) {
            Some(report) => Answer::Made(report),
            None => Answer::Failed(failure),
        }
    }

    fn knows_failures(&self) -> bool {
        matches!(self.mapping.kind.partial, Partial::Sqs | Partial::Checkpoint(_) | Partial::Kafka)
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
        if self.knows_failures() && !(is_array && responses.iter().any(|response| *response != b"null")) {
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
        let mut out = br#"{"batchItemFailures":["#.to_vec();
        let (mut is_first, mut groups) = (true, Vec::new());
        let mut records = Records::new(self.mapping, self.is_as_mapped);
        for (index, outcome) in outcomes.iter().enumerate() {
            let record = records.find(index, *self.events.get(index)?);
            if matches!(outcome, Outcome::Succeeded(_)) {
                continue;
            }
            let item = item(self.mapping.kind.partial, &record?)?;
            if let Some(group) = item.group {
                if groups.contains(&group) {
                    continue;
                }
                groups.push(group);
            }
            out.extend_from_slice(if is_first { br#"{"itemIdentifier":"# } else { br#",{"itemIdentifier":"# });
            out.extend_from_slice(&item.json);
            out.push(b'}');
            is_first = false;
        }
        out.extend_from_slice(b"]}");
        Some(out)
    }
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

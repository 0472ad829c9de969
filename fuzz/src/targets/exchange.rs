//! The calls of an invocation, compared with a model.
//!
//! Input: a line with the number of calls and of those at once, and `in-order`, `stream` or neither; then operations, a byte each.

use std::collections::BTreeSet;
use std::time::Duration;

use open_runtime::child::exchange::{Calls, Exchange, Limits, Outcome};
use open_runtime::child::protocol::{Call, Part, call_prefix};
use open_runtime::error::{InvocationError, LambdaError};
use open_runtime::os::deadline::Deadline;
use open_runtime::response::Response;

use crate::input::{number, words_and_rest};

const EVENT: [&[u8]; 3] = [b"{\"n\":", b"1", b"}"];
const TAIL: &[u8] = b",\"context\":{}}\n";

/// Each call is settled at most once, with its own answer, whatever the order and the ids of the answers.
pub fn run(input: &[u8]) {
    let (words, operations) = words_and_rest(input);
    let calls = calls(&words);
    let mut tried = Tried::new(&calls, number(&words, 1, 9));
    for &operation in operations {
        operate(&mut tried, operation);
    }
    tried.end();
}

fn operate(tried: &mut Tried<'_>, operation: u8) {
    let id = format!("r#{}", operation % 8);
    match operation {
        b'o' => tried.open(),
        b'w' => tried.write(1),
        b'W' => tried.write(usize::MAX),
        b't' => tried.warn(),
        b'0'..=b'7' => tried.answer(&id, Ok(&id)),
        b'@'..=b'G' => tried.answer(&id, Err("ValueError")),
        b'H'..=b'O' => tried.answer(&id, Err("Function.Timeout")),
        b'P'..=b'W' if operation != b'W' => tried.part("r#0", Part::Bytes(vec![operation].into())),
        b'h' => tried.part("r#0", Part::Head("{}")),
        b'e' => tried.part("r#0", Part::End),
        b'i' => tried.part("r#1", Part::Head("{}")),
        b'x' => tried.answer("r#99", Ok("of nobody")),
        b'y' => tried.answer("", Err("E")),
        _ => {
            tried.open();
            tried.write(usize::from(operation));
        }
    }
}

/// The calls that the first line describes.
pub fn calls(words: &[&[u8]]) -> Calls<'static> {
    let call = |index: usize| Call::new(format!("r#{index}"), EVENT);
    let (warn_at, never) = (Deadline::after(Duration::ZERO), Deadline::NEVER);
    let limits = Limits { warn_at, fail_at: never, kill_at: never, timeout_seconds: 3 };
    let calls = (0..number(words, 0, 8)).map(call);
    let is = |mode: &[u8]| words.get(2).is_some_and(|word| *word == mode);
    let (in_order, may_stream, suffix) = (is(b"in-order"), is(b"stream"), TAIL.to_vec());
    let calls: Vec<_> = calls.take(if may_stream { 1 } else { 8 }).collect();
    let (groups, timeline) = (Vec::new(), None);
    Calls { calls, hook: None, suffix, in_order, groups, is_failure: |_| false, may_stream, timeline, limits }
}

/// An exchange and its expected state.
pub struct Tried<'a> {
    calls: &'a Calls<'a>,
    exchange: Exchange<'a>,
    at_once: usize,
    next: usize,
    open: BTreeSet<usize>,
    expected: Vec<Option<Result<Vec<u8>, String>>>,
    written: Vec<u8>,
    has_failed: bool,
    was_warned: bool,
    /// The bytes of the stream, if one has begun.
    body: Option<Vec<u8>>,
}

impl<'a> Tried<'a> {
    pub fn new(calls: &'a Calls<'a>, at_once: usize) -> Tried<'a> {
        let expected = vec![None; calls.calls.len()];
        let (exchange, open, written) = (Exchange::new(calls), BTreeSet::new(), Vec::new());
        let (next, has_failed, was_warned) = (0, false, false);
        Tried { calls, exchange, at_once, next, open, expected, written, has_failed, was_warned, body: None }
    }

    /// From now on this many calls may be open.
    pub fn allow(&mut self, at_once: usize) {
        self.at_once = at_once;
    }

    pub fn open(&mut self) {
        let limit = if self.calls.in_order { 1 } else { self.at_once.max(1) };
        let is_free = !self.exchange.has_output() && self.open.len() < limit;
        self.exchange.open_next(self.at_once);
        if is_free && self.has_more() {
            self.open.insert(self.next);
            self.next += 1;
            assert!(self.exchange.has_output());
        }
        self.check();
    }

    /// Writes this many of the pending bytes.
    pub fn write(&mut self, bytes: usize) {
        let output = self.exchange.output().iter().flat_map(|part| part.to_vec()).take(bytes).collect::<Vec<u8>>();
        assert_eq!(output.is_empty(), !self.exchange.has_output() || bytes == 0);
        self.exchange.wrote(output.len());
        self.written.extend(output);
    }

    pub fn warn(&mut self) {
        assert_eq!(self.exchange.is_time_to_warn(), self.next > 0 && !self.was_warned);
        self.was_warned |= self.next > 0;
    }

    /// Receives an answer with the id: a response, or an error of this type.
    pub fn answer(&mut self, id: &str, answer: Result<&str, &str>) {
        let outcome = match answer {
            Ok(response) => Ok(Response::new(response.as_bytes().to_vec())),
            Err(error_type) => Err(InvocationError::Handler(Box::new(LambdaError {
                error_type: error_type.to_owned(),
                error_message: id.to_owned(),
                ..LambdaError::default()
            }))),
        };
        self.settle(id, outcome, answer.map(|text| text.as_bytes().to_vec()).map_err(str::to_owned));
    }

    /// Receives a part of a stream.
    pub fn part(&mut self, id: &str, part: Part<'_>) {
        let open = self.open.iter().copied().find(|&index| format!("r#{index}") == id);
        let may_begin = self.calls.may_stream && !self.exchange.has_output();
        let result = match (&part, &mut self.body) {
            _ if open.is_none() => None,
            (Part::Bytes(bytes), Some(body)) => {
                body.extend_from_slice(bytes);
                None
            }
            (Part::End, Some(_)) => Some(Ok(Vec::new())),
            (Part::Head(_), None) if may_begin => {
                self.body = Some(Vec::new());
                None
            }
            _ => Some(Err("Runtime.MarshalError".to_owned())),
        };
        assert_eq!(self.exchange.take_part(id, part), open.is_some(), "{id}");
        if let (Some(index), Some(result)) = (open, result) {
            self.close(index, result);
        }
        self.check();
    }

    fn close(&mut self, index: usize, result: Result<Vec<u8>, String>) {
        self.open.remove(&index);
        self.has_failed |= result.is_err();
        let before = self.expected[index].replace(result);
        assert!(before.is_none(), "the call {index} was settled before");
    }

    /// The same as [`answer`](Tried::answer) with any outcome, and the result that is expected.
    pub fn settle(&mut self, id: &str, outcome: Outcome, mut expected: Result<Vec<u8>, String>) {
        if self.body.is_some() && expected.is_ok() {
            expected = Err("Runtime.MarshalError".to_owned());
        }
        let open = self.open.iter().copied().find(|&index| format!("r#{index}") == id);
        assert_eq!(self.exchange.settle(id, outcome), open.is_some(), "{id}");
        if let Some(index) = open {
            self.close(index, expected);
        }
        self.check();
    }

    fn has_more(&self) -> bool {
        !self.was_warned && self.next < self.calls.calls.len() && !(self.calls.in_order && self.has_failed)
    }

    fn check(&self) {
        assert_eq!(self.exchange.has_begun(), self.next > 0);
        assert_eq!(self.exchange.is_over(), self.open.is_empty() && !self.has_more());
    }

    /// Checks what was written, and the outcome of each call.
    pub fn end(mut self) {
        self.write(usize::MAX);
        let line = |call: &Call<'_>| [&call_prefix(&call.id, None)[..], &EVENT.concat(), TAIL].concat();
        assert_eq!(self.written, self.calls.calls.iter().take(self.next).flat_map(line).collect::<Vec<u8>>());
        let answers = self.exchange.answers(None);
        let Some(body) = &self.body else { return check_outcomes(&answers.outcomes, &self.expected, self.was_warned) };
        let stream = *answers.stream.expect("a stream");
        let calls = stream.calls();
        let mut resumed = Exchange::resume(&calls, stream);
        assert_eq!(resumed.body(), Some(&mut body.clone()));
        assert_eq!(resumed.is_over(), self.open.is_empty());
        let failure = resumed.take_failure().map(|failure| failure.error_type().to_owned());
        assert_eq!(failure, self.expected[0].take().and_then(Result::err));
    }
}

fn check_outcomes(outcomes: &[Option<Outcome>], expected: &[Option<Result<Vec<u8>, String>>], was_warned: bool) {
    assert_eq!(outcomes.len(), expected.len());
    for (outcome, expected) in outcomes.iter().zip(expected) {
        match (outcome, expected) {
            (None, None) => {}
            (Some(Ok(response)), Some(Ok(expected))) => assert_eq!(response.json(), expected),
            (Some(Err(InvocationError::Timeout { .. })), Some(Err(expected))) => {
                assert!(was_warned && expected == "Function.Timeout");
            }
            (Some(Err(error)), Some(Err(expected))) => assert_eq!(error.error_type(), expected),
            _ => panic!("{outcome:?} instead of {expected:?}"),
        }
    }
}

//! The calls of one invocation: which are still to be written, which are open, which are answered. It knows nothing of processes.

use std::io::IoSlice;

use crate::child::protocol::{self, Call, Part};
use crate::error::InvocationError;
use crate::os::deadline::Deadline;
use crate::response::Response;
use crate::timeline::{Records, Timeline};

/// The limits of an invocation's time.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The language runtime gets SIGTERM, as a warning.
    pub warn_at: Deadline,
    /// The invocation fails, and it gets SIGINT.
    pub fail_at: Deadline,
    /// The language runtime is killed.
    pub kill_at: Deadline,
    /// [`Invocation::timeout_seconds`](crate::invocation::Invocation::timeout_seconds).
    pub timeout_seconds: u64,
}

/// The calls of one invocation.
#[derive(Debug)]
pub struct Calls<'a> {
    /// One for each event, in the order of the events.
    pub calls: Vec<Call<'a>>,
    /// The hook that is called, if it is not the handler.
    pub hook: Option<&'static str>,
    /// The end of each call's line, see [`protocol::call_suffix`].
    pub suffix: Vec<u8>,
    /// Send one after the other, and none after a call of the same group that failed.
    pub in_order: bool,
    /// The group of each call. Calls beyond its end are of group 0.
    pub groups: Vec<usize>,
    /// Whether a response says that its call failed.
    pub is_failure: fn(&[u8]) -> bool,
    /// Whether the answer may be a stream. There is a single call then.
    pub may_stream: bool,
    /// Is told of each, if there are several.
    pub timeline: Option<&'a Timeline>,
    /// When they must be over.
    pub limits: Limits,
}

/// How a call ended.
pub type Outcome = Result<Response, InvocationError>;

/// The outcomes of [`Calls`].
#[derive(Debug)]
pub struct Answers {
    /// In the order of the calls. `None` if there was no answer.
    pub outcomes: Vec<Option<Outcome>>,
    /// Why some were not answered, if the handler is not the reason.
    pub failure: Option<InvocationError>,
    /// Whether the latest response is the output of a hook.
    pub is_output: bool,
    /// The answer to the only call, if it is a stream. Then its outcome is in here.
    pub stream: Option<Box<OpenStream>>,
}

/// An answer that is a stream. Its head has come.
#[derive(Debug)]
pub struct OpenStream {
    id: String,
    limits: Limits,
    was_warned: bool,
    pieces: Pieces,
    end: Option<Outcome>,
}

/// What has come of a stream.
#[derive(Debug, Default)]
struct Pieces {
    head: String,
    /// Bytes of the body that nobody has taken yet.
    body: Vec<u8>,
}

impl OpenStream {
    /// One of which everything has come: this body.
    pub fn whole(body: Vec<u8>) -> Box<OpenStream> {
        let (never, pieces) = (Deadline::NEVER, Pieces { body, ..Pieces::default() });
        let limits = Limits { warn_at: never, fail_at: never, kill_at: never, timeout_seconds: 0 };
        let end = Some(Ok(Response::default()));
        Box::new(OpenStream { id: String::new(), limits, was_warned: false, pieces, end })
    }

    /// What the response is, in JSON, as the language runtime wrote it.
    pub fn head(&self) -> &[u8] {
        self.pieces.head.as_bytes()
    }

    /// What [`Exchange::resume`] goes on with.
    pub fn calls(&self) -> Calls<'static> {
        Calls {
            calls: vec![Call::new(self.id.clone(), [b"", b"", b""])],
            hook: None,
            suffix: Vec::new(),
            in_order: false,
            groups: Vec::new(),
            is_failure: |_| false,
            may_stream: true,
            timeline: None,
            limits: self.limits,
        }
    }
}

/// [`Calls`] under way.
#[derive(Debug)]
pub struct Exchange<'a> {
    calls: &'a Calls<'a>,
    next: usize,
    open: Vec<usize>,
    outcomes: Vec<Option<Outcome>>,
    output: Option<Output<'a>>,
    /// For each group, whether a call of it has failed.
    stopped: Vec<bool>,
    was_warned: bool,
    /// How many bytes have been written.
    sent: usize,
    was_taken_back: bool,
    /// [`Answers::is_output`].
    pub is_output: bool,
    pieces: Option<Pieces>,
    records: Option<Records<'a>>,
    /// So much of a stream waits to be sent that nothing more is read.
    pub is_paused: bool,
}

/// The parts of a call's line: what is before the event, the event's own three, and what is after it.
const PARTS: usize = 5;

/// The line of a call that is being written.
#[derive(Debug)]
struct Output<'a> {
    prefix: Vec<u8>,
    call: &'a Call<'a>,
    suffix: &'a [u8],
    written: usize,
}

impl Output<'_> {
    fn parts(&self) -> [&[u8]; PARTS] {
        let [before, data, behind] = &self.call.event;
        [&self.prefix, before, data, behind, self.suffix]
    }
}

impl<'a> Exchange<'a> {
    /// Nothing is sent yet.
    pub fn new(calls: &'a Calls<'a>) -> Exchange<'a> {
        let outcomes = calls.calls.iter().map(|_| None).collect();
        let (open, stopped) = (Vec::new(), Vec::new());
        Exchange {
            calls,
            next: 0,
            open,
            outcomes,
            output: None,
            stopped,
            was_warned: false,
            sent: 0,
            was_taken_back: false,
            is_output: false,
            pieces: None,
            records: calls.timeline.and_then(Timeline::records),
            is_paused: false,
        }
    }

    /// Goes on with a stream. `calls` are its own.
    pub fn resume(calls: &'a Calls<'a>, stream: OpenStream) -> Exchange<'a> {
        let mut exchange = Exchange::new(calls);
        exchange.next = 1;
        exchange.open = if stream.end.is_some() { Vec::new() } else { vec![0] };
        exchange.outcomes = vec![stream.end];
        exchange.was_warned = stream.was_warned;
        exchange.pieces = Some(stream.pieces);
        exchange
    }

    /// Whether the answer is a stream, and its head has come.
    pub fn is_streaming(&self) -> bool {
        self.pieces.is_some()
    }

    /// The bytes of the stream's body that have come and not been taken. Whoever takes them clears them.
    pub fn body(&mut self) -> Option<&mut Vec<u8>> {
        self.pieces.as_mut().map(|pieces| &mut pieces.body)
    }

    /// Whether there is nothing left to send or to wait for.
    pub fn is_over(&self) -> bool {
        self.open.is_empty() && !self.has_more()
    }

    /// Whether a call, or a part of one, has been sent.
    pub fn has_begun(&self) -> bool {
        self.next > 0
    }

    fn has_more(&self) -> bool {
        !self.was_warned && self.next < self.calls.calls.len()
    }

    /// Whether calls were not sent because little time was left: it is better not to begin a record than to cut it short.
    pub fn has_held_back(&self) -> bool {
        self.was_warned && self.next < self.calls.calls.len()
    }

    /// Opens the next call, if fewer than `concurrency` calls are open and the line before has been written. False if not.
    pub fn open_next(&mut self, concurrency: usize) -> bool {
        let at_once = if self.calls.in_order { 1 } else { concurrency.max(1) };
        if self.output.is_some() || !self.has_more() || self.open.len() >= at_once {
            return false;
        }
        let Some(call) = self.calls.calls.get(self.next) else { return false };
        self.open.push(self.next);
        if let Some(records) = &mut self.records {
            records.begins(self.next);
        }
        let prefix = protocol::call_prefix(&call.id, self.calls.hook);
        self.output = Some(Output { prefix, call, suffix: &self.calls.suffix, written: 0 });
        self.next += 1;
        self.skip_stopped();
        true
    }

    fn group(&self, index: usize) -> usize {
        self.calls.groups.get(index).copied().unwrap_or_default()
    }

    fn skip_stopped(&mut self) {
        let is_stopped = |index: &usize| self.stopped.get(self.group(*index)).is_some_and(|stopped| *stopped);
        let end = self.calls.calls.len();
        self.next = (self.next..end).find(|index| !is_stopped(index)).unwrap_or(end);
    }

    fn stop_group_of(&mut self, index: usize) {
        let group = self.group(index);
        if self.stopped.len() <= group {
            self.stopped.resize(group + 1, false);
        }
        if let Some(stopped) = self.stopped.get_mut(group) {
            *stopped = true;
        }
        self.skip_stopped();
    }

    /// Whether something waits to be written.
    pub fn has_output(&self) -> bool {
        self.output.is_some()
    }

    /// What waits to be written.
    pub fn output(&self) -> [IoSlice<'_>; PARTS] {
        let mut slices = [IoSlice::new(&[]); PARTS];
        if let Some(output) = &self.output {
            let mut skip = output.written;
            for (slice, part) in slices.iter_mut().zip(output.parts()) {
                *slice = IoSlice::new(part.get(skip..).unwrap_or_default());
                skip = skip.saturating_sub(part.len());
            }
        }
        slices
    }

    /// This many bytes of it have been written.
    pub fn wrote(&mut self, bytes: usize) {
        self.sent += bytes;
        if let Some(output) = &mut self.output {
            output.written += bytes;
            if output.written >= output.parts().iter().map(|part| part.len()).sum() {
                self.output = None;
            }
        }
    }

    /// Begins again, for another process: of what was written so many bytes have not been read and never will be. False, and nothing
    /// is done, if a byte of it was read, because the handler may have begun; and the second time, so that this ends.
    pub fn take_back(&mut self, unread: usize) -> bool {
        let can_be =
            self.has_begun() && unread >= self.sent && !self.was_warned && !self.was_taken_back && !self.is_streaming();
        if can_be {
            (self.next, self.sent, self.output, self.was_taken_back) = (0, 0, None, true);
            self.open.clear();
        }
        can_be
    }

    /// The position of the call `id` among those that are open. None if it is too late for it, or it was never sent.
    fn position(&self, id: &str) -> Option<usize> {
        let is_it = |&index: &usize| self.calls.calls.get(index).is_some_and(|call| call.id == id);
        self.open.iter().position(is_it)
    }

    /// Takes bytes of a stream that followed a line which [`take_part`](Exchange::take_part) took.
    pub fn take_bytes(&mut self, bytes: &[u8]) {
        if let Some(pieces) = &mut self.pieces {
            pieces.body.extend_from_slice(bytes);
        }
    }

    /// Takes a part of a stream, the answer to the call `id`. A part that must not come now fails the call. False if no such call is
    /// open.
    pub fn take_part(&mut self, id: &str, part: Part<'_>) -> bool {
        let Some(position) = self.position(id) else { return false };
        let why = match (part, &mut self.pieces) {
            (Part::Bytes(bytes), Some(pieces)) => {
                pieces.body.extend_from_slice(&bytes);
                return true;
            }
            (Part::BytesFollow(_), Some(_)) => return true,
            (Part::End, Some(_)) => {
                self.settle_at(position, Ok(Response::default()));
                return true;
            }
            (Part::Head(head), None) if self.calls.may_stream && self.output.is_none() => {
                self.pieces = Some(Pieces { head: head.to_owned(), body: Vec::new() });
                return true;
            }
            (Part::Head(_), None) => "nobody has asked for one",
            (Part::Head(_), Some(_)) => "it has a second head",
            (_, None) => "its head is missing",
        };
        self.settle_at(position, Err(InvocationError::NotStreamable { why }));
        true
    }

    /// Ends the calls that are open, which cannot be answered any more.
    pub fn fail(&mut self, error: InvocationError) {
        if let Some(slot) = self.open.pop().and_then(|index| self.outcomes.get_mut(index)) {
            *slot = Some(Err(error));
        }
        self.open.clear();
    }

    /// Takes the answer to the call `id`. False if no such call is open: it is too late, or was never sent.
    pub fn settle(&mut self, id: &str, outcome: Outcome) -> bool {
        let Some(position) = self.position(id) else { return false };
        let outcome = match outcome {
            Ok(_) if self.is_streaming() => {
                Err(InvocationError::NotStreamable { why: "a response came after its head" })
            }
            Ok(response) if (self.calls.is_failure)(response.json()) => Err(InvocationError::OwnBatchItemFailures),
            Ok(response) => Ok(response),
            Err(error) => Err(self.as_timeout(error)),
        };
        self.settle_at(position, outcome);
        true
    }

    fn settle_at(&mut self, position: usize, outcome: Outcome) {
        let index = self.open.swap_remove(position);
        if let (Some(records), Some(call)) = (&self.records, self.calls.calls.get(index)) {
            records.ended(index, &call.id);
        }
        if self.calls.in_order && outcome.is_err() {
            self.stop_group_of(index);
        }
        if let Some(slot) = self.outcomes.get_mut(index) {
            *slot = Some(outcome);
        }
    }

    /// After the SIGTERM warning, an exit or a reported `Function.Timeout` counts as a timeout. Its stack trace, if any, is kept.
    pub fn as_timeout(&self, error: InvocationError) -> InvocationError {
        let stack_trace = match error {
            InvocationError::Handler(error) if self.was_warned && error.error_type == "Function.Timeout" => {
                error.stack_trace
            }
            InvocationError::RuntimeExit { .. } if self.was_warned => None,
            other => return other,
        };
        self.timed_out(stack_trace)
    }

    /// The handler took too long, and there is no stack trace.
    pub fn timeout(&self) -> InvocationError {
        self.timed_out(None)
    }

    fn timed_out(&self, stack_trace: Option<String>) -> InvocationError {
        let missing = if self.has_begun() { "the handler had not answered" } else { "the handler was not loaded" };
        let seconds = self.calls.limits.timeout_seconds;
        InvocationError::Timeout { seconds, missing: missing.to_owned(), stack_trace }
    }

    /// Whether a call was answered.
    pub fn is_answered(&self) -> bool {
        self.outcomes.iter().any(Option::is_some)
    }

    /// How the last call failed, if it did.
    pub fn take_failure(&mut self) -> Option<Box<InvocationError>> {
        self.outcomes.pop().flatten().and_then(Result::err).map(Box::new)
    }

    /// Whether a handler was cut short and reported its stack trace.
    pub fn has_stopped_in_time(&self) -> bool {
        self.outcomes.iter().any(|outcome| matches!(outcome, Some(Err(InvocationError::Timeout { .. }))))
    }

    /// True once, when it is time to warn the language runtime.
    pub fn is_time_to_warn(&mut self) -> bool {
        let is_time = !self.was_warned && self.has_begun() && self.calls.limits.warn_at.has_passed();
        self.was_warned |= is_time;
        is_time
    }

    /// The next limit.
    pub fn next_deadline(&self) -> Deadline {
        let limits = self.calls.limits;
        if self.was_warned || !self.has_begun() { limits.fail_at } else { limits.fail_at.or(limits.warn_at) }
    }

    /// When the invocation fails.
    pub fn fail_at(&self) -> Deadline {
        self.calls.limits.fail_at
    }

    /// When the language runtime is killed.
    pub fn kill_at(&self) -> Deadline {
        self.calls.limits.kill_at
    }

    /// The outcomes, when nothing more is waited for.
    pub fn answers(mut self, failure: Option<InvocationError>) -> Answers {
        let Some(pieces) = self.pieces else {
            return Answers { outcomes: self.outcomes, failure, is_output: self.is_output, stream: None };
        };
        let id = self.calls.calls.first().map(|call| call.id.clone()).unwrap_or_default();
        let end = self.outcomes.pop().flatten().or(failure.map(Err));
        let stream = OpenStream { id, limits: self.calls.limits, was_warned: self.was_warned, pieces, end };
        Answers { outcomes: Vec::new(), failure: None, is_output: false, stream: Some(stream.into()) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::error::LambdaError;

    fn calls(count: usize, in_order: bool) -> Calls<'static> {
        let call = |index: usize| Call::new(format!("r#{index}"), [b"{", b"}", b""]);
        let limits =
            Limits { warn_at: Deadline::NEVER, fail_at: Deadline::NEVER, kill_at: Deadline::NEVER, timeout_seconds: 3 };
        Calls {
            calls: (0..count).map(call).collect(),
            hook: None,
            suffix: b"}\n".to_vec(),
            in_order,
            groups: Vec::new(),
            is_failure: |json| json == b"\"failed\"",
            timeline: None,
            may_stream: false,
            limits,
        }
    }

    fn send(exchange: &mut Exchange<'_>, concurrency: usize) -> String {
        let mut sent = Vec::new();
        exchange.open_next(concurrency);
        while exchange.has_output() {
            let byte = exchange.output().iter().find_map(|part| part.first().copied()).unwrap();
            sent.push(byte);
            exchange.wrote(1);
        }
        String::from_utf8(sent).unwrap()
    }

    #[test]
    fn a_line_may_be_written_in_pieces() {
        let calls = calls(1, false);
        let mut exchange = Exchange::new(&calls);
        assert_eq!(send(&mut exchange, 1), "{\"id\":\"r#0\",\"event\":{}}\n");
        assert!(!exchange.is_over());
        assert!(exchange.settle("r#0", Ok(Response::new(b"1".to_vec()))));
        assert!(exchange.is_over());
    }

    #[test]
    fn as_many_calls_are_open_as_the_language_runtime_takes() {
        let calls = calls(5, false);
        let mut exchange = Exchange::new(&calls);
        for _ in 0..9 {
            send(&mut exchange, 3);
        }
        assert_eq!(exchange.open, [0, 1, 2]);
        assert!(exchange.settle("r#1", Ok(Response::new(b"1".to_vec()))));
        send(&mut exchange, 3);
        assert_eq!(exchange.open, [0, 2, 3]);
    }

    #[test]
    fn in_order_a_response_that_says_failed_is_a_failure() {
        for (in_order, goes_on) in [(true, false), (false, true)] {
            let calls = calls(2, in_order);
            let mut exchange = Exchange::new(&calls);
            send(&mut exchange, 1);
            exchange.settle("r#0", Ok(Response::new(b"\"failed\"".to_vec())));
            assert_eq!(!send(&mut exchange, 1).is_empty(), goes_on);
        }
    }

    #[test]
    fn a_failure_stops_its_own_group_alone() {
        let calls = Calls { groups: vec![0, 2, 0, 2, 1], ..calls(5, true) };
        let mut exchange = Exchange::new(&calls);
        for (open, response) in [(0, "\"failed\""), (1, "1"), (3, "\"failed\""), (4, "1")] {
            send(&mut exchange, 9);
            assert_eq!(exchange.open, [open]);
            assert!(exchange.settle(&format!("r#{open}"), Ok(Response::new(response.into()))));
        }
        assert!(exchange.is_over());
        let reached: Vec<bool> = exchange.answers(None).outcomes.iter().map(Option::is_some).collect();
        assert_eq!(reached, [true, true, false, true, true]);
    }

    #[test]
    fn in_order_means_one_at_a_time_and_none_after_a_failure() {
        let calls = calls(3, true);
        let mut exchange = Exchange::new(&calls);
        send(&mut exchange, 64);
        assert_eq!(send(&mut exchange, 64), "");
        exchange.settle("r#0", Ok(Response::new(b"1".to_vec())));
        assert_ne!(send(&mut exchange, 64), "");
        exchange.settle("r#1", Err(InvocationError::Terminated));
        assert_eq!(send(&mut exchange, 64), "");
        assert!(exchange.is_over());
        assert!(exchange.answers(None).outcomes[2].is_none());
    }

    #[test]
    fn a_timeout_is_ours_only_after_the_warning() {
        let own = || {
            let (error_type, stack_trace) = ("Function.Timeout".to_owned(), Some("[\"line 7\"]".to_owned()));
            InvocationError::Handler(LambdaError { error_type, stack_trace, ..LambdaError::default() }.into())
        };
        let mut calls = calls(1, false);
        calls.limits.warn_at = Deadline::after(Duration::ZERO);
        let mut exchange = Exchange::new(&calls);
        assert!(!exchange.is_time_to_warn());
        send(&mut exchange, 1);
        assert!(matches!(exchange.as_timeout(own()), InvocationError::Handler(_)));
        assert!(exchange.is_time_to_warn());
        assert!(!exchange.is_time_to_warn());
        let InvocationError::Timeout { stack_trace, .. } = exchange.as_timeout(own()) else { panic!("not a timeout") };
        assert_eq!(stack_trace.as_deref(), Some("[\"line 7\"]"));
    }

    #[test]
    fn a_line_is_out_before_the_next_call_is_opened() {
        let calls = calls(2, false);
        let mut exchange = Exchange::new(&calls);
        assert!(exchange.open_next(9));
        exchange.wrote(1);
        assert!(!exchange.open_next(9));
        assert_eq!(exchange.open, [0]);
    }

    #[test]
    fn after_the_warning_no_call_is_opened_beside_another() {
        let mut calls = calls(3, false);
        calls.limits.warn_at = Deadline::after(Duration::ZERO);
        let mut exchange = Exchange::new(&calls);
        send(&mut exchange, 2);
        send(&mut exchange, 2);
        assert!(!exchange.has_held_back());
        assert!(exchange.is_time_to_warn());
        assert!(exchange.settle("r#0", Ok(Response::new(b"1".to_vec()))));
        assert!(!exchange.open_next(2));
        assert!(exchange.has_held_back());
    }

    #[test]
    fn a_limit_that_has_passed_wakes_once() {
        let mut calls = calls(1, false);
        calls.limits.warn_at = Deadline::after(Duration::ZERO);
        let mut exchange = Exchange::new(&calls);
        assert!(!exchange.next_deadline().has_passed()); // while the handler is loaded
        send(&mut exchange, 1);
        assert!(exchange.next_deadline().has_passed());
        assert!(exchange.is_time_to_warn());
        assert!(!exchange.next_deadline().has_passed());
        assert!(!exchange.has_held_back()); // all are sent
    }

    #[test]
    fn calls_of_which_nothing_was_read_begin_again_once() {
        let calls = calls(2, false);
        let mut exchange = Exchange::new(&calls);
        assert!(!exchange.take_back(0)); // nothing has begun
        let line = send(&mut exchange, 9);
        assert!(!exchange.take_back(line.len() - 1));
        assert!(exchange.take_back(line.len()));
        assert!(!exchange.has_begun() && !exchange.is_over());
        assert_eq!(send(&mut exchange, 9), line);
        assert!(!exchange.take_back(line.len()));
        assert_eq!(exchange.open, [0]);
    }

    #[test]
    fn after_the_warning_no_call_begins_again() {
        let mut calls = calls(1, false);
        calls.limits.warn_at = Deadline::after(Duration::ZERO);
        let mut exchange = Exchange::new(&calls);
        let line = send(&mut exchange, 1);
        assert!(exchange.is_time_to_warn());
        assert!(!exchange.take_back(line.len()));
    }

    #[test]
    fn an_answer_counts_once_and_only_for_its_call() {
        let calls = calls(1, false);
        let mut exchange = Exchange::new(&calls);
        send(&mut exchange, 1);
        assert!(!exchange.settle("r", Ok(Response::new(b"1".to_vec()))));
        assert!(exchange.settle("r#0", Ok(Response::new(b"1".to_vec()))));
        assert!(!exchange.settle("r#0", Ok(Response::new(b"2".to_vec()))));
        assert_eq!(exchange.answers(None).outcomes[0].as_ref().unwrap().as_ref().unwrap().json(), b"1");
    }

    fn call_that_may_stream() -> Calls<'static> {
        Calls { may_stream: true, ..calls(1, false) }
    }

    fn bytes(bytes: &'static [u8]) -> Part<'static> {
        Part::Bytes(bytes.into())
    }

    #[test]
    fn a_stream_goes_on_after_its_head() {
        let own = call_that_may_stream();
        let mut exchange = Exchange::new(&own);
        send(&mut exchange, 1);
        assert!(exchange.take_part("r#0", Part::Head("{}")) && exchange.is_streaming() && !exchange.is_over());
        assert!(exchange.take_part("r#0", bytes(b"one")));
        let stream = *exchange.answers(None).stream.unwrap();
        assert_eq!(stream.head(), b"{}");
        let calls = stream.calls();
        let mut exchange = Exchange::resume(&calls, stream);
        assert!(!exchange.is_over() && !exchange.take_back(0)); // another process would make it twice
        assert!(!exchange.take_part("r", bytes(b"?")));
        assert!(exchange.take_part("r#0", bytes(b" two")) && exchange.take_part("r#0", Part::End));
        assert_eq!(exchange.body().unwrap(), b"one two");
        assert!(exchange.is_over() && exchange.is_answered() && exchange.take_failure().is_none());
    }

    #[test]
    fn a_stream_may_be_over_when_its_head_is_looked_at() {
        for (failure, fails) in [(None, false), (Some(InvocationError::Terminated), true)] {
            let own = call_that_may_stream();
            let mut exchange = Exchange::new(&own);
            send(&mut exchange, 1);
            exchange.take_part("r#0", Part::Head("{}"));
            exchange.take_part("r#0", bytes(b"all"));
            if !fails {
                exchange.take_part("r#0", Part::End);
            }
            let stream = *exchange.answers(failure).stream.unwrap();
            let calls = stream.calls();
            let mut exchange = Exchange::resume(&calls, stream);
            assert!(exchange.is_over());
            assert_eq!(exchange.body().unwrap(), b"all");
            assert_eq!(exchange.take_failure().is_some(), fails);
        }
    }

    #[test]
    fn a_part_that_must_not_come_fails_the_call() {
        for (may_stream, parts, why) in [
            (false, vec![Part::Head("{}")], "nobody has asked"),
            (true, vec![Part::Head("{}"), bytes(b"1"), Part::Head("{}")], "a second head"),
            (true, vec![bytes(b"1")], "its head is missing"),
            (true, vec![Part::End], "its head is missing"),
        ] {
            let own = Calls { may_stream, ..calls(1, false) };
            let mut exchange = Exchange::new(&own);
            send(&mut exchange, 1);
            parts.into_iter().for_each(|part| assert!(exchange.take_part("r#0", part)));
            assert!(exchange.is_over());
            assert!(exchange.take_failure().unwrap().to_string().contains(why), "{why}");
        }
    }

    #[test]
    fn a_response_after_the_head_of_a_stream_fails_it() {
        let own = call_that_may_stream();
        let mut exchange = Exchange::new(&own);
        send(&mut exchange, 1);
        exchange.take_part("r#0", Part::Head("{}"));
        assert!(exchange.settle("r#0", Ok(Response::new(b"1".to_vec()))));
        assert!(exchange.take_failure().unwrap().to_string().contains("a response came after its head"));
    }

    #[test]
    fn a_stream_does_not_begin_before_its_call_was_read() {
        let own = call_that_may_stream();
        let mut exchange = Exchange::new(&own);
        exchange.open_next(1);
        exchange.wrote(1);
        assert!(exchange.take_part("r#0", Part::Head("{}")) && !exchange.is_streaming() && exchange.is_over());
    }

    #[test]
    fn a_whole_body_is_a_stream_that_is_over() {
        let stream = *OpenStream::whole(b"all".to_vec());
        let calls = stream.calls();
        let mut exchange = Exchange::resume(&calls, stream);
        assert!(exchange.is_over() && exchange.take_failure().is_none());
        assert_eq!(exchange.body().unwrap(), b"all");
    }
}

//! Watches the execution environments of one reporter for the hub: which invocation is under way, its log, its record.

use super::event::Event;
use super::history::Hub;
use super::record::{Context, LogLines, Payload, Record, RecordedResponse, Streamed, Timing};
use super::timeline::Step;
use crate::model::function::Function;
use crate::model::invocation::{Invocation, Outcome, Response};
use crate::model::streaming::StreamCopy;
use crate::model::time::{ms, now_ms};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Instant;

/// A line of the log that is longer is told in pieces of so many bytes.
const MAX_LINE: usize = 64 * 1024;

/// While nobody wants to know, all its functions return at once.
pub struct Observer {
    hub: Rc<Hub>,
    function: Rc<Function>,
    /// The current environment. 0: there has been none.
    environment: Cell<u64>,
    open: RefCell<Vec<Open>>,
    /// The line of the log that has not ended yet.
    partial: RefCell<Vec<u8>>,
    /// The steps of an Init whose environment has not had an invocation yet.
    init_steps: RefCell<Vec<Step>>,
}

/// An invocation that is under way.
struct Open {
    invocation: Rc<Invocation>,
    at_ms: i64,
    deadline_ms: Option<i64>,
    /// When the runtime was given it.
    dispatched: Option<Instant>,
    copy: Option<Rc<StreamCopy>>,
    log: LogLines,
    /// The caller has its answer.
    outcome: Option<Outcome>,
}

impl Observer {
    pub fn new(hub: Rc<Hub>, function: Rc<Function>) -> Observer {
        let (open, partial, init_steps) = (RefCell::default(), RefCell::default(), RefCell::default());
        Observer { hub, function, environment: Cell::new(0), open, partial, init_steps }
    }

    pub fn environment_started(&self, environment: u64) {
        self.environment.set(environment);
        self.init_steps.take();
        self.hub.tell(|| Event::EnvironmentStarted { function: self.function.name.clone(), environment });
    }

    pub fn init_ended(&self, ms: f64, error: Option<&str>) {
        self.hub.tell(|| {
            let (function, environment) = (self.function.name.clone(), self.environment.get());
            Event::InitEnded { function, environment, ms, error: error.map(str::to_owned) }
        });
    }

    /// The steps of Init, for the record of the first invocation.
    pub fn init_steps(&self, steps: &[Step]) {
        if self.hub.is_live() {
            steps.clone_into(&mut self.init_steps.borrow_mut());
        }
    }

    pub fn environment_ended(&self, environment: u64) {
        self.hub.tell(|| Event::EnvironmentEnded { function: self.function.name.clone(), environment });
    }

    pub fn began(&self, invocation: &Rc<Invocation>) {
        if !self.hub.is_live() {
            return;
        }
        let (at_ms, invocation) = (now_ms(), invocation.clone());
        self.hub.tell(|| Event::InvocationStarted {
            function: self.function.name.clone(),
            environment: self.environment(),
            request_id: invocation.request_id.clone(),
            at_ms,
            source: invocation.source,
        });
        let open = Open {
            invocation,
            at_ms,
            deadline_ms: None,
            dispatched: None,
            copy: None,
            log: LogLines::default(),
            outcome: None,
        };
        self.open.borrow_mut().push(open);
    }

    /// The invocation goes to the environment. Returns where a response that is streamed is to be kept, too.
    pub fn dispatched(&self, request_id: &str, deadline_ms: i64) -> Option<Rc<StreamCopy>> {
        let mut open = self.open.borrow_mut();
        let open = open.iter_mut().find(|open| open.invocation.request_id == request_id)?;
        (open.deadline_ms, open.dispatched) = (Some(deadline_ms), Some(Instant::now()));
        open.copy = open.invocation.stream.as_ref().map(|_| Rc::new(StreamCopy::new(self.hub.limit())));
        open.copy.clone()
    }

    /// The function wrote this to its log.
    pub fn log(&self, bytes: &[u8]) {
        if !self.hub.is_live() {
            return;
        }
        let mut partial = self.partial.take();
        partial.extend_from_slice(bytes);
        let mut rest = partial.as_slice();
        while let Some((line, after)) = next_line(rest) {
            self.log_line(&String::from_utf8_lossy(line));
            rest = after;
        }
        let rest = rest.to_vec();
        *self.partial.borrow_mut() = rest;
    }

    fn log_line(&self, line: &str) {
        let mut open = self.open.borrow_mut();
        let mut request_id = None;
        if let [only] = open.as_mut_slice() {
            only.log.add(line, self.hub.limit());
            request_id = Some(only.invocation.request_id.clone());
        }
        self.hub.tell(|| {
            let (function, environment) = (self.function.name.clone(), self.environment.get());
            Event::Log { function, environment, request_id, line: line.to_owned() }
        });
    }

    /// The caller has its answer, and the environment may still work.
    pub fn answered(&self, request_id: &str, outcome: &Outcome) {
        let mut open = self.open.borrow_mut();
        if let Some(open) = open.iter_mut().find(|open| open.invocation.request_id == request_id) {
            open.outcome = Some(outcome.clone());
        }
    }

    /// The answered invocations that have not ended, as their environment was ended first.
    pub fn unfinished(&self) -> Vec<(String, Outcome)> {
        let open = self.open.borrow();
        let answered = |open: &Open| Some((open.invocation.request_id.clone(), open.outcome.clone()?));
        open.iter().filter_map(answered).collect()
    }

    /// The invocation has ended, and its log has been passed on.
    pub fn ended(&self, request_id: &str, outcome: &Outcome, steps: &[Step]) {
        let at = self.open.borrow().iter().position(|open| open.invocation.request_id == request_id);
        let Some(at) = at else { return };
        self.end_line();
        let open = self.open.borrow_mut().remove(at);
        let record = self.record(open, outcome, steps);
        self.hub.invocation_ended(record);
    }

    /// What comes from now on is not of the line that has no end.
    pub fn end_line(&self) {
        let partial = self.partial.take();
        if !partial.is_empty() {
            self.log_line(&String::from_utf8_lossy(&partial));
        }
    }

    fn environment(&self) -> Option<u64> {
        Some(self.environment.get()).filter(|number| *number > 0)
    }

    fn record(&self, open: Open, outcome: &Outcome, steps: &[Step]) -> Record {
        let Open { invocation, at_ms, deadline_ms, dispatched, copy, log, .. } = open;
        let error = outcome.failure();
        let error = error.map(|failure| (failure.body(&invocation.request_id), failure.error_type().to_owned()));
        let client_context = invocation.client_context.as_ref();
        Record {
            function: self.function.name.clone(),
            handler: self.function.handler.clone(),
            environment: self.environment(),
            request_id: invocation.request_id.clone(),
            at_ms,
            source: invocation.source,
            event: Payload::whole(invocation.event.clone()),
            context: Context {
                deadline_ms,
                function_arn: invocation.function_arn.clone(),
                trace_id: invocation.trace_id.clone(),
                client_context: client_context.and_then(|json| serde_json::from_slice(json).ok()),
                tenant_id: invocation.tenant_id.clone(),
            },
            variables: self.function.variables.iter().map(|(name, _)| name.clone()).collect(),
            response: response(outcome, copy.as_deref()),
            error,
            log,
            timing: self.timing(outcome, dispatched, steps),
        }
    }

    fn timing(&self, outcome: &Outcome, dispatched: Option<Instant>, steps: &[Step]) -> Timing {
        let init = outcome.init.or(outcome.cold_start);
        let mut all = self.init_steps.take();
        all.extend(steps.iter().map(|step| Step { at_ms: begin_ms(step, dispatched), ..step.clone() }));
        Timing {
            cold_start: init.is_some(),
            init_ms: init.map(ms),
            duration_ms: ms(outcome.duration),
            steps: all,
            memory_kb: outcome.memory_kb,
        }
    }
}

/// When a step began, in milliseconds since the runtime was given the invocation.
fn begin_ms(step: &Step, dispatched: Option<Instant>) -> Option<f64> {
    let end_ms = ms(step.reported?.saturating_duration_since(dispatched?));
    Some(((end_ms - step.ms) * 1000.0).round().max(0.0) / 1000.0)
}

/// What the caller has got, even if it then broke off.
fn response(outcome: &Outcome, copy: Option<&StreamCopy>) -> Option<RecordedResponse> {
    if let Some((content_type, start, size)) = copy.and_then(StreamCopy::take) {
        let streamed = Some(Streamed { content_type });
        return Some(RecordedResponse { payload: Payload::start(start, size), streamed });
    }
    match &outcome.result {
        Ok(Response::Whole { body, .. }) => {
            Some(RecordedResponse { payload: Payload::whole(body.clone()), streamed: None })
        }
        Ok(Response::Streamed) | Err(_) => None,
    }
}

/// A line, and what comes after it. None: no line has ended yet.
fn next_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().take(MAX_LINE).position(|byte| *byte == b'\n');
    match end {
        Some(end) => Some((bytes.get(..end)?, bytes.get(end + 1..)?)),
        None => bytes.split_at_checked(MAX_LINE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn invocation(request_id: &str) -> Rc<Invocation> {
        Rc::new(Invocation { request_id: request_id.to_owned(), ..Invocation::default() })
    }

    fn outcome() -> Outcome {
        let result = Ok(Response::Whole { body: "1".into(), content_type: None });
        Outcome { result, duration: Duration::from_millis(2), init: None, cold_start: None, memory_kb: None }
    }

    fn observed() -> (Rc<Hub>, Observer) {
        let hub = Rc::new(Hub::default());
        hub.keep_records();
        let function = Function { name: "f".to_owned(), ..Function::default() };
        (hub.clone(), Observer::new(hub, Rc::new(function)))
    }

    #[test]
    fn a_record_has_the_lines_of_its_own_invocation() {
        let (hub, observer) = observed();
        observer.log(b"in Init\n");
        observer.began(&invocation("a"));
        observer.log(b"one\ntw");
        observer.log(b"o\nno end");
        observer.ended("a", &outcome(), &[]);
        observer.log(b"between\n");
        observer.began(&invocation("b"));
        observer.ended("b", &outcome(), &[]);
        let logs: Vec<_> = hub.records().iter().map(|record| record.log.lines.clone()).collect();
        assert_eq!(logs, [vec!["one", "two", "no end"], vec![]]);
    }

    #[test]
    fn a_line_without_an_end_does_not_go_on_in_another_environment() {
        let (hub, observer) = observed();
        observer.log(b"dies");
        observer.end_line();
        observer.began(&invocation("a"));
        observer.log(b"one\n");
        observer.ended("a", &outcome(), &[]);
        assert_eq!(hub.records()[0].log.lines, ["one"]);
    }

    #[test]
    fn a_line_belongs_to_nobody_while_two_are_under_way() {
        let (hub, observer) = observed();
        observer.began(&invocation("a"));
        observer.began(&invocation("b"));
        observer.log(b"whose\n");
        observer.ended("a", &outcome(), &[]);
        observer.log(b"of b\n");
        observer.ended("b", &outcome(), &[]);
        let logs: Vec<_> = hub.records().iter().map(|record| record.log.lines.clone()).collect();
        assert_eq!(logs, [vec![], vec!["of b"]]);
    }

    #[test]
    fn a_line_without_an_end_is_told_in_pieces() {
        let line = vec![b'a'; MAX_LINE + 1];
        assert_eq!(next_line(&line).map(|(line, rest)| (line.len(), rest.len())), Some((MAX_LINE, 1)));
        assert_eq!(next_line(b"a\n"), Some((&b"a"[..], &b""[..])));
        assert_eq!(next_line(b"a"), None);
    }
}

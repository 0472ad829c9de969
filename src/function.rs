//! How one event becomes one response: the middlewares around the handler.

use std::borrow::Cow;
use std::time::Duration;

use crate::child::exchange::{Answers, Calls, Exchange, Limits, OpenStream, Outcome};
use crate::child::protocol::{self, Call};
use crate::child::supervised::Supervised;
use crate::cloudevents::{self, Batch, EventFacts, MappedEvent, Mapping};
use crate::error::InvocationError;
use crate::invocation::Invocation;
use crate::json_line::on_one_line;
use crate::log::{Failed, Log};
use crate::middleware::chain::{Before, Chain, Middlewares, Prestarted};
use crate::os::deadline::Deadline;
use crate::response::Response;
use crate::settings::config::{Config, Streams};
use crate::settings::debug::Target;
use crate::streaming::{self, Head};

/// The handler must be done this long before the deadline, so that a timeout is reported before Lambda reports its own.
const REPORT_MARGIN: Duration = Duration::from_millis(50);

/// Error hooks must be done this long before the deadline.
const ERROR_HOOKS_MARGIN: Duration = Duration::from_millis(10);

/// What it takes to answer an event.
#[derive(Debug)]
pub struct Function {
    /// The middlewares around the handler.
    pub middlewares: Middlewares,
    /// What the environment asks for.
    pub config: Config,
    /// bootstrap's own log.
    pub log: Log,
}

/// What an invocation is answered with.
#[derive(Debug)]
pub enum Answer {
    /// This JSON.
    Response(Response),
    /// A stream, which may go on while it is sent.
    Stream(Head, Box<OpenStream>),
}

/// What the handler has made of the event.
enum Handled {
    Response(Response),
    Stream(Box<OpenStream>),
}

impl Function {
    /// Answers one invocation. Blocks until shortly before its deadline at the longest.
    ///
    /// # Errors
    /// What went wrong, if no `error` hook made a response of it.
    pub fn answer(&self, invocation: &Invocation, children: &mut [Supervised]) -> Result<Answer, InvocationError> {
        let left = invocation.deadline.left().unwrap_or_default();
        let margin = margin(left);
        let grace = Duration::from_millis(self.config.grace_ms);
        let limits = limits(invocation.deadline, left, grace, margin, invocation.timeout_seconds());
        let chain = Chain {
            middlewares: &self.middlewares,
            invocation,
            deadline: limits.fail_at,
            deadline_ms: invocation.deadline_ms_less(margin),
        };
        match self.run(&chain, limits, children) {
            Err(error) => match self.run_error_hooks(invocation, &error, children) {
                Some(response) => self.deliver(invocation, Response::new(response)),
                None => Err(error),
            },
            other => other,
        }
    }

    /// Runs the `error` hooks, if there are any. `None` if none of them made a response.
    fn run_error_hooks(
        &self,
        invocation: &Invocation,
        error: &InvocationError,
        children: &mut [Supervised],
    ) -> Option<Vec<u8>> {
        if !self.has_error_hooks() {
            return None;
        }
        let chain = Chain {
            middlewares: &self.middlewares,
            invocation,
            deadline: invocation.deadline.earlier_by(ERROR_HOOKS_MARGIN),
            deadline_ms: invocation.deadline_ms_less(ERROR_HOOKS_MARGIN),
        };
        chain.run_error_hooks(children, error, self.log)
    }

    /// What follows a stream that failed before its end: Lambda knows already. Blocks until shortly before the deadline at the
    /// longest.
    pub fn conclude_failed_stream(
        &self,
        invocation: &Invocation,
        error: &InvocationError,
        children: &mut [Supervised],
    ) {
        self.log.failure(Failed::Invoke(invocation), error);
        if self.run_error_hooks(invocation, error, children).is_some() {
            let why = "the response of an error hook was dropped: a part of the response was sent already";
            self.log.warn(Some(&invocation.request_id), &why);
        }
    }

    /// The answer that a response becomes: a stream, if the caller takes nothing else.
    fn deliver(&self, invocation: &Invocation, response: Response) -> Result<Answer, InvocationError> {
        if self.config.streams != Streams::All {
            return Ok(Answer::Response(response));
        }
        let (head, body) = streaming::whole(response.json()).map_err(|why| InvocationError::NotStreamable { why })?;
        self.warn_of(invocation, &head);
        Ok(Answer::Stream(head, OpenStream::whole(body)))
    }

    fn warn_of(&self, invocation: &Invocation, head: &Head) {
        if let Some(warning) = head.warning() {
            self.log.warn(Some(&invocation.request_id), &warning);
        }
    }

    fn has_error_hooks(&self) -> bool {
        !self.middlewares.in_order.is_empty() && !self.middlewares.signals.is_terminating()
    }

    fn run(&self, chain: &Chain<'_>, limits: Limits, children: &mut [Supervised]) -> Result<Answer, InvocationError> {
        if chain.invocation.deadline.has_passed() {
            let (seconds, missing) = (limits.timeout_seconds, "it had not begun".to_owned());
            return Err(InvocationError::Timeout { seconds, missing, stack_trace: None });
        }
        let mapping = self.map(chain.invocation)?;
        let text = self.one_text(&mapping);
        let event = text.as_deref();
        let (handled, passed, prestarted) = match chain.before(children, event.unwrap_or_default())? {
            Before::Response(response, index) => {
                (Handled::Response(Response::new(response)), index, chain.prestart_after_hooks(index))
            }
            Before::Handler(changed) => {
                let batch = Batch::new(&mapping, changed.as_deref().or(event), &self.config.events);
                let debugger = self.debugger(chain.invocation, &mapping);
                let (handled, prestarted) = self.handle(chain, &batch, debugger, limits, children)?;
                (handled, self.middlewares.in_order.len(), prestarted)
            }
        };
        let (json, head) = match &handled {
            Handled::Response(response) => (response.json(), Ok(None)),
            Handled::Stream(stream) => (stream.head(), Head::parse(stream.head()).map(Some)),
        };
        let head = head.map_err(|why| InvocationError::NotStreamable { why });
        let after = head.and_then(|head| chain.after(passed, children, prestarted, json, head));
        match handled {
            Handled::Response(response) => {
                let (changed, _) = after?;
                self.deliver(chain.invocation, changed.map_or(response, Response::new))
            }
            Handled::Stream(stream) => self.pass_on(chain.invocation, stream, after, children),
        }
    }

    /// The answer that a stream becomes after the `after` hooks. If it cannot be sent, the handler goes on to its end first.
    fn pass_on(
        &self,
        invocation: &Invocation,
        stream: Box<OpenStream>,
        after: Result<(Option<Vec<u8>>, Option<Head>), InvocationError>,
        children: &mut [Supervised],
    ) -> Result<Answer, InvocationError> {
        let error = match after {
            Ok((_, Some(head))) => {
                self.warn_of(invocation, &head);
                return Ok(Answer::Stream(head, stream));
            }
            Ok((_, None)) => InvocationError::Internal { what: "a stream has no head" },
            Err(error) => error,
        };
        if let Some(runtime) = children.first_mut() {
            let calls = stream.calls();
            let mut exchange = Exchange::resume(&calls, *stream);
            runtime.drain(&mut exchange);
            let _ = runtime.end_stream(&mut exchange); // the first error counts
        }
        Err(error)
    }

    fn map<'a>(&self, invocation: &'a Invocation) -> Result<Mapping<'a>, InvocationError> {
        let facts = EventFacts {
            request_id: &invocation.request_id,
            function_arn: invocation.function_arn.as_deref().unwrap_or_default(),
            trace_id: invocation.trace_id.as_deref(),
            received_ms: invocation.received_ms,
        };
        let mapping = cloudevents::map(&invocation.event, &facts, &self.config.events)
            .map_err(|error| InvocationError::NotJson { what: "event", why: error.to_string() })?;
        if let Some(warning) = mapping.warning() {
            self.log.warn(Some(&invocation.request_id), &warning);
        }
        Ok(mapping)
    }

    /// The event as one text on one line, for hooks or for a handler that takes batches whole. `None` if nothing needs that: then
    /// it stays in parts, and is not copied.
    fn one_text(&self, mapping: &Mapping<'_>) -> Option<Vec<u8>> {
        if self.middlewares.in_order.is_empty() && !self.config.events.batch {
            return None;
        }
        let mut text = Vec::new();
        mapping.append_to(&mut text);
        match on_one_line(&text) {
            Cow::Owned(line) => Some(line),
            Cow::Borrowed(_) => Some(text),
        }
    }

    /// The debugger of every invocation, or the one that the event asks for, if that is permitted.
    fn debugger(&self, invocation: &Invocation, mapping: &Mapping<'_>) -> Option<Target> {
        let wanted = mapping.debugger().map(|value| self.config.allowed_debuggers.check(value));
        match wanted {
            Some(Err(refusal)) if self.config.forced_debugger.is_none() => {
                self.log.warn(Some(&invocation.request_id), &refusal);
                None
            }
            Some(Ok(target)) => Some(target),
            _ => self.config.forced_debugger.clone(),
        }
    }

    /// Calls the handler, once for each event. The `after` hooks boot meanwhile.
    fn handle<'a>(
        &self,
        chain: &Chain<'a>,
        batch: &Batch<'_>,
        debugger: Option<Target>,
        limits: Limits,
        children: &mut [Supervised],
    ) -> Result<(Handled, Prestarted<'a>), InvocationError> {
        let invocation = chain.invocation;
        let may_stream = self.config.streams != Streams::Off && batch.may_stream();
        let timeline = &self.middlewares.timeline;
        let each = calls(invocation, batch);
        let calls = Calls {
            timeline: Some(timeline).filter(|_| each.len() > 1),
            calls: each,
            hook: None,
            suffix: protocol::call_suffix(invocation, chain.deadline_ms, debugger.as_ref(), may_stream),
            in_order: batch.is_in_order(),
            groups: batch.groups(),
            is_failure: batch.failure_test(),
            may_stream,
            limits,
        };
        let nobody = InvocationError::Internal { what: "there is no language runtime" };
        let runtime = children.first_mut().ok_or(nobody)?;
        let (mut answers, prestarted) = timeline.step(&invocation.request_id, "handler", &self.config.handler, || {
            let exchange = runtime.begin(&calls);
            let prestarted = chain.prestart_after_hooks(self.middlewares.in_order.len());
            (runtime.finish(exchange), prestarted)
        });
        let handled = match answers.stream.take() {
            Some(stream) => Handled::Stream(stream),
            None => Handled::Response(self.conclude(invocation, batch, answers)?),
        };
        Ok((handled, prestarted))
    }

    /// What the outcomes of the calls make of the invocation.
    fn conclude(
        &self,
        invocation: &Invocation,
        batch: &Batch<'_>,
        answers: Answers,
    ) -> Result<Response, InvocationError> {
        if let Some(report) = batch.report(&answers.outcomes) {
            self.log_reported(invocation, &answers.outcomes);
            return Ok(Response::new(report));
        }
        match batch.answer(answers.outcomes) {
            cloudevents::Answer::AsIs(response) => Ok(response),
            cloudevents::Answer::Made(response) => Ok(Response::new(response)),
            cloudevents::Answer::Failed(failure, first) => {
                let lost = InvocationError::Internal { what: "a call has no answer, and the reason is lost" };
                let first = first.or(answers.failure).unwrap_or(lost);
                Err(match failure.total {
                    1 => first,
                    _ => InvocationError::Batch { summary: failure.to_string(), first: first.into() },
                })
            }
        }
    }

    /// Lambda retries the records that are reported as failed. Only the log says why they failed.
    fn log_reported(&self, invocation: &Invocation, outcomes: &[Option<Outcome>]) {
        for (number, outcome) in (1..).zip(outcomes) {
            if let Some(Err(error)) = outcome {
                self.log.failure(Failed::Record(invocation, number), error);
            }
        }
        let failed = outcomes.iter().filter(|outcome| !matches!(outcome, Some(Ok(_)))).count();
        let total = outcomes.len();
        self.log
            .warn(Some(&invocation.request_id), &format_args!("{failed} of {total} records are reported as failed"));
    }
}

/// When to warn the child (SIGTERM), when to fail the invocation, when to kill the child. The warning never comes before half of the
/// time that is left has passed.
fn limits(deadline: Deadline, left: Duration, grace: Duration, margin: Duration, timeout_seconds: u64) -> Limits {
    Limits {
        warn_at: deadline.earlier_by(grace.min(left / 2)),
        fail_at: deadline.earlier_by(margin),
        kill_at: deadline.earlier_by(margin * 3 / 5),
        timeout_seconds,
    }
}

/// How long before the deadline the handler must be done, if so much time is left.
fn margin(left: Duration) -> Duration {
    REPORT_MARGIN.min(left / 4)
}

/// A call of the handler for each event.
fn calls<'a>(invocation: &Invocation, batch: &'a Batch<'_>) -> Vec<Call<'a>> {
    let id = &invocation.request_id;
    match batch.events() {
        [event] => vec![call(id.clone(), *event)],
        events => (1..).zip(events).map(|(number, event)| call(format!("{id}#{number}"), *event)).collect(),
    }
}

/// The data is not searched for line breaks if it was known when it was read that it has none.
fn call(id: String, event: MappedEvent<'_>) -> Call<'_> {
    let MappedEvent { head, data, tail, may_have_line_breaks } = event;
    let data = if may_have_line_breaks { on_one_line(data) } else { Cow::Borrowed(data) };
    Call { id, event: [on_one_line(head), data, Cow::Borrowed(tail)] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_child_is_warned_then_interrupted_then_killed() {
        let ms = Duration::from_millis;
        let deadline = Deadline::after(ms(60_000));
        let limits = |left, grace| limits(deadline, ms(left), ms(grace), ms(50), 60);
        assert_eq!(limits(60_000, 300).warn_at, deadline.earlier_by(ms(300)));
        assert_eq!(limits(400, 300).warn_at, deadline.earlier_by(ms(200)));
        assert_eq!(limits(60_000, 300).fail_at, deadline.earlier_by(ms(50)));
        assert_eq!(limits(60_000, 300).kill_at, deadline.earlier_by(ms(30)));
        assert_eq!(limits(60_000, 300).timeout_seconds, 60);
    }

    #[test]
    fn of_a_short_time_the_handler_has_three_quarters() {
        let ms = Duration::from_millis;
        assert_eq!(margin(ms(100)), ms(25));
        assert_eq!(margin(ms(900)), ms(50));
    }
}

//! The function: its middlewares around its handler. How one event becomes one response.

use std::borrow::Cow;
use std::time::Duration;

use crate::child::exchange::{self, Answers, Calls, Limits};
use crate::child::language_runtime::LanguageRuntime;
use crate::child::protocol::{self, Call};
use crate::cloudevents::{self, Answer, Batch, EventFacts, Mapping};
use crate::error::InvocationError;
use crate::invocation::Invocation;
use crate::json_line::on_one_line;
use crate::log::{Failed, Log};
use crate::middleware::Middleware;
use crate::middleware::chain::{Before, Chain, Early};
use crate::os::signals::Signals;
use crate::response::Response;
use crate::settings::config::Config;
use crate::settings::debug::Target;
use crate::timeline::Timeline;

/// What is left for reporting a timeout before Lambda reports its own.
const REPORT: Duration = Duration::from_millis(50);

/// What is left of that when the `error` hooks must be done.
const LAST_MOMENT: Duration = Duration::from_millis(10);

/// What answers events.
#[derive(Debug)]
pub struct Function {
    /// In the order of `SLSMIDDLEWARES`.
    pub middlewares: Vec<Middleware>,
    /// What the environment asks for.
    pub config: Config,
    /// SIGTERM, mostly.
    pub signals: Signals,
    /// For open-runtime.
    pub timeline: Timeline,
    /// bootstrap's own log.
    pub log: Log,
}

impl Function {
    /// Answers one invocation. Blocks until shortly before its deadline at the longest.
    ///
    /// # Errors
    /// What went wrong, if no `error` hook made a response of it.
    pub fn answer(&self, invocation: &Invocation, runtime: &mut LanguageRuntime) -> Result<Response, InvocationError> {
        let left = invocation.deadline.left().unwrap_or_default();
        let margin = margin(left);
        let limits = self.limits(invocation, left, margin);
        let chain = Chain {
            middlewares: &self.middlewares,
            invocation,
            deadline: limits.last,
            deadline_ms: invocation.deadline_ms_less(margin),
            overlap: self.config.overlap,
            signals: self.signals,
            timeline: &self.timeline,
        };
        match self.run(&chain, limits, runtime) {
            Err(error) if !self.middlewares.is_empty() && !self.signals.is_terminating() => {
                let deadline = invocation.deadline.earlier_by(LAST_MOMENT);
                let deadline_ms = invocation.deadline_ms_less(LAST_MOMENT);
                Chain { deadline, deadline_ms, ..chain }.mend(&error, self.log).map(Response::new).ok_or(error)
            }
            other => other,
        }
    }

    /// SIGTERM at `deadline − SLSGRACE`, but never before half of the time is over; the end a little before the deadline, with
    /// some of that for last words.
    fn limits(&self, invocation: &Invocation, left: Duration, margin: Duration) -> Limits {
        let deadline = invocation.deadline;
        Limits {
            grace: deadline.earlier_by(self.config.grace.min(left / 2)),
            last: deadline.earlier_by(margin),
            kill: deadline.earlier_by(margin * 3 / 5),
            timeout_seconds: invocation.timeout_seconds(),
        }
    }

    fn run(
        &self,
        chain: &Chain<'_>,
        limits: Limits,
        runtime: &mut LanguageRuntime,
    ) -> Result<Response, InvocationError> {
        if chain.invocation.deadline.has_passed() {
            let (seconds, missing) = (limits.timeout_seconds, "it had not begun".to_owned());
            return Err(InvocationError::Timeout { seconds, missing, stack_trace: None });
        }
        let mapping = self.map(chain.invocation)?;
        let text = self.one_text(&mapping);
        let event = text.as_deref();
        let (response, passed, early) = match chain.before(event.unwrap_or_default())? {
            Before::Response(response, index) => (Response::new(response), index, chain.start_after(index)),
            Before::Handler(changed) => {
                let batch = Batch::new(&mapping, changed.as_deref().or(event), &self.config.events);
                let debugger = self.debugger(chain.invocation, &mapping);
                let (response, early) = self.handle(chain, &batch, debugger, limits, runtime)?;
                (response, self.middlewares.len(), early)
            }
        };
        let changed = chain.after(passed, early, response.json())?;
        Ok(changed.map_or(response, Response::new))
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

    /// The event as one text on one line, where somebody wants that: hooks, or a handler that takes batches whole. Otherwise
    /// it stays in parts, and is not copied.
    fn one_text(&self, mapping: &Mapping<'_>) -> Option<Vec<u8>> {
        if self.middlewares.is_empty() && !self.config.events.batch {
            return None;
        }
        let mut text = Vec::new();
        mapping.append_to(&mut text);
        match on_one_line(&text) {
            Cow::Owned(line) => Some(line),
            Cow::Borrowed(_) => Some(text),
        }
    }

    /// The debugger that the event asks for, if it may.
    fn debugger(&self, invocation: &Invocation, mapping: &Mapping<'_>) -> Option<Target> {
        let wanted = mapping.debugger().map(|value| self.config.debug.check(value));
        match wanted {
            Some(Err(refusal)) if self.config.debugger.is_none() => {
                self.log.warn(Some(&invocation.request_id), &refusal);
                None
            }
            Some(Ok(target)) => Some(target),
            _ => self.config.debugger.clone(),
        }
    }

    /// Has the handler called. The `after` hooks boot beside it.
    fn handle<'a>(
        &self,
        chain: &Chain<'a>,
        batch: &Batch<'_>,
        debugger: Option<Target>,
        limits: Limits,
        runtime: &mut LanguageRuntime,
    ) -> Result<(Response, Early<'a>), InvocationError> {
        let tail = protocol::tail(chain.invocation, chain.deadline_ms, debugger.as_ref());
        let calls = Calls {
            calls: calls(chain.invocation, batch),
            tail,
            in_order: batch.is_in_order(),
            groups: batch.groups(),
            is_failure: batch.failure_test(),
            limits,
        };
        let mut early = Early::new();
        let answers = self.timeline.step(&chain.invocation.request_id, "handler", &self.config.handler, || {
            runtime.call(&calls, || early = chain.start_after(self.middlewares.len()))
        });
        let log = |outcomes: &[Option<exchange::Outcome>]| self.log_reported(chain.invocation, outcomes);
        Ok((conclude(batch, answers, log)?, early))
    }

    /// Lambda tries again the records that are reported as failed, and why they failed is told to nobody else.
    fn log_reported(&self, invocation: &Invocation, outcomes: &[Option<exchange::Outcome>]) {
        let failed = outcomes.iter().filter(|outcome| !matches!(outcome, Some(Ok(_)))).count();
        if failed == 0 {
            return;
        }
        for (number, outcome) in (1..).zip(outcomes) {
            if let Some(Err(error)) = outcome {
                self.log.failure(Failed::Record(invocation, number), error);
            }
        }
        let total = outcomes.len();
        self.log
            .warn(Some(&invocation.request_id), &format_args!("{failed} of {total} records are reported as failed"));
    }
}

/// How much before the deadline the handler must be done, where so much is left.
fn margin(left: Duration) -> Duration {
    REPORT.min(left / 4)
}

/// A call of the handler for each event.
fn calls<'a>(invocation: &Invocation, batch: &'a Batch<'_>) -> Vec<Call<'a>> {
    let id = &invocation.request_id;
    match batch.events() {
        [event] => vec![Call::new(id.clone(), event.parts())],
        events => (1..).zip(events).map(|(number, event)| Call::new(format!("{id}#{number}"), event.parts())).collect(),
    }
}

/// What the outcomes of the calls make of the invocation.
fn conclude(
    batch: &Batch<'_>,
    answers: Answers,
    log: impl FnOnce(&[Option<exchange::Outcome>]),
) -> Result<Response, InvocationError> {
    let outcomes: Vec<cloudevents::Outcome> = answers.outcomes.iter().map(as_record).collect();
    let (answer, total) = (batch.answer(&outcomes), outcomes.len());
    if matches!(answer, Answer::Made(_)) {
        log(&answers.outcomes);
    }
    let mut outcomes = answers.outcomes.into_iter();
    let mut take = |index| outcomes.nth(index).flatten();
    match answer {
        Answer::Made(response) => Ok(Response::new(response)),
        Answer::AsIs(index) => take(index).unwrap_or(Err(InvocationError::Terminated)), // it is there, being the answer
        Answer::Failed(failure) => {
            let failed = failure.first.and_then(take).map(|outcome| match outcome {
                Ok(_) => InvocationError::OwnBatchItemFailures, // what else is wrong with a response?
                Err(error) => error,
            });
            let first = failed.or(answers.failure).unwrap_or(InvocationError::Terminated);
            Err(if total == 1 {
                first
            } else {
                InvocationError::Batch { summary: failure.to_string(), first: first.into() }
            })
        }
    }
}

fn as_record(outcome: &Option<exchange::Outcome>) -> cloudevents::Outcome<'_> {
    match outcome {
        Some(Ok(response)) => cloudevents::Outcome::Succeeded(response.json()),
        Some(Err(_)) => cloudevents::Outcome::Failed,
        None => cloudevents::Outcome::NotReached,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_short_time_the_handler_has_three_quarters() {
        let ms = Duration::from_millis;
        assert_eq!(margin(ms(100)), ms(25));
        assert_eq!(margin(ms(900)), ms(50));
    }
}

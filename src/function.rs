//! The function: its middlewares around its handler. How one event becomes one response.

use std::time::Duration;

use serde_json::value::RawValue;

use crate::chain::{Before, Chain};
use crate::config::Config;
use crate::deadline::Deadline;
use crate::error::InvocationError;
use crate::exchange::{Calls, Limits, Response};
use crate::invocation::Invocation;
use crate::language_runtime::LanguageRuntime;
use crate::log::Log;
use crate::middleware::Middleware;
use crate::protocol::{self, Call};
use crate::signals::Signals;
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
        let limits = self.limits(invocation.deadline);
        let chain = Chain {
            middlewares: &self.middlewares,
            invocation,
            deadline: limits.last,
            overlap: self.config.overlap,
            signals: self.signals,
            timeline: &self.timeline,
        };
        match self.run(&chain, limits, runtime) {
            Err(error) if !self.middlewares.is_empty() && !self.signals.is_terminating() => {
                let deadline = invocation.deadline.earlier_by(LAST_MOMENT);
                chain.mend(&error, deadline, self.log).map(Response::new).ok_or(error)
            }
            other => other,
        }
    }

    /// SIGTERM at `deadline − SLSGRACE`, but never before half of the time is over; the end a little before the deadline.
    fn limits(&self, deadline: Deadline) -> Limits {
        let left = deadline.left().unwrap_or_default();
        Limits {
            grace: deadline.earlier_by(self.config.grace.min(left / 2)),
            last: deadline.earlier_by(REPORT.min(left / 4)),
        }
    }

    fn run(
        &self,
        chain: &Chain<'_>,
        limits: Limits,
        runtime: &mut LanguageRuntime,
    ) -> Result<Response, InvocationError> {
        if chain.invocation.deadline.has_passed() {
            return Err(InvocationError::Timeout { waiting_for: "it began".to_owned(), stack_trace: None });
        }
        let event = json(&chain.invocation.event)?;
        let line = protocol::on_one_line(event);
        let (response, passed, early) = match chain.before(&line)? {
            Before::Response(response, index) => (Response::new(response), index, chain.start_after(index)),
            Before::Handler(changed) => {
                let early = chain.start_after(self.middlewares.len()); // they boot beside the handler
                let event = changed.as_deref().unwrap_or(&line);
                (self.handle(chain.invocation, event, limits, runtime)?, self.middlewares.len(), early)
            }
        };
        let changed = chain.after(passed, early, response.json())?;
        Ok(changed.map_or(response, Response::new))
    }

    /// One call of the handler.
    fn handle(
        &self,
        invocation: &Invocation,
        event: &[u8],
        limits: Limits,
        runtime: &mut LanguageRuntime,
    ) -> Result<Response, InvocationError> {
        let call = Call::new(invocation.request_id.clone(), [event, b"", b""]);
        let calls = Calls { calls: vec![call], tail: protocol::tail(invocation), in_order: true, limits };
        let answers =
            self.timeline.step(&invocation.request_id, "handler", &self.config.handler, || runtime.call(&calls));
        match answers.outcomes.into_iter().next().flatten() {
            Some(outcome) => outcome,
            None => Err(answers.failure.unwrap_or(InvocationError::Terminated)),
        }
    }
}

/// The event, which must be JSON. Nothing is nothing: an event of no bytes is `null`.
fn json(event: &[u8]) -> Result<&[u8], InvocationError> {
    if event.trim_ascii().is_empty() {
        return Ok(b"null");
    }
    match serde_json::from_slice::<&RawValue>(event) {
        Ok(_) => Ok(event),
        Err(error) => Err(InvocationError::EventNotJson {
            why: format!("wrong at line {} column {} of {} bytes", error.line(), error.column(), event.len()),
        }),
    }
}

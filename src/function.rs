//! The function: its middlewares around its handler. How one event becomes one response.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::value::RawValue;

use crate::config::Config;
use crate::deadline::Deadline;
use crate::error::InvocationError;
use crate::exchange::{Calls, Limits, Response};
use crate::invocation::Invocation;
use crate::language_runtime::LanguageRuntime;
use crate::log::Log;
use crate::middleware::{Hook, Middleware, Running, Verdict};
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
        match self.run(invocation, limits, runtime) {
            Err(error) if !matches!(error, InvocationError::Terminated) => self.mend(invocation, error),
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
        invocation: &Invocation,
        limits: Limits,
        runtime: &mut LanguageRuntime,
    ) -> Result<Response, InvocationError> {
        let mut event = map(invocation)?;
        let mut response = None;
        let mut passed = 0; // so many middlewares let the event through
        for middleware in &self.middlewares {
            match self.hook(middleware, Hook::Before, invocation, &event, limits.last)? {
                Verdict::Unchanged => {}
                Verdict::Replaced(other) => event = other.into(),
                Verdict::Respond(early) => {
                    response = Some(Response::new(early));
                    break;
                }
            }
            passed += 1;
        }
        let mut response = match response {
            Some(early) => early,
            None => self.handle(invocation, event, limits, runtime)?,
        };
        for middleware in self.middlewares.iter().take(passed).rev() {
            let verdict = self.hook(middleware, Hook::After, invocation, response.json(), limits.last)?;
            if let Verdict::Replaced(other) | Verdict::Respond(other) = verdict {
                response = Response::new(other);
            }
        }
        Ok(response)
    }

    /// One call of the handler.
    fn handle(
        &self,
        invocation: &Invocation,
        event: Cow<'_, [u8]>,
        limits: Limits,
        runtime: &mut LanguageRuntime,
    ) -> Result<Response, InvocationError> {
        let id = invocation.request_id.clone();
        let tail = protocol::tail(invocation);
        let calls = Calls { calls: vec![Call { id, event }], tail, in_order: true, limits };
        let answers =
            self.timeline.step(&invocation.request_id, "handler", &self.config.handler, || runtime.call(&calls));
        match answers.outcomes.into_iter().next().flatten() {
            Some(outcome) => outcome,
            None => Err(answers.failure.unwrap_or(InvocationError::Terminated)),
        }
    }

    fn hook(
        &self,
        middleware: &Middleware,
        hook: Hook,
        invocation: &Invocation,
        input: &[u8],
        deadline: Deadline,
    ) -> Result<Verdict, InvocationError> {
        self.timeline.step(&invocation.request_id, hook.name(), &middleware.name, || {
            Running::start(middleware, hook, invocation)?.finish(input, deadline, self.signals)
        })
    }

    /// The `error` hooks, in reverse order, until one prints a response. One that fails leaves the error as it is.
    fn mend(&self, invocation: &Invocation, error: InvocationError) -> Result<Response, InvocationError> {
        if self.middlewares.is_empty() {
            return Err(error);
        }
        let input = error.to_json();
        let deadline = invocation.deadline.earlier_by(LAST_MOMENT);
        for middleware in self.middlewares.iter().rev() {
            match self.hook(middleware, Hook::Error, invocation, &input, deadline) {
                Ok(Verdict::Replaced(response) | Verdict::Respond(response)) => return Ok(Response::new(response)),
                Ok(Verdict::Unchanged) => {}
                Err(failure) => self.log.warn(Some(&invocation.request_id), &failure),
            }
        }
        Err(error)
    }
}

/// The event as one JSON text on one line.
fn map(invocation: &Invocation) -> Result<Cow<'_, [u8]>, InvocationError> {
    let event = &invocation.event[..];
    if event.trim_ascii().is_empty() {
        return Ok(Cow::Borrowed(b"null")); // nothing is nothing
    }
    serde_json::from_slice::<&RawValue>(event).map_err(|error| InvocationError::EventNotJson {
        why: format!("wrong at line {} column {} of {} bytes", error.line(), error.column(), event.len()),
    })?;
    if !protocol::has_line_breaks(event) {
        return Ok(Cow::Borrowed(event));
    }
    let mut event = event.to_vec();
    protocol::put_on_one_line(&mut event);
    Ok(Cow::Owned(event))
}

//! The middlewares around the handler, as an onion: `before` in order, `after` and `error` in reverse.

use crate::error::InvocationError;
use crate::invocation::Invocation;
use crate::log::Log;
use crate::middleware::Middleware;
use crate::middleware::hook::{Hook, Running, Verdict};
use crate::os::deadline::Deadline;
use crate::os::signals::Signals;
use crate::timeline::Timeline;

/// The middlewares, for one invocation.
#[derive(Clone, Copy)]
pub struct Chain<'a> {
    /// In the order of `SLSMIDDLEWARES`.
    pub middlewares: &'a [Middleware],
    /// What they are run for.
    pub invocation: &'a Invocation,
    /// When its hooks must be over.
    pub deadline: Deadline,
    /// The same in milliseconds since 1970, as they are told.
    pub deadline_ms: Option<u64>,
    /// Whether processes are started early, and wait for their input.
    pub overlap: bool,
    /// SIGTERM, mostly.
    pub signals: Signals,
    /// For open-runtime.
    pub timeline: &'a Timeline,
}

/// Where the `before` hooks led.
#[derive(Debug, PartialEq, Eq)]
pub enum Before {
    /// To the handler, with this event; `None` if no hook changed it.
    Handler(Option<Vec<u8>>),
    /// To this response, by the middleware of this index.
    Response(Vec<u8>, usize),
}

/// Processes that were started early, in the order in which they run. Dropping those that are not needed kills them.
pub type Early<'a> = Vec<Option<Running<'a>>>;

impl<'a> Chain<'a> {
    /// Runs the `before` hooks.
    ///
    /// # Errors
    /// That of the hook that failed.
    pub fn before(&self, event: &[u8]) -> Result<Before, InvocationError> {
        let mut early = self.start_early(Hook::Before, self.middlewares.iter(), Some(event));
        let mut changed = None;
        for (index, middleware) in self.middlewares.iter().enumerate() {
            let started = early.get_mut(index).and_then(Option::take);
            let event = changed.as_deref().unwrap_or(event);
            match self.run(middleware, Hook::Before, started, event)? {
                Verdict::Unchanged => {}
                Verdict::Replaced(event) => changed = Some(event),
                Verdict::Respond(response) => return Ok(Before::Response(response, index)),
            }
        }
        Ok(Before::Handler(changed))
    }

    /// Starts the processes of the `after` hooks of the first `count` middlewares, where overlap is on. Blocks for
    /// milliseconds where there are more of them than processors: each waits for one before it is a program of its own.
    pub fn start_after(&self, count: usize) -> Early<'a> {
        self.start_early(Hook::After, self.middlewares.iter().take(count).rev(), None)
    }

    /// Runs the `after` hooks of the first `count` middlewares. `None` if none of them changed the response.
    ///
    /// # Errors
    /// That of the hook that failed.
    pub fn after(
        &self,
        count: usize,
        mut early: Early<'a>,
        response: &[u8],
    ) -> Result<Option<Vec<u8>>, InvocationError> {
        let mut changed = None;
        for (index, middleware) in self.middlewares.iter().take(count).rev().enumerate() {
            let started = early.get_mut(index).and_then(Option::take);
            let response = changed.as_deref().unwrap_or(response);
            if let Verdict::Replaced(response) = self.run(middleware, Hook::After, started, response)? {
                changed = Some(response);
            }
        }
        Ok(changed)
    }

    /// Runs the `error` hooks, until one prints a response. One that fails leaves the error as it is, and is logged.
    pub fn mend(&self, error: &InvocationError, log: Log) -> Option<Vec<u8>> {
        let input = error.to_json();
        for middleware in self.middlewares.iter().rev() {
            match self.run(middleware, Hook::Error, None, &input) {
                Ok(Verdict::Replaced(response) | Verdict::Respond(response)) => return Some(response),
                Ok(Verdict::Unchanged) => {}
                Err(failure) => log.warn(Some(&self.invocation.request_id), &failure),
            }
        }
        None
    }

    fn run(
        &self,
        middleware: &'a Middleware,
        hook: Hook,
        started: Option<Running<'a>>,
        input: &[u8],
    ) -> Result<Verdict, InvocationError> {
        self.timeline.step(&self.invocation.request_id, hook.name(), &middleware.name, || {
            let running = match started {
                Some(running) => running,
                None => Running::start(middleware, hook, self.invocation, self.deadline_ms)?,
            };
            running.finish(input, self.deadline, self.signals)
        })
    }

    /// The first gets what there is of its input at once, and works while the others are started. One that cannot be
    /// started is tried again when its turn comes, and fails then.
    fn start_early(
        &self,
        hook: Hook,
        middlewares: impl Iterator<Item = &'a Middleware>,
        input_of_first: Option<&[u8]>,
    ) -> Early<'a> {
        if !self.overlap {
            return Early::new();
        }
        let mut input = input_of_first;
        let start = |middleware| {
            let mut running = Running::start(middleware, hook, self.invocation, self.deadline_ms).ok();
            if let (Some(running), Some(input)) = (&mut running, input.take()) {
                running.write(input);
            }
            running
        };
        middlewares.map(start).collect()
    }
}

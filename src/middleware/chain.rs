//! The middlewares around the handler, as the layers of an onion: `before` hooks in order, `after` and `error` hooks in reverse.

use crate::child::supervised::Supervised;
use crate::error::InvocationError;
use crate::invocation::Invocation;
use crate::log::Log;
use crate::middleware::hook::{Hook, Running, Verdict, failed};
use crate::middleware::{Middleware, resident};
use crate::os::deadline::Deadline;
use crate::os::signals::Signals;
use crate::streaming::Head;
use crate::timeline::Timeline;

/// The middlewares of the function, and what their hooks need in every invocation.
#[derive(Debug)]
pub struct Middlewares {
    /// In the order of `SLSMIDDLEWARES`.
    pub in_order: Vec<Middleware>,
    /// `SLSOVERLAP`: whether processes are started early, and wait for their input.
    pub overlap: bool,
    /// SIGTERM shortens the time of a hook.
    pub signals: Signals,
    /// Where the time of each hook is noted.
    pub timeline: Timeline,
}

/// The middlewares, for one invocation.
#[derive(Clone, Copy)]
pub struct Chain<'a> {
    /// Those of the function.
    pub middlewares: &'a Middlewares,
    /// What they are run for.
    pub invocation: &'a Invocation,
    /// When its hooks must be over.
    pub deadline: Deadline,
    /// The same in milliseconds since 1970, as the hooks are told.
    pub deadline_ms: Option<u64>,
}

/// Where the `before` hooks led.
#[derive(Debug, PartialEq, Eq)]
pub enum Before {
    /// To the handler, with this event; `None` if no hook changed it.
    Handler(Option<Vec<u8>>),
    /// To this response, by the middleware of this index.
    Response(Vec<u8>, usize),
}

/// Processes that were started before their turn, in the order in which they will run. Dropping one kills it.
pub type Prestarted<'a> = Vec<Option<Running<'a>>>;

impl<'a> Chain<'a> {
    /// Runs the `before` hooks.
    ///
    /// # Errors
    /// The error of the hook that failed.
    pub fn before(&self, children: &mut [Supervised], event: &[u8]) -> Result<Before, InvocationError> {
        let mut prestarted = self.prestart(Hook::Before, self.middlewares.in_order.iter(), Some(event));
        let mut changed = None;
        for (index, middleware) in self.middlewares.in_order.iter().enumerate() {
            let started = prestarted.get_mut(index).and_then(Option::take);
            let event = changed.as_deref().unwrap_or(event);
            match self.run(middleware, children, Hook::Before, started, event)? {
                Verdict::Unchanged => {}
                Verdict::Replaced(event) => changed = Some(event),
                Verdict::Respond(response) => return Ok(Before::Response(response, index)),
            }
        }
        Ok(Before::Handler(changed))
    }

    /// Starts the processes of the `after` hooks of the first `count` middlewares, if overlap is on. Blocks for milliseconds if
    /// there are more of them than processors, because each waits for a processor before execve(2) is done.
    pub fn prestart_after_hooks(&self, count: usize) -> Prestarted<'a> {
        self.prestart(Hook::After, self.middlewares.in_order.iter().take(count).rev(), None)
    }

    /// Runs the `after` hooks of the first `count` middlewares. `None` if none of them changed the response. If it is the `head` of a
    /// stream, it must stay one, and is returned as it is then.
    ///
    /// # Errors
    /// The error of the hook that failed.
    pub fn after(
        &self,
        count: usize,
        children: &mut [Supervised],
        mut prestarted: Prestarted<'a>,
        response: &[u8],
        mut head: Option<Head>,
    ) -> Result<(Option<Vec<u8>>, Option<Head>), InvocationError> {
        let mut changed = None;
        for (index, middleware) in self.middlewares.in_order.iter().take(count).rev().enumerate() {
            let started = prestarted.get_mut(index).and_then(Option::take);
            let response = changed.as_deref().unwrap_or(response);
            if let Verdict::Replaced(response) = self.run(middleware, children, Hook::After, started, response)? {
                if let Some(head) = &mut head {
                    *head = changed_head(&response, head)
                        .map_err(|why| failed(&middleware.name, Hook::After, why.to_owned()))?;
                }
                changed = Some(response);
            }
        }
        Ok((changed, head))
    }

    /// Runs the `error` hooks until one prints a response. If one fails, the error stays as it is, and the failure is logged.
    pub fn run_error_hooks(&self, children: &mut [Supervised], error: &InvocationError, log: Log) -> Option<Vec<u8>> {
        let input = error.to_json();
        for middleware in self.middlewares.in_order.iter().rev() {
            match self.run(middleware, children, Hook::Error, None, &input) {
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
        children: &mut [Supervised],
        hook: Hook,
        started: Option<Running<'a>>,
        input: &[u8],
    ) -> Result<Verdict, InvocationError> {
        self.middlewares.timeline.step(&self.invocation.request_id, hook.name(), &middleware.name, || {
            if let Some(child) = middleware.resident.and_then(|place| children.get_mut(place)) {
                let limits = (self.deadline, self.deadline_ms);
                return resident::run(child, &middleware.name, hook, self.invocation, input, limits);
            }
            let running = match started {
                Some(running) => running,
                None => Running::start(middleware, hook, self.invocation, self.deadline_ms)?,
            };
            running.finish(input, self.deadline, self.middlewares.signals)
        })
    }

    /// Starts processes, and gives the first its input at once, so that it works while the others are started. A process that
    /// cannot be started now is started, or fails, when its turn comes.
    fn prestart(
        &self,
        hook: Hook,
        middlewares: impl Iterator<Item = &'a Middleware>,
        input_of_first: Option<&[u8]>,
    ) -> Prestarted<'a> {
        if !self.middlewares.overlap {
            return Prestarted::new();
        }
        let mut input = input_of_first;
        let start = |middleware: &'a Middleware| {
            if middleware.resident.is_some() {
                input = None; // the first runs already
                return None;
            }
            let mut running = Running::start(middleware, hook, self.invocation, self.deadline_ms).ok();
            if let (Some(running), Some(input)) = (&mut running, input.take()) {
                running.write(input);
            }
            running
        };
        middlewares.map(start).collect()
    }
}

/// What an `after` hook has made of the head of a stream.
///
/// # Errors
/// Why this is not such a head.
fn changed_head(json: &[u8], before: &Head) -> Result<Head, &'static str> {
    let head = Head::parse(json)?;
    match (before.is_http(), head.is_http()) {
        (true, false) => Err("it printed the head of a stream without a statusCode"),
        (false, true) => Err("it printed a statusCode, but the stream is not an HTTP response"),
        _ => Ok(head),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hook_does_not_make_an_http_response_of_a_stream_or_the_reverse() {
        let (http, raw) = (&br#"{"statusCode":200}"#[..], &br#"{"contentType":"text/plain"}"#[..]);
        for (before, after, is_taken) in [(http, http, true), (raw, raw, true), (http, raw, false), (raw, http, false)]
        {
            assert_eq!(changed_head(after, &Head::parse(before).unwrap()).is_ok(), is_taken);
        }
    }
}

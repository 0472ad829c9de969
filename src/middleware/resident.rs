//! A hook of a resident middleware: one line to a process that serves all hooks, and one line back. The contract for authors is
//! `middlewares/README.md`.

use crate::child::exchange::{Calls, Limits};
use crate::child::protocol::{self, Call};
use crate::child::supervised::Supervised;
use crate::error::InvocationError;
use crate::invocation::Invocation;
use crate::middleware::hook::{Hook, Verdict, failed, timeout};
use crate::os::deadline::Deadline;
use crate::response::Response;

/// Runs one hook. Blocks until it has answered, or until the deadline; then the process is killed.
///
/// # Errors
/// [`InvocationError::Resident`], [`InvocationError::Middleware`], [`InvocationError::Timeout`], or [`InvocationError::Terminated`].
pub fn run(
    child: &mut Supervised,
    name: &str,
    hook: Hook,
    invocation: &Invocation,
    input: &[u8],
    limits: (Deadline, Option<u64>),
) -> Result<Verdict, InvocationError> {
    let (deadline, deadline_ms) = limits;
    let timeout_seconds = invocation.timeout_seconds();
    let id = [&invocation.request_id, ":", hook.name()].concat(); // a second answer to one hook is not taken for that to the next
    let calls = Calls {
        calls: vec![Call::new(id, [input, b"", b""])],
        hook: Some(hook.name()),
        suffix: protocol::call_suffix(invocation, deadline_ms, None, false),
        in_order: false,
        groups: Vec::new(),
        is_failure: |_| false,
        may_stream: false,
        timeline: None,
        limits: Limits { warn_at: Deadline::NEVER, fail_at: deadline, kill_at: deadline, timeout_seconds },
    };
    let exchange = child.begin(&calls);
    let answers = child.finish(exchange);
    let lost = || InvocationError::Internal { what: "a hook has no answer, and the reason is lost" };
    match answers.outcomes.into_iter().flatten().next() {
        Some(Ok(response)) => verdict(response, answers.is_output, name, hook),
        Some(Err(error)) => Err(child.blame(hook.name(), error)),
        None => match answers.failure.unwrap_or_else(lost) {
            InvocationError::Timeout { .. } => Err(timeout(name, hook, timeout_seconds)),
            error => Err(child.blame(hook.name(), error)),
        },
    }
}

fn verdict(response: Response, is_output: bool, name: &str, hook: Hook) -> Result<Verdict, InvocationError> {
    match (is_output, hook) {
        (true, _) if response.json().is_empty() => Ok(Verdict::Unchanged),
        (true, _) => Ok(Verdict::Replaced(response.into_json())),
        (false, Hook::Before) => Ok(Verdict::Respond(response.into_json())),
        (false, _) => {
            let why = "it answered with a response, which before hooks alone may do; other hooks answer with output";
            Err(failed(name, hook, why.to_owned()))
        }
    }
}

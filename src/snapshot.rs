//! SnapStart: at the end of Init Lambda takes a snapshot of the execution environment, and starts others from it. Hooks of the
//! user's code run before and after that.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-custom.html>

use std::time::Duration;

use crate::child::children::SharedChildren;
use crate::child::exchange::{Calls, Limits};
use crate::child::protocol::Call;
use crate::child::supervised::Supervised;
use crate::error::{Fatal, InvocationError};
use crate::lambda::extension::Extension;
use crate::lambda::runtime_api::{RuntimeApi, Told};
use crate::os::deadline::Deadline;

/// How long the hooks before the snapshot may take. Lambda ends Init earlier: after 130 s, or the function's timeout if that is longer.
const BEFORE_LIMIT: Duration = Duration::from_secs(900);

/// How long the hooks after it may take: Lambda's own limit for them.
const AFTER_LIMIT: Duration = Duration::from_secs(10);

/// What is new after a snapshot was restored: no connection has lasted.
#[derive(Debug)]
pub struct Restored {
    /// The Runtime API.
    pub api: RuntimeApi,
    /// The extension waits for an event again.
    pub extension: Option<Extension>,
}

/// Runs the hooks before the snapshot, waits until it has been restored, which may be days later, and runs the hooks after that.
/// `None` if SIGTERM came first.
///
/// # Errors
/// [`Fatal`]. Lambda has already been told which hook failed.
pub fn pass(
    api: &RuntimeApi,
    children: &SharedChildren,
    extension: Option<&Extension>,
) -> Result<Option<Restored>, Fatal> {
    if let Err(error) = run_hooks(children, "before-snapshot", BEFORE_LIMIT) {
        return unless_terminated(children, api.fail_init_as("Runtime.BeforeSnapshotError", &error), error);
    }
    if !api.wait_for_restore(children)? {
        return Ok(None);
    }
    let api = api.reopened()?;
    let extension = extension.and_then(|extension| api.park_again(extension));
    match run_hooks(children, "after-restore", AFTER_LIMIT) {
        Ok(()) => Ok(Some(Restored { api, extension })),
        Err(error) => unless_terminated(children, api.fail_restore(&error), error),
    }
}

fn unless_terminated<T>(
    children: &SharedChildren,
    told: Result<Told, Fatal>,
    error: InvocationError,
) -> Result<Option<T>, Fatal> {
    if children.get().signals.is_terminating() { Ok(None) } else { Err(Told::ends_with(told, error)) }
}

/// Has the language runtime run its hooks, if it has said that it can.
fn run_hooks(children: &SharedChildren, hook: &'static str, limit: Duration) -> Result<(), InvocationError> {
    match children.get().all.first_mut() {
        Some(runtime) if runtime.has_hooks() => run_hook(runtime, hook, limit),
        _ => Ok(()),
    }
}

fn run_hook(runtime: &mut Supervised, hook: &'static str, limit: Duration) -> Result<(), InvocationError> {
    let end = Deadline::after(limit);
    let limits = Limits { warn_at: Deadline::NEVER, fail_at: end, kill_at: end, timeout_seconds: limit.as_secs() };
    let calls = Calls {
        calls: vec![Call::new(hook.to_owned(), [b"null", b"", b""])],
        hook: Some(hook),
        suffix: b"}\n".to_vec(),
        in_order: false,
        groups: Vec::new(),
        is_failure: |_| false,
        may_stream: false,
        timeline: None,
        limits,
    };
    let exchange = runtime.begin(&calls);
    let answers = runtime.finish(exchange);
    let lost = || InvocationError::Internal { what: "a hook of SnapStart has no answer, and the reason is lost" };
    match answers.outcomes.into_iter().flatten().next() {
        Some(outcome) => outcome.map(drop),
        None => Err(answers.failure.unwrap_or_else(lost)),
    }
}

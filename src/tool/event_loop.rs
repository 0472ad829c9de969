//! The single thread that runs everything, and the signals that end it.

use crate::tool_error::ToolError;
use tokio::runtime::{Builder, LocalOptions};
use tokio::signal::unix::{SignalKind, signal};

/// Runs the task to its end. Tasks that it spawned and that are still running are dropped.
///
/// # Errors
/// Those of the task, or the event loop cannot be started.
pub fn run_local<T>(task: impl Future<Output = Result<T, ToolError>>) -> Result<T, ToolError> {
    let event_loop = Builder::new_current_thread().enable_all().build_local(LocalOptions::default());
    let event_loop = event_loop.map_err(|why| ToolError::Io("wait for events", why))?;
    event_loop.block_on(task)
}

/// Resolves at the first SIGINT, SIGTERM or SIGHUP from now on.
///
/// # Errors
/// The signals cannot be caught.
pub fn stop_signal() -> Result<impl Future<Output = ()>, ToolError> {
    let caught = |kind| signal(kind).map_err(|why| ToolError::Io("wait for signals", why));
    let mut interrupt = caught(SignalKind::interrupt())?;
    let mut terminate = caught(SignalKind::terminate())?;
    let mut hangup = caught(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    })
}

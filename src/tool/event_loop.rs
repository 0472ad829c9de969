//! The one thread that everything runs on, and the signals that end it.

use crate::tool_error::ToolError;
use std::io;
use tokio::runtime::{Builder, LocalOptions};
use tokio::signal::unix::{SignalKind, signal};

/// Runs to the end. Tasks that are left are dropped.
///
/// # Errors
/// Those of the task, or there is no reactor.
pub fn run_local<T>(task: impl Future<Output = Result<T, ToolError>>) -> Result<T, ToolError> {
    let reactor = Builder::new_current_thread().enable_all().build_local(LocalOptions::default());
    let reactor = reactor.map_err(|why| ToolError::Io("wait for events", why))?;
    reactor.block_on(task)
}

/// Resolves at the first SIGINT, SIGTERM or SIGHUP from now on.
///
/// # Errors
/// The signals cannot be caught.
pub fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    })
}

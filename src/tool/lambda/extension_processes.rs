//! Starts external extensions, and ends them in the Shutdown phase.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-extensions-shutdown>

use crate::apis::extensions::MAX_EXTENSIONS;
use crate::model::environment::Environment;
use crate::model::extension::{Extension, Shutdown, ShutdownReason};
use crate::model::failure::Failure;
use crate::model::{ids, time};
use crate::os::sys;
use crate::report::logs::Logs;
use crate::report::reporter::Reporter;
use serde_json::json;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};

/// The time that Lambda gives external extensions for the Shutdown phase, with the runtime's own.
pub const SHUTDOWN_LIMIT: Duration = Duration::from_secs(2);

/// The time until telemetry is delivered, before extensions are told to end.
const FLUSH_LIMIT: Duration = Duration::from_secs(1);

/// The files in the extension folders by name: of files with the same name, that of the last folder.
fn files(folders: &[PathBuf]) -> io::Result<BTreeMap<OsString, PathBuf>> {
    let mut files = BTreeMap::new();
    for folder in folders {
        for entry in folder.read_dir()? {
            let entry = entry?;
            if !entry.path().is_dir() {
                files.insert(entry.file_name(), entry.path());
            }
        }
    }
    Ok(files)
}

/// Starts all external extensions of an environment, each in a session of its own, in `/`, with an empty STDIN.
///
/// # Errors
/// One of them cannot be started: as on Lambda, the environment has failed then.
pub fn start_all(environment: &Environment, variables: &[(OsString, OsString)], logs: &Logs) -> Result<(), Failure> {
    let folders = &environment.function.extensions;
    let files = files(folders).map_err(|why| Failure::ExtensionLaunch(format!("cannot list extensions: {why}")))?;
    if files.len() > MAX_EXTENSIONS {
        let why = format!("there are {} extensions, and Lambda starts {MAX_EXTENSIONS} at most", files.len());
        return Err(Failure::ExtensionLaunch(why));
    }
    for (name, path) in files {
        let cannot = |why: &io::Error| {
            let hint = if why.kind() == io::ErrorKind::PermissionDenied { "; run chmod +x" } else { "" };
            Failure::ExtensionLaunch(format!("cannot start extension {}: {why}{hint}", path.display()))
        };
        let pid = start(&path, variables, logs).map_err(|why| cannot(&why))?;
        let name = name.to_string_lossy().into_owned();
        environment.change(|state| state.extensions.push(Extension::external(ids::uuid(), name, pid)));
    }
    Ok(())
}

fn start(path: &Path, variables: &[(OsString, OsString)], logs: &Logs) -> io::Result<i32> {
    let mut command = Command::new(path);
    command.current_dir("/").stdout(logs.for_extension()?).stderr(logs.for_extension()?);
    sys::spawn_in_own_session(command, variables.iter().cloned())
}

/// Ends the external extensions, after the runtime: those that want to know get the SHUTDOWN event and the time until the
/// deadline, and all others SIGKILL. Takes no longer than that.
pub async fn shut_down(environment: &Environment, reporter: &Reporter, reason: ShutdownReason, deadline: Instant) {
    let _ = timeout(FLUSH_LIMIT, environment.telemetry.flush()).await; // a slow subscriber does without
    let left = i64::try_from(deadline.saturating_duration_since(Instant::now()).as_millis()).unwrap_or(0);
    let shutdown = Shutdown { reason, deadline_ms: time::now_ms() + left };
    environment.change(|state| state.shutdown = Some(shutdown));
    kill(environment, reporter, "it has not registered for SHUTDOWN", |extension| !extension.wants_shutdown);
    let ended = environment.until(|state| state.have_extensions_exited().then_some(()));
    if timeout_at(deadline, ended).await.is_err() {
        kill(environment, reporter, "it has not ended within 2 s of the Shutdown phase", |_| true);
    }
}

/// Sends SIGKILL to the process groups of these extensions, as far as they run.
fn kill(environment: &Environment, reporter: &Reporter, why: &str, which: impl Fn(&Extension) -> bool) {
    let running = |extension: &&Extension| which(extension) && extension.exit().is_none();
    let left: Vec<(String, i32)> = environment.read(|state| {
        let extensions = state.extensions.iter().filter(running);
        extensions.filter_map(|each| Some((each.name.clone(), each.process.as_ref()?.pid))).collect()
    });
    for (name, pid) in left {
        let number = environment.number;
        let note = || json!({"environment": number, "pid": pid, "signal": "SIGKILL", "why": why, "extension": name});
        reporter.journal.note("kill", note);
        let _ = sys::signal(-pid, libc::SIGKILL); // what is left is ended with the environment
    }
}

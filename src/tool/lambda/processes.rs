//! Starts, reaps and ends bootstrap and the processes below it.

use super::extension_processes::{self, SHUTDOWN_LIMIT};
use super::registry::Registry;
use crate::model::environment::Environment;
use crate::model::extension::ShutdownReason;
use crate::model::function::Function;
use crate::os::process_tree::{self, ProcessInfo};
use crate::os::sys;
use crate::report::journal::Journal;
use crate::report::logs::Logs;
use crate::report::reporter::Reporter;
use serde_json::json;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// The time that Lambda gives a runtime with an internal extension between SIGTERM and SIGKILL.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-shutdown>
const SIGTERM_GRACE: Duration = Duration::from_millis(300);

/// A process that SIGKILL has not ended by then is given up.
const SIGKILL_LIMIT: Duration = Duration::from_secs(5);

/// Starts bootstrap in its own session, in the task root, with these environment variables and an empty STDIN. Returns
/// its id.
///
/// # Errors
/// Those of fork and exec.
pub fn start(function: &Function, variables: Vec<(OsString, OsString)>, logs: &Logs) -> io::Result<i32> {
    let mut command = Command::new(&function.bootstrap);
    if let Some(runtime) = &function.managed {
        command.arg0("/opt/open-runtime").args(managed_command(runtime));
    }
    command.current_dir(&function.task_root).stdout(logs.for_child()?).stderr(logs.for_child()?);
    sys::spawn_in_own_session(command, variables)
}

/// The command that a managed runtime gives its wrapper to run, as in AWS's images.
fn managed_command(runtime: &str) -> [&'static str; 2] {
    match runtime {
        _ if runtime.starts_with("nodejs") => ["/var/lang/bin/node", "/var/runtime/index.mjs"],
        _ if runtime.starts_with("python") => ["/var/lang/bin/python3", "/var/runtime/bootstrap.py"],
        _ if runtime.starts_with("ruby") => ["/var/lang/bin/ruby", "/var/runtime/lib/runtime.rb"],
        _ => ["/var/runtime/bootstrap", ""],
    }
}

/// Why an environment is ended: what its extensions are told, and what the journal is.
pub struct Why<'a> {
    pub reason: ShutdownReason,
    pub text: &'a str,
}

/// Ends an execution environment: bootstrap as Lambda does it, then its external extensions, then all its processes that
/// are left. Takes little more than 300 ms if SIGKILL works, and 2 s with external extensions. Reports processes that
/// bootstrap left behind when it exited by itself.
pub async fn shut_down(environment: &Environment, registry: &Registry, reporter: &Reporter, why: &Why<'_>) {
    let deadline = Instant::now() + SHUTDOWN_LIMIT;
    if environment.pid.get() > 0 {
        end_bootstrap(environment, registry, reporter, why.text).await;
    }
    if !environment.extension_pids().is_empty() {
        extension_processes::shut_down(environment, reporter, why.reason, deadline).await;
    }
    kill_all(|| registry.processes_of(environment), &reporter.journal).await;
    registry.remove(environment); // with nothing awaited since the last look: of two that end at once, one is the last
    environment.end();
    reporter.environment_over(environment);
}

async fn end_bootstrap(environment: &Environment, registry: &Registry, reporter: &Reporter, why: &str) {
    let has_extension = environment.read(|state| !state.extensions.is_empty());
    let mut exited = environment.read(|state| state.exit.is_some());
    if !exited && has_extension {
        send(environment, Signal::Sigterm, &reporter.journal, why);
        exited = timeout(SIGTERM_GRACE, exit_of(environment)).await.is_ok();
    }
    if exited {
        report_left_behind(environment, registry, reporter);
    } else {
        send(environment, Signal::Sigkill, &reporter.journal, why);
        let _ = timeout(SIGKILL_LIMIT, exit_of(environment)).await; // what is left is reported below
    }
}

async fn exit_of(environment: &Environment) {
    environment.until(|state| state.exit).await;
}

/// The signals that end bootstrap.
#[derive(Clone, Copy, Debug)]
enum Signal {
    Sigterm = libc::SIGTERM as isize,
    Sigkill = libc::SIGKILL as isize,
}

/// Sends a signal to bootstrap's process group.
fn send(environment: &Environment, signal: Signal, journal: &Journal, why: &str) {
    let (number, pid) = (environment.number, environment.pid.get());
    let name = format!("{signal:?}").to_uppercase();
    journal.note("kill", || json!({"environment": number, "pid": pid, "signal": name, "why": why}));
    if let Err(error) = sys::signal(-pid, signal as i32) {
        eprintln!("open-runtime: cannot send {name} to process group {pid}: {error}");
    }
}

/// To be called when bootstrap has exited. A process that is still running was left behind, unless it is about to end
/// by a SIGKILL.
fn report_left_behind(environment: &Environment, registry: &Registry, reporter: &Reporter) {
    let number = environment.number;
    let strays = registry.left_by_bootstrap(environment);
    for stray in strays.iter().filter(|process| !process.is_dying()) {
        let (pid, name) = (stray.pid, &stray.name);
        reporter.journal.note("stray", || json!({"environment": number, "pid": pid, "name": name}));
        let name = name.escape_debug();
        reporter.say(&format!("bootstrap left process {pid} ({name}) behind: killed"));
    }
}

/// Ends every process below this one.
pub async fn kill_descendants(journal: &Journal) {
    kill_all(process_tree::living_descendants, journal).await;
}

/// Sends SIGKILL to these processes until none is left.
async fn kill_all(processes: impl Fn() -> Vec<ProcessInfo>, journal: &Journal) {
    let until = Instant::now() + SIGKILL_LIMIT;
    loop {
        let left = processes();
        if left.is_empty() {
            return;
        }
        if Instant::now() > until {
            let pids: Vec<i32> = left.iter().map(|process| process.pid).collect();
            journal.note("unkillable", || json!({"pids": pids}));
            eprintln!("open-runtime: cannot end processes {pids:?}: SIGKILL has had no effect for 5 s");
            return;
        }
        for process in left {
            let _ = sys::signal(process.pid, libc::SIGKILL); // it may have exited, or belong to another user
        }
        sleep(Duration::from_millis(1)).await;
    }
}

/// Reaps children and adopted orphans for ever. Tells an environment when its bootstrap, or an extension, has exited.
///
/// # Errors
/// SIGCHLD cannot be caught.
pub async fn reap(registry: Registry, journal: Rc<Journal>) -> io::Result<()> {
    let mut child_signals = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::child())?;
    loop {
        while let Some((pid, status)) = sys::reap() {
            let what = if registry.exited(pid, status) { "exit" } else { "orphan-exit" };
            journal.note(what, || json!({"pid": pid, "status": status.to_string()}));
        }
        child_signals.recv().await;
    }
}

//! An extension of an execution environment, and how an external one fails.

use super::states::ExtensionState;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// An internal extension, such as bootstrap, or an external one, which has a process.
pub struct Extension {
    pub id: String,
    pub name: String,
    pub wants_invoke: bool,
    pub wants_shutdown: bool,
    pub state: ExtensionState,
    /// There is an INVOKE event that it has not fetched.
    pub has_event: bool,
    /// The type of the error that it has reported.
    pub error_type: Option<String>,
    /// None: it is internal.
    pub process: Option<ExtensionProcess>,
}

/// The process of an external extension, which is also a session and a process group.
pub struct ExtensionProcess {
    pub pid: i32,
    pub exit: Option<ExitStatus>,
}

impl Extension {
    /// An external extension that has been started.
    pub fn external(id: String, name: String, pid: i32) -> Extension {
        let process = Some(ExtensionProcess { pid, exit: None });
        Extension { process, state: ExtensionState::Started, ..Extension::internal(id, name, false) }
    }

    /// An internal extension that registers.
    pub fn internal(id: String, name: String, wants_invoke: bool) -> Extension {
        let (state, error_type) = (ExtensionState::Registered, None);
        Extension { id, name, wants_invoke, wants_shutdown: false, state, has_event: false, error_type, process: None }
    }

    pub fn is_external(&self) -> bool {
        self.process.is_some()
    }

    /// How its process ended, if it has one that has ended.
    pub fn exit(&self) -> Option<ExitStatus> {
        self.process.as_ref()?.exit
    }

    /// The events that it has registered for.
    pub fn events(&self) -> Vec<&'static str> {
        let events = [(self.wants_invoke, "INVOKE"), (self.wants_shutdown, "SHUTDOWN")];
        events.into_iter().filter(|(is_wanted, _)| *is_wanted).map(|(_, event)| event).collect()
    }
}

/// An external extension has exited though it was not told to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtensionExit {
    pub name: String,
    /// Of the error that an extension had reported before, or that of a crash.
    pub error_type: &'static str,
    pub status: ExitStatus,
}

impl ExtensionExit {
    /// Says it to the user.
    pub fn text(&self, when: &str) -> String {
        format!("extension {} has exited {when}: {}", self.name, exit_text(self.status))
    }
}

/// How a process ended, in Lambda's words for an extension: `exit code 0`, `exit status 1`, `signal: killed`.
pub fn exit_text(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(0), _) => "exit code 0".to_owned(),
        (Some(code), _) => format!("exit status {code}"),
        (None, signal) => format!("signal: {}", signal_name(signal.unwrap_or(0))),
    }
}

/// Lambda has Go's names for signals.
fn signal_name(signal: i32) -> String {
    let names = [
        (libc::SIGHUP, "hangup"),
        (libc::SIGINT, "interrupt"),
        (libc::SIGQUIT, "quit"),
        (libc::SIGILL, "illegal instruction"),
        (libc::SIGTRAP, "trace/breakpoint trap"),
        (libc::SIGABRT, "aborted"),
        (libc::SIGBUS, "bus error"),
        (libc::SIGFPE, "floating point exception"),
        (libc::SIGKILL, "killed"),
        (libc::SIGUSR1, "user defined signal 1"),
        (libc::SIGSEGV, "segmentation fault"),
        (libc::SIGUSR2, "user defined signal 2"),
        (libc::SIGPIPE, "broken pipe"),
        (libc::SIGALRM, "alarm clock"),
        (libc::SIGTERM, "terminated"),
        (libc::SIGSYS, "bad system call"),
    ];
    match names.iter().find(|(number, _)| *number == signal) {
        Some((_, name)) => (*name).to_owned(),
        None => format!("signal {signal}"),
    }
}

/// Why an execution environment is shut down, as Lambda tells it to extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShutdownReason {
    /// It is not needed any more.
    Spindown,
    Timeout,
    Failure,
}

impl ShutdownReason {
    /// Lambda's name for it.
    pub fn name(self) -> &'static str {
        match self {
            ShutdownReason::Spindown => "spindown",
            ShutdownReason::Timeout => "timeout",
            ShutdownReason::Failure => "failure",
        }
    }
}

/// A Shutdown phase that extensions take part in.
#[derive(Clone, Copy)]
pub struct Shutdown {
    pub reason: ShutdownReason,
    /// Milliseconds since 1970. What is left of an extension then is killed.
    pub deadline_ms: i64,
}

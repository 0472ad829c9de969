//! One process per hook: what it is given, what its exit status and its output mean. The contract
//! for authors is `middlewares/README.md`.

use std::ffi::OsStr;
use std::fmt;
use std::io;

use super::Middleware;
use crate::cloudevents::json;
use crate::error::InvocationError;
use crate::invocation::Invocation;
use crate::json_line::on_one_line;
use crate::os::deadline::Deadline;
use crate::os::process::{End, Process, Progress};
use crate::os::signals::Signals;
use crate::os::wait::{self, Source};

/// The exit status of a `before` hook whose output is the response. In qmail-command(8) too, 99 means that all is done.
const EARLY_RESPONSE: i32 = 99;

/// No hook may print more, in bytes. Lambda takes a tenth of it.
const MAX_OUTPUT: usize = 64 << 20;

/// When a middleware runs. The name is its first argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// Before the handler, with the event.
    Before,
    /// After the handler, with the response.
    After,
    /// Instead of `after` when the invocation failed, with the error.
    Error,
}

impl Hook {
    /// The first argument.
    pub fn name(self) -> &'static str {
        match self {
            Hook::Before => "before",
            Hook::After => "after",
            Hook::Error => "error",
        }
    }
}

impl fmt::Display for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a hook wants.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It printed nothing: the next gets the same input.
    Unchanged,
    /// The next gets what it printed.
    Replaced(Vec<u8>),
    /// What it printed is the response. The handler and the middlewares after this one are skipped.
    Respond(Vec<u8>),
}

/// A hook whose process has been started. Dropping it kills the process.
#[derive(Debug)]
pub struct Running<'a> {
    middleware: &'a Middleware,
    hook: Hook,
    process: Process,
    pump: Pump,
    timeout_seconds: u64,
}

impl<'a> Running<'a> {
    /// Starts the process, and tells it when it must be done. If it reads its input, it waits for it.
    ///
    /// # Errors
    /// [`InvocationError::Middleware`]: it may have been deleted since the Init phase, or cannot be executed.
    pub fn start(
        middleware: &'a Middleware,
        hook: Hook,
        invocation: &Invocation,
        deadline_ms: Option<u64>,
    ) -> Result<Running<'a>, InvocationError> {
        let timeout_seconds = invocation.timeout_seconds();
        let deadline_ms = deadline_ms.map(|ms| ms.to_string());
        let variables = [
            ("SLSREQUESTID", Some(invocation.request_id.as_str())),
            ("SLSDEADLINEMS", deadline_ms.as_deref()),
            ("SLSFUNCTIONARN", invocation.function_arn.as_deref()),
            ("_X_AMZN_TRACE_ID", invocation.trace_id.as_deref()),
        ];
        let mut variables = variables.iter().filter_map(|(name, value)| Some((*name, OsStr::new((*value)?))));
        match Process::start(&middleware.path, &[hook.name().as_ref()], &mut variables) {
            Ok(process) => Ok(Running { middleware, hook, process, pump: Pump::default(), timeout_seconds }),
            Err(error) => Err(failed(&middleware.name, hook, error.to_string())),
        }
    }

    /// Writes as much of its input as the pipe takes. [`finish`](Running::finish) writes the rest. Does not block.
    pub fn write(&mut self, input: &[u8]) {
        self.process.write_line(input, &mut self.pump.written);
    }

    /// Writes its input, and returns its verdict. Blocks until it has ended, or until the deadline. Processes that it leaves
    /// running in its group are killed.
    ///
    /// # Errors
    /// [`InvocationError::Middleware`], [`InvocationError::Timeout`], or [`InvocationError::Terminated`].
    pub fn finish(mut self, input: &[u8], deadline: Deadline, signals: Signals) -> Result<Verdict, InvocationError> {
        let (end, output) = self.collect(input, deadline, signals)?;
        self.judge(end, output)
    }

    /// Writes its input and reads its output at the same time, so that neither side can block the other.
    ///
    /// # Errors
    /// As [`finish`](Running::finish), except those about its exit status and its output.
    pub fn collect(
        &mut self,
        input: &[u8],
        deadline: Deadline,
        signals: Signals,
    ) -> Result<(End, Vec<u8>), InvocationError> {
        while !self.step(input, deadline, signals)? {
            if signals.work_deadline().has_passed() {
                return Err(InvocationError::Terminated);
            }
            if deadline.has_passed() {
                return Err(timeout(&self.middleware.name, self.hook, self.timeout_seconds));
            }
            if self.pump.output.len() > MAX_OUTPUT {
                return Err(self.failed(format!("it printed more than {MAX_OUTPUT} bytes")));
            }
        }
        let end = self.process.end().map_err(|error| self.failed(error.to_string()))?;
        Ok((end, std::mem::take(&mut self.pump.output)))
    }

    fn step(&mut self, input: &[u8], deadline: Deadline, signals: Signals) -> Result<bool, InvocationError> {
        let step = self.pump.step(&mut self.process, input, deadline, signals);
        step.map_err(|error| self.failed(error.to_string()))
    }

    /// What an exit status and an output mean.
    ///
    /// # Errors
    /// As [`judge`].
    pub fn judge(&self, end: End, output: Vec<u8>) -> Result<Verdict, InvocationError> {
        judge(self.hook, end, output).map_err(|why| self.failed(why))
    }

    fn failed(&self, why: String) -> InvocationError {
        failed(&self.middleware.name, self.hook, why)
    }
}

/// What an exit status and an output mean.
///
/// # Errors
/// What breaks the contract. The output is not quoted, because it may hold customers' data.
pub fn judge(hook: Hook, end: End, output: Vec<u8>) -> Result<Verdict, String> {
    match (end.0.code(), hook) {
        (Some(0), _) => replacement(output),
        (Some(EARLY_RESPONSE), Hook::Before) => match replacement(output)? {
            Verdict::Replaced(response) => Ok(Verdict::Respond(response)),
            _ => Err(format!("it {end}, which means an early response, but printed none")),
        },
        _ => Err(format!("it {end}")),
    }
}

fn replacement(mut output: Vec<u8>) -> Result<Verdict, String> {
    if output.last() == Some(&b'\n') {
        output.pop();
    }
    if output.is_empty() {
        return Ok(Verdict::Unchanged);
    }
    match json::validate(&output) {
        Ok(()) => Ok(Verdict::Replaced(on_one_line(&output).into_owned())),
        Err(error) => {
            let (length, (line, column)) = (output.len(), place(&output, error.position));
            Err(format!("it printed {length} bytes that are not JSON, wrong at line {line} column {column}"))
        }
    }
}

/// The line of the byte at this position, and its column, both from 1; of the last byte where the text ends too early.
fn place(text: &[u8], position: usize) -> (usize, usize) {
    let read = text.get(..=position).unwrap_or(text);
    let lines = read.split(|byte| *byte == b'\n');
    lines.enumerate().last().map_or((1, 0), |(index, line)| (index + 1, line.len()))
}

/// A hook that broke the contract.
pub fn failed(middleware: &str, hook: Hook, why: String) -> InvocationError {
    InvocationError::Middleware { name: middleware.to_owned(), hook: hook.name(), why }
}

/// A hook that took too long.
pub fn timeout(middleware: &str, hook: Hook, seconds: u64) -> InvocationError {
    let missing = format!("middleware {middleware} had not ended its {hook} hook");
    InvocationError::Timeout { seconds, missing, stack_trace: None }
}

/// The input and the output of a hook while it runs.
#[derive(Debug, Default)]
struct Pump {
    written: usize,
    output: Vec<u8>,
    is_closed: bool,
}

impl Pump {
    /// Sleeps until bytes can be moved, and moves them. True when the process has ended and all of its output has been read.
    fn step(&mut self, process: &mut Process, input: &[u8], deadline: Deadline, signals: Signals) -> io::Result<bool> {
        process.write_line(input, &mut self.written);
        if process.has_ended()? {
            process.drain(&mut self.output)?;
            return Ok(true);
        }
        let mut sources = [
            Source::readable((!self.is_closed).then(|| process.stdout())),
            Source::readable(signals.child_ended()),
            Source::readable(signals.termination()),
            Source::writable(process.stdin()),
        ];
        wait::for_any(&mut sources, deadline.or(signals.work_deadline()))?;
        let [stdout, child_ended, termination, _] = sources.map(|source| source.is_ready());
        if child_ended {
            signals.empty_child_ended(); // it may have been for the language runtime, which checks before its next wait
        }
        if termination {
            signals.notice_termination();
        }
        if stdout {
            self.is_closed = process.read(&mut self.output)? == Progress::Closed;
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};
    use std::time::Duration;

    use super::*;

    fn sh(script: &str) -> Process {
        Process::start(Path::new("/bin/sh"), &["-c".as_ref(), script.as_ref()], &mut std::iter::empty()).unwrap()
    }

    #[test]
    fn what_is_not_json_is_placed_as_an_editor_counts() {
        for (output, at) in
            [("hello", "line 1 column 1"), ("{\n \"a\": x}", "line 2 column 7"), ("[1,\n", "line 1 column 3")]
        {
            let why = replacement(output.as_bytes().to_vec()).unwrap_err();
            assert!(why.ends_with(&format!("wrong at {at}")), "{why}");
        }
    }
    #[test]
    fn the_line_feed_is_written_even_if_the_pipe_is_full_before_it() {
        let (mut process, mut pump) = (sh("sleep 0.1; exec wc -c"), Pump::default());
        while !process.has_ended().unwrap() {
            process.write_line(&[b'x'; 64 << 10], &mut pump.written); // as much as a new pipe holds
            std::thread::sleep(Duration::from_millis(1));
        }
        process.drain(&mut pump.output).unwrap();
        assert_eq!(String::from_utf8(pump.output).unwrap().trim(), "65537");
    }

    #[test]
    fn a_hook_may_print_as_much_as_is_allowed_and_no_more() {
        for (bytes, seconds, is_allowed) in [(MAX_OUTPUT, "0.5", true), (MAX_OUTPUT + 1, "60", false)] {
            let middleware = Middleware { name: "m".to_owned(), path: PathBuf::new(), resident: None };
            let process = sh(&format!("head -c {bytes} /dev/zero; sleep {seconds}")); // looked at before its end
            let (hook, pump) = (Hook::Before, Pump::default());
            let mut running = Running { middleware: &middleware, hook, process, pump, timeout_seconds: 3 };
            let collected = running.collect(b"", Deadline::NEVER, Signals::install().unwrap());
            assert_eq!(collected.is_ok_and(|(_, output)| output.len() == bytes), is_allowed, "{bytes}");
        }
    }
}

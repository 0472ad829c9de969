//! The language runtime for handlers that are executable files, in whatever language they were written. It is bootstrap under another
//! name: `runtimes/exec/language-runtime` is a link to it, and another bootstrap calls it by the protocol of all language runtimes.
//!
//! The file is run for each event, as a middleware is: the event on STDIN, the response on STDOUT. A program whose first line says that
//! it is a language runtime itself is started again as one, and kept.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, ErrorKind, PipeReader, Write, pipe};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::child::lines::Lines;
use crate::cloudevents::json::text::read_text;
use crate::cloudevents::json::{read_members, validate};
use crate::json_line::{on_one_line, push_json};
use crate::os::deadline::Deadline;
use crate::os::process::{self, End, Process, Progress};
use crate::os::signals::Signals;
use crate::os::sys;
use crate::os::wait::{self, Source};
use crate::settings::lookup::is_executable;

/// The end of the name under which this is a language runtime.
const NAME: &[u8] = b"/exec/language-runtime";

const READY: &[u8] = b"{\"ready\":{\"protocol\":1,\"name\":\"exec\",\"version\":\"1\"}}\n";

/// No program may print more for one event, in bytes: bootstrap takes no longer line.
const MAX_OUTPUT: usize = 31 << 20;

/// So much of the end of what a program has written to stderr is the message of its error, in bytes.
const MAX_MESSAGE: usize = 4 << 10;

/// What a program that has ended may have left in a pipe, in bytes.
const MAX_PIPE: usize = 1 << 20;

/// A read asks for so many bytes.
const PIECE: usize = 64 << 10;

/// Whether this process was started as this language runtime.
pub fn is_asked_for() -> bool {
    env::args_os().next().is_some_and(|name| name.as_bytes().ends_with(NAME))
}

/// Answers calls until STDIN ends.
pub fn run() -> ExitCode {
    let mut stdout = sys::inherited(1);
    match serve(&mut stdout) {
        Ok(status) => status,
        Err((error_type, why)) => {
            let mut line = b"{\"error\":".to_vec();
            push_error(&mut line, error_type, &why);
            line.extend_from_slice(b"}\n");
            let _ = stdout.write_all(&line); // bootstrap has gone, and nobody is left to be told
            ExitCode::FAILURE
        }
    }
}

type InitError = (&'static str, String);

fn serve(stdout: &mut File) -> Result<ExitCode, InitError> {
    let failed = |error: io::Error| ("Runtime.ExitError", error.to_string());
    let handler = env::args_os().nth(1).unwrap_or_default();
    let path = Path::new(&handler);
    let program = if handler.as_bytes().contains(&b'/') { path.to_owned() } else { Path::new(".").join(path) };
    if !is_executable(&program) {
        return Err(("Runtime.ImportModuleError", format!("{} is not an executable file", program.display())));
    }
    let signals = Signals::install().map_err(failed)?; // so that SIGTERM ends the program, and not us: we say what became of the call
    let runner = Runner { program, signals, log: sys::inherited(2) };
    stdout.write_all(READY).map_err(failed)?;
    let (mut stdin, mut lines) = (sys::inherited(0), Lines::default());
    while let Some(line) = lines.wait_for_next(&mut stdin).map_err(failed)? {
        match runner.answer(&line) {
            Answer::Line(answer) => stdout.write_all(&answer).map_err(failed)?,
            Answer::IsRuntime => return runner.hand_over(handler, line, stdin).map_err(failed),
        }
    }
    Ok(ExitCode::SUCCESS)
}

enum Answer {
    /// The answer to the call.
    Line(Vec<u8>),
    /// The program has said that it is a language runtime. The call is not answered.
    IsRuntime,
}

/// What a program has left.
struct Ended {
    end: End,
    output: Vec<u8>,
    /// The end of what it has written to stderr.
    said: Vec<u8>,
}

/// Runs the program.
struct Runner {
    program: PathBuf,
    signals: Signals,
    log: File,
}

impl Runner {
    fn answer(&self, line: &[u8]) -> Answer {
        let (mut id, mut event, mut context) = (&b"null"[..], &b"null"[..], &b"{}"[..]);
        let _ = read_members(line, &mut |name, value, _| match name {
            b"id" => id = value,
            b"event" => event = value,
            b"context" => context = value,
            _ => {}
        });
        let mut answer = [b"{\"id\":", id, b","].concat();
        match self.run(event, &variables(context)) {
            Ok(ended) if is_ready(&ended.output) => return Answer::IsRuntime,
            Ok(ended) => self.conclude(ended, &mut answer),
            Err(why) => push_failure(&mut answer, "Runtime.InvalidEntrypoint", &why),
        }
        answer.extend_from_slice(b"}\n");
        Answer::Line(answer)
    }

    fn conclude(&self, ended: Ended, answer: &mut Vec<u8>) {
        let Ended { end: End(status), output, said } = ended;
        let name = self.program.display();
        let output = output.trim_ascii();
        let was_stopped = status.signal() == Some(libc::SIGTERM) && self.was_terminated();
        if output.len() > MAX_OUTPUT {
            push_failure(answer, "Runtime.MarshalError", &format!("{name} printed more than {MAX_OUTPUT} bytes"));
        } else if was_stopped {
            let why = format!("{name} was stopped by SIGTERM, shortly before its deadline");
            push_failure(answer, "Function.Timeout", &why);
        } else if !status.success() {
            let said = String::from_utf8_lossy(said.trim_ascii());
            let colon = if said.is_empty() { "" } else { ": " };
            push_failure(answer, "Function.ExitStatus", &format!("{name} {}{colon}{said}", End(status)));
        } else if output.is_empty() {
            answer.extend_from_slice(b"\"response\":null");
        } else if let Err(why) = validate(output) {
            push_failure(answer, "Runtime.MarshalError", &format!("what {name} printed is not JSON: {why}"));
        } else {
            answer.extend_from_slice(b"\"response\":");
            answer.extend_from_slice(&on_one_line(output));
        }
    }

    fn was_terminated(&self) -> bool {
        let now = Deadline::after(std::time::Duration::ZERO);
        wait::for_any(&mut [Source::readable(self.signals.termination())], now).unwrap_or_default()
    }

    /// Runs the program for one event. What it writes to stderr goes on to the log at once. Blocks until it has ended, and does not wait
    /// for processes that it has left behind. bootstrap watches the time.
    fn run(&self, event: &[u8], variables: &[(&str, OsString)]) -> Result<Ended, String> {
        let broken = |error: io::Error| format!("{}: {error}", self.program.display());
        let mut variables = variables.iter().map(|(name, value)| (*name, value.as_os_str()));
        let (log, its_log) = pipe().map_err(broken)?;
        let process = Process::start_in_our_group(&self.program, &mut variables, its_log.as_fd());
        let process = process.map_err(|error| error.to_string())?;
        drop(its_log);
        self.finish(process, event, &log).map_err(broken)
    }

    fn finish(&self, mut process: Process, event: &[u8], log: &PipeReader) -> io::Result<Ended> {
        sys::set_nonblocking(log.as_fd())?;
        let (mut output, mut said, mut written) = (Vec::new(), Vec::new(), 0);
        let (mut is_closed, mut is_log_closed) = (false, false);
        while !process.has_ended()? && !is_ready(&output) && output.len() <= MAX_OUTPUT + PIECE {
            process.write_line(event, &mut written);
            let mut sources = [
                Source::readable((!is_closed).then(|| process.stdout())),
                Source::readable((!is_log_closed).then(|| log.as_fd())),
                Source::readable(self.signals.child_ended()),
                Source::writable(process.stdin()),
            ];
            wait::for_any(&mut sources, Deadline::NEVER)?;
            let [has_output, has_log, ..] = sources.map(|source| source.is_ready());
            self.signals.empty_child_ended();
            is_closed |= has_output && process.read(&mut output)? == Progress::Closed;
            is_log_closed |= has_log && self.pass_on(log, &mut said)? == 0;
        }
        process.drain(&mut output)?;
        let mut left = MAX_PIPE; // what it has left behind may write for ever
        while let Ok(bytes @ 1..) = self.pass_on(log, &mut said) {
            let Some(less) = left.checked_sub(bytes) else { break };
            left = less;
        }
        Ok(Ended { end: process.end()?, output, said })
    }

    /// Reads what is there of the log, passes it on, and keeps the end of it. Returns how much it was: 0 at its end.
    fn pass_on(&self, log: &PipeReader, said: &mut Vec<u8>) -> io::Result<usize> {
        let known = said.len();
        let bytes = sys::read_to_end_of(said, PIECE, log.as_fd())?;
        let _ = (&self.log).write_all(said.get(known..).unwrap_or_default()); // a log that is closed is no reason to fail
        said.drain(..said.len().saturating_sub(MAX_MESSAGE));
        Ok(bytes)
    }

    /// Starts the program as a language runtime, and gives it the call, and all that comes after. It answers bootstrap itself. Returns
    /// its exit status.
    fn hand_over(&self, handler: OsString, mut call: Vec<u8>, stdin: File) -> io::Result<ExitCode> {
        let (its_stdin, to_it) = pipe()?;
        let arguments = vec![self.program.clone().into(), handler];
        let pid = process::start_beside_us(&self.program, arguments, &[], &[(its_stdin.as_fd(), 0)])?;
        drop(its_stdin);
        call.push(b'\n');
        let mut to_it = Some(to_it);
        loop {
            // it may be ending, and not read any more
            if to_it.as_mut().is_some_and(|pipe| pipe.write_all(&call).is_err()) {
                to_it = None;
            }
            call.clear();
            if sys::has_ended(pid)? {
                let status = sys::reap(pid, 0)?.ok_or(ErrorKind::NotFound)?;
                let code = status.code().or(status.signal().map(|signal| 128 + signal)).unwrap_or(1);
                return Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)));
            }
            let mut sources =
                [Source::readable(to_it.as_ref().map(|_| stdin.as_fd())), Source::readable(self.signals.child_ended())];
            wait::for_any(&mut sources, Deadline::NEVER)?;
            self.signals.empty_child_ended();
            if sources.first().is_some_and(Source::is_ready)
                && sys::read_to_end_of(&mut call, PIECE, stdin.as_fd())? == 0
            {
                to_it = None;
            }
        }
    }
}

/// Whether the first line begins as that of a language runtime does.
fn is_ready(output: &[u8]) -> bool {
    let start = b"{\"ready\":{\"protocol\":";
    output.iter().filter(|byte| **byte != b' ').take(start.len()).eq(start)
}

/// The variables that say whose event it is. Middlewares get these, too.
fn variables(context: &[u8]) -> Vec<(&'static str, OsString)> {
    let mut variables = Vec::new();
    let _ = read_members(context, &mut |name, value, _| {
        let name = match name {
            b"requestId" => "SLSREQUESTID",
            b"deadlineMs" => "SLSDEADLINEMS",
            b"functionArn" => "SLSFUNCTIONARN",
            b"tenantId" => "SLSTENANTID",
            b"traceId" => "_X_AMZN_TRACE_ID",
            _ => return,
        };
        let text = read_text(value).map_or_else(|| value.to_vec(), |text| text.as_bytes().to_vec());
        variables.push((name, OsStr::from_bytes(&text).to_owned()));
    });
    variables
}

fn push_failure(answer: &mut Vec<u8>, error_type: &str, why: &str) {
    answer.extend_from_slice(b"\"error\":");
    push_error(answer, error_type, why);
}

fn push_error(json: &mut Vec<u8>, error_type: &str, why: &str) {
    push_json(json, "{\"errorType\":", error_type);
    push_json(json, ",\"errorMessage\":", why);
    json.extend_from_slice(b",\"stackTrace\":[]}");
}

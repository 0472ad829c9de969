//! The language runtime for handlers that are executable files, in whatever language they were written. It is bootstrap under another
//! name: `runtimes/exec/language-runtime` is a link to it, and another bootstrap calls it by the protocol of all language runtimes.
//!
//! The file is run for each event, as a middleware is: the event on STDIN, the response on STDOUT. A program whose first line says that
//! it is a language runtime itself is started again as one, and kept.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, ErrorKind, IoSlice, PipeReader, PipeWriter, Read, Write, pipe};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus};

use crate::child::lines::Lines;
use crate::cloudevents::json::text::read_text;
use crate::cloudevents::json::{read_members, validate};
use crate::json_line::{on_one_line, push_json};
use crate::os::deadline::Deadline;
use crate::os::process::{self, CannotStart, End};
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
    let (mut stdin, mut lines, mut piece) = (sys::inherited(0), Lines::default(), vec![0; PIECE]);
    loop {
        while let Some(line) = lines.take_next() {
            match runner.answer(&line) {
                Answer::Line(answer) => stdout.write_all(&answer).map_err(failed)?,
                Answer::IsRuntime => return runner.hand_over(handler, line, stdin).map_err(failed),
            }
        }
        match stdin.read(&mut piece) {
            Ok(0) => return Ok(ExitCode::SUCCESS),
            Ok(count) => lines.push(piece.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(error)),
        }
    }
}

enum Answer {
    /// The answer to the call.
    Line(Vec<u8>),
    /// The program has said that it is a language runtime. The call is not answered.
    IsRuntime,
}

/// What a program has left.
struct Ended {
    status: ExitStatus,
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
        let Ended { status, output, said } = ended;
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
        let variables: Vec<(&str, &OsStr)> = variables.iter().map(|(name, value)| (*name, value.as_os_str())).collect();
        let run = || {
            let ((its_stdin, stdin), (stdout, its_stdout), (stderr, its_stderr)) = (pipe()?, pipe()?, pipe()?);
            let pipes = [(its_stdin.as_fd(), 0), (its_stdout.as_fd(), 1), (its_stderr.as_fd(), 2)];
            let arguments = vec![self.program.clone().into()];
            let pid = process::start_beside_us(&self.program, arguments, &variables, &pipes)?;
            drop((its_stdin, its_stdout, its_stderr));
            sys::set_nonblocking(stdin.as_fd())?;
            let mut output = Output { pipe: stdout, bytes: Vec::new(), is_closed: false };
            let mut said = Output { pipe: stderr, bytes: Vec::new(), is_closed: false };
            output.never_block()?;
            said.never_block()?;
            self.pump(pid, stdin, event, &mut output, &mut said)?;
            let status = sys::reap(pid, 0)?.ok_or(ErrorKind::NotFound)?;
            Ok(Ended { status, output: output.bytes, said: said.bytes })
        };
        run().map_err(|error| CannotStart::new(&self.program, error).to_string())
    }

    fn pump(
        &self,
        pid: u32,
        stdin: PipeWriter,
        event: &[u8],
        output: &mut Output,
        said: &mut Output,
    ) -> io::Result<()> {
        let (mut stdin, mut written) = (Some(stdin), 0);
        loop {
            write_some(&mut stdin, event, &mut written);
            let has_ended = sys::has_ended(pid)?;
            output.read(if has_ended { MAX_PIPE } else { 1 })?;
            self.pass_on(said, if has_ended { MAX_PIPE } else { 1 })?;
            if has_ended {
                return Ok(());
            }
            if is_ready(&output.bytes) || output.bytes.len() > MAX_OUTPUT + PIECE {
                sys::signal_process(pid, libc::SIGKILL)?; // the rest does not matter
                output.is_closed = true;
            }
            let mut sources = [
                Source::readable(output.open()),
                Source::readable(said.open()),
                Source::readable(self.signals.child_ended()),
                Source::writable(stdin.as_ref().map(AsFd::as_fd)),
            ];
            wait::for_any(&mut sources, Deadline::NEVER)?;
            self.signals.empty_child_ended();
        }
    }

    /// Reads what is there of the log, passes it on, and keeps the end of it.
    fn pass_on(&self, said: &mut Output, enough: usize) -> io::Result<()> {
        let known = said.bytes.len();
        said.read(enough)?;
        let _ = (&self.log).write_all(said.bytes.get(known..).unwrap_or_default()); // a log that is closed is no reason to fail
        said.bytes.drain(..said.bytes.len().saturating_sub(MAX_MESSAGE));
        Ok(())
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

/// Writes what the pipe takes, and closes it after the last byte, or when nobody reads.
fn write_some(stdin: &mut Option<PipeWriter>, event: &[u8], written: &mut usize) {
    while let Some(pipe) = stdin {
        let rest = event.get(*written..).unwrap_or_default();
        match pipe.write_vectored(&[IoSlice::new(rest), IoSlice::new(b"\n")]) {
            Ok(count) => *written += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            Err(_) => *written = usize::MAX,
        }
        if *written > event.len() {
            *stdin = None;
        }
    }
}

/// What comes out of a pipe.
struct Output {
    pipe: PipeReader,
    bytes: Vec<u8>,
    is_closed: bool,
}

impl Output {
    fn never_block(&self) -> io::Result<()> {
        sys::set_nonblocking(self.pipe.as_fd())
    }

    fn open(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        (!self.is_closed).then(|| self.pipe.as_fd())
    }

    /// Reads what is there: once, or until there is nothing or so many bytes have come.
    fn read(&mut self, enough: usize) -> io::Result<()> {
        let end = self.bytes.len() + enough;
        while !self.is_closed && self.bytes.len() < end {
            match sys::read_to_end_of(&mut self.bytes, PIECE, self.pipe.as_fd()) {
                Ok(0) => self.is_closed = true,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
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

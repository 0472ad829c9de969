//! Plays bootstrap for one language runtime over pipes. Every wait has a limit, and dropping it leaves no process.

use super::call::Call;
use super::line::Line;
use super::pipes::{ALL, LOG, Pipes, Served};
use super::problem::{Problem, Verdict, ensure, fails, not_offered};
use super::processes;
use super::trial::Trial;
use crate::os::sys;
use serde_json::Value;
use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How often a condition is looked at.
const TURN: Duration = Duration::from_millis(5);
/// How much of the log a report shows.
const LOG_LINES: usize = 8;

/// How one is started, where that differs from what Lambda does mostly.
#[derive(Clone, Copy, Default)]
pub struct Start<'a> {
    pub variables: &'a [(&'a str, &'a str)],
    /// Its ends of the pipes do not block.
    pub is_nonblocking: bool,
    /// The size of the pipe for its answers, if it matters.
    pub pipe_size: Option<i32>,
}

pub struct Runtime<'a> {
    trial: &'a Trial<'a>,
    pub pid: i32,
    child: Child,
    pipes: Pipes,
    folder: TempDir,
    ready: Value,
}

impl<'a> Runtime<'a> {
    /// Starts one, and does not wait for it.
    ///
    /// # Errors
    /// The claim fails if it cannot be started.
    pub fn start(trial: &'a Trial<'a>, handler: &str) -> Result<Runtime<'a>, Problem> {
        Runtime::start_as(trial, handler, Start::default())
    }

    /// # Errors
    /// As [`start`](Runtime::start).
    pub fn start_as(trial: &'a Trial<'a>, handler: &str, how: Start<'_>) -> Result<Runtime<'a>, Problem> {
        trial.note("start", format!("language-runtime {handler:?} {:?}", how.variables).as_bytes());
        spawn(trial, handler, how).or_else(|why| fails(format!("cannot start {}: {why}", trial.kit.program.display())))
    }

    /// One that is ready for calls of a function of `handler`.
    ///
    /// # Errors
    /// The claim fails if it does not become ready.
    pub fn ready(trial: &'a Trial<'a>, function: &str) -> Result<Runtime<'a>, Problem> {
        Runtime::ready_as(trial, function, Start::default())
    }

    /// # Errors
    /// As [`ready`](Runtime::ready).
    pub fn ready_as(trial: &'a Trial<'a>, function: &str, how: Start<'_>) -> Result<Runtime<'a>, Problem> {
        match Runtime::load(trial, function, how)? {
            (runtime, None) => Ok(runtime),
            (_, Some(error)) => cannot_be_loaded(function, &error),
        }
    }

    /// One that is ready, or with its error of Init.
    fn load(trial: &'a Trial<'a>, function: &str, how: Start<'_>) -> Result<(Runtime<'a>, Option<Value>), Problem> {
        let mut runtime = Runtime::start_as(trial, &format!("handler.{function}"), how)?;
        let error = runtime.wait_until_ready()?;
        Ok((runtime, error))
    }

    /// The same for a function that a language need not have.
    ///
    /// # Errors
    /// The claim is skipped if the file has no such function.
    pub fn offered(trial: &'a Trial<'a>, function: &str) -> Result<Runtime<'a>, Problem> {
        Runtime::offered_as(trial, function, Start::default())
    }

    /// # Errors
    /// As [`offered`](Runtime::offered).
    pub fn offered_as(trial: &'a Trial<'a>, function: &str, how: Start<'_>) -> Result<Runtime<'a>, Problem> {
        match Runtime::load(trial, function, how)? {
            (runtime, None) => Ok(runtime),
            (_, Some(error)) if error["errorType"] == "Runtime.HandlerNotFound" => {
                not_offered(format!("conformance/handler has no function {function}"))
            }
            (_, Some(error)) => cannot_be_loaded(function, &error),
        }
    }

    /// Waits for `ready` or for the error of Init, which it returns. Other lines are another claim's business.
    ///
    /// # Errors
    /// The claim fails if neither comes.
    pub fn wait_until_ready(&mut self) -> Result<Option<Value>, Problem> {
        loop {
            let line = self.line()?;
            if let Some(ready) = line.value("ready") {
                self.ready = ready;
                return Ok(None);
            }
            if let Some(error) = line.value("error").filter(|_| !line.has("id")) {
                return Ok(Some(error));
            }
        }
    }

    /// How many calls it takes at once.
    pub fn concurrency(&self) -> u64 {
        self.ready["concurrency"].as_u64().unwrap_or(1)
    }

    pub fn is_ready_with(&self, member: &str) -> bool {
        self.ready[member] == true
    }

    /// The pipes of the protocol, as `/proc` names them.
    pub fn protocol(&self) -> Vec<String> {
        let names = self.pipes.protocol().map(|fd| std::fs::read_link(format!("/proc/self/fd/{fd}")));
        names.flatten().map(|name| name.to_string_lossy().into_owned()).collect()
    }

    /// Its task root.
    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// The next line, whatever it is.
    ///
    /// # Errors
    /// The claim fails if none comes.
    pub fn line(&mut self) -> Result<Line, Problem> {
        let limit = self.trial.limit();
        loop {
            if let Some(line) = self.take_line() {
                return Ok(Line::new(line));
            }
            if self.pipes.is_at_end() {
                return fails(format!("STDOUT has ended, and the process {}", self.status()));
            }
            if self.pipes.is_full() {
                return fails("a line has no end");
            }
            if let Err(problem) = self.trial.go_on(limit, "a line") {
                let rest = self.pipes.rest();
                self.trial.note("partly", rest);
                return Err(problem);
            }
            self.turn(ALL)?;
        }
    }

    /// A line that has come, if there is one.
    fn take_line(&mut self) -> Option<Vec<u8>> {
        let line = self.pipes.line()?;
        self.trial.note("came", &line);
        Some(line)
    }

    /// How the process is, in words.
    fn status(&mut self) -> String {
        let limit = Instant::now() + Duration::from_millis(100); // it ends a moment after its STDOUT
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return ended(status),
                _ if Instant::now() > limit => return "lives on".to_owned(),
                _ => std::thread::sleep(TURN),
            }
        }
    }

    /// True if no line comes for so long.
    ///
    /// # Errors
    /// The claim fails if a signal has come.
    pub fn is_silent(&mut self, how_long: Duration) -> Result<bool, Problem> {
        let end = Instant::now() + how_long;
        while Instant::now() < end {
            if self.take_line().is_some() {
                return Ok(false);
            }
            self.trial.go_on(self.trial.limit(), "silence")?;
            self.turn(ALL)?;
        }
        Ok(self.pipes.rest().is_empty())
    }

    fn turn(&mut self, served: Served<'_>) -> Result<usize, Problem> {
        let written = self.pipes.turn(served, TURN);
        if written.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
            return fails(format!("nobody reads STDIN, and the process {}", self.status()));
        }
        written.or_else(|why| fails(format!("cannot use the pipes: {why}")))
    }

    /// Writes while it reads, as bootstrap does.
    ///
    /// # Errors
    /// The claim fails if not all is taken.
    pub fn send(&mut self, bytes: &[u8]) -> Verdict {
        self.trial.note("sent", bytes.strip_suffix(b"\n").unwrap_or(bytes));
        self.send_quietly(bytes)
    }

    /// The same without a note.
    ///
    /// # Errors
    /// As [`send`](Runtime::send).
    pub fn send_quietly(&mut self, bytes: &[u8]) -> Verdict {
        let (mut written, limit) = (0, self.trial.limit());
        while written < bytes.len() {
            written += self.turn(Served { written: &bytes[written..], is_read: true })?;
            self.trial.go_on(limit, "a reader of STDIN")?;
        }
        Ok(())
    }

    /// The next line with this id. Other lines are another claim's business.
    ///
    /// # Errors
    /// The claim fails if none comes.
    pub fn line_of(&mut self, id: &str) -> Result<Line, Problem> {
        let limit = self.trial.limit();
        loop {
            let line = self.line()?;
            if line.is_of(id) {
                return Ok(line);
            }
            self.trial.go_on(limit, &format!("a line with the id {id}"))?;
        }
    }

    /// # Errors
    /// The claim fails if there is no answer.
    pub fn call(&mut self, call: &Call) -> Result<Line, Problem> {
        self.send(&call.line())?;
        self.line_of(&call.id)
    }

    /// The response to a call.
    ///
    /// # Errors
    /// The claim fails if it is answered by something else.
    pub fn response(&mut self, call: &Call) -> Result<Value, Problem> {
        let line = self.call(call)?;
        line.value("response").map_or_else(|| fails("the answer is not a response"), Ok)
    }

    /// The response to a call with this event.
    ///
    /// # Errors
    /// As [`response`](Runtime::response).
    pub fn respond(&mut self, event: impl ToString) -> Result<Value, Problem> {
        self.response(&Call::new(event.to_string()))
    }

    /// The error of a call.
    ///
    /// # Errors
    /// The claim fails if it is answered by something else.
    pub fn error(&mut self, call: &Call) -> Result<Value, Problem> {
        let line = self.call(call)?;
        error_of(&line)
    }

    /// # Errors
    /// The claim fails if the call is not answered with an error of this type.
    pub fn fails_with(&mut self, call: &Call, error_type: &str) -> Verdict {
        let error = self.error(call)?;
        ensure(error["errorType"] == error_type, format!("the type of the error is not {error_type}"))
    }

    /// To the process group, as bootstrap does.
    pub fn signal(&mut self, signal: i32) {
        self.trial.note("signal", signal.to_string().as_bytes());
        let _ = sys::signal(-self.pid, signal); // it may have ended
    }

    pub fn close_stdin(&mut self) {
        self.trial.note("sent", b"(end of file)");
        self.pipes.close_stdin();
    }

    /// Closes STDIN, and waits for the end.
    ///
    /// # Errors
    /// As [`wait`](Runtime::wait).
    pub fn end(&mut self) -> Result<ExitStatus, Problem> {
        self.close_stdin();
        self.wait()
    }

    /// Waits for the end of the process.
    ///
    /// # Errors
    /// The claim fails if it does not end.
    pub fn wait(&mut self) -> Result<ExitStatus, Problem> {
        let limit = self.trial.limit();
        loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                self.trial.note("end", ended(status).as_bytes());
                return Ok(status);
            }
            self.trial.go_on(limit, "the end of the process")?;
            self.turn(ALL)?;
        }
    }

    /// Whether nothing more is written: the other end of STDOUT is closed, and all of it was taken.
    ///
    /// # Errors
    /// The claim fails if the end does not come, or a line does.
    pub fn ensure_nothing_follows(&mut self) -> Verdict {
        let limit = self.trial.limit();
        while !self.pipes.is_at_end() {
            if self.take_line().is_some() {
                return fails("a line follows that nobody asked for");
            }
            self.trial.go_on(limit, "the end of STDOUT")?;
            self.turn(ALL)?;
        }
        Ok(())
    }

    /// What user code has printed so far.
    ///
    /// # Errors
    /// The claim fails if the pipes cannot be used.
    pub fn log(&mut self) -> Result<String, Problem> {
        loop {
            let before = self.pipes.log().len();
            self.pipes.turn(LOG, Duration::ZERO).or_else(|why| fails(format!("cannot read the log: {why}")))?;
            if self.pipes.log().len() == before {
                return Ok(String::from_utf8_lossy(self.pipes.log()).into_owned());
            }
        }
    }

    /// # Errors
    /// As [`log`](Runtime::log).
    pub fn clear_log(&mut self) -> Verdict {
        self.log()?;
        self.pipes.clear_log();
        Ok(())
    }

    /// # Errors
    /// The claim fails if the log does not get this text.
    pub fn wait_for_log(&mut self, text: &str) -> Verdict {
        self.wait_until(&format!("`{text}` in the log"), |runtime| Ok(runtime.log()?.contains(text)))
    }

    /// Waits for the first bytes of an answer, and does not read them.
    ///
    /// # Errors
    /// The claim fails if none come.
    pub fn wait_for_output(&mut self) -> Verdict {
        self.wait_until("the beginning of an answer", |runtime| Ok(runtime.pipes.has_output()))
    }

    /// Reads only the log meanwhile, so that the runtime may have to wait for its reader.
    ///
    /// # Errors
    /// The claim fails if it does not come.
    pub fn wait_until(
        &mut self,
        awaited: &str,
        mut has_come: impl FnMut(&mut Self) -> Result<bool, Problem>,
    ) -> Verdict {
        let limit = self.trial.limit();
        while !has_come(self)? {
            self.trial.go_on(limit, awaited)?;
            self.turn(LOG)?;
            std::thread::sleep(TURN / 5); // a log without end would be looked at all the time
        }
        Ok(())
    }

    /// # Errors
    /// The claim fails if it does not.
    pub fn wait_until_it_sleeps(&mut self) -> Verdict {
        self.wait_until("a wait of the runtime", |runtime| Ok(processes::is_sleeping(runtime.pid)))
    }
}

fn cannot_be_loaded<T>(function: &str, error: &Value) -> Result<T, Problem> {
    fails(format!("handler.{function} cannot be loaded: {error}"))
}

/// The error of an answer.
///
/// # Errors
/// The claim fails if it is none.
pub fn error_of(line: &Line) -> Result<Value, Problem> {
    line.value("error").map_or_else(|| fails("the answer is not an error"), Ok)
}

impl Drop for Runtime<'_> {
    fn drop(&mut self) {
        let _ = self.log();
        let log = String::from_utf8_lossy(self.pipes.log()).into_owned();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].iter().for_each(|line| self.trial.note("log", line.as_bytes()));
        let _ = sys::signal(-self.pid, libc::SIGKILL); // before it is reaped: then the id may be another's
        let _ = self.child.kill();
        let _ = self.child.wait();
        processes::end(self.root());
    }
}

fn ended(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exited with status {code}"),
        (None, signal) => format!("was killed by signal {}", signal.unwrap_or(0)),
    }
}

fn spawn<'a>(trial: &'a Trial<'a>, handler: &str, how: Start<'_>) -> io::Result<Runtime<'a>> {
    let folder = tempfile::Builder::new().prefix("open-runtime-check-").tempdir()?;
    copy(&trial.kit.conformance, folder.path())?;
    let ((its_stdin, stdin), (stdout, its_stdout), (stderr, its_stderr)) = (sys::pipe()?, sys::pipe()?, sys::pipe()?);
    if let Some(size) = how.pipe_size {
        sys::set_pipe_size(its_stdout.as_fd(), size)?;
    }
    if how.is_nonblocking {
        [&its_stdin, &its_stdout].into_iter().try_for_each(|pipe| sys::set_nonblocking(pipe.as_fd()))?;
    }
    let mut command = Command::new(&trial.kit.program);
    command.arg(handler).current_dir(folder.path()).process_group(0).env_clear();
    command.envs(variables(folder.path())).envs(how.variables.iter().copied());
    command.stdin(its_stdin).stdout(its_stdout).stderr(its_stderr);
    sys::die_with_this_thread(&mut command);
    let pipes = Pipes::new(stdin, stdout, stderr)?;
    let child = command.spawn()?;
    let pid = i32::try_from(child.id()).unwrap_or(i32::MAX); // pids are below 2^22
    Ok(Runtime { trial, pid, child, pipes, folder, ready: Value::Null })
}

/// The environment: what Lambda and bootstrap set, and of the caller's what finds interpreters and their libraries.
fn variables(root: &Path) -> Vec<(OsString, OsString)> {
    let own = ["PATH", "HOME", "LD_LIBRARY_PATH", "TMPDIR"];
    let own = own.into_iter().filter_map(|name| Some((name.into(), std::env::var_os(name)?)));
    let set = [
        ("LANG", "en_US.UTF-8"),
        ("TZ", ":UTC"),
        ("SLSGRACE", GRACE_MS),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_LAMBDA_FUNCTION_NAME", "hello"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/hello"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "stream"),
    ];
    let set = set.into_iter().map(|(name, value)| (name.into(), value.into()));
    own.chain(set).chain([("LAMBDA_TASK_ROOT".into(), root.into())]).collect()
}

/// bootstrap's default for `SLSGRACE`.
const GRACE_MS: &str = "250";

/// Copies a folder with its permissions. Links become what they lead to.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in from.read_dir()? {
        let path: PathBuf = entry?.path();
        let Some(name) = path.file_name() else { continue };
        let copied = to.join(name);
        if path.is_dir() {
            std::fs::create_dir(&copied)?;
            copy(&path, &copied)?;
        } else {
            std::fs::copy(&path, &copied)?;
        }
    }
    Ok(())
}

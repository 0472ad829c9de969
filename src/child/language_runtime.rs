//! The language runtime: the child that runs the handler. This module alone owns it. It is started once per execution
//! environment, and again after it died or was killed.

use std::ffi::OsString;
use std::io;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::child::exchange::{Answers, Calls, Exchange};
use crate::child::lines::Lines;
use crate::child::protocol::{self, Message, Ready};
use crate::error::{Fatal, InvocationError};
use crate::log::Log;
use crate::os::deadline::Deadline;
use crate::os::process::{CannotStart, Process, Progress};
use crate::os::signals::Signals;
use crate::os::wait::{self, Source, WaitEnd};
use crate::response::Response;

/// Who closes his STDOUT is about to end, as a rule, and how he ends says more than the end of file does.
const LAST_BREATH: Duration = Duration::from_millis(100);

/// No line may be longer, in bytes: what does not end must not fill the memory. Lambda takes 6 MiB.
const LONGEST_LINE: usize = 32 << 20;

/// So long may it take to be ready when it is started again, of the time of invocations: what Lambda gives the Init phase,
/// <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib>
const LONGEST_BOOT: Duration = Duration::from_secs(10);

/// So often may it die before it is ready, one time after the other.
const FAILED_STARTS: u32 = 2;

/// So often may it die with nothing to do, until it answers a call again.
const IDLE_DEATHS: u32 = 5;

/// What a wrapper is to run, in sh: the language runtime with the handler that the wrapper has made of `_HANDLER`. AWS's own
/// example of a wrapper puts options for the interpreter before the last argument: they come behind the handler.
const WRAPPED: &str = concat!(
    r#"set -- "$0" "$@";n=$#;while test $((n-=1)) -gt 0;do set -- "$@" "$1";shift;done;p=$1;shift;"#,
    r#"unset _OPEN_RUNTIME_WRAPPED;exec "$p" "$_HANDLER" "$@""#
);

/// How it is started.
#[derive(Debug)]
pub struct Launch {
    /// The executable.
    pub program: PathBuf,
    /// A program to start it with.
    pub wrapper: Option<PathBuf>,
    /// `_HANDLER`.
    pub handler: String,
    /// More variables for its environment.
    pub variables: Vec<(&'static str, OsString)>,
}

/// The language runtime, alive or to be started again.
#[derive(Debug)]
pub struct LanguageRuntime {
    launch: Launch,
    signals: Signals,
    log: Log,
    state: State,
    lines: Lines,
    was_ever_ready: bool,
    waited_for_boot: Duration,
    failed_starts: u32,
    idle_deaths: u32,
    has_dropped: bool,
}

#[derive(Debug)]
enum State {
    Booting(Process),
    Ready(Process, Ready),
    Dead(InvocationError),
}

impl LanguageRuntime {
    /// Starts it, and does not wait for it.
    ///
    /// # Errors
    /// [`InvocationError::CannotStart`].
    pub fn start(launch: Launch, signals: Signals, log: Log) -> Result<LanguageRuntime, InvocationError> {
        let state = State::Booting(launch.start()?);
        let lines = Lines::default();
        Ok(LanguageRuntime {
            launch,
            signals,
            log,
            state,
            lines,
            was_ever_ready: false,
            waited_for_boot: Duration::ZERO,
            failed_starts: 0,
            idle_deaths: 0,
            has_dropped: false,
        })
    }

    /// Waits until the handler is loaded, or SIGTERM comes. Blocks for as long as the user's code takes to load: an Init
    /// phase that takes too long is ended by Lambda (10 s, or more with provisioned concurrency).
    ///
    /// # Errors
    /// [`Fatal::CrashLoop`], with the reason.
    pub fn wait_until_ready(&mut self) -> Result<WaitEnd, Fatal> {
        while !matches!(self.state, State::Ready(..)) {
            self.revive()?;
            if self.step_idle(None, Deadline::NEVER)?.is_some() {
                return Ok(WaitEnd::Terminated);
            }
        }
        Ok(WaitEnd::Ready)
    }

    /// Waits until `other` is readable, if there is one, and looks after the language runtime meanwhile: it may become ready, answer too
    /// late, or die, and then it is started again at once.
    ///
    /// # Errors
    /// [`Fatal::CrashLoop`] if it cannot be kept alive.
    pub fn wait_for(&mut self, other: Option<BorrowedFd<'_>>, deadline: Deadline) -> Result<WaitEnd, Fatal> {
        self.look().map_err(cannot_wait)?;
        loop {
            self.revive()?;
            if let Some(end) = self.step_idle(other, deadline)? {
                return Ok(end);
            }
        }
    }

    /// Starts it again if it is dead, and will be needed.
    ///
    /// # Errors
    /// [`Fatal::CrashLoop`] if that has been tried often enough.
    pub fn revive(&mut self) -> Result<(), Fatal> {
        if self.signals.is_terminating() {
            return Ok(());
        }
        let State::Dead(reason) = &mut self.state else { return Ok(()) };
        if self.failed_starts >= FAILED_STARTS || self.idle_deaths >= IDLE_DEATHS {
            return Err(Fatal::CrashLoop(take_reason(reason)));
        }
        self.lines = Lines::default();
        self.waited_for_boot = Duration::ZERO;
        self.state = State::Booting(self.launch.start().map_err(|error| Fatal::CrashLoop(error.into()))?);
        Ok(())
    }

    /// Has the calls answered, as many at once as the language runtime takes. Blocks until all are answered, the language
    /// runtime dies, or the last limit; then it is killed. `meanwhile` is run once, when the first calls are on their way.
    pub fn call(&mut self, calls: &Calls<'_>, meanwhile: impl FnOnce()) -> Answers {
        let mut exchange = Exchange::new(calls);
        self.has_dropped = false; // told once per invocation: there may be a flood of them
        let mut failure = self.look().err().map(pipe);
        self.send(&mut exchange);
        meanwhile();
        while failure.is_none() && !exchange.is_over() {
            failure = self.advance(&mut exchange).err();
        }
        if exchange.has_stopped_in_time() || exchange.has_output() {
            self.kill(); // cut short anywhere, or in the middle of a line: the next invocation gets a sound one
        }
        let failure = failure.or_else(|| exchange.has_held_back().then(|| exchange.timeout()));
        let answers = exchange.answers(failure);
        if answers.outcomes.iter().any(Option::is_some) {
            self.idle_deaths = 0;
        }
        answers
    }

    fn advance(&mut self, exchange: &mut Exchange<'_>) -> Result<(), InvocationError> {
        self.revive().map_err(Fatal::into_invocation_error)?;
        self.send(exchange);
        let is_booting_again = matches!(self.state, State::Booting(_)) && self.was_ever_ready;
        let boot = if is_booting_again { LONGEST_BOOT.saturating_sub(self.waited_for_boot) } else { Duration::MAX };
        let deadline = exchange.next_deadline().or(self.signals.work_deadline()).or(Deadline::after(boot));
        let began = Instant::now();
        let end = self.step(Some(exchange), None, deadline)?;
        if end == Some(WaitEnd::Terminated) {
            self.signal(libc::SIGTERM);
        }
        if is_booting_again {
            self.limit_boot(began.elapsed());
        }
        match &mut self.state {
            State::Dead(reason) if !exchange.is_over() && (exchange.has_begun() || self.signals.is_terminating()) => {
                Err(exchange.as_timeout(take_reason(reason)))
            }
            _ => self.enforce_limits(exchange),
        }
    }

    /// A boot that hangs must not cost every invocation to come its time. Only what invocations wait is counted: in between
    /// Lambda freezes us.
    fn limit_boot(&mut self, waited: Duration) {
        self.waited_for_boot += waited;
        if matches!(self.state, State::Booting(_)) && self.waited_for_boot >= LONGEST_BOOT {
            let how = format!("took more than {} s to load the handler again and was killed", LONGEST_BOOT.as_secs());
            self.fail(InvocationError::RuntimeExit { how }, false);
        }
    }

    /// Opens calls, if it is ready, and writes them before any waiting: a pipe that is empty takes most events whole.
    fn send(&mut self, exchange: &mut Exchange<'_>) {
        if let State::Ready(process, ready) = &mut self.state {
            while exchange.open_next(ready.concurrency) {
                write(process, exchange);
            }
        }
    }

    /// SIGTERM at the first limit, SIGKILL at the last.
    fn enforce_limits(&mut self, exchange: &mut Exchange<'_>) -> Result<(), InvocationError> {
        if exchange.is_over() {
            return Ok(());
        }
        let error = if self.signals.work_deadline().has_passed() {
            InvocationError::Terminated
        } else if exchange.last().has_passed() {
            self.interrupt(exchange);
            exchange.timeout()
        } else {
            if exchange.is_time_to_warn() {
                self.signal(libc::SIGTERM);
            }
            return Ok(());
        };
        if exchange.has_begun() {
            self.kill(); // one that is still booting boots on, for the next invocation
        }
        Err(error)
    }

    /// Has it tell the log where the handler is, if it can: last words, which it need not live to tell.
    fn interrupt(&self, exchange: &Exchange<'_>) {
        if let State::Ready(process, _) = &self.state {
            let deadline = exchange.kill().or(self.signals.work_deadline());
            let _ = process.signal(libc::SIGINT); // it is killed next, whatever comes of this
            let _ = wait_for_end(process, self.signals, deadline);
        }
    }

    /// Ends it, for what it was doing must not go on. [`revive`](LanguageRuntime::revive) starts it again.
    pub fn kill(&mut self) {
        if !matches!(self.state, State::Dead(_)) {
            self.state = State::Dead(InvocationError::Terminated); // dropping the process kills its group
        }
    }

    /// The Shutdown phase: SIGTERM, end of file, and SIGKILL for what is left when the time is over.
    ///
    /// # Errors
    /// [`Fatal::System`] if waiting fails.
    pub fn stop(&mut self) -> Result<(), Fatal> {
        self.signals.notice_termination(); // from now on the time runs, whatever the reason to stop
        self.signal(libc::SIGTERM);
        let (State::Booting(process) | State::Ready(process, _)) = &mut self.state else { return Ok(()) };
        process.close_stdin();
        wait_for_end(process, self.signals, self.signals.shutdown_deadline()).map_err(cannot_wait)?;
        self.kill(); // whatever is left of its group
        Ok(())
    }

    fn signal(&self, signal: libc::c_int) {
        if let State::Booting(process) | State::Ready(process, _) = &self.state {
            let _ = process.signal(signal); // a group that has gone needs no signal
        }
    }

    fn step_idle(&mut self, other: Option<BorrowedFd<'_>>, deadline: Deadline) -> Result<Option<WaitEnd>, Fatal> {
        if self.signals.is_terminating() {
            return Ok(Some(WaitEnd::Terminated)); // noticed elsewhere, and nothing will wake us for it again
        }
        self.step(None, other, deadline).map_err(Fatal::CrashLoop)
    }

    /// Sleeps until something happens, and sees to it: moves bytes from the exchange into STDIN, hears what comes from
    /// STDOUT, and notices the end.
    fn step(
        &mut self,
        exchange: Option<&mut Exchange<'_>>,
        other: Option<BorrowedFd<'_>>,
        deadline: Deadline,
    ) -> Result<Option<WaitEnd>, InvocationError> {
        let (State::Booting(process) | State::Ready(process, _)) = &mut self.state else { return Ok(None) };
        let stdin = match &exchange {
            Some(exchange) => Source::writable(process.stdin().filter(|_| exchange.has_output())),
            None => Source::abandoned(process.stdin()),
        };
        let mut sources = [
            Source::readable(process.stdout()),
            Source::readable(self.signals.child_ended()),
            Source::readable(self.signals.termination()),
            Source::readable(other),
            stdin,
        ];
        let in_time = wait::for_any(&mut sources, deadline).map_err(pipe)?;
        let [stdout, child_ended, termination, other, stdin] = sources.map(|source| source.is_ready());
        self.attend(exchange, [stdin, stdout, child_ended]).map_err(pipe)?;
        if termination {
            self.signals.notice_termination();
            return Ok(Some(WaitEnd::Terminated));
        }
        let is_over = !in_time || deadline.has_passed(); // who writes without end keeps waking us, and the time runs all the same
        Ok(if other { Some(WaitEnd::Ready) } else { is_over.then_some(WaitEnd::TimedOut) })
    }

    /// Writes, reads and looks, as the descriptors allow.
    fn attend(&mut self, mut exchange: Option<&mut Exchange<'_>>, ready: [bool; 3]) -> io::Result<()> {
        let [stdin, stdout, child_ended] = ready;
        let (State::Booting(process) | State::Ready(process, _)) = &mut self.state else { return Ok(()) };
        if child_ended {
            self.signals.empty_child_ended(); // before looking at the child, or its end is missed
        }
        let has_ended = child_ended && process.has_ended()?;
        let mut is_closed = stdin && exchange.as_deref_mut().is_none_or(|exchange| !write(process, exchange));
        if has_ended || is_closed {
            self.lines.drain(process)?;
        } else if stdout {
            is_closed = self.lines.read(process)? == Progress::Closed;
        }
        self.hear(exchange.as_deref_mut());
        if has_ended || is_closed {
            self.bury(exchange.as_deref())?;
        }
        Ok(())
    }

    /// Whether it has ended while nobody looked: while a middleware ran, its SIGCHLD was taken for the middleware's.
    fn look(&mut self) -> io::Result<()> {
        let (State::Booting(process) | State::Ready(process, _)) = &mut self.state else { return Ok(()) };
        if process.has_ended()? {
            self.lines.drain(process)?;
            self.hear(None);
            self.bury(None)?;
        }
        Ok(())
    }

    /// It has ended, or closed its STDIN or STDOUT, which is as good.
    fn bury(&mut self, exchange: Option<&Exchange<'_>>) -> io::Result<()> {
        let (State::Booting(process) | State::Ready(process, _)) = &mut self.state else { return Ok(()) };
        let limit = exchange.map_or(Deadline::NEVER, Exchange::last).or(self.signals.work_deadline());
        let mut how = if wait_for_end(process, self.signals, Deadline::after(LAST_BREATH).or(limit))? {
            process.end()?.to_string()
        } else {
            "closed its STDIN or STDOUT and was killed".to_owned()
        };
        if self.lines.unfinished() > 0 {
            how.push_str(" in the middle of a line");
        }
        self.fail(InvocationError::RuntimeExit { how }, exchange.is_none());
        Ok(())
    }

    /// Takes the lines that have come.
    fn hear(&mut self, mut exchange: Option<&mut Exchange<'_>>) {
        while let Some(line) = self.lines.take_next() {
            if let Err(error) = self.hear_line(line, exchange.as_deref_mut()) {
                return self.fail(error, exchange.is_none()); // nothing that follows can be trusted
            }
        }
        if self.lines.unfinished() > LONGEST_LINE {
            let why = format!("a line of more than {LONGEST_LINE} bytes");
            self.fail(InvocationError::RuntimeGarbage { why }, exchange.is_none());
        }
    }

    fn hear_line(&mut self, line: Vec<u8>, exchange: Option<&mut Exchange<'_>>) -> Result<(), InvocationError> {
        let message = match Message::parse(&line) {
            Ok(message) => message,
            Err(why) => return settle_unreadable(&line, why, exchange),
        };
        let is_expected = match message {
            Message::Ready(ready) => return self.become_ready(ready),
            Message::InitError(error) => return Err(InvocationError::Handler(error.into())),
            Message::Response { id, response } => {
                let id = id.into_owned(); // it may be a part of the line, which is given away
                exchange.is_some_and(|exchange| exchange.settle(&id, Ok(Response::within(line, response))))
            }
            Message::Error { id, error } => {
                exchange.is_some_and(|exchange| exchange.settle(&id, Err(InvocationError::Handler(error.into()))))
            }
        };
        if !is_expected && !std::mem::replace(&mut self.has_dropped, true) {
            self.log.warn(None, &"dropped an answer of the language runtime that came too late, or to no call of ours");
        }
        Ok(())
    }

    fn become_ready(&mut self, ready: Ready) -> Result<(), InvocationError> {
        if ready.protocol != protocol::VERSION {
            return Err(InvocationError::Protocol { version: ready.protocol });
        }
        let state = std::mem::replace(&mut self.state, State::Dead(InvocationError::Terminated));
        if let State::Booting(process) | State::Ready(process, _) = state {
            self.state = State::Ready(process, ready);
            self.was_ever_ready = true;
            self.failed_starts = 0;
        }
        Ok(())
    }

    /// It is dead, or good for nothing any more; `error` is what whoever needs it next is told.
    fn fail(&mut self, error: InvocationError, is_idle: bool) {
        match self.state {
            State::Booting(_) => {
                self.failed_starts += self.weight(&error);
                let is_told_by_init = self.failed_starts >= FAILED_STARTS && !self.was_ever_ready;
                if !is_told_by_init {
                    self.log.warn(None, &format_args!("{}, before it was ready", self.describe(&error)));
                }
            }
            State::Ready(..) if is_idle => {
                self.idle_deaths += 1;
                self.log.warn(None, &format_args!("{error}, while no invocation was under way"));
            }
            State::Ready(..) | State::Dead(_) => {}
        }
        self.state = State::Dead(error);
    }

    /// What the log may say of an error, as a part of a sentence.
    fn describe(&self, error: &InvocationError) -> String {
        self.log.of(error).map_or_else(|| error.error_type().to_owned(), |told| told.to_string())
    }

    /// The handler's own word that it cannot be loaded is believed at once, unless it has been loaded before.
    fn weight(&self, error: &InvocationError) -> u32 {
        match error {
            InvocationError::Handler(_) | InvocationError::Protocol { .. } if !self.was_ever_ready => FAILED_STARTS,
            _ => 1,
        }
    }
}

/// The language runtime for two owners: the loop that calls it, and the wait for Lambda that looks after it meanwhile. There is
/// one thread. ureq asks of all that it holds that threads could share it, and the mutex is for that alone.
#[derive(Clone, Debug)]
pub struct SharedRuntime(Arc<Mutex<LanguageRuntime>>);

impl SharedRuntime {
    /// Shares it.
    pub fn new(runtime: LanguageRuntime) -> SharedRuntime {
        SharedRuntime(Arc::new(Mutex::new(runtime)))
    }

    /// The language runtime. Drop the guard before anything that may wait for Lambda, or that wait blocks for ever.
    pub fn get(&self) -> MutexGuard<'_, LanguageRuntime> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Launch {
    fn start(&self) -> Result<Process, CannotStart> {
        let variables = self.variables.iter().map(|(name, value)| (*name, value.as_os_str()));
        match &self.wrapper {
            // Many wrappers set another _HANDLER, which the shell then has.
            Some(wrapper) => Process::start(
                wrapper,
                &["/bin/sh".as_ref(), "-c".as_ref(), WRAPPED.as_ref(), self.program.as_os_str()],
                variables,
            ),
            None => Process::start(&self.program, &[self.handler.as_ref()], variables),
        }
    }
}

/// Writes what STDIN takes now. False if nobody reads it any more.
fn write(process: &mut Process, exchange: &mut Exchange<'_>) -> bool {
    while exchange.has_output() {
        match process.write(&exchange.output()) {
            Ok(0) => return true,
            Ok(written) => exchange.wrote(written),
            Err(_) => return false, // EPIPE, and why there is no reader is told by how it ends
        }
    }
    true
}

/// Waits until the child has ended. False if it has not by then.
fn wait_for_end(process: &Process, signals: Signals, deadline: Deadline) -> io::Result<bool> {
    while !process.has_ended()? {
        if !wait::for_any(&mut [Source::readable(signals.child_ended())], deadline)? {
            return process.has_ended();
        }
        signals.empty_child_ended();
    }
    Ok(true)
}

/// A line that is no message, but begins as the answer to an open call does, is a result that has no form in JSON: that call
/// failed, and what follows can be trusted. A language runtime in shell passes on what the handler has printed.
#[cold]
#[inline(never)]
fn settle_unreadable(line: &[u8], why: String, exchange: Option<&mut Exchange<'_>>) -> Result<(), InvocationError> {
    let id = line.strip_prefix(b"{\"id\":\"").and_then(|rest| rest.split(|&byte| byte == b'"').next());
    let id = id.and_then(|id| std::str::from_utf8(id).ok()).unwrap_or_default();
    let settle = |exchange: &mut Exchange<'_>| {
        exchange.settle(id, Err(InvocationError::NotJson { what: "response", why: why.clone() }))
    };
    if exchange.is_some_and(settle) { Ok(()) } else { Err(InvocationError::RuntimeGarbage { why }) }
}

/// The reason goes to whoever asks first; to others it is only dead.
fn take_reason(reason: &mut InvocationError) -> InvocationError {
    std::mem::replace(reason, InvocationError::RuntimeExit { how: "has died before, and cannot be started".to_owned() })
}

fn pipe(cause: io::Error) -> InvocationError {
    InvocationError::RuntimePipe { cause }
}

fn cannot_wait(cause: io::Error) -> Fatal {
    Fatal::System { what: "wait for the language runtime to end", cause }
}

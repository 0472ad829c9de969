//! A supervised child: the language runtime, which runs the handler, or a resident middleware. This module alone owns it. It is
//! started once per execution environment, and again after it died or was killed. Both speak the same protocol.

use std::io;
use std::slice;
use std::time::{Duration, Instant};

use crate::child::exchange::{Answers, Calls, Exchange};
use crate::child::launch::Launch;
use crate::child::lines::Lines;
use crate::child::protocol::{self, Message, Part, Ready};
use crate::child::restarts::{BOOT_LIMIT, Restarts};
use crate::error::InvocationError;
use crate::log::Log;
use crate::os::deadline::Deadline;
use crate::os::process::{Process, Progress};
use crate::os::signals::Signals;
use crate::os::wait::{self, Source, WaitEnd};
use crate::response::Response;

/// A child that closes STDOUT is usually exiting. Wait this long for its exit status, which explains more than the end of file.
const EXIT_AFTER_CLOSE: Duration = Duration::from_millis(100);

/// No line may be longer, in bytes: one that does not end must not fill the memory. Lambda takes 6 MiB.
const MAX_LINE: usize = 32 << 20;

/// A supervised child, alive or to be started again.
#[derive(Debug)]
pub struct Supervised {
    launch: Launch,
    /// The name of the middleware that it is. `None` for the language runtime.
    middleware: Option<String>,
    restarts: Restarts,
    signals: Signals,
    log: Log,
    state: State,
    lines: Lines,
    has_dropped: bool,
    /// Whether the bytes between two lines are to be dropped.
    drops_bytes: bool,
    has_hooks: bool,
    /// How often the pipe of SIGCHLD had been emptied when the process was looked at last.
    checked: u32,
}

#[derive(Debug)]
enum State {
    /// It gets ready: the language runtime loads the handler.
    Booting(Process),
    /// It takes this many calls at once.
    Ready(Process, usize),
    /// There is no process. The reason is taken by the first that asks; one that we killed has none.
    Dead(Option<InvocationError>),
}

impl State {
    fn process(&self) -> Option<&Process> {
        match self {
            State::Booting(process) | State::Ready(process, _) => Some(process),
            State::Dead(_) => None,
        }
    }

    fn process_mut(&mut self) -> Option<&mut Process> {
        match self {
            State::Booting(process) | State::Ready(process, _) => Some(process),
            State::Dead(_) => None,
        }
    }
}

/// Which ends of the child can be used without blocking.
struct ReadyEnds {
    stdin: bool,
    stdout: bool,
    child_ended: bool,
}

impl Supervised {
    /// Starts it, and does not wait for it. `middleware` is its name, if it is one.
    ///
    /// # Errors
    /// [`InvocationError::CannotStart`], within an [`InvocationError::Resident`] if it is a middleware.
    pub fn start(
        launch: Launch,
        middleware: Option<String>,
        signals: Signals,
        log: Log,
    ) -> Result<Supervised, InvocationError> {
        let (restarts, lines, state) = (Restarts::default(), Lines::default(), State::Dead(None));
        let mut child = Supervised {
            launch,
            middleware,
            restarts,
            signals,
            log,
            state,
            lines,
            has_dropped: false,
            drops_bytes: false,
            has_hooks: false,
            checked: signals.times_emptied(),
        };
        child.ensure_started()?;
        Ok(child)
    }

    /// Whether it can take a call.
    pub fn is_ready(&self) -> bool {
        matches!(self.state, State::Ready(..))
    }

    /// Whether it has said that it runs hooks of SnapStart.
    pub fn has_hooks(&self) -> bool {
        self.has_hooks
    }

    /// Starts it again if it is dead, unless the environment ends. Does not wait for it.
    ///
    /// # Errors
    /// Why it died, if it has been started often enough, or [`InvocationError::CannotStart`].
    pub fn ensure_started(&mut self) -> Result<(), InvocationError> {
        let State::Dead(reason) = &mut self.state else { return Ok(()) };
        if self.signals.is_terminating() {
            return Ok(());
        }
        if !self.restarts.are_allowed() {
            let reason = take_reason(reason, self.signals);
            return Err(self.blame("", reason));
        }
        self.lines = Lines::default();
        self.restarts.note_start();
        let process = self.launch.start().map_err(|error| self.blame("", error.into()))?;
        self.state = State::Booting(process);
        Ok(())
    }

    /// Sends the first calls, as many at once as it takes. Blocks for no longer than it takes to write what a
    /// pipe holds.
    pub fn begin<'a>(&mut self, calls: &'a Calls<'a>) -> Exchange<'a> {
        let mut exchange = Exchange::new(calls);
        self.has_dropped = false; // warned of once per invocation: there may be thousands
        // One that ended a moment ago is started again, instead of losing the call. Its SIGCHLD may not have been taken yet.
        if let Err(cause) = self.check_exit(None) {
            self.state = State::Dead(Some(pipe(cause)));
        }
        self.send(&mut exchange);
        exchange
    }

    /// Has the calls answered that [`begin`](Supervised::begin) began. Blocks until all are answered or the head of a stream has
    /// come, the language runtime dies, or the last limit; then it is killed.
    pub fn finish(&mut self, mut exchange: Exchange<'_>) -> Answers {
        let mut failure = None;
        while failure.is_none() && !exchange.is_over() && !exchange.is_streaming() {
            failure = self.advance(&mut exchange, &mut []).err();
        }
        self.judge(&exchange);
        let failure = failure.or_else(|| exchange.has_held_back().then(|| exchange.timeout()));
        exchange.answers(failure)
    }

    /// Waits until something happens, to the child or to one of `others`, and handles what happened to the child. Blocks until the
    /// next limit of the stream at the longest. If the stream cannot go on, it is over.
    pub fn advance_stream(&mut self, exchange: &mut Exchange<'_>, others: &mut [Source]) {
        if let Err(error) = self.advance(exchange, others) {
            exchange.fail(error);
        }
    }

    /// Reads the rest of a stream, for nobody: the handler is not cut short. Blocks as [`finish`](Supervised::finish) does.
    pub fn drain(&mut self, exchange: &mut Exchange<'_>) {
        exchange.is_paused = false;
        while !exchange.is_over() {
            exchange.body().into_iter().for_each(Vec::clear);
            self.advance_stream(exchange, &mut []);
        }
    }

    /// Ends a stream that is over. Returns how it failed, if it did.
    pub fn end_stream(&mut self, exchange: &mut Exchange<'_>) -> Option<Box<InvocationError>> {
        self.judge(exchange);
        exchange.take_failure()
    }

    /// What follows from how an exchange has ended for the process and its restarts.
    fn judge(&mut self, exchange: &Exchange<'_>) {
        if exchange.has_stopped_in_time() || exchange.has_output() {
            self.kill(); // a call was cut short, or a line: the next invocation gets a sound process
        }
        if exchange.is_answered() {
            self.restarts.note_answer();
        }
    }

    fn advance(&mut self, exchange: &mut Exchange<'_>, others: &mut [Source]) -> Result<(), InvocationError> {
        self.ensure_started()?;
        self.notice_missed_end(Some(exchange)).map_err(pipe)?; // a hook may have run since
        self.send(exchange);
        let boot_time_left = self.restarts.boot_time_left().filter(|_| matches!(self.state, State::Booting(_)));
        let boot_deadline = boot_time_left.map_or(Deadline::NEVER, Deadline::after);
        let deadline = exchange.next_deadline().or(self.signals.work_deadline()).or(boot_deadline);
        let began = Instant::now();
        if self.state.process().is_some() {
            let signals = self.signals;
            let end = step(slice::from_mut(self), Some(exchange), others, deadline, signals)?;
            if end == Some(WaitEnd::Terminated) && self.middleware.is_none() {
                self.signal(libc::SIGTERM); // a hook has the rest of the time, as a process for each hook has
            }
        }
        if boot_time_left.is_some() {
            self.limit_boot(began.elapsed());
        }
        match &mut self.state {
            State::Dead(reason) if !exchange.is_over() && (exchange.has_begun() || self.signals.is_terminating()) => {
                Err(exchange.as_timeout(take_reason(reason, self.signals)))
            }
            _ => self.enforce_limits(exchange),
        }
    }

    /// Ends a restarted process that an invocation has waited for too long.
    fn limit_boot(&mut self, waited: Duration) {
        let is_over = self.restarts.note_wait_for_boot(waited);
        if is_over && matches!(self.state, State::Booting(_)) {
            let how = format!("took more than {} s to be ready again and was killed", BOOT_LIMIT.as_secs());
            self.mark_dead(InvocationError::RuntimeExit { how }, false);
        }
    }

    /// Opens calls, if it is ready, and writes them before any waiting: a pipe that is empty takes most events whole.
    fn send(&mut self, exchange: &mut Exchange<'_>) {
        if let State::Ready(process, concurrency) = &mut self.state {
            while exchange.open_next(*concurrency) {
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
        } else if exchange.fail_at().has_passed() {
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

    /// SIGINT, at which the language runtime logs where the handler is, and the time to do it. It is killed next.
    fn interrupt(&self, exchange: &Exchange<'_>) {
        if let (State::Ready(process, _), None) = (&self.state, &self.middleware) {
            let deadline = exchange.kill_at().or(self.signals.work_deadline());
            let _ = process.signal(libc::SIGINT); // it is killed whether or not this reaches it
            let _ = wait_for_end(process, self.signals, deadline);
        }
    }

    /// Kills it, because what it was doing must not go on. [`ensure_started`](Supervised::ensure_started) starts it again.
    fn kill(&mut self) {
        if self.state.process().is_some() {
            self.state = State::Dead(None); // dropping the process kills its group
        }
    }

    /// The Shutdown phase begins: SIGTERM, and end of file. [`stop`](Supervised::stop) waits for its end.
    pub fn ask_to_stop(&mut self) {
        self.signal(libc::SIGTERM);
        if let Some(process) = self.state.process_mut() {
            process.close_stdin();
        }
    }

    /// Waits until it has ended, and kills what is left when the time of the Shutdown phase is over.
    ///
    /// # Errors
    /// Those of waiting.
    pub fn stop(&mut self) -> io::Result<()> {
        let Some(process) = self.state.process() else { return Ok(()) };
        wait_for_end(process, self.signals, self.signals.shutdown_deadline())?;
        self.kill(); // what is left of its group
        Ok(())
    }

    fn signal(&self, signal: libc::c_int) {
        if let Some(process) = self.state.process() {
            let _ = process.signal(signal); // a group that has gone needs no signal
        }
    }

    /// What of it is waited for: room in its STDIN, and its STDOUT.
    fn sources(&self, exchange: Option<&Exchange<'_>>) -> [Source; 2] {
        let process = self.state.process();
        let stdin = process.and_then(Process::stdin);
        let stdin = match exchange {
            Some(exchange) => Source::writable(stdin.filter(|_| exchange.has_output())),
            None => Source::abandoned(stdin),
        };
        let stdout = process.map(Process::stdout).filter(|_| !exchange.is_some_and(|exchange| exchange.is_paused));
        [stdin, Source::readable(stdout)]
    }

    /// Writes, reads, and checks for the child's end, as the descriptors allow.
    fn handle_ready(&mut self, mut exchange: Option<&mut Exchange<'_>>, ready: ReadyEnds) -> io::Result<()> {
        let Some(process) = self.state.process_mut() else { return Ok(()) };
        if ready.child_ended {
            self.checked = self.signals.times_emptied();
        }
        let has_ended = ready.child_ended && process.has_ended()?;
        let mut is_closed = ready.stdin && exchange.as_deref_mut().is_none_or(|exchange| !write(process, exchange));
        if has_ended || is_closed {
            self.lines.drain(process)?;
        } else if ready.stdout {
            is_closed = self.lines.read(process)? == Progress::Closed;
        }
        self.take_lines(exchange.as_deref_mut());
        if has_ended || is_closed {
            self.conclude_exit(exchange)?;
        }
        Ok(())
    }

    /// Notices an end whose SIGCHLD somebody else took: whatever ran meanwhile empties the same pipe. No system call if nobody did.
    ///
    /// # Errors
    /// Those of reading what it wrote.
    pub fn notice_missed_end(&mut self, exchange: Option<&mut Exchange<'_>>) -> io::Result<()> {
        if self.checked == self.signals.times_emptied() { Ok(()) } else { self.check_exit(exchange) }
    }

    fn check_exit(&mut self, exchange: Option<&mut Exchange<'_>>) -> io::Result<()> {
        self.handle_ready(exchange, ReadyEnds { stdin: false, stdout: false, child_ended: true })
    }

    /// Takes the exit status of a child that has ended, or has closed its STDIN or STDOUT, which is as good as an end.
    /// A call of which it has not read a byte is not lost: the next process gets it.
    fn conclude_exit(&mut self, mut exchange: Option<&mut Exchange<'_>>) -> io::Result<()> {
        let Some(process) = self.state.process_mut() else { return Ok(()) };
        let limit = exchange.as_deref().map_or(Deadline::NEVER, Exchange::fail_at).or(self.signals.work_deadline());
        let mut how = if wait_for_end(process, self.signals, Deadline::after(EXIT_AFTER_CLOSE).or(limit))? {
            if exchange.as_deref_mut().is_some_and(|exchange| exchange.take_back(process.unread_input())) {
                exchange = None;
            }
            process.end()?.to_string()
        } else {
            "closed its STDIN or STDOUT and was killed".to_owned()
        };
        if self.lines.unfinished() > 0 {
            how.push_str(" in the middle of a line");
        }
        self.mark_dead(InvocationError::RuntimeExit { how }, exchange.is_none());
        Ok(())
    }

    /// Takes the lines that have come.
    fn take_lines(&mut self, mut exchange: Option<&mut Exchange<'_>>) {
        loop {
            let bytes = self.lines.take_bytes();
            if let Some(exchange) = exchange.as_deref_mut().filter(|_| !self.drops_bytes) {
                exchange.take_bytes(bytes);
            }
            let Some(line) = self.lines.take_next() else { break };
            if let Err(error) = self.take_line(line, exchange.as_deref_mut()) {
                return self.mark_dead(error, exchange.is_none()); // nothing that follows can be trusted
            }
        }
        if self.lines.unfinished() > MAX_LINE {
            let why = format!("a line of more than {MAX_LINE} bytes");
            self.mark_dead(InvocationError::RuntimeGarbage { why }, exchange.is_none());
        }
    }

    fn take_line(&mut self, line: Vec<u8>, exchange: Option<&mut Exchange<'_>>) -> Result<(), InvocationError> {
        let message = match Message::parse(&line) {
            Ok(message) => message,
            Err(why) => return self.settle_unreadable(&line, why, exchange),
        };
        let is_expected = match message {
            Message::Ready(ready) => return self.become_ready(ready),
            Message::InitError(error) => return Err(InvocationError::Handler(error.into())),
            Message::Response { is_output: true, .. } if self.middleware.is_none() => {
                return self.settle_unreadable(&line, protocol::NO_MESSAGE.to_owned(), exchange);
            }
            Message::Part { id, part } => {
                if let Part::BytesFollow(count) = part {
                    self.lines.expect_bytes(count);
                }
                let is_expected = exchange.is_some_and(|exchange| exchange.take_part(&id, part));
                self.drops_bytes = !is_expected;
                is_expected
            }
            Message::Response { id, response, is_output } => {
                let id = id.into_owned(); // it may be a part of the line, which is given away
                exchange.is_some_and(|exchange| {
                    exchange.is_output = is_output;
                    exchange.settle(&id, Ok(Response::within(line, response)))
                })
            }
            Message::Error { id, error } => {
                exchange.is_some_and(|exchange| exchange.settle(&id, Err(InvocationError::Handler(error.into()))))
            }
        };
        if !is_expected && !std::mem::replace(&mut self.has_dropped, true) {
            let name = self.middleware.as_deref().unwrap_or("the language runtime");
            self.log.warn(None, &format_args!("dropped an answer of {name} that came too late, or to no call of ours"));
        }
        Ok(())
    }

    fn become_ready(&mut self, ready: Ready) -> Result<(), InvocationError> {
        if ready.protocol != protocol::VERSION {
            return Err(InvocationError::Protocol { version: ready.protocol });
        }
        if let State::Booting(process) | State::Ready(process, _) =
            std::mem::replace(&mut self.state, State::Dead(None))
        {
            self.state = State::Ready(process, ready.concurrency);
            self.has_hooks = ready.has_hooks;
            self.restarts.note_ready();
        }
        Ok(())
    }

    /// Drops the process, which kills what is left of it. `error` is what the next that needs it is told.
    fn mark_dead(&mut self, error: InvocationError, is_idle: bool) {
        let is_definite = matches!(error, InvocationError::Handler(_) | InvocationError::Protocol { .. });
        let error = self.blame("", error);
        match self.state {
            State::Booting(_) => {
                self.restarts.note_failed_start(is_definite);
                if !self.restarts.fail_init() {
                    self.log.warn(None, &format_args!("{}, before it was ready", self.describe(&error)));
                }
            }
            State::Ready(..) if is_idle => {
                self.restarts.note_idle_death();
                self.log.warn(None, &format_args!("{}, while no call was under way", self.describe(&error)));
            }
            State::Ready(..) | State::Dead(_) => {}
        }
        self.state = State::Dead(Some(error));
    }

    /// What the log may say of an error, as a part of a sentence.
    fn describe(&self, error: &InvocationError) -> String {
        self.log.of(error).map_or_else(|| error.error_type().to_owned(), |told| told.to_string())
    }

    /// Names the middleware in an error of its own, and the hook, if it was in one. The language runtime needs no name.
    pub fn blame(&self, hook: &'static str, error: InvocationError) -> InvocationError {
        match (error, &self.middleware) {
            (InvocationError::Resident { name, cause, .. }, _) => InvocationError::Resident { name, hook, cause },
            (error @ InvocationError::Terminated, _) | (error, None) => error,
            (cause, Some(name)) => InvocationError::Resident { name: name.clone(), hook, cause: cause.into() },
        }
    }

    /// Settles a call whose answer is not JSON. Such a line begins as an answer to an open call does: what the handler returned has
    /// no form in JSON, or a language runtime in shell passed on what the handler printed. That call failed, and what follows can be
    /// trusted.
    #[cold]
    #[inline(never)]
    fn settle_unreadable(
        &self,
        line: &[u8],
        why: String,
        exchange: Option<&mut Exchange<'_>>,
    ) -> Result<(), InvocationError> {
        let id = line.strip_prefix(b"{\"id\":\"").and_then(|rest| rest.split(|&byte| byte == b'"').next());
        let id = id.and_then(|id| std::str::from_utf8(id).ok()).unwrap_or_default();
        let what = if self.middleware.is_some() { "output" } else { "response" };
        let settle =
            |exchange: &mut Exchange<'_>| exchange.settle(id, Err(InvocationError::NotJson { what, why: why.clone() }));
        if exchange.is_some_and(settle) { Ok(()) } else { Err(InvocationError::RuntimeGarbage { why }) }
    }
}

/// Sleeps until something happens to one of these children, and handles it: writes the exchange to STDIN, takes lines from STDOUT,
/// and notices a child's end. It also ends when one of `others` is ready. An exchange is that of a single child. The children come
/// before SIGTERM, so that an answer that is already there is not lost to it.
///
/// # Errors
/// [`InvocationError::RuntimePipe`].
pub fn step(
    children: &mut [Supervised],
    mut exchange: Option<&mut Exchange<'_>>,
    others: &mut [Source],
    deadline: Deadline,
    signals: Signals,
) -> Result<Option<WaitEnd>, InvocationError> {
    let mut sources = Vec::with_capacity(2 + others.len() + 2 * children.len());
    let ours = [Some(signals.child_ended()), signals.termination()];
    sources.extend(ours.map(Source::readable));
    sources.extend_from_slice(others);
    children.iter().for_each(|child| sources.extend(child.sources(exchange.as_deref())));
    let in_time = wait::for_any(&mut sources, deadline).map_err(pipe)?;
    let mut sources = sources.into_iter();
    let mut next_is_ready = || sources.next().is_some_and(|source| source.is_ready());
    let [child_ended, termination] = [next_is_ready(), next_is_ready()];
    others.iter_mut().zip(&mut sources).for_each(|(other, polled)| *other = polled);
    let mut next_is_ready = || sources.next().is_some_and(|source| source.is_ready());
    if child_ended {
        signals.empty_child_ended(); // before looking at the children: an end after that makes it readable again
    }
    for child in children {
        let ready = ReadyEnds { stdin: next_is_ready(), stdout: next_is_ready(), child_ended };
        child.handle_ready(exchange.as_deref_mut(), ready).map_err(|cause| child.blame("", pipe(cause)))?;
    }
    if termination {
        signals.notice_termination();
        return Ok(Some(WaitEnd::Terminated));
    }
    let is_over = !in_time || deadline.has_passed(); // a child that writes without end makes every wait end in time
    Ok(if others.iter().any(Source::is_ready) { Some(WaitEnd::Ready) } else { is_over.then_some(WaitEnd::TimedOut) })
}

/// Writes what STDIN takes now. False if nobody reads it any more.
fn write(process: &mut Process, exchange: &mut Exchange<'_>) -> bool {
    while exchange.has_output() {
        match process.write(&exchange.output()) {
            Ok(0) => return true,
            Ok(written) => exchange.wrote(written),
            Err(_) => return false, // EPIPE: the exit status will say why there is no reader
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

/// Why it is dead, for the first that asks.
fn take_reason(reason: &mut Option<InvocationError>, signals: Signals) -> InvocationError {
    match reason.take() {
        Some(reason) => reason,
        None if signals.is_terminating() => InvocationError::Terminated,
        None => InvocationError::RuntimeExit { how: "has died before, and cannot be started".to_owned() },
    }
}

fn pipe(cause: io::Error) -> InvocationError {
    InvocationError::RuntimePipe { cause }
}

//! Several invocations at once, on Lambda Managed Instances: a supervisor, and a slot for each invocation.
//!
//! A slot is this program once more, with the loop of [`bootstrap`](crate::bootstrap) and a language runtime of its own. The supervisor
//! registers as the extension, starts the slots, starts those again that end, and passes SIGTERM on. The two have no protocol but
//! exit statuses and a pipe that says whether any slot has ever been ready.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances-runtimes.html>

use std::io::{self, PipeReader, PipeWriter, Write, pipe};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use crate::child::children::{Children, SharedChildren};
use crate::error::Fatal;
use crate::lambda::runtime_api::RuntimeApi;
use crate::log::{Level, Log};
use crate::os::deadline::Deadline;
use crate::os::process::{self, End};
use crate::os::signals::Signals;
use crate::os::sys;
use crate::os::wait::{self, Source};
use crate::settings::config;

/// A slot that ends with this status has told Lambda that Init failed.
const TOLD: u8 = 3;

/// The descriptor of the pipe of [`Slot`] in a slot.
const READY: libc::c_int = 3;

/// A slot that lived as long is started again at once.
const LONG_LIFE: Duration = Duration::from_secs(1);

/// The pause after the first short life of a slot. Each further one in a row doubles it, up to [`LONGEST_PAUSE_MS`].
const PAUSE_MS: u64 = 100;
const LONGEST_PAUSE_MS: u64 = 10_000;

/// The environment ends when all slots are dead, and so many have died within [`MANY_WITHIN`].
const MANY: usize = 5;
const MANY_WITHIN: Duration = Duration::from_secs(10);

/// The exit status of bootstrap.
pub fn exit_status(fatal: &Fatal) -> u8 {
    if matches!(fatal, Fatal::Told) && config::role() == config::Role::Slot { TOLD } else { 1 }
}

/// Serves one execution environment with so many slots, until SIGTERM.
///
/// # Errors
/// [`Fatal`]. Lambda has already been told what it must know.
pub fn run(api: &RuntimeApi, slots: usize, signals: Signals, log: Log) -> Result<(), Fatal> {
    log.write(Level::Debug, None, &format_args!("{slots} slots serve this execution environment"));
    let nobody = SharedChildren::new(Children { all: Vec::new(), signals });
    let _extension = api.register(&nobody)?; // before any slot asks for an invocation, which may end the Init phase
    let ready = pipe().map_err(|cause| Fatal::System { what: "make a pipe for the slots", cause })?;
    let lives = (0..slots).map(|_| Life::default()).collect();
    let mut supervisor = Supervisor { lives, ready, ends: Vec::new(), signals, log };
    let outcome = supervisor.supervise();
    supervisor.stop()?;
    outcome
}

struct Supervisor {
    lives: Vec<Life>,
    /// Nobody reads it: it has a byte if a slot has ever been ready.
    ready: (PipeReader, PipeWriter),
    /// When slots ended, within [`MANY_WITHIN`].
    ends: Vec<Instant>,
    signals: Signals,
    log: Log,
}

/// What is known of one slot.
#[derive(Default)]
struct Life {
    pid: Option<u32>,
    started: Option<Instant>,
    short_lives: u32,
    /// When it is started again, if it is not now.
    pause: Option<Deadline>,
}

impl Supervisor {
    fn supervise(&mut self) -> Result<(), Fatal> {
        while !self.signals.is_terminating() {
            self.start_slots()?;
            let pauses = self.lives.iter().filter(|life| life.pid.is_none()).filter_map(|life| life.pause);
            self.wait(pauses.fold(Deadline::NEVER, Deadline::or))?;
            while let Some((slot, end)) = self.reap()? {
                self.note_end(slot, end)?;
            }
        }
        Ok(())
    }

    /// Starts those whose time has come.
    fn start_slots(&mut self) -> Result<(), Fatal> {
        for life in &mut self.lives {
            if life.pid.is_none() && life.pause.is_none_or(Deadline::has_passed) {
                life.pid =
                    Some(start_slot(&self.ready.1).map_err(|cause| Fatal::System { what: "start a slot", cause })?);
                life.started = Some(Instant::now());
            }
        }
        Ok(())
    }

    /// Sleeps until a slot ends, SIGTERM comes, or the deadline.
    fn wait(&self, deadline: Deadline) -> Result<(), Fatal> {
        let mut sources = [Source::readable(self.signals.termination()), Source::readable(self.signals.child_ended())];
        wait::for_any(&mut sources, deadline).map_err(cannot_wait)?;
        if sources.first().is_some_and(Source::is_ready) {
            self.signals.notice_termination();
        }
        self.signals.empty_child_ended(); // before the slots are looked at
        Ok(())
    }

    /// A slot that has ended, and how. Processes that a handler left behind may be our children, too: they are taken as well.
    fn reap(&mut self) -> Result<Option<(usize, End)>, Fatal> {
        while let Some((pid, status)) = sys::reap_any().map_err(cannot_wait)? {
            let mut numbered = self.lives.iter_mut().enumerate();
            if let Some((number, life)) = numbered.find(|(_, life)| life.pid == Some(pid)) {
                life.pid = None;
                return Ok(Some((number, End(status))));
            }
        }
        Ok(None)
    }

    /// Decides when a slot that has ended is started again.
    fn note_end(&mut self, number: usize, end: End) -> Result<(), Fatal> {
        if end.0.code() == Some(TOLD.into()) {
            return Err(Fatal::Told);
        }
        self.ends.retain(|end| end.elapsed() < MANY_WITHIN);
        self.ends.push(Instant::now());
        if self.ends.len() >= MANY && self.lives.iter().all(|life| life.pid.is_none()) {
            return Err(Fatal::Slots { how: end });
        }
        let Some(life) = self.lives.get_mut(number) else { return Ok(()) };
        let pause_ms = life.pause_ms_after_end();
        life.pause = Some(Deadline::after(Duration::from_millis(pause_ms)));
        self.log.warn(None, &format_args!("slot {number} {end}, and is started again after {pause_ms} ms"));
        Ok(())
    }

    /// The Shutdown phase: SIGTERM, and SIGKILL for what is left when the time is over.
    fn stop(&mut self) -> Result<(), Fatal> {
        self.signals.notice_termination();
        self.signal(libc::SIGTERM); // Lambda may have sent it to the whole group, which does no harm
        let deadline = self.signals.shutdown_deadline();
        while self.lives.iter().any(|life| life.pid.is_some()) && !deadline.has_passed() {
            self.wait(deadline)?;
            while self.reap()?.is_some() {}
        }
        self.signal(libc::SIGKILL);
        Ok(())
    }

    fn signal(&self, signal: libc::c_int) {
        for pid in self.lives.iter().filter_map(|life| life.pid) {
            let _ = sys::signal_process(pid, signal); // it is not reaped, so the id is still its own
        }
    }
}

impl Life {
    fn pause_ms_after_end(&mut self) -> u64 {
        if self.started.is_some_and(|started| started.elapsed() >= LONG_LIFE) {
            self.short_lives = 0;
            return 0;
        }
        let pause = (PAUSE_MS << self.short_lives.min(16)).min(LONGEST_PAUSE_MS);
        self.short_lives += 1;
        pause
    }
}

/// Starts a slot with the log as JSON, which its language runtime inherits. If Lambda provides logs by a socket, the slot has one of
/// its own, so that no other process writes between its lines.
fn start_slot(ready: &PipeWriter) -> io::Result<u32> {
    let log = config::log_socket().map(UnixStream::connect).transpose()?;
    let mut descriptors = vec![(ready.as_fd(), READY)];
    if let Some(log) = &log {
        descriptors.extend_from_slice(&[(log.as_fd(), 1), (log.as_fd(), 2)]);
    }
    let variables = [("AWS_LAMBDA_LOG_FORMAT", "JSON".as_ref())];
    process::start_beside_us("/proc/self/exe".as_ref(), config::slot_arguments(), &variables, &descriptors)
}

fn cannot_wait(cause: io::Error) -> Fatal {
    Fatal::System { what: "wait for a slot", cause }
}

/// What a slot shares with the others: a pipe that has a byte if one of them has ever been ready.
#[derive(Debug)]
pub struct Slot {
    ready: PipeWriter,
}

impl Slot {
    /// # Errors
    /// [`Fatal::System`] if no supervisor has started this process.
    pub fn join() -> Result<Slot, Fatal> {
        let ready =
            sys::take_inherited(READY).map_err(|cause| Fatal::System { what: "join the other slots", cause })?;
        Ok(Slot { ready: ready.into() })
    }

    /// Whether a slot has ever been ready.
    pub fn is_any_ready(&self) -> bool {
        sys::unread(self.ready.as_fd()) > 0
    }

    /// This one is.
    ///
    /// # Errors
    /// [`Fatal::System`] if the supervisor is gone.
    pub fn note_ready(&self) -> Result<(), Fatal> {
        if self.is_any_ready() {
            return Ok(()); // so that the pipe never fills
        }
        (&self.ready).write_all(b"r").map_err(|cause| Fatal::System { what: "tell the supervisor", cause })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::*;

    /// With so many slots that live.
    fn supervisor(living: u32) -> Supervisor {
        let lives = (1..=living).map(|pid| Life { pid: Some(pid), ..Life::default() }).collect();
        let signals = Signals::install_for(Duration::from_secs(20)).unwrap();
        Supervisor { lives, ready: pipe().unwrap(), ends: Vec::new(), signals, log: Log::default() }
    }

    /// A status of wait(2) for a process that exited so.
    fn exited(code: i32) -> End {
        End(ExitStatus::from_raw(code << 8))
    }

    #[test]
    fn the_environment_ends_when_all_slots_die_again_and_again() {
        let mut supervisor = supervisor(2);
        for _ in 0..MANY {
            supervisor.lives[0].pid = None;
            supervisor.note_end(0, exited(1)).unwrap(); // the other one lives
        }
        supervisor.lives[1].pid = None;
        assert!(
            matches!(supervisor.note_end(1, exited(4)), Err(Fatal::Slots { how }) if how.to_string() == exited(4).to_string())
        );
        supervisor.ends.clear();
        for _ in 1..MANY {
            supervisor.note_end(0, exited(1)).unwrap(); // all are dead, but not for the fifth time
        }
        assert!(supervisor.note_end(0, exited(TOLD.into())).is_err_and(|fatal| matches!(fatal, Fatal::Told)));
        supervisor.ends = vec![Instant::now().checked_sub(MANY_WITHIN).unwrap(); MANY];
        supervisor.note_end(0, exited(1)).unwrap();
        assert_eq!(supervisor.ends.len(), 1); // those were long ago
        assert!(supervisor.lives[0].pause.is_some_and(|pause| !pause.has_passed()));
    }

    #[test]
    fn only_a_slot_says_by_its_status_that_lambda_was_told() {
        assert_eq!(exit_status(&Fatal::Told), 1); // this test is no slot
        assert_eq!(exit_status(&Fatal::NoRuntimeApi { is: "not set" }), 1);
    }

    #[test]
    fn the_shutdown_ends_with_the_last_slot() {
        let began = Instant::now();
        supervisor(0).stop().unwrap();
        assert!(began.elapsed() < Duration::from_secs(10)); // its limit is 20 s here
    }

    #[test]
    fn a_slot_that_lived_long_is_started_at_once_and_another_after_growing_pauses() {
        let mut life = Life { started: Some(Instant::now()), ..Life::default() };
        let pauses: Vec<u64> = (0..9).map(|_| life.pause_ms_after_end()).collect();
        assert_eq!(pauses, [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
        life.started = Instant::now().checked_sub(LONG_LIFE);
        assert_eq!(life.pause_ms_after_end(), 0);
        life.short_lives = 1_000;
        life.started = Some(Instant::now());
        assert_eq!(life.pause_ms_after_end(), LONGEST_PAUSE_MS);
        life.short_lives = 0;
        assert_eq!(life.pause_ms_after_end(), PAUSE_MS);
    }
}

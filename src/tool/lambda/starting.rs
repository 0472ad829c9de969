//! The Init phase of one execution environment: its extensions are started and register, then the runtime is started, and
//! then all of them get ready.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib>

use super::{extension_processes, processes};
use crate::model::environment::{Environment, InitEnd, State};
use crate::model::failure::Failure;
use crate::model::states::RuntimeState;
use crate::model::telemetry::{InitPhase, Phase};
use crate::model::variables;
use crate::report::reporter::Reporter;
use serde_json::json;
use std::process::ExitStatus;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// Lambda's limit for what follows the restore of a snapshot.
const RESTORE_LIMIT: Duration = Duration::from_secs(10);

/// An Init phase.
pub struct Starting<'a> {
    pub environment: &'a Environment,
    pub reporter: &'a Reporter,
    pub phase: InitPhase,
    /// The URL of the Invoke API, if there is one.
    pub invoke_api: Option<&'a str>,
}

impl Starting<'_> {
    /// Runs it, and what follows a snapshot. `late` is the failure if it takes longer than until the deadline.
    ///
    /// # Errors
    /// Why it failed. Then the environment must be ended.
    pub async fn run(&self, deadline: Instant, late: Failure) -> Result<(), Failure> {
        self.init(deadline, late).await?;
        self.restore().await
    }

    async fn init(&self, deadline: Instant, late: Failure) -> Result<(), Failure> {
        let (environment, telemetry) = (self.environment, &self.environment.telemetry);
        telemetry.init_started(self.init_phase(), &environment.log_stream);
        let done = timeout_at(deadline, self.start()).await.unwrap_or(Err(late));
        let reported = environment.read(|state| state.init_error.clone());
        let done = done.map_err(|failure| reported.map_or(failure, Failure::InitReported));
        let failure = done.as_ref().err();
        self.explain(failure);
        self.reporter.init_ended(environment, failure);
        self.tell_extensions();
        telemetry.init_reported(self.init_phase(), environment.age(), failure);
        telemetry.close();
        done
    }

    /// Says which extension it was.
    fn explain(&self, failure: Option<&Failure>) {
        match failure {
            Some(Failure::ExtensionExit(exit)) => self.reporter.say(&exit.text("in Init")),
            Some(failure) if failure.is_timeout() => {
                let awaited = self.environment.read(State::awaited_extensions);
                awaited.iter().for_each(|line| self.reporter.say(line));
            }
            _ => {}
        }
    }

    fn init_phase(&self) -> Phase<'_> {
        Phase { function: &self.environment.function, phase: self.phase }
    }

    /// How each extension came out of Init.
    fn tell_extensions(&self) {
        let tell = |state: &State| {
            for each in &state.extensions {
                let (name, error_type) = (&each.name, each.error_type.as_deref());
                self.environment.telemetry.extension(name, each.state.name(), &each.events(), error_type);
            }
        };
        self.environment.read(tell);
    }

    async fn start(&self) -> Result<(), Failure> {
        let environment = self.environment;
        let timeline = self.reporter.timeline_path();
        let variables = variables::all(environment, self.invoke_api, timeline.as_deref());
        if !environment.function.extensions.is_empty() {
            extension_processes::start_all(environment, &variables::for_extensions(&variables), &self.reporter.logs)?;
            self.registered().await?;
        }
        let bootstrap = environment.function.bootstrap.display();
        let pid = processes::start(&environment.function, variables, &self.reporter.logs);
        let pid = pid.map_err(|why| Failure::InvalidEntrypoint(format!("cannot start {bootstrap}: {why}")))?;
        environment.pid.set(pid);
        self.reporter.spawned(environment);
        let runtime = environment.until(State::runtime_init_end).await;
        let runtime = as_result(environment, runtime);
        environment.telemetry.init_runtime_done(self.init_phase(), runtime.as_ref().err());
        runtime?;
        as_result(environment, environment.until(|state| state.init_end()).await)
    }

    /// Waits until all external extensions have registered.
    async fn registered(&self) -> Result<(), Failure> {
        let end = |state: &mut State| match state.extension_exit() {
            Some(exit) => Some(Err(Failure::ExtensionExit(exit))),
            None => state.have_extensions_registered().then_some(Ok(())),
        };
        self.environment.until(end).await
    }

    /// Plays the snapshot, if the runtime waits for it: tells it that it has been restored, and waits until it asks for an invocation.
    async fn restore(&self) -> Result<(), Failure> {
        let environment = self.environment;
        if !environment.read(State::is_snapshot) {
            return Ok(()); // no hooks: Lambda takes the snapshot without its help
        }
        self.reporter.journal.note("restored", || json!({"environment": environment.number}));
        environment.change(|state| state.runtime = RuntimeState::Restored);
        let ended = |state: &mut State| match state.exit {
            Some(status) => Some(Some(status)),
            None => (state.runtime == RuntimeState::Ready).then_some(None),
        };
        let end = timeout_at(Instant::now() + RESTORE_LIMIT, environment.until(ended)).await;
        let reported = environment.read(|state| state.init_error.clone());
        match (end, reported) {
            (Ok(None), _) => Ok(()),
            (_, Some(error)) => Err(Failure::InitReported(error)),
            (Ok(Some(status)), None) => Err(exit(environment, status)),
            (Err(_), None) => Err(Failure::RestoreTimeout(RESTORE_LIMIT)),
        }
    }
}

fn as_result(environment: &Environment, end: InitEnd) -> Result<(), Failure> {
    match end {
        InitEnd::Ready => Ok(()),
        InitEnd::Exited(status) => Err(exit(environment, status)),
        InitEnd::ExtensionExited(exit) => Err(Failure::ExtensionExit(exit)),
    }
}

/// The failure that it is if bootstrap exits.
pub fn exit(environment: &Environment, status: ExitStatus) -> Failure {
    match environment.read(|state| state.extension_error) {
        Some(error_type) => Failure::Extension(error_type, status),
        None => Failure::Exit(status),
    }
}

//! Init, Invoke and Shutdown of one execution environment after another, as Lambda does them.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>

use super::platform::Platform;
use super::processes::{self, Why};
use super::starting::{Starting, exit};
use crate::apis::bootstrap_server::{self, BootstrapServer};
use crate::http::server;
use crate::model::environment::{Environment, State};
use crate::model::extension::{ExtensionExit, ShutdownReason};
use crate::model::failure::{Failure, describe};
use crate::model::function::Function;
use crate::model::invocation::{Dispatched, Invocation, Outcome, RuntimeAnswer};
use crate::model::states::RuntimeState;
use crate::model::telemetry::InitPhase;
use crate::model::time;
use crate::report::reporter::Reporter;
use serde_json::json;
use std::cell::RefCell;
use std::io;
use std::process::ExitStatus;
use std::rc::Rc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

/// Lambda's limit for the Init phase.
pub const INIT_LIMIT: Duration = Duration::from_secs(10);

/// Lambda's limit for Init with SnapStart and on Managed Instances, unless the function's timeout is longer.
const LONG_INIT_LIMIT: Duration = Duration::from_secs(130);

/// A Lambda with one function, and at most one execution environment at a time. When it is dropped, its Runtime API ends.
pub struct Lambda {
    platform: Rc<Platform>,
    function: Rc<Function>,
    runtime_api: String,
    reporter: Rc<Reporter>,
    present: CurrentEnvironment,
    /// How long Init took, if the environment has not had an invocation yet.
    cold_start: Option<Duration>,
    _server: JoinSet<()>,
}

/// The current execution environment, shared with the server.
#[derive(Clone, Default)]
struct CurrentEnvironment(Rc<RefCell<Option<Rc<Environment>>>>);

impl CurrentEnvironment {
    fn get(&self) -> Option<Rc<Environment>> {
        self.0.borrow().clone()
    }

    fn set(&self, environment: Option<Rc<Environment>>) {
        *self.0.borrow_mut() = environment;
    }
}

impl Lambda {
    /// Listens for bootstrap, but does not start it yet. Must run on the event loop.
    ///
    /// # Errors
    /// A socket or a pipe cannot be made.
    pub async fn new(platform: &Rc<Platform>, function: Rc<Function>) -> io::Result<Lambda> {
        let platform = platform.clone();
        let (listener, address) = server::listen(platform.runtime_api_address()).await?;
        let (shared, present) = (platform.shared.clone(), CurrentEnvironment::default());
        let (journal, hub) = (shared.journal.clone(), platform.hub.clone());
        let reporter = Rc::new(Reporter::new(journal, hub, &platform.console, platform.is_quiet, &function)?);
        shared.journal.note("runtime-api", || json!({"address": address.to_string()}));
        let server = Rc::new(BootstrapServer { shared, logs: reporter.logs.clone() });
        let (mut tasks, for_server) = (JoinSet::new(), present.clone());
        tasks.spawn_local(bootstrap_server::serve(server, listener, move || for_server.get()));
        let (runtime_api, cold_start) = (address.to_string(), None);
        Ok(Lambda { platform, function, runtime_api, reporter, present, cold_start, _server: tasks })
    }

    pub fn function(&self) -> &Function {
        &self.function
    }

    pub fn reporter(&self) -> &Rc<Reporter> {
        &self.reporter
    }

    /// The current execution environment.
    pub fn environment(&self) -> Option<Rc<Environment>> {
        self.present.get()
    }

    /// The Init phase, which takes 10 s at most. If it fails, the environment is ended. The report has the cause, if it is a
    /// change of the code.
    ///
    /// # Errors
    /// Why it failed.
    pub async fn init(&mut self, cause: Option<&str>) -> Result<(), Failure> {
        let limit = match self.platform.init_limit {
            INIT_LIMIT if self.function.snapstart || self.function.managed_instances.is_some() => {
                LONG_INIT_LIMIT.max(self.function.timeout)
            }
            limit => limit,
        };
        let deadline = Instant::now() + limit;
        let environment = self.begin();
        let done = self.starting(&environment, InitPhase::Init).run(deadline, Failure::InitTimeout(limit)).await;
        let duration = environment.age();
        self.reporter.show_init(cause, duration, done.as_ref().err());
        match &done {
            Ok(()) => self.cold_start = Some(duration),
            Err(failure) => self.end_after(reason_of(failure), "Init failed").await,
        }
        done
    }

    /// Begins an execution environment, without a process yet.
    fn begin(&mut self) -> Rc<Environment> {
        self.cold_start = None;
        let number = self.platform.next_number();
        let environment = Rc::new(Environment::new(number, self.function.clone(), &self.runtime_api));
        self.platform.registry.add(&environment);
        self.reporter.logs.environment_begins(&environment);
        self.present.set(Some(environment.clone()));
        environment
    }

    fn starting<'a>(&'a self, environment: &'a Environment, phase: InitPhase) -> Starting<'a> {
        let invoke_api = self.platform.invoke_api.as_deref();
        Starting { environment, reporter: &self.reporter, phase, invoke_api }
    }

    /// Invokes the function. If there is no execution environment, Init runs first, within the timeout. The memory is
    /// only sampled if it is wanted, as sampling takes time.
    pub async fn invoke(&mut self, invocation: Rc<Invocation>, wants_memory: bool) -> Outcome {
        let wants_memory = wants_memory || self.reporter.has_timeline();
        self.reporter.begin_invocation(&invocation);
        let deadline = Instant::now() + self.function.timeout;
        let usable = self.present.get().filter(|present| present.is_usable());
        let (environment, init) = match usable {
            Some(environment) => (Ok(environment), None),
            None => self.init_within(deadline).await,
        };
        let dispatched = Instant::now();
        let result = match environment {
            Ok(environment) if wants_memory => {
                environment.while_sampling_memory(self.handle(&environment, invocation, deadline)).await
            }
            Ok(environment) => self.handle(&environment, invocation, deadline).await,
            Err(failure) => Err(failure),
        };
        Outcome {
            result,
            duration: dispatched.elapsed(),
            init,
            cold_start: self.cold_start.take(),
            memory_kb: self.memory_kb(wants_memory),
        }
    }

    /// Init within an invocation, and how long it took. First ends what is left of the last environment.
    async fn init_within(&mut self, deadline: Instant) -> (Result<Rc<Environment>, Failure>, Option<Duration>) {
        self.end_after(ShutdownReason::Failure, "bootstrap has exited").await;
        let environment = self.begin();
        let late = Failure::Timeout(self.function.timeout);
        let done = self.starting(&environment, InitPhase::Invoke).run(deadline, late).await;
        let duration = environment.age();
        (done.map(|()| environment), Some(duration))
    }

    async fn handle(&self, environment: &Environment, invocation: Rc<Invocation>, deadline: Instant) -> RuntimeAnswer {
        let left = deadline.saturating_duration_since(Instant::now());
        let deadline_ms = time::now_ms() + i64::try_from(left.as_millis()).unwrap_or(i64::MAX);
        environment.telemetry.started(&invocation);
        let dispatched = Instant::now();
        let copy = self.reporter.dispatching(&invocation.request_id, deadline_ms);
        environment.dispatch(Rc::new(Dispatched { invocation: invocation.clone(), deadline_ms, copy }));
        let answer = match timeout_at(deadline, environment.until(answered)).await {
            Ok(Answered::Answer(answer)) => answer,
            Ok(Answered::Exited(status)) => Err(exit(environment, status)),
            Ok(Answered::ExtensionExited(exit)) => Err(Failure::ExtensionExit(exit)),
            Err(_) => {
                environment.change(|state| state.is_late = true);
                Err(Failure::Timeout(self.function.timeout))
            }
        };
        self.reporter.pass_on_log(); // the lines of the invocation come before its end
        environment.telemetry.runtime_done(&invocation, dispatched.elapsed(), &answer);
        answer
    }

    /// To be called when the caller has its answer. Waits until the environment can take the next invocation: only then
    /// Lambda counts this one as ended. Shows the timeline. Ends an environment that cannot take another invocation.
    pub async fn finish_invocation(&mut self, request_id: &str, outcome: &Outcome) {
        self.reporter.answered(request_id, outcome);
        let failure = outcome.failure();
        let fatal = failure.filter(|failure| failure.ends_environment());
        let left = self.function.timeout.saturating_sub(outcome.duration);
        let problem = match fatal {
            Some(_) => None,
            None => self.problem_after_answer(Instant::now() + left).await,
        };
        self.tell_report(outcome);
        self.reporter.invocation_ended(request_id, outcome);
        if let Some(Failure::ExtensionExit(exit)) = fatal {
            self.reporter.say(&exit.text("during the invocation"));
        }
        if let Some((_, problem)) = &problem {
            self.reporter.say(problem);
        }
        let fatal = fatal.map(|failure| (reason_of(failure), failure.error_type().to_owned()));
        if let Some((reason, why)) = fatal.or(problem) {
            self.end_after(reason, &why).await;
        }
    }

    fn tell_report(&self, outcome: &Outcome) {
        let Some(environment) = self.present.get() else { return };
        if let Some(work) = environment.read(|state| state.work.clone()) {
            environment.telemetry.reported(&work.invocation, outcome, self.function.memory_mb);
        }
    }

    /// Waits until the runtime and its extensions have asked for their next event. Returns what is wrong if they do
    /// not.
    async fn problem_after_answer(&self, deadline: Instant) -> Option<(ShutdownReason, String)> {
        let environment = self.present.get()?;
        let ended = |state: &mut State| match exited(state, "after its answer") {
            Some(exited) => Some(Some(exited)),
            None => state.is_idle().then_some(None),
        };
        let late = "no request for the next invocation within the timeout, though it was answered";
        match timeout_at(deadline, environment.until(ended)).await {
            Ok(exited) => Some((ShutdownReason::Failure, exited?)),
            Err(_) => Some((ShutdownReason::Timeout, late.to_owned())),
        }
    }

    fn memory_kb(&self, is_wanted: bool) -> Option<u64> {
        let present = self.present.get().filter(|_| is_wanted)?;
        Some(present.sample_memory()).filter(|kb| *kb > 0)
    }

    /// Waits until bootstrap or an extension exits while there is no invocation, then ends what it left behind. Waits for ever if there
    /// is no environment.
    pub async fn watch_idle(&mut self) {
        let Some(environment) = self.present.get() else {
            return std::future::pending().await;
        };
        let exited = environment.until(|state| exited(state, "while idle")).await;
        self.reporter.say(&exited);
        self.end_after(ShutdownReason::Failure, &exited).await;
    }

    /// The Shutdown phase, if there is an environment, which is not needed any more. Takes little more than 300 ms if
    /// SIGKILL works, and 2 s with external extensions.
    pub async fn shut_down(&mut self, why: &str) {
        self.end_after(ShutdownReason::Spindown, why).await;
    }

    async fn end_after(&mut self, reason: ShutdownReason, text: &str) {
        let Some(environment) = self.present.get() else {
            return;
        };
        let why = Why { reason, text };
        processes::shut_down(&environment, &self.platform.registry, &self.reporter, &why).await;
        self.reporter.logs.environment_ends();
        self.present.set(None);
    }
}

/// How the runtime's part of an invocation ended.
enum Answered {
    Answer(RuntimeAnswer),
    Exited(ExitStatus),
    ExtensionExited(ExtensionExit),
}

fn answered(state: &mut State) -> Option<Answered> {
    if let Some(answer) = state.answer.take() {
        return Some(Answered::Answer(answer));
    }
    if state.runtime == RuntimeState::Streaming && state.exit.is_some() {
        return None; // what is left of its response is still being read; then it is an answer
    }
    let extension = state.extension_exit().map(Answered::ExtensionExited);
    extension.or_else(|| state.exit.map(Answered::Exited))
}

/// Says which process has exited, if one has.
fn exited(state: &State, when: &str) -> Option<String> {
    let bootstrap = || Some(format!("bootstrap has exited {when}: Runtime exited {}", describe(state.exit?)));
    state.extension_exit().map(|exit| exit.text(when)).or_else(bootstrap)
}

/// What extensions are told of a failure.
fn reason_of(failure: &Failure) -> ShutdownReason {
    if failure.is_timeout() { ShutdownReason::Timeout } else { ShutdownReason::Failure }
}

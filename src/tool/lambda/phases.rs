//! Init, Invoke and Shutdown of one execution environment after another, as Lambda does them.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>

use super::platform::Platform;
use super::processes;
use crate::apis::bootstrap_server::{self, BootstrapServer};
use crate::http::server;
use crate::model::environment::{Environment, InitEnd, State};
use crate::model::failure::{Failure, describe};
use crate::model::function::Function;
use crate::model::invocation::{Dispatched, Invocation, Outcome, RuntimeAnswer};
use crate::model::states::RuntimeState;
use crate::model::time;
use crate::model::variables::{self, Places};
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

/// Lambda's limits with SnapStart: for Init, unless the function's timeout is longer, and for what follows a restore.
const SNAPSTART_INIT_LIMIT: Duration = Duration::from_secs(130);
const RESTORE_LIMIT: Duration = Duration::from_secs(10);

/// A Lambda with one function, and at most one execution environment at a time. When it is dropped, its Runtime API ends.
pub struct Lambda {
    platform: Rc<Platform>,
    function: Rc<Function>,
    runtime_api: String,
    reporter: Reporter,
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
        let reporter = Reporter::new(journal, hub, &platform.console, platform.is_quiet, &function)?;
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

    pub fn reporter(&self) -> &Reporter {
        &self.reporter
    }

    /// The Init phase, which takes 10 s at most. If it fails, the environment is ended.
    ///
    /// # Errors
    /// Why it failed.
    pub async fn init(&mut self) -> Result<(), Failure> {
        let limit = match self.platform.init_limit {
            INIT_LIMIT if self.function.snapstart => SNAPSTART_INIT_LIMIT.max(self.function.timeout),
            limit => limit,
        };
        let deadline = Instant::now() + limit;
        let environment = self.start()?;
        let mut done = self.init_until(&environment, deadline, Failure::InitTimeout(limit)).await;
        if done.is_ok() {
            done = self.restore(&environment).await;
        }
        let duration = environment.age();
        self.reporter.show_init(duration, done.as_ref().err());
        match done {
            Ok(()) => self.cold_start = Some(duration),
            Err(_) => self.shut_down("Init failed").await,
        }
        done
    }

    fn start(&mut self) -> Result<Rc<Environment>, Failure> {
        self.cold_start = None;
        let number = self.platform.next_number();
        let environment = Rc::new(Environment::new(number, self.function.clone(), &self.runtime_api));
        let timeline = self.reporter.timeline_path();
        let (runtime_api, invoke_api) = (&self.runtime_api, self.platform.invoke_api.as_deref());
        let variables =
            variables::all(&self.function, &Places { runtime_api, invoke_api, timeline: timeline.as_deref() });
        let pid = processes::start(&self.function, variables, &self.reporter.logs);
        let bootstrap = self.function.bootstrap.display();
        let pid = pid.map_err(|why| Failure::InvalidEntrypoint(format!("cannot start {bootstrap}: {why}")))?;
        environment.pid.set(pid);
        self.platform.registry.add(&environment);
        self.reporter.spawned(&environment);
        self.present.set(Some(environment.clone()));
        Ok(environment)
    }

    async fn init_until(&self, environment: &Environment, deadline: Instant, late: Failure) -> Result<(), Failure> {
        let end = timeout_at(deadline, environment.until(|state| state.init_end())).await;
        let reported = environment.read(|state| state.init_error.clone());
        let failure = match (end, reported) {
            (Ok(InitEnd::Ready), _) => None,
            (_, Some(error)) => Some(Failure::InitReported(error)),
            (Ok(InitEnd::Exited(status)), None) => Some(exit(environment, status)),
            (Err(_), None) => Some(late),
        };
        self.reporter.init_ended(environment, failure.as_ref());
        failure.map_or(Ok(()), Err)
    }

    /// Plays the snapshot, if the runtime waits for it: tells it that it has been restored, and waits until it asks for an invocation.
    async fn restore(&self, environment: &Environment) -> Result<(), Failure> {
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
        self.shut_down("bootstrap has exited").await;
        let environment = match self.start() {
            Ok(environment) => environment,
            Err(failure) => return (Err(failure), None),
        };
        let late = Failure::Timeout(self.function.timeout);
        let mut done = self.init_until(&environment, deadline, late).await;
        if done.is_ok() {
            done = self.restore(&environment).await;
        }
        let duration = environment.age();
        (done.map(|()| environment), Some(duration))
    }

    async fn handle(&self, environment: &Environment, invocation: Rc<Invocation>, deadline: Instant) -> RuntimeAnswer {
        let left = deadline.saturating_duration_since(Instant::now());
        let deadline_ms = time::now_ms() + i64::try_from(left.as_millis()).unwrap_or(i64::MAX);
        let copy = self.reporter.dispatching(&invocation.request_id, deadline_ms);
        environment.dispatch(Rc::new(Dispatched { invocation, deadline_ms, copy }));
        let answered = |state: &mut State| match (state.answer.take(), state.exit) {
            (Some(answer), _) => Some(Ok(answer)),
            // what is left of its response is still being read; then it is an answer
            (None, Some(_)) if state.runtime == RuntimeState::Streaming => None,
            (None, Some(status)) => Some(Err(status)),
            (None, None) => None,
        };
        match timeout_at(deadline, environment.until(answered)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(status)) => Err(exit(environment, status)),
            Err(_) => {
                environment.change(|state| state.is_late = true);
                Err(Failure::Timeout(self.function.timeout))
            }
        }
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
        self.reporter.invocation_ended(request_id, outcome);
        if let Some(problem) = &problem {
            self.reporter.say(problem);
        }
        if let Some(why) = fatal.map(Failure::error_type).or(problem.as_deref()) {
            self.shut_down(why).await;
        }
    }

    /// Waits until the runtime and its extensions have asked for their next event. Returns what is wrong if they do
    /// not.
    async fn problem_after_answer(&self, deadline: Instant) -> Option<String> {
        let environment = self.present.get()?;
        let ended = |state: &mut State| match state.exit {
            Some(status) => Some(Some(status)),
            None => state.is_idle().then_some(None),
        };
        let late = "no request for the next invocation within the timeout, though it was answered";
        match timeout_at(deadline, environment.until(ended)).await {
            Ok(status) => Some(exit_text("after its answer", status?)),
            Err(_) => Some(late.to_owned()),
        }
    }

    fn memory_kb(&self, is_wanted: bool) -> Option<u64> {
        let present = self.present.get().filter(|_| is_wanted)?;
        Some(present.sample_memory()).filter(|kb| *kb > 0)
    }

    /// Waits until bootstrap exits while there is no invocation, then ends what it left behind. Waits for ever if there
    /// is no environment.
    pub async fn watch_idle(&mut self) {
        let Some(environment) = self.present.get() else {
            return std::future::pending().await;
        };
        let status = environment.until(|state| state.exit).await;
        let exited = exit_text("while idle", status);
        self.reporter.say(&exited);
        self.shut_down(&exited).await;
    }

    /// The Shutdown phase, if there is an environment. Takes little more than 300 ms if SIGKILL works.
    pub async fn shut_down(&mut self, why: &str) {
        let Some(environment) = self.present.get() else {
            return;
        };
        processes::shut_down(&environment, &self.platform.registry, &self.reporter, why).await;
        self.reporter.logs.environment_ends();
        self.present.set(None);
    }
}

fn exit_text(when: &str, status: ExitStatus) -> String {
    format!("bootstrap has exited {when}: Runtime exited {}", describe(status))
}

fn exit(environment: &Environment, status: ExitStatus) -> Failure {
    match environment.read(|state| state.extension_error) {
        Some(error_type) => Failure::Extension(error_type, status),
        None => Failure::Exit(status),
    }
}

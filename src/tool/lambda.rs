//! The conductor: Init, Invoke and Shutdown of one execution environment after another, as Lambda does them.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>

use crate::apis::sandbox::{self, Sandbox};
use crate::environment::{Environment, InitEnd, State};
use crate::failure::{Failure, describe};
use crate::faults::Faults;
use crate::function::Function;
use crate::http::server;
use crate::invocation::{Answer, Dispatched, Invocation, Outcome};
use crate::journal::Journal;
use crate::logs::Logs;
use crate::timeline::{self, Steps, Style, ms};
use crate::{ids, process_tree, processes, sys};
use serde_json::json;
use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::time::Duration;
use tokio::task::spawn_local;
use tokio::time::{Instant, timeout_at};

/// Lambda's limit of the Init phase.
pub const INIT_LIMIT: Duration = Duration::from_secs(10);

/// How the local Lambda behaves, apart from the function.
pub struct Options {
    pub init_limit: Duration,
    pub runtime_api_port: u16,
    pub faults: Faults,
    pub journal: Rc<Journal>,
    pub is_quiet: bool,
}

/// A Lambda with one function and at most one execution environment.
pub struct Lambda {
    function: Rc<Function>,
    options: Rc<Conduct>,
    /// Shared with the servers and the reaper.
    present: Rc<RefCell<Option<Rc<Environment>>>>,
    count: u64,
}

/// What stays the same.
struct Conduct {
    runtime_api: String,
    init_limit: Duration,
    journal: Rc<Journal>,
    logs: Rc<Logs>,
    /// None if nobody wants to see it.
    steps: Option<Rc<Steps>>,
    style: Style,
}

impl Lambda {
    /// Listens for bootstrap and starts nothing yet. Must run in a reactor of [`crate::reactor`].
    ///
    /// # Errors
    /// Sockets or pipes cannot be made.
    pub async fn new(function: Rc<Function>, options: Options) -> io::Result<Lambda> {
        sys::adopt_orphans()?; // before the first start: none gets away
        let localhost = (std::net::Ipv4Addr::LOCALHOST, options.runtime_api_port).into();
        let (listener, address) = server::listen(localhost).await?;
        let present: Rc<RefCell<Option<Rc<Environment>>>> = Rc::default();
        let (logs, journal) = (Rc::new(Logs::new()?), options.journal);
        let steps = if options.is_quiet {
            None
        } else {
            Some(Rc::new(Steps::new()?))
        };
        let sandbox = Rc::new(Sandbox {
            faults: options.faults,
            journal: journal.clone(),
            count: Cell::new(1),
        });
        spawn_local(sandbox::serve(sandbox, listener, look_up(&present)));
        spawn_local(processes::reap(look_up(&present), journal.clone()));
        let pump = logs.clone();
        spawn_local(async move { pump.run().await });
        if let Some(steps) = steps.clone() {
            spawn_local(async move { steps.run().await });
        }
        journal.note("runtime-api", || json!({"address": address.to_string()}));
        let (runtime_api, style) = (address.to_string(), Style::of_stderr());
        let options = Rc::new(Conduct {
            runtime_api,
            init_limit: options.init_limit,
            journal,
            logs,
            steps,
            style,
        });
        Ok(Lambda {
            function,
            options,
            present,
            count: 0,
        })
    }

    /// Writes lines of our own, between those of the function.
    pub fn say(&self, lines: &str) {
        self.options.logs.say(lines);
    }

    /// The last 4 KB of the present invocation's log, ended by these lines.
    pub fn log_tail(&self, last_lines: &str) -> Vec<u8> {
        self.options.logs.tail(last_lines)
    }

    /// The first Init phase of an execution environment, 10 s at most. The environment has gone if it fails.
    ///
    /// # Errors
    /// Why it failed.
    pub async fn init(&mut self) -> Result<Duration, Failure> {
        let limit = self.options.init_limit;
        let environment = self.start()?;
        let done = self
            .init_until(
                &environment,
                Instant::now() + limit,
                Failure::InitTimeout(limit),
            )
            .await;
        self.show_init(environment.age(), done.as_ref().err());
        if done.is_err() {
            self.end("Init failed").await;
        }
        done.map(|()| environment.age())
    }

    fn start(&mut self) -> Result<Rc<Environment>, Failure> {
        self.count += 1;
        let environment = Rc::new(Environment::new(self.count, self.function.clone()));
        let Conduct {
            runtime_api,
            logs,
            steps,
            journal,
            ..
        } = &*self.options;
        let timeline = steps.as_ref().map(|steps| steps.path());
        let started = processes::start(&self.function, runtime_api, timeline.as_deref(), logs);
        let bootstrap = self.function.bootstrap.display();
        let pid = started.map_err(|why| {
            Failure::InvalidEntrypoint(format!("cannot start {bootstrap}: {why}"))
        })?;
        environment.pid.set(pid);
        journal.note(
            "spawned",
            || json!({"environment": environment.number, "pid": pid}),
        );
        *self.present.borrow_mut() = Some(environment.clone());
        Ok(environment)
    }

    async fn init_until(
        &self,
        environment: &Environment,
        deadline: Instant,
        late: Failure,
    ) -> Result<(), Failure> {
        let end = timeout_at(deadline, environment.until(|state| state.init_end())).await;
        let reported = environment
            .look(|state| state.init_error.clone())
            .map(Failure::Reported);
        let done = match end {
            Ok(InitEnd::Ready) => Ok(()),
            Ok(InitEnd::Exited(status)) => {
                Err(reported.unwrap_or_else(|| exit(environment, status)))
            }
            Err(_) => Err(reported.unwrap_or(late)),
        };
        let error_type = done.as_ref().err().map(Failure::error_type);
        let ms = ms(environment.age());
        self.options.journal.note(
            "init",
            || json!({"environment": environment.number, "error": error_type, "ms": ms}),
        );
        done
    }

    fn show_init(&self, duration: Duration, failure: Option<&Failure>) {
        let Conduct {
            steps: Some(steps),
            style,
            logs,
            ..
        } = &*self.options
        else {
            return;
        };
        let failure =
            failure.map(|failure| format!("{}: {}", failure.error_type(), failure.reason()));
        logs.say(&timeline::init(
            *style,
            &steps.take(None),
            duration,
            failure.as_deref(),
        ));
    }

    /// One invocation. Without an execution environment, Init comes first and counts against the timeout.
    pub async fn invoke(&mut self, invocation: Rc<Invocation>) -> Outcome {
        self.options.logs.begin(format!(
            "START RequestId: {} Version: $LATEST\n",
            invocation.request_id
        ));
        let began = Instant::now();
        let usable = self
            .environment()
            .filter(|environment| environment.is_usable());
        let (ready, init) = match usable {
            Some(environment) => (
                Ok((environment, Instant::now() + self.function.timeout)),
                None,
            ),
            None => (
                self.suppressed_init(began + self.function.timeout).await,
                Some(began.elapsed()),
            ),
        };
        let dispatched = Instant::now();
        let result = match ready {
            Ok((environment, deadline)) => self.handle(&environment, invocation, deadline).await,
            Err(failure) => Err(failure),
        };
        let (duration, memory_kb) = (dispatched.elapsed(), self.memory_kb());
        Outcome {
            result,
            duration,
            init,
            memory_kb,
        }
    }

    /// Init within an invocation. What is left of the former environment is ended first.
    async fn suppressed_init(
        &mut self,
        deadline: Instant,
    ) -> Result<(Rc<Environment>, Instant), Failure> {
        self.end("bootstrap has exited").await;
        let environment = self.start()?;
        let late = Failure::Timeout(self.function.timeout);
        self.init_until(&environment, deadline, late)
            .await
            .map(|()| (environment, deadline))
    }

    async fn handle(
        &self,
        environment: &Environment,
        invocation: Rc<Invocation>,
        deadline: Instant,
    ) -> Result<bytes::Bytes, Failure> {
        let left = deadline.saturating_duration_since(Instant::now());
        let deadline_ms = ids::now_ms() + i64::try_from(left.as_millis()).unwrap_or(i64::MAX);
        environment.dispatch(Rc::new(Dispatched {
            invocation,
            deadline_ms,
        }));
        let answered = |state: &mut State| match (state.answer.take(), state.exit) {
            (Some(answer), _) => Some(Ok(answer)),
            (None, Some(status)) => Some(Err(status)),
            (None, None) => None,
        };
        match timeout_at(deadline, environment.until(answered)).await {
            Ok(Ok(Answer::Response(response))) => Ok(response),
            Ok(Ok(Answer::Error(error))) => Err(Failure::Reported(error)),
            Ok(Ok(Answer::ResponseTooLarge)) => Err(Failure::ResponseTooLarge),
            Ok(Ok(Answer::InvalidResponseMode)) => Err(Failure::InvalidResponseMode),
            Ok(Err(status)) => Err(exit(environment, status)),
            Err(_) => Err(Failure::Timeout(self.function.timeout)),
        }
    }

    /// After the caller has its answer: shows the timeline, and waits until the environment can take the next invocation,
    /// which ends the invocation on Lambda. One that cannot is ended.
    pub async fn settle(&mut self, request_id: &str, outcome: &Outcome) {
        let failure = outcome.result.as_ref().err();
        let is_lost = failure.is_some_and(Failure::ends_environment);
        let deadline = Instant::now() + self.function.timeout.saturating_sub(outcome.duration);
        let trouble = if is_lost {
            None
        } else {
            self.trouble_after_answer(deadline).await
        };
        self.show_invocation(request_id, outcome);
        if let Some(trouble) = &trouble {
            self.say(&format!("open-runtime: {trouble}"));
        }
        if is_lost || trouble.is_some() {
            let why = failure
                .map(|failure| failure.error_type().to_owned())
                .or(trouble);
            self.end(&why.unwrap_or_default()).await;
        }
    }

    /// Waits until all have asked for their next event; says what is wrong if they do not.
    async fn trouble_after_answer(&self, deadline: Instant) -> Option<String> {
        let environment = self.environment()?;
        let idle = |state: &mut State| match state.exit {
            Some(status) => Some(Some(format!(
                "bootstrap has exited after its answer: Runtime exited {}",
                describe(status)
            ))),
            None => state.is_idle().then_some(None),
        };
        let late = "no request for the next invocation within the timeout, though it was answered";
        timeout_at(deadline, environment.until(idle))
            .await
            .unwrap_or_else(|_| Some(late.to_owned()))
    }

    fn show_invocation(&self, request_id: &str, outcome: &Outcome) {
        let Conduct {
            steps,
            style,
            logs,
            journal,
            ..
        } = &*self.options;
        let error_type = outcome.result.as_ref().err().map(Failure::error_type);
        let ms = ms(outcome.duration);
        journal.note(
            "invocation",
            || json!({"requestId": request_id, "error": error_type, "ms": ms}),
        );
        if let Some(steps) = steps {
            let steps = steps.take(Some(request_id));
            logs.say(&timeline::invocation(
                *style,
                &steps,
                request_id,
                outcome,
                self.function.memory_mb,
            ));
        }
    }

    /// Where the timeline is shown, as looking costs time.
    fn memory_kb(&self) -> Option<u64> {
        self.options.steps.as_ref()?;
        let pid = self.environment()?.pid.get();
        Some(process_tree::peak_memory_kb(pid)).filter(|kb| *kb > 0)
    }

    /// Waits until bootstrap exits between invocations, and ends what it left behind. Waits for ever without one.
    pub async fn tend(&mut self) {
        let Some(environment) = self.environment() else {
            return std::future::pending().await;
        };
        let status = environment.until(|state| state.exit).await;
        self.options.logs.say(&format!(
            "open-runtime: bootstrap has exited while idle: Runtime exited {}",
            describe(status)
        ));
        self.end("bootstrap has exited while idle").await;
    }

    /// The Shutdown phase, if there is an environment. Takes about 300 ms at most.
    pub async fn end(&mut self, why: &str) {
        let Some(environment) = self.environment() else {
            return;
        };
        processes::end(&environment, &self.options.logs, &self.options.journal, why).await;
        self.options.logs.pass_on();
        *self.present.borrow_mut() = None;
    }

    fn environment(&self) -> Option<Rc<Environment>> {
        self.present.borrow().clone()
    }
}

fn look_up(
    present: &Rc<RefCell<Option<Rc<Environment>>>>,
) -> impl Fn() -> Option<Rc<Environment>> + use<> {
    let present = present.clone();
    move || present.borrow().clone()
}

fn exit(environment: &Environment, status: std::process::ExitStatus) -> Failure {
    match environment.look(|state| state.extension_error) {
        Some(error_type) => Failure::Extension(error_type, status),
        None => Failure::Exit(status),
    }
}

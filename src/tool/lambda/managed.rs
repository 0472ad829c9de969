//! A function on Lambda Managed Instances: one execution environment, with several invocations at once.
//!
//! An invocation for which no slot waits is refused, as AWS's emulator does it. One that is late is given up, and nothing is
//! killed: its process may still work for others.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances.html>, and AWS's emulator.

use super::phases::Lambda;
use super::platform::Platform;
use super::starting::exit;
use crate::apis::queue::{CallerError, InvokeResult, Invoker, Job, shutting_down, throttled};
use crate::http::reply::Refusal;
use crate::model::environment::Environment;
use crate::model::failure::Failure;
use crate::model::function::Function;
use crate::model::invocation::{Dispatched, Outcome, RuntimeAnswer};
use crate::model::time;
use crate::report::reporter::Reporter;
use hyper::StatusCode;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use tokio::sync::{Notify, watch};
use tokio::task::spawn_local;
use tokio::time::{Instant, timeout_at};

/// The most invocations that wait: during Init, and asynchronous ones.
const QUEUE: usize = 1000;

/// The one execution environment of a function, and who waits for it.
pub struct ManagedInstance {
    concurrency: usize,
    state: RefCell<State>,
    changed: Notify,
    is_ending: watch::Sender<bool>,
    is_over: Notify,
    running: Cell<usize>,
}

#[derive(Default)]
struct State {
    /// None: it is in Init, or there is none.
    ready: Option<Ready>,
    /// Those that came before Init was over.
    waiting: VecDeque<Job>,
    /// Asynchronous invocations for which no slot was free.
    queue: VecDeque<Job>,
}

#[derive(Clone)]
struct Ready {
    environment: Rc<Environment>,
    reporter: Rc<Reporter>,
}

impl ManagedInstance {
    /// Starts the environment. Init goes on in the background.
    ///
    /// # Errors
    /// A socket or a pipe cannot be made.
    pub async fn start(platform: &Rc<Platform>, function: Rc<Function>) -> io::Result<Rc<ManagedInstance>> {
        let concurrency = function.managed_instances.unwrap_or(1);
        let lambda = Lambda::new(platform, function).await?;
        let instance = Rc::new(ManagedInstance {
            concurrency,
            state: RefCell::default(),
            changed: Notify::new(),
            is_ending: watch::Sender::new(false),
            is_over: Notify::new(),
            running: Cell::new(0),
        });
        spawn_local(instance.clone().run(lambda));
        Ok(instance)
    }

    /// Ends the environment. Callers that wait get an error.
    pub async fn shut_down(&self) {
        self.is_ending.send_replace(true);
        self.is_over.notified().await;
    }

    async fn run(self: Rc<Self>, mut lambda: Lambda) {
        let mut ending = self.is_ending.subscribe();
        tokio::select! {
            biased;
            () = self.serve(&mut lambda) => {}
            _ = ending.wait_for(|is_ending| *is_ending) => {}
        }
        *self.state.borrow_mut() = State::default();
        lambda.shut_down("open-runtime ends").await;
        self.is_over.notify_one();
    }

    /// One environment after another, for ever. After an Init that has failed, the next begins with the next invocation.
    async fn serve(self: &Rc<Self>, lambda: &mut Lambda) {
        loop {
            match lambda.init(None).await {
                Ok(()) => self.serve_environment(lambda).await,
                Err(failure) => self.init_failed(lambda, &failure).await,
            }
        }
    }

    async fn serve_environment(self: &Rc<Self>, lambda: &mut Lambda) {
        let Some(environment) = lambda.environment() else { return };
        let ready = Ready { environment, reporter: lambda.reporter().clone() };
        let early: Vec<Job> = {
            let state = &mut *self.state.borrow_mut();
            state.ready = Some(ready);
            state.waiting.drain(..).chain(state.queue.drain(..)).collect() // also those whose environment has gone
        };
        for job in early {
            self.begin_or_refuse(job);
        }
        lambda.watch_idle().await;
        self.state.borrow_mut().ready = None;
    }

    async fn init_failed(&self, lambda: &Lambda, failure: &Failure) {
        let (error_type, reason) = (failure.error_type(), failure.reason());
        lambda.reporter().say(&format!("Init failed: {error_type}: {reason}; trying again at the next invocation"));
        let waiting = std::mem::take(&mut self.state.borrow_mut().waiting);
        waiting.into_iter().for_each(|job| job.fail(failure));
        while self.state.borrow().waiting.is_empty() {
            self.changed.notified().await;
        }
    }

    /// Begins an invocation that came during Init.
    fn begin_or_refuse(self: &Rc<Self>, job: Job) {
        let refused = match self.begin(job) {
            Ok(()) => return,
            Err(job) => job,
        };
        if refused.caller.is_some() {
            refused.fail(&Failure::RuntimeUnavailable);
        } else {
            self.state.borrow_mut().queue.push_back(refused);
        }
    }

    /// Gives an invocation to a slot that waits.
    ///
    /// # Errors
    /// There is none: the invocation is given back.
    fn begin(self: &Rc<Self>, job: Job) -> Result<(), Job> {
        let ready = self.state.borrow().ready.clone();
        let is_free = |ready: &Ready| self.running.get() < self.concurrency && ready.environment.slots.waiting() > 0;
        let Some(ready) = ready.filter(is_free) else {
            return Err(job);
        };
        let Some(running) = Running::begin(ready, &job) else {
            return Err(job);
        };
        self.running.set(self.running.get() + 1);
        let instance = self.clone();
        spawn_local(async move {
            running.end(job).await;
            instance.running.set(instance.running.get() - 1);
            instance.serve_queue().await;
        });
        Ok(())
    }

    /// Gives the next asynchronous invocation to the slot that is about to be free.
    async fn serve_queue(self: &Rc<Self>) {
        let Some(job) = self.state.borrow_mut().queue.pop_front() else { return };
        let ready = self.state.borrow().ready.clone();
        if let Some(Ready { environment, .. }) = ready {
            let is_free = || (environment.slots.waiting() > 0).then_some(());
            environment.until(|state| state.exit.map(|_| ()).or(is_free())).await;
        }
        if let Err(job) = self.begin(job) {
            self.state.borrow_mut().queue.push_front(job);
        }
    }
}

impl Invoker for Rc<ManagedInstance> {
    fn submit(&self, job: Job) -> Result<(), Refusal> {
        if *self.is_ending.borrow() {
            return Err(shutting_down());
        }
        if self.state.borrow().ready.is_none() {
            let waiting = &mut self.state.borrow_mut().waiting;
            if waiting.len() >= QUEUE {
                return Err(throttled());
            }
            waiting.push_back(job);
            self.changed.notify_one();
            return Ok(());
        }
        let job = match self.begin(job) {
            Ok(()) => return Ok(()),
            Err(job) => job,
        };
        let queue = &mut self.state.borrow_mut().queue;
        if job.caller.is_some() || queue.len() >= QUEUE {
            let why = Failure::RuntimeUnavailable;
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "Runtime.Unavailable", why.reason()));
        }
        queue.push_back(job);
        Ok(())
    }
}

/// An invocation that a slot has.
struct Running {
    ready: Ready,
    slot: Rc<Environment>,
    began: Instant,
}

impl Running {
    fn begin(ready: Ready, job: &Job) -> Option<Running> {
        let Ready { environment, reporter } = &ready;
        let invocation = &job.invocation;
        reporter.begin_invocation(invocation);
        environment.telemetry.started(invocation);
        let timeout = i64::try_from(environment.function.timeout.as_millis()).unwrap_or(i64::MAX);
        let deadline_ms = time::now_ms() + timeout;
        let copy = reporter.dispatching(&invocation.request_id, deadline_ms);
        let work = Dispatched { invocation: invocation.clone(), deadline_ms, copy };
        let slot = environment.dispatch_to_slot(Rc::new(work))?;
        Some(Running { ready, slot, began: Instant::now() })
    }

    /// Waits for the answer, and passes it on.
    async fn end(self, job: Job) {
        let Ready { environment, reporter } = &self.ready;
        let request_id = &job.invocation.request_id;
        let result = self.answer().await;
        let is_late = result.as_ref().is_err_and(Failure::is_timeout);
        environment.slots.ended(request_id, is_late);
        let duration = self.began.elapsed();
        reporter.pass_on_log(); // the lines of the invocation come before its end
        environment.telemetry.runtime_done(&job.invocation, duration, &result);
        let memory_kb = reporter.has_timeline().then(|| environment.sample_memory());
        let outcome = Outcome { result, duration, init: None, cold_start: None, memory_kb };
        environment.telemetry.reported(&job.invocation, &outcome, environment.function.memory_mb);
        let log = job.wants_log.then(|| reporter.log_tail(request_id, &outcome));
        let result = outcome.result.clone().map_err(|failure| CallerError::new(&failure, request_id));
        if let Some(caller) = job.caller {
            let _ = caller.send(InvokeResult { result, log }); // the caller may have gone
        }
        reporter.invocation_ended(request_id, &outcome);
    }

    async fn answer(&self) -> RuntimeAnswer {
        let environment = &self.ready.environment;
        let deadline = self.began + environment.function.timeout;
        let answered = async {
            tokio::select! {
                biased;
                answer = self.slot.until(|state| state.answer.take()) => answer,
                status = environment.until(|state| state.exit) => Err(exit(environment, status)),
                failed = environment.until(|state| state.extension_exit()) => Err(Failure::ExtensionExit(failed)),
            }
        };
        timeout_at(deadline, answered).await.unwrap_or_else(|_| {
            self.slot.change(|state| state.is_late = true);
            Err(Failure::Timeout(environment.function.timeout))
        })
    }
}

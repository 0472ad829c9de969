//! The execution environments of one function: which one takes an invocation, and when one is started or ended.
//!
//! An invocation is given to the idle environment that was used last. If there is none, it waits for one that is about to
//! be idle, or another environment is started. When there are as many as there may be, a caller that waits for its answer
//! is throttled, and an asynchronous invocation waits.

use super::phases::Lambda;
use super::platform::Platform;
use super::worker::{IdleEnd, Worker};
use crate::apis::queue::{CallerError, InvokeResult, Invoker, Job, shutting_down, throttled};
use crate::http::reply::Refusal;
use crate::model::failure::Failure;
use crate::model::function::Function;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::spawn_local;
use tokio::time::{Instant, sleep_until};

/// The most asynchronous invocations that wait.
const QUEUE: usize = 1000;

/// So long an invocation waits for an environment that has answered and has not asked for the next invocation. Then another
/// is started.
const HANDOVER: Duration = Duration::from_millis(50);

/// How many environments a function may have at once, and how long one may be idle.
#[derive(Clone, Copy)]
pub struct PoolLimits {
    pub concurrency: usize,
    pub idle: Duration,
}

/// The execution environments of one function.
pub struct Pool {
    platform: Rc<Platform>,
    limits: PoolLimits,
    state: RefCell<State>,
    is_watching_waiting: Cell<bool>,
    is_ending: watch::Sender<bool>,
    look: RefCell<Option<Rc<dyn Fn() -> bool>>>,
    /// The tasks of workers, those of former generations, too.
    tasks: Cell<usize>,
    task_ended: Notify,
}

struct State {
    function: Rc<Function>,
    /// Counts the changes of the function. Workers of former generations get no more invocations.
    generation: u64,
    /// The workers of this generation.
    count: usize,
    /// Those that can take an invocation. The one that was used last is at the end.
    idle: Vec<Rc<Worker>>,
    /// Those in an Init that no invocation has caused.
    starting: Vec<Rc<Worker>>,
    /// How many have answered, and have not ended their invocation.
    finishing: usize,
    /// The invocations that wait for one of `starting` and `finishing`.
    waiting: VecDeque<Waiting>,
    /// Asynchronous invocations.
    queue: VecDeque<Job>,
    /// Those that have come since `hold`.
    held: Option<Vec<Job>>,
}

struct Waiting {
    job: Job,
    /// After that it gets an environment of its own.
    until: Instant,
}

impl Pool {
    /// A pool without an environment.
    pub fn new(platform: &Rc<Platform>, function: Rc<Function>, limits: PoolLimits) -> Rc<Pool> {
        let state = State {
            function,
            generation: 0,
            count: 0,
            idle: Vec::new(),
            starting: Vec::new(),
            finishing: 0,
            waiting: VecDeque::new(),
            queue: VecDeque::new(),
            held: None,
        };
        Rc::new(Pool {
            platform: platform.clone(),
            limits,
            state: RefCell::new(state),
            is_watching_waiting: Cell::new(false),
            is_ending: watch::Sender::new(false),
            look: RefCell::default(),
            tasks: Cell::new(0),
            task_ended: Notify::new(),
        })
    }

    /// Starts an environment before there is an invocation. Init goes on in the background. The report of it has the cause, a
    /// change of the code.
    ///
    /// # Errors
    /// A socket or a pipe cannot be made.
    pub async fn warm_up(self: &Rc<Self>, cause: Option<String>) -> io::Result<()> {
        let function = self.state.borrow().function.clone();
        let lambda = Lambda::new(&self.platform, function).await?;
        let worker = self.new_worker(cause);
        self.state.borrow_mut().starting.push(worker.clone());
        self.spawn_worker(worker, None, async { Ok(lambda) });
        Ok(())
    }

    /// Has all invocations from now on in new environments, of this function. An invocation that is running ends in its
    /// environment. The others are shut down. False if there were none.
    pub fn renew(self: &Rc<Self>, function: Rc<Function>) -> bool {
        let had_some = {
            let state = &mut *self.state.borrow_mut();
            state.function = function;
            state.generation += 1;
            let had_some = state.count > 0;
            (state.count, state.finishing) = (0, 0);
            state.idle.drain(..).chain(state.starting.drain(..)).for_each(|worker| worker.end());
            had_some
        };
        self.start_for_waiting();
        had_some
    }

    /// Has an invocation, and those that come after it, wait as `hold` does if `look` says that the function has changed.
    pub fn hold_if(&self, look: Rc<dyn Fn() -> bool>) {
        *self.look.borrow_mut() = Some(look);
    }

    /// Has invocations wait: it may be that the function changes. `release` must follow soon.
    pub fn hold(&self) {
        self.state.borrow_mut().held.get_or_insert_default();
    }

    /// Has them wait no longer. Those that waited come before others.
    pub fn release(self: &Rc<Self>) {
        let held = self.state.borrow_mut().held.take().unwrap_or_default();
        for job in held {
            self.place(job).unwrap_or_else(|job| self.wait(job, self.platform.init_limit));
        }
    }

    /// Ends all environments at the same time. Takes little more than 300 ms. Callers that wait get an error.
    pub async fn shut_down(&self) {
        self.is_ending.send_replace(true);
        {
            let state = &mut *self.state.borrow_mut();
            state.waiting.clear();
            state.queue.clear();
            state.held = None;
        }
        while self.tasks.get() > 0 {
            self.task_ended.notified().await;
        }
    }

    /// Gives the invocation to an environment, or has it wait for one. Returns it if neither may be.
    fn place(self: &Rc<Self>, job: Job) -> Result<(), Job> {
        let place = self.state.borrow_mut().place(&self.limits, job.caller.is_some());
        match place {
            Place::Idle(worker) => worker.give(job),
            Place::Expected(limit) => self.wait(job, limit.unwrap_or(self.platform.init_limit)),
            Place::New => self.start(job),
            Place::Queue => self.state.borrow_mut().queue.push_back(job),
            Place::None => return Err(job),
        }
        Ok(())
    }

    fn wait(self: &Rc<Self>, job: Job, limit: Duration) {
        self.state.borrow_mut().waiting.push_back(Waiting { job, until: Instant::now() + limit });
        self.watch_waiting();
    }

    /// Starts a worker with this invocation.
    fn start(self: &Rc<Self>, job: Job) {
        let (platform, function) = (self.platform.clone(), self.state.borrow().function.clone());
        let lambda = async move { Lambda::new(&platform, function).await };
        self.spawn_worker(self.new_worker(None), Some(job), lambda);
    }

    fn new_worker(&self, cause: Option<String>) -> Rc<Worker> {
        let state = &mut *self.state.borrow_mut();
        state.count += 1;
        Rc::new(Worker::new(state.generation, cause))
    }

    fn spawn_worker(
        self: &Rc<Self>,
        worker: Rc<Worker>,
        first: Option<Job>,
        lambda: impl Future<Output = io::Result<Lambda>> + 'static,
    ) {
        let pool = self.clone();
        pool.tasks.set(pool.tasks.get() + 1);
        spawn_local(async move {
            match lambda.await {
                Ok(lambda) => pool.work(lambda, &worker, first).await,
                Err(why) => pool.cannot_start(first, &why),
            }
            pool.ended(&worker);
        });
    }

    fn cannot_start(&self, job: Option<Job>, why: &io::Error) {
        let failure = Failure::InvalidEntrypoint(format!("cannot make an execution environment: {why}"));
        self.platform.console.say(&format!("open-runtime: {}", failure.reason()));
        if let Some(job) = job {
            job.fail(&failure);
        }
    }

    async fn work(&self, mut lambda: Lambda, worker: &Rc<Worker>, first: Option<Job>) {
        let mut ending = self.is_ending.subscribe();
        let why = tokio::select! {
            biased;
            why = self.serve(&mut lambda, worker, first) => why,
            _ = ending.wait_for(|is_ending| *is_ending) => "open-runtime ends",
        };
        lambda.shut_down(why).await;
    }

    /// Runs Init, then one invocation after another. Returns why no more are to come. A failed Init is tried again within
    /// the next invocation.
    async fn serve(&self, lambda: &mut Lambda, worker: &Rc<Worker>, first: Option<Job>) -> &'static str {
        let is_early = first.is_none();
        let init = tokio::select! {
            init = lambda.init(worker.cause.as_deref()) => init,
            () = worker.must_end() => return CHANGED,
        };
        if let Err(failure) = init {
            let reason = if worker.cause.is_some() { failure.reason_of_init() } else { failure.reason() };
            let error_type = failure.error_type();
            let again = match (is_early, &worker.cause) {
                (true, Some(_)) => "at the next change or invocation",
                (true, None) => "at the next invocation",
                (false, _) => "within the invocation",
            };
            lambda.reporter().say(&format!("Init failed: {error_type}: {reason}; trying again {again}"));
        }
        self.state.borrow_mut().starting.retain(|starting| !Rc::ptr_eq(starting, worker));
        if let Some(job) = first {
            self.run(lambda, worker, job).await;
        }
        loop {
            let job = match self.next(worker) {
                Next::Job(job) => job,
                Next::Wait => match worker.idle(lambda, self.limits.idle, || self.withdraw(worker)).await {
                    IdleEnd::Job(job) => job,
                    IdleEnd::MustEnd => return CHANGED,
                    IdleEnd::Withdrawn => return "idle for long",
                },
                Next::End => return CHANGED,
            };
            self.run(lambda, worker, job).await;
        }
    }

    async fn run(&self, lambda: &mut Lambda, worker: &Worker, job: Job) {
        let request_id = job.invocation.request_id.clone();
        let outcome = lambda.invoke(job.invocation, job.wants_log).await;
        let log = job.wants_log.then(|| lambda.reporter().log_tail(&request_id, &outcome));
        let result = outcome.result.clone().map_err(|failure| CallerError::new(&failure, &request_id));
        self.if_current(worker, |state| state.finishing += 1); // the caller may send its next one at once
        if let Some(caller) = job.caller {
            let _ = caller.send(InvokeResult { result, log }); // the caller may have gone
        }
        lambda.finish_invocation(&request_id, &outcome).await;
        self.if_current(worker, |state| state.finishing -= 1);
    }

    fn if_current(&self, worker: &Worker, change: impl FnOnce(&mut State)) {
        let state = &mut *self.state.borrow_mut();
        if worker.generation == state.generation {
            change(state);
        }
    }

    /// What a worker without an invocation does. One that is to wait counts as idle.
    fn next(&self, worker: &Rc<Worker>) -> Next {
        let state = &mut *self.state.borrow_mut();
        if worker.generation != state.generation {
            return Next::End;
        }
        let waiting = state.waiting.pop_front().map(|waiting| waiting.job);
        waiting.or_else(|| state.queue.pop_front()).map_or_else(
            || {
                state.idle.push(worker.clone());
                Next::Wait
            },
            Next::Job,
        )
    }

    /// Takes a worker from the idle ones. False if it has been given an invocation just now.
    fn withdraw(&self, worker: &Rc<Worker>) -> bool {
        let idle = &mut self.state.borrow_mut().idle;
        let place = idle.iter().position(|idle| Rc::ptr_eq(idle, worker));
        place.map(|place| idle.remove(place)).is_some()
    }

    fn ended(self: &Rc<Self>, worker: &Worker) {
        self.if_current(worker, |state| state.count -= 1);
        self.tasks.set(self.tasks.get() - 1);
        self.task_ended.notify_one();
        self.start_for_waiting();
    }

    /// Starts environments for those that wait for none of the present ones.
    fn start_for_waiting(self: &Rc<Self>) {
        loop {
            let unserved = self.state.borrow_mut().unserved(self.limits.concurrency);
            let Some(job) = unserved else { return };
            self.start(job);
        }
    }

    /// Gives an environment to those that have waited for too long, as long as some wait.
    fn watch_waiting(self: &Rc<Self>) {
        let is_over = self.state.borrow().next_overdue(self.limits.concurrency).is_none();
        if is_over || self.is_watching_waiting.replace(true) {
            return;
        }
        let pool = self.clone();
        spawn_local(async move {
            loop {
                let Some(next) = pool.state.borrow().next_overdue(pool.limits.concurrency) else { break };
                sleep_until(next).await;
                let overdue = pool.state.borrow_mut().overdue(pool.limits.concurrency);
                if let Some(job) = overdue {
                    pool.start(job);
                }
            }
            pool.is_watching_waiting.set(false);
        });
    }
}

const CHANGED: &str = "the function has changed";

enum Next {
    Job(Job),
    Wait,
    End,
}

/// What becomes of an invocation that has just come.
enum Place {
    Idle(Rc<Worker>),
    /// It waits for an environment that is about to be idle, but not longer than this. None: as long as Init may take.
    Expected(Option<Duration>),
    New,
    Queue,
    None,
}

impl State {
    fn place(&mut self, limits: &PoolLimits, has_caller: bool) -> Place {
        if let Some(worker) = self.take_idle() {
            return Place::Idle(worker);
        }
        if !has_caller && !self.queue.is_empty() {
            return if self.queue.len() < QUEUE { Place::Queue } else { Place::None }; // after those that came earlier
        }
        if self.waiting.len() < self.starting.len() {
            return Place::Expected(None);
        }
        if self.waiting.len() < self.expected() {
            return Place::Expected(Some(HANDOVER));
        }
        match (self.count < limits.concurrency, has_caller) {
            (true, _) => Place::New,
            (false, false) => Place::Queue, // the first one there
            (false, true) => Place::None,
        }
    }

    /// The one that was used last of those that need no Init, or of the others.
    fn take_idle(&mut self) -> Option<Rc<Worker>> {
        let warm = self.idle.iter().rposition(|worker| worker.is_warm());
        warm.map(|place| self.idle.remove(place)).or_else(|| self.idle.pop())
    }

    /// How many invocations may wait for workers that are about to be idle.
    fn expected(&self) -> usize {
        self.starting.len() + self.finishing
    }

    /// An invocation that needs another worker, if there may be one.
    fn unserved(&mut self, concurrency: usize) -> Option<Job> {
        if self.count >= concurrency {
            return None;
        }
        if self.waiting.len() > self.expected() {
            return self.waiting.pop_front().map(|waiting| waiting.job);
        }
        self.queue.pop_front()
    }

    /// When the next one has waited for too long, if it may get an environment then.
    fn next_overdue(&self, concurrency: usize) -> Option<Instant> {
        self.waiting.iter().map(|waiting| waiting.until).min().filter(|_| self.count < concurrency)
    }

    fn overdue(&mut self, concurrency: usize) -> Option<Job> {
        let now = Instant::now();
        let place =
            self.waiting.iter().position(|waiting| waiting.until <= now).filter(|_| self.count < concurrency)?;
        self.waiting.remove(place).map(|waiting| waiting.job)
    }
}

impl Invoker for Rc<Pool> {
    fn submit(&self, job: Job) -> Result<(), Refusal> {
        if *self.is_ending.borrow() {
            return Err(shutting_down());
        }
        if self.look.borrow().as_ref().is_some_and(|has_changed| has_changed()) {
            self.hold();
        }
        if let Some(held) = &mut self.state.borrow_mut().held {
            let most = if job.caller.is_some() { self.limits.concurrency } else { QUEUE };
            if held.len() >= most {
                return Err(throttled());
            }
            held.push(job);
            return Ok(());
        }
        self.place(job).map_err(|_| throttled())
    }
}

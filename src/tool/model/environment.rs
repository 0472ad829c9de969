//! The state of one execution environment, as the Runtime API and the Extensions API see it, and waiting for a change
//! of it.

use super::failure::FunctionError;
use super::function::Function;
use super::invocation::{Dispatched, RuntimeAnswer};
use super::states::{ExtensionState, RuntimeState};
use crate::os::process_tree;
use std::cell::{Cell, RefCell};
use std::process::ExitStatus;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, interval};

/// Reading the memory takes about 0.1 ms.
const MEMORY_SAMPLE_INTERVAL: Duration = Duration::from_millis(100);

/// An internal extension, such as bootstrap.
pub struct Extension {
    pub id: String,
    pub name: String,
    pub wants_invoke: bool,
    pub state: ExtensionState,
    /// There is an INVOKE event that it has not fetched.
    pub has_event: bool,
}

/// All that changes in it.
pub struct State {
    pub runtime: RuntimeState,
    /// The current invocation, or the last one.
    pub work: Option<Rc<Dispatched>>,
    /// The timeout of the invocation has passed: an answer is refused now.
    pub is_late: bool,
    /// The answer that was posted, until `lambda` takes it.
    pub answer: Option<RuntimeAnswer>,
    pub extensions: Vec<Extension>,
    pub init_error: Option<FunctionError>,
    /// The error of the first extension that reported one.
    pub extension_error: Option<&'static str>,
    pub exit: Option<ExitStatus>,
    /// The environment has ended: its connections are closed.
    pub is_over: bool,
}

/// How Init ended, if not by a timeout.
pub enum InitEnd {
    Ready,
    Exited(ExitStatus),
}

/// One execution environment.
pub struct Environment {
    /// Counted from 1 over the tool's life.
    pub number: u64,
    pub function: Rc<Function>,
    /// The address of its Runtime API, which no other environment has at the same time.
    pub runtime_api: String,
    /// The id of bootstrap's process, which is also its session and its process group. 0 until it has been started.
    pub pid: Cell<i32>,
    pub started: Instant,
    /// The largest memory of its processes together that was sampled, in KB.
    peak_kb: Cell<u64>,
    state: RefCell<State>,
    changed: Notify,
}

impl Environment {
    pub fn new(number: u64, function: Rc<Function>, runtime_api: &str) -> Environment {
        let state = State {
            runtime: RuntimeState::Started,
            work: None,
            is_late: false,
            answer: None,
            extensions: Vec::new(),
            init_error: None,
            extension_error: None,
            exit: None,
            is_over: false,
        };
        let (pid, started, state) = (Cell::new(0), Instant::now(), RefCell::new(state));
        let (runtime_api, peak_kb, changed) = (runtime_api.to_owned(), Cell::new(0), Notify::new());
        Environment { number, function, runtime_api, pid, started, peak_kb, state, changed }
    }

    pub fn read<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&self.state.borrow())
    }

    /// Changes the state, and wakes all tasks that wait for a change.
    pub fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.state.borrow_mut());
        self.changed.notify_waiters();
        result
    }

    /// Waits until `check` returns something, for ever if need be. `check` may take it out of the state.
    pub async fn until<T>(&self, mut check: impl FnMut(&mut State) -> Option<T>) -> T {
        loop {
            let changed = self.changed.notified(); // made before the check: no change in between is missed
            if let Some(found) = check(&mut self.state.borrow_mut()) {
                return found;
            }
            changed.await;
        }
    }

    /// Gives an invocation to the runtime, and to the extensions that want INVOKE events.
    pub fn dispatch(&self, work: Rc<Dispatched>) {
        self.change(|state| {
            state.work = Some(work);
            state.answer = None;
            state.runtime = RuntimeState::Running;
            for extension in state.extensions.iter_mut().filter(|extension| extension.wants_invoke) {
                extension.has_event = true;
            }
        });
    }

    /// Samples the memory of its processes, and returns the largest sample in KB. Processes that have ended since the
    /// last sample count with that one.
    pub fn sample_memory(&self) -> u64 {
        self.peak_kb.set(self.peak_kb.get().max(process_tree::peak_memory_kb(self.pid.get())));
        self.peak_kb.get()
    }

    /// Does the work, and samples the memory meanwhile.
    pub async fn while_sampling_memory<T>(&self, work: impl Future<Output = T>) -> T {
        let mut ticks = interval(MEMORY_SAMPLE_INTERVAL);
        tokio::pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                _ = ticks.tick() => { self.sample_memory(); }
            }
        }
    }

    pub fn is_usable(&self) -> bool {
        self.read(|state| state.exit.is_none() && !state.is_over)
    }

    pub fn age(&self) -> Duration {
        self.started.elapsed()
    }
}

impl State {
    /// How Init ended. It is complete when the runtime and every extension have asked for their first event.
    pub fn init_end(&self) -> Option<InitEnd> {
        match self.exit {
            Some(status) => Some(InitEnd::Exited(status)),
            None => (self.is_idle() || self.is_snapshot()).then_some(InitEnd::Ready),
        }
    }

    /// True if the runtime and every extension have asked for their next event. Then the environment can take an
    /// invocation; Lambda would freeze it now.
    pub fn is_idle(&self) -> bool {
        self.runtime == RuntimeState::Ready && self.have_extensions_asked()
    }

    /// True if Init is over and Lambda would take a snapshot now.
    pub fn is_snapshot(&self) -> bool {
        self.runtime == RuntimeState::RestoreReady && self.have_extensions_asked()
    }

    fn have_extensions_asked(&self) -> bool {
        let waits = |extension: &Extension| extension.state == ExtensionState::Ready && !extension.has_event;
        self.extensions.iter().all(waits)
    }

    pub fn extension(&mut self, id: &str) -> Option<&mut Extension> {
        self.extensions.iter_mut().find(|extension| extension.id == id)
    }
}

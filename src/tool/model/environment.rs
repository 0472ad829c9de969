//! The state of one execution environment, as the Runtime API and the Extensions API see it, and waiting for a change
//! of it.

use super::extension::{Extension, ExtensionExit, Shutdown};
use super::failure::FunctionError;
use super::function::Function;
use super::ids;
use super::invocation::{Dispatched, RuntimeAnswer};
use super::slots::Slots;
use super::states::{ExtensionState, RuntimeState};
use super::telemetry::Telemetry;
use crate::os::process_tree;
use std::cell::{Cell, RefCell};
use std::process::ExitStatus;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, interval};

/// Reading the memory takes about 0.1 ms.
const MEMORY_SAMPLE_INTERVAL: Duration = Duration::from_millis(100);

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
    /// How bootstrap has exited.
    pub exit: Option<ExitStatus>,
    /// External extensions are told to end.
    pub shutdown: Option<Shutdown>,
    /// The environment has ended: its connections are closed. [`Environment::end`] sets it.
    pub is_over: bool,
}

/// How Init ended, if not by a timeout.
pub enum InitEnd {
    Ready,
    Exited(ExitStatus),
    ExtensionExited(ExtensionExit),
}

/// One execution environment.
pub struct Environment {
    /// Counted from 1 over the tool's life.
    pub number: u64,
    pub function: Rc<Function>,
    /// The address of its Runtime API, which no other environment has at the same time.
    pub runtime_api: String,
    /// The name of its log stream.
    pub log_stream: String,
    /// What its processes must send to the metadata endpoint.
    pub metadata_token: String,
    /// The id of bootstrap's process, which is also its session and its process group. 0 until it has been started.
    pub pid: Cell<i32>,
    pub started: Instant,
    /// The largest memory of its processes together that was sampled, in KB.
    peak_kb: Cell<u64>,
    pub telemetry: Telemetry,
    /// Where it has its invocations, if it may have several at once.
    pub slots: Slots<Environment>,
    state: RefCell<State>,
    changed: Notify,
    /// Apart from `changed`, as many wait for it, and it comes once.
    ended: Notify,
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
            shutdown: None,
            is_over: false,
        };
        Environment {
            number,
            function,
            runtime_api: runtime_api.to_owned(),
            log_stream: ids::log_stream(),
            metadata_token: ids::hex::<32>(),
            pid: Cell::new(0),
            started: Instant::now(),
            peak_kb: Cell::new(0),
            telemetry: Telemetry::default(),
            slots: Slots::default(),
            state: RefCell::new(state),
            changed: Notify::new(),
            ended: Notify::new(),
        }
    }

    /// Adds a slot that waits for an invocation. It has the states of a runtime with one invocation, so it is an environment of
    /// its own, which has no process.
    pub fn add_slot(&self) -> Rc<Environment> {
        let slot = Rc::new(Environment::new(self.number, self.function.clone(), &self.runtime_api));
        slot.change(|state| state.runtime = RuntimeState::Ready);
        self.slots.add(slot.clone());
        slot
    }

    /// Gives an invocation to the slot that has waited longest. None: no slot waits.
    pub fn dispatch_to_slot(&self, work: Rc<Dispatched>) -> Option<Rc<Environment>> {
        let slot = self.slots.take(&work.invocation.request_id)?;
        slot.dispatch(work);
        Some(slot)
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

    /// Has its connections closed.
    pub fn end(&self) {
        self.change(|state| state.is_over = true);
        self.ended.notify_waiters();
    }

    /// Waits until it has ended.
    pub async fn until_over(&self) {
        loop {
            let ended = self.ended.notified();
            if self.read(|state| state.is_over) {
                return;
            }
            ended.await;
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
        let extensions = self.extension_pids();
        let now = extensions.into_iter().chain([self.pid.get()]).map(process_tree::peak_memory_kb).sum();
        self.peak_kb.set(self.peak_kb.get().max(now));
        self.peak_kb.get()
    }

    /// Does the work, and samples the memory before and meanwhile: a process of it may exit at once.
    pub async fn while_sampling_memory<T>(&self, work: impl Future<Output = T>) -> T {
        let mut ticks = interval(MEMORY_SAMPLE_INTERVAL);
        tokio::pin!(work);
        loop {
            tokio::select! {
                biased; // the first tick comes at once
                _ = ticks.tick() => { self.sample_memory(); }
                done = &mut work => return done,
            }
        }
    }

    /// The ids of its external extensions' processes, which are also their sessions.
    pub fn extension_pids(&self) -> Vec<i32> {
        self.read(|state| state.extensions.iter().filter_map(|each| Some(each.process.as_ref()?.pid)).collect())
    }

    /// Notes that a process has exited. True if it is bootstrap or an external extension of this environment.
    pub fn exited(&self, pid: i32, status: ExitStatus) -> bool {
        if pid == self.pid.get() && self.read(|state| state.exit.is_none()) {
            self.change(|state| state.exit = Some(status));
            return true;
        }
        self.change(|state| {
            let processes = state.extensions.iter_mut().filter_map(|extension| extension.process.as_mut());
            let process = processes.into_iter().find(|process| process.pid == pid && process.exit.is_none());
            process.map(|process| process.exit = Some(status)).is_some()
        })
    }

    pub fn is_usable(&self) -> bool {
        self.read(|state| state.exit.is_none() && state.extension_exit().is_none() && !state.is_over)
    }

    pub fn age(&self) -> Duration {
        self.started.elapsed()
    }
}

impl State {
    /// How the runtime's part of Init ended. It is complete when the runtime has asked for its first invocation, or for its
    /// restore.
    pub fn runtime_init_end(&mut self) -> Option<InitEnd> {
        let is_ready = matches!(self.runtime, RuntimeState::Ready | RuntimeState::RestoreReady);
        self.exit_in_init().or(is_ready.then_some(InitEnd::Ready))
    }

    fn exit_in_init(&self) -> Option<InitEnd> {
        let exited = || self.exit.map(InitEnd::Exited);
        self.extension_exit().map(InitEnd::ExtensionExited).or_else(exited)
    }

    /// How Init ended. It is complete when the runtime and every extension have asked for their first event.
    pub fn init_end(&self) -> Option<InitEnd> {
        self.exit_in_init().or((self.is_idle() || self.is_snapshot()).then_some(InitEnd::Ready))
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

    /// True if every external extension has registered: then the runtime is started.
    pub fn have_extensions_registered(&self) -> bool {
        self.extensions.iter().all(|extension| extension.state != ExtensionState::Started)
    }

    /// True if no external extension runs.
    pub fn have_extensions_exited(&self) -> bool {
        self.extensions.iter().all(|extension| !extension.is_external() || extension.exit().is_some())
    }

    /// The first external extension that has exited, unless the environment is being shut down.
    pub fn extension_exit(&self) -> Option<ExtensionExit> {
        if self.shutdown.is_some() {
            return None;
        }
        let exit = |extension: &Extension| Some((extension.name.clone(), extension.exit()?));
        let (name, status) = self.extensions.iter().find_map(exit)?;
        Some(ExtensionExit { name, error_type: self.extension_error.unwrap_or("Extension.Crash"), status })
    }

    /// What external extensions have not done in Init.
    pub fn awaited_extensions(&self) -> Vec<String> {
        let awaited = |extension: &Extension| match extension.state {
            _ if !extension.is_external() => None,
            ExtensionState::Started => {
                let name = &extension.name;
                Some(format!(
                    "extension {name} has not registered: Lambda-Extension-Name must be its file's name, {name}"
                ))
            }
            ExtensionState::Ready => None,
            _ => Some(format!("extension {} has not asked for its first event", extension.name)),
        };
        self.extensions.iter().filter_map(awaited).collect()
    }

    fn have_extensions_asked(&self) -> bool {
        let waits = |extension: &Extension| extension.state == ExtensionState::Ready && !extension.has_event;
        self.extensions.iter().all(waits)
    }

    /// The extension with that identifier, if it has registered.
    pub fn extension(&mut self, id: &str) -> Option<&mut Extension> {
        let is_it = |extension: &&mut Extension| extension.id == id && extension.state != ExtensionState::Started;
        self.extensions.iter_mut().find(is_it)
    }

    /// Likewise, to look at it.
    pub fn registered(&self, id: &str) -> Option<&Extension> {
        self.extensions.iter().find(|extension| extension.id == id && extension.state != ExtensionState::Started)
    }
}

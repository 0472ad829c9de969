//! What all execution environments of this tool share.

use super::processes;
use super::registry::Registry;
use crate::apis::bootstrap_server::Shared;
use crate::faults::Faults;
use crate::model::streaming::StreamLimits;
use crate::os::sys;
use crate::report::console::Console;
use crate::report::history::Hub;
use crate::report::journal::Journal;
use std::cell::Cell;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;
use tokio::task::spawn_local;

/// The settings that do not belong to a function.
pub struct Options {
    pub init_limit: Duration,
    /// The first execution environment listens there. 0: the kernel chooses, as it does for all others.
    pub runtime_api_port: u16,
    /// The URL of the Invoke API, for functions that invoke others. None: there is none.
    pub invoke_api: Option<String>,
    pub faults: Faults,
    pub limits: StreamLimits,
    pub journal: Rc<Journal>,
    pub hub: Rc<Hub>,
    pub is_quiet: bool,
}

/// What all execution environments share, those of all functions.
pub struct Platform {
    pub console: Rc<Console>,
    pub hub: Rc<Hub>,
    pub init_limit: Duration,
    pub invoke_api: Option<String>,
    pub is_quiet: bool,
    pub registry: Registry,
    pub shared: Rc<Shared>,
    runtime_api_port: Cell<u16>,
    /// The number of execution environments so far.
    count: Cell<u64>,
}

impl Platform {
    /// Adopts the orphans below this process, and reaps processes from now on. Must run on the event loop.
    ///
    /// # Errors
    /// The kernel does not allow it.
    pub fn new(options: Options) -> io::Result<Rc<Platform>> {
        sys::adopt_orphans()?; // before the first process is started, so that all of them can be ended
        let Options { init_limit, runtime_api_port, invoke_api, faults, limits, journal, hub, is_quiet } = options;
        let registry = Registry::default();
        spawn_local(processes::reap(registry.clone(), journal.clone()));
        Ok(Rc::new(Platform {
            console: Rc::default(),
            hub,
            init_limit,
            invoke_api,
            is_quiet,
            registry,
            shared: Rc::new(Shared::new(faults, limits, journal)),
            runtime_api_port: Cell::new(runtime_api_port),
            count: Cell::new(0),
        }))
    }

    /// Where the Runtime API of the next execution environment listens.
    pub fn runtime_api_address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.runtime_api_port.take()).into()
    }

    /// The number of the next execution environment.
    pub fn next_number(&self) -> u64 {
        self.count.set(self.count.get() + 1);
        self.count.get()
    }

    /// Ends the processes that execution environments have left, and that nobody could tell from those of others.
    pub async fn end(&self) {
        processes::kill_descendants(&self.shared.journal).await;
    }
}

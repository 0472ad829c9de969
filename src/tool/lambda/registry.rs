//! The execution environments that run, and which process belongs to which of them.

use crate::model::environment::Environment;
use crate::os::process_tree::{self, Ancestor, ProcessInfo};
use std::cell::RefCell;
use std::process::ExitStatus;
use std::rc::Rc;

/// All execution environments of this tool that have a process.
#[derive(Clone, Default)]
pub struct Registry(Rc<RefCell<Vec<Rc<Environment>>>>);

impl Registry {
    pub fn add(&self, environment: &Rc<Environment>) {
        self.0.borrow_mut().push(environment.clone());
    }

    pub fn remove(&self, environment: &Environment) {
        self.0.borrow_mut().retain(|other| other.number != environment.number);
    }

    /// Tells the environment whose bootstrap or extension this child is that it has exited. False if it is of none.
    pub fn exited(&self, pid: i32, status: ExitStatus) -> bool {
        self.0.borrow().iter().any(|environment| environment.exited(pid, status))
    }

    /// The living processes of this environment. Those that cannot be told from others' belong to the environment that is
    /// left last.
    pub fn processes_of(&self, environment: &Environment) -> Vec<ProcessInfo> {
        self.owned_by(environment).into_iter().map(|(_, process)| process).collect()
    }

    /// As [`processes_of`](Registry::processes_of), but without external extensions and what they have started.
    pub fn left_by_bootstrap(&self, environment: &Environment) -> Vec<ProcessInfo> {
        let extensions = environment.extension_pids();
        let owned = self.owned_by(environment).into_iter();
        owned.filter(|(ancestor, _)| !extensions.contains(&ancestor.session)).map(|(_, process)| process).collect()
    }

    fn owned_by(&self, environment: &Environment) -> Vec<(Ancestor, ProcessInfo)> {
        let all = self.0.borrow();
        let is_alone = all.iter().all(|other| other.number == environment.number);
        let belongs = |ancestor| owner(&all, ancestor).map_or(is_alone, |owner| owner.number == environment.number);
        let living = process_tree::living_by_ancestor();
        living.into_iter().filter(|(ancestor, _)| belongs(*ancestor)).collect()
    }
}

/// The environment of a child of this tool, which is a bootstrap, or an orphan of one. An orphan is still in bootstrap's
/// session, or has the address of its Runtime API. One that has left both behind cannot be told from those of others.
fn owner(all: &[Rc<Environment>], child: Ancestor) -> Option<&Rc<Environment>> {
    let has_session = |environment: &&Rc<Environment>| {
        environment.pid.get() == child.session || environment.extension_pids().contains(&child.session)
    };
    all.iter().find(has_session).or_else(|| {
        let address = child.variable("AWS_LAMBDA_RUNTIME_API")?;
        all.iter().find(|environment| environment.runtime_api == address)
    })
}

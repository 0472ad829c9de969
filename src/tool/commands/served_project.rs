//! `serve --watch` with a project's file: what it describes after a change is what is served.

use super::given_functions::{self, FunctionOrProject, Given};
use super::record_arguments::Secrets;
use super::serve_http::{self, Services};
use crate::apis::functions::{Callee, Functions};
use crate::apis::queue::Invoker;
use crate::apis::web::service::WebArguments;
use crate::lambda::environments::Environments;
use crate::lambda::platform::Platform;
use crate::lambda::pool::{Pool, PoolLimits};
use crate::model::function::Function;
use crate::project::Package;
use crate::report::event::Event;
use crate::tool_error::ToolError;
use std::cell::RefCell;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// How the project's file is read, and how its functions are served.
pub struct HowServed {
    pub arguments: FunctionOrProject,
    pub web: WebArguments,
    pub http: Option<u16>,
    pub host: IpAddr,
    pub limits: PoolLimits,
}

/// A function, and what runs it.
#[derive(Clone)]
pub struct ServedFunction {
    pub function: Rc<Function>,
    pub pool: Rc<Pool>,
}

/// What is served of a project.
pub struct ServedProject {
    pub how: HowServed,
    pub platform: Rc<Platform>,
    pub functions: Rc<Functions>,
    pub services: Rc<Services>,
    pub secrets: Rc<Secrets>,
    /// All that have been started, to be ended with the command.
    pub environments: Rc<RefCell<Vec<Environments>>>,
    /// Whose change is one of the project.
    pub files: RefCell<Vec<PathBuf>>,
    /// What was said of the file. It is not said again.
    pub said: RefCell<Vec<String>>,
    pub served: RefCell<Vec<ServedFunction>>,
    /// Those of former files, too: an invocation may be running in them.
    pub packages: RefCell<Vec<Package>>,
}

impl ServedProject {
    /// The folder of the project's file.
    pub fn folder(&self) -> PathBuf {
        self.files.borrow().first().and_then(|file| file.parent()).unwrap_or(Path::new("")).to_owned()
    }

    /// True if a change of the file is one of the project.
    pub fn has(&self, file: &Path) -> bool {
        self.files.borrow().iter().any(|own| own == file)
    }

    /// Reads the file again. Callers find its functions from now on. The environments of those that differ are the caller's
    /// to renew.
    ///
    /// # Errors
    /// The file cannot be used. All is as it was.
    pub fn read_again(&self) -> Result<Vec<ServedFunction>, ToolError> {
        let lines = RefCell::new(Vec::new());
        let given = given_functions::load_saying(self.how.arguments.clone(), &|line| {
            lines.borrow_mut().push(line.to_owned());
        })?
        .with_some()?;
        let http = serve_http::all(self.how.web.clone(), &given.functions, self.how.http)?;
        let Given { functions, files, packages, .. } = given;
        let served: Vec<ServedFunction> = functions.into_iter().map(|given| self.served(given.function)).collect();
        let callees = served.iter().map(ServedFunction::callee).collect::<Vec<Callee>>();
        let http = http.into_iter().map(|(_, http)| http).collect();
        self.services.change(http, &callees, self.how.host)?;
        self.say_new(lines.take());
        self.functions.replace(callees);
        let names = served.iter().map(|served| served.function.name.clone()).collect();
        self.platform.hub.tell(|| Event::FunctionsChanged(names));
        for ServedFunction { function, .. } in &served {
            self.secrets.learn(&function.variables, &self.platform.hub);
        }
        self.note_new_and_gone(&served);
        self.files.replace(files);
        self.packages.borrow_mut().extend(packages);
        Ok(served)
    }

    /// With the pool that runs a function of this name already. What the command line alone says of a function stays.
    fn served(&self, mut function: Function) -> ServedFunction {
        function.is_watched = true;
        let served = self.served.borrow();
        let Some(known) = served.iter().find(|known| known.function.name == function.name) else {
            let function = Rc::new(function);
            return ServedFunction { pool: Pool::new(&self.platform, function.clone(), self.how.limits), function };
        };
        if known.function.debugger.is_some() {
            (function.debugger, function.timeout) = (known.function.debugger.clone(), known.function.timeout);
        }
        ServedFunction { function: Rc::new(function), pool: known.pool.clone() }
    }

    fn say_new(&self, lines: Vec<String>) {
        let before = self.said.replace(lines);
        let said = self.said.borrow();
        said.iter().filter(|line| !before.contains(line)).for_each(|line| self.say(line));
    }

    /// A function that is gone ends when its invocations do.
    fn note_new_and_gone(&self, served: &[ServedFunction]) {
        let before = self.served.replace(served.to_vec());
        let is_in = |all: &[ServedFunction], pool: &Rc<Pool>| all.iter().any(|one| Rc::ptr_eq(&one.pool, pool));
        for new in served.iter().filter(|one| !is_in(&before, &one.pool)) {
            self.environments.borrow_mut().push(Environments::Pool(new.pool.clone()));
            self.say(&format!("function {} is new", new.function.name));
        }
        for gone in before.iter().filter(|one| !is_in(served, &one.pool)) {
            gone.pool.renew(gone.function.clone());
            self.say(&format!("function {} is no more", gone.function.name));
        }
    }

    fn say(&self, line: &str) {
        self.platform.console.say(&format!("open-runtime: {line}"));
    }
}

impl ServedFunction {
    fn callee(&self) -> Callee {
        let invoker: Rc<dyn Invoker> = Rc::new(self.pool.clone());
        Callee { function: self.function.clone(), invoker }
    }
}

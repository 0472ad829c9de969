//! Middlewares: executables around the handler. The contract for authors is `middlewares/README.md`.

pub mod chain;
pub mod hook;
pub mod resident;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::child::launch::Launch;
use crate::child::supervised::Supervised;
use crate::error::InvocationError;
use crate::log::Log;
use crate::os::signals::Signals;
use crate::settings::lookup::is_executable;

/// An executable, and its name in `SLSMIDDLEWARES`.
#[derive(Debug)]
pub struct Middleware {
    /// As the user wrote it.
    pub name: String,
    /// Where it is, or would be if it had no resident form.
    pub path: PathBuf,
    /// If it is resident, its place among the children; 0 until it is started.
    pub resident: Option<usize>,
}

impl Middleware {
    /// The one of this name that is at this path. If it has a resident form, that is the one.
    pub fn at(path: PathBuf, name: &str) -> Middleware {
        let resident = serve(&path).exists().then_some(0);
        Middleware { name: name.to_owned(), path, resident }
    }

    /// What is executed: for each hook, or once.
    pub fn executable(&self) -> PathBuf {
        if self.resident.is_some() { serve(&self.path) } else { self.path.clone() }
    }

    /// Starts its resident form, and does not wait for it.
    ///
    /// # Errors
    /// As [`Supervised::start`].
    pub fn start(&self, signals: Signals, log: Log) -> Result<Supervised, InvocationError> {
        let launch = Launch { program: self.executable(), handler: None, variables: Vec::new(), wrapper: None };
        Supervised::start(launch, Some(self.name.clone()), signals, log)
    }
}

/// The folder beside a middleware, for its resident form and for its companions.
fn folder(path: &Path) -> PathBuf {
    let mut folder = path.as_os_str().to_owned();
    folder.push(".d");
    folder.into()
}

fn serve(path: &Path) -> PathBuf {
    folder(path).join("serve")
}

/// Finds these middlewares.
///
/// # Errors
/// [`InvocationError::NoMiddleware`] for a name that cannot be a file's, or if no folder has an executable of that name.
pub fn find(names: &[String], roots: &[PathBuf]) -> Result<Vec<Middleware>, InvocationError> {
    names.iter().map(|name| find_one(name, roots)).collect()
}

/// In the first folder that has it. There the resident form goes before the other one.
fn find_one(name: &str, roots: &[PathBuf]) -> Result<Middleware, InvocationError> {
    let no_middleware = |why: String| Err(InvocationError::NoMiddleware { name: name.to_owned(), why });
    if name.contains(['/', '\0']) || matches!(name, "." | "..") {
        return no_middleware("which is not the name of a file in a middlewares folder".to_owned());
    }
    let mut places = Vec::new();
    for root in roots {
        let middleware = Middleware::at(root.join("middlewares").join(name), name);
        let executable = middleware.executable();
        if is_executable(&executable) {
            return Ok(middleware);
        }
        let place = executable.display().to_string();
        if executable.exists() {
            return no_middleware(format!("but {place} is not an executable file; chmod +x makes it one"));
        }
        places.push(place);
    }
    no_middleware(format!("but there is no such file; looked for {}", places.join(", ")))
}

/// Starts those that are resident, in order, behind the other children, and does not wait for them.
///
/// # Errors
/// As [`Supervised::start`].
pub fn start_residents(
    middlewares: &mut [Middleware],
    children: &mut Vec<Supervised>,
    signals: Signals,
    log: Log,
) -> Result<(), InvocationError> {
    for middleware in middlewares.iter_mut().filter(|middleware| middleware.resident.is_some()) {
        middleware.resident = Some(children.len());
        children.push(middleware.start(signals, log)?);
    }
    Ok(())
}

/// The value of `SLSCOMPANIONS`: the folders with companions, in the order of the middlewares, joined by colons.
///
/// # Errors
/// [`InvocationError::NoMiddleware`] for a folder whose path has a colon.
pub fn companions(middlewares: &[Middleware]) -> Result<Option<OsString>, InvocationError> {
    let mut joined = OsString::new();
    for middleware in middlewares {
        let folder = folder(&middleware.path);
        if !folder.is_dir() {
            continue;
        }
        if folder.as_os_str().as_encoded_bytes().contains(&b':') {
            let why = format!("whose companions are in {}: that path must not have a colon", folder.display());
            return Err(InvocationError::NoMiddleware { name: middleware.name.clone(), why });
        }
        if !joined.is_empty() {
            joined.push(":");
        }
        joined.push(folder);
    }
    Ok((!joined.is_empty()).then_some(joined))
}

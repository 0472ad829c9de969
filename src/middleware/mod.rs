//! Middlewares: executables around the handler. The contract for authors is `middlewares/README.md`.

pub mod chain;
pub mod hook;

use std::ffi::OsString;
use std::path::PathBuf;

use crate::error::InvocationError;
use crate::settings::lookup::is_executable;

/// An executable, and its name in `SLSMIDDLEWARES`.
#[derive(Debug)]
pub struct Middleware {
    /// As the user wrote it.
    pub name: String,
    /// Where it was found.
    pub path: PathBuf,
}

impl Middleware {
    /// The folder with its companions for the language runtimes, if there is one beside it.
    pub fn companions(&self) -> Option<PathBuf> {
        let folder = self.path.with_file_name(format!("{}.d", self.name));
        folder.is_dir().then_some(folder)
    }
}

/// Finds these middlewares.
///
/// # Errors
/// [`InvocationError::NoMiddleware`] for a name that cannot be a file's, or if no folder has an executable of that name.
pub fn find(names: &[String], roots: &[PathBuf]) -> Result<Vec<Middleware>, InvocationError> {
    names.iter().map(|name| find_one(name, roots)).collect()
}

fn find_one(name: &str, roots: &[PathBuf]) -> Result<Middleware, InvocationError> {
    let no_middleware = |why: String| Err(InvocationError::NoMiddleware { name: name.to_owned(), why });
    if name.contains(['/', '\0']) || matches!(name, "." | "..") {
        return no_middleware("which is not the name of a file in a middlewares folder".to_owned());
    }
    let places: Vec<PathBuf> = roots.iter().map(|root| root.join("middlewares").join(name)).collect();
    if let Some(path) = places.iter().find(|path| path.exists()) {
        if !is_executable(path) {
            return no_middleware(format!("but {} is not an executable file; chmod +x makes it one", path.display()));
        }
        return Ok(Middleware { name: name.to_owned(), path: path.clone() });
    }
    let places: Vec<String> = places.iter().map(|path| path.display().to_string()).collect();
    no_middleware(format!("but there is no such file; looked for {}", places.join(", ")))
}

/// The value of `SLSCOMPANIONS`: the folders with companions, in the order of the middlewares, joined by colons.
///
/// # Errors
/// [`InvocationError::NoMiddleware`] for a folder whose path has a colon.
pub fn companions(middlewares: &[Middleware]) -> Result<Option<OsString>, InvocationError> {
    let mut joined = OsString::new();
    for middleware in middlewares {
        let Some(folder) = middleware.companions() else { continue };
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

//! Finds bootstrap.

use super::package;
use std::fmt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// bootstrap cannot be run.
#[derive(Debug)]
pub enum NotFound {
    /// None of these is an executable file.
    Bootstrap(Vec<PathBuf>),
    /// The language runtimes cannot be unpacked, and why.
    #[cfg(feature = "install")]
    Runtimes(std::io::Error),
}

impl fmt::Display for NotFound {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotFound::Bootstrap(places) => {
                let places: Vec<_> = places.iter().map(|place| place.display().to_string()).collect();
                let places = places.join(", ");
                let hint = "build it with make, or name it with --bootstrap";
                write!(out, "cannot find an executable bootstrap, looked for {places}: {hint}")
            }
            #[cfg(feature = "install")]
            NotFound::Runtimes(why) => {
                write!(out, "cannot unpack the language runtimes into ~/.cache, or XDG_CACHE_HOME: {why}")
            }
        }
    }
}

/// The path that was asked for. Without one: the first of the [folders of this package](package::folders) that has it.
///
/// # Errors
/// None of them is an executable file.
pub fn find(asked: Option<PathBuf>) -> Result<PathBuf, NotFound> {
    let is_asked = asked.is_some();
    let usual = || package::folders().into_iter().map(|folder| folder.join("bootstrap")).collect();
    let places = asked.map_or_else(usual, |place| vec![place]);
    let found = places.iter().find(|place| is_executable(place));
    // canonical, because it is started in another folder
    let found = found.and_then(|place| place.canonicalize().ok()).ok_or(NotFound::Bootstrap(places))?;
    if is_asked { Ok(found) } else { with_runtimes(found) }
}

/// bootstrap looks for the language runtimes beside itself. `cargo install` brings no folders.
#[cfg(feature = "install")]
fn with_runtimes(bootstrap: PathBuf) -> Result<PathBuf, NotFound> {
    if bootstrap.with_file_name("runtimes").is_dir() {
        return Ok(bootstrap);
    }
    super::unpacked::beside_runtimes(&bootstrap).map_err(NotFound::Runtimes)
}

#[cfg(not(feature = "install"))]
fn with_runtimes(bootstrap: PathBuf) -> Result<PathBuf, NotFound> {
    Ok(bootstrap)
}

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_search_names_the_place() {
        let error = find(Some(PathBuf::from("/nowhere/bootstrap"))).unwrap_err();
        assert!(error.to_string().contains("/nowhere/bootstrap"));
    }

    #[test]
    fn a_file_that_is_not_executable_is_not_found() {
        assert!(find(Some(PathBuf::from("/etc/passwd"))).is_err());
    }
}

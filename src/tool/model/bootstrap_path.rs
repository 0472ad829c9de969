//! Finds bootstrap.

use super::package;
use std::fmt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// There is no executable bootstrap in any of these places.
#[derive(Debug)]
pub struct NotFound(Vec<PathBuf>);

impl fmt::Display for NotFound {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places: Vec<_> = self.0.iter().map(|place| place.display().to_string()).collect();
        write!(
            out,
            "cannot find an executable bootstrap, looked for {}: build it with make, or name it with --bootstrap",
            places.join(", ")
        )
    }
}

/// The path that was asked for. Without one: the first of the [folders of this package](package::folders) that has it.
///
/// # Errors
/// None of them is an executable file.
pub fn find(asked: Option<PathBuf>) -> Result<PathBuf, NotFound> {
    let usual = || package::folders().into_iter().map(|folder| folder.join("bootstrap")).collect();
    let places = asked.map_or_else(usual, |place| vec![place]);
    let found = places.iter().find(|place| is_executable(place));
    // canonical, because it is started in another folder
    found.and_then(|place| place.canonicalize().ok()).ok_or(NotFound(places))
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

//! Where the other parts of Open Runtime are: bootstrap with its language runtimes, middlewares, and layers.

use std::path::{Path, PathBuf};

/// Folders that may have `bootstrap`, in order: of a build of the sources, of an unpacked archive, of a package of PyPI or npm
/// or a system's package, which have this program in `bin`; and that of a layer.
pub fn folders() -> Vec<PathBuf> {
    folders_of(&std::env::current_exe().and_then(|program| program.canonicalize()).unwrap_or_default())
}

fn folders_of(program: &Path) -> Vec<PathBuf> {
    let beside = program.parent().unwrap_or(Path::new("/"));
    let prefix = beside.parent().unwrap_or(beside);
    vec![beside.join(arch()), beside.to_owned(), prefix.join("share/open-runtime"), PathBuf::from("/opt")]
}

/// This machine in Lambda's words.
pub fn arch() -> &'static str {
    if cfg!(target_arch = "aarch64") { "arm64" } else { std::env::consts::ARCH }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_has_this_program_in_bin_and_the_rest_in_share() {
        let folders = folders_of(Path::new("/usr/bin/open-runtime"));
        assert!(
            folders.contains(&PathBuf::from("/usr/share/open-runtime")) && folders.contains(&PathBuf::from("/usr/bin"))
        );
    }
}

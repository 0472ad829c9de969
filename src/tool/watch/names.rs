//! Which names are not code: those of tools, caches and editors.

use std::ffi::OsStr;

/// The folder of installed packages. It may hold tens of thousands of files.
pub const PACKAGES: &str = "node_modules";

/// The files in it that npm, pnpm and Yarn write last when they have installed something.
pub const INSTALLED: [&str; 4] = [".package-lock.json", ".modules.yaml", ".yarn-integrity", ".yarn-state.yml"];

/// A folder that is not looked into: `.git`, `.venv`, `.idea` and the like, and those that interpreters and package
/// managers write.
pub fn is_skipped_folder(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.starts_with(b".") || [PACKAGES.as_bytes(), b"__pycache__"].contains(&name)
}

/// A file that an editor or an interpreter makes for itself, or a log.
pub fn is_skipped_file(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let is_swap_end = |end: &str| matches!(end.as_bytes(), [b'j'..=b'p' | b'x']);
    let is_vims = || name.starts_with('.') && name.rsplit_once(".sw").is_some_and(|(_, end)| is_swap_end(end));
    let is_emacs = || name.starts_with(".#") || name.starts_with('#') && name.ends_with('#');
    let is_jetbrains = || name.ends_with("___jb_tmp___") || name.ends_with("___jb_old___");
    let is_known = || ["4913", ".DS_Store", ".gitignore"].contains(&&*name) || name.starts_with(".goutputstream-");
    name.ends_with(".log")
        || name.ends_with('~')
        || name.ends_with(".pyc")
        || is_vims()
        || is_emacs()
        || is_jetbrains()
        || is_known()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_editors_and_interpreters_are_skipped() {
        for name in [
            "handler.py~",
            ".handler.py.swp",
            ".handler.py.swo",
            "4913",
            ".#handler.js",
            "#handler.js#",
            "a.pyc",
            "a.log",
        ] {
            assert!(is_skipped_file(name.as_ref()), "{name}");
        }
        for name in ["handler.py", ".env", "config.json", "a.swf", "x.swift", ".swcrc", "c#", "a.sw"] {
            assert!(!is_skipped_file(name.as_ref()), "{name}");
        }
    }

    #[test]
    fn folders_of_tools_and_packages_are_skipped() {
        assert!([".git", ".venv", "node_modules", "__pycache__"].iter().all(|name| is_skipped_folder(name.as_ref())));
        assert!(!["src", "vendor", "middlewares"].iter().any(|name| is_skipped_folder(name.as_ref())));
    }
}

//! Where the language runtime and the middlewares are. Files are looked for in the layers first, then beside the user's code,
//! then beside this program, which is the same as the layers on Lambda and the build's folder on a desk.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::error::InvocationError;

/// Where Lambda unpacks layers: <https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html>
const LAYERS: &str = "/opt";

/// The folders that may hold `runtimes` and `middlewares`, in order.
pub fn roots(config: &Config) -> Vec<PathBuf> {
    let mut roots = vec![PathBuf::from(LAYERS), config.task_root.clone()];
    let beside_us = env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_owned));
    roots.extend(beside_us.filter(|folder| folder != Path::new(LAYERS)));
    roots
}

/// Whether this is a file that may be executed (by somebody; whether by us, execve(2) will tell).
pub fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// The executable of the language runtime: `SLSRUNTIME`, else a layer's own, else by the extension of the handler's file.
///
/// # Errors
/// [`InvocationError::NoLanguageRuntime`] with each place that was looked in, or [`InvocationError::AmbiguousHandler`].
pub fn language_runtime(config: &Config, roots: &[PathBuf]) -> Result<PathBuf, InvocationError> {
    let mut search = Search::default();
    let found = match &config.runtime {
        Some(path) if path.contains('/') => search.at(Path::new(path)).or_else(|| search.within(Path::new(path))),
        Some(name) => search.by_name(roots, name),
        None => match search.within(Path::new(LAYERS)) {
            Some(own) => Some(own),
            None => by_handler(config, roots, &mut search)?,
        },
    };
    let wanted = match &config.runtime {
        Some(runtime) => format!("SLSRUNTIME={runtime}"),
        None => format!("the handler {}", config.handler),
    };
    found.ok_or(InvocationError::NoLanguageRuntime { wanted, searched: search.places })
}

/// The program of `AWS_LAMBDA_EXEC_WRAPPER`, which Lambda leaves alone on `provided.*`: there it is ours to honour. On the
/// managed runtimes Lambda has honoured it already: by starting us, under the name of our own wrapper.
///
/// # Errors
/// [`InvocationError::Variable`] if it cannot be executed.
pub fn wrapper(config: &Config) -> Result<Option<PathBuf>, InvocationError> {
    let Some(wrapper) = config.wrapper.as_deref().filter(|_| !is_wrapping()) else { return Ok(None) };
    let path = PathBuf::from(wrapper);
    if !path.is_absolute() || !is_executable(&path) {
        let (name, allowed) = ("AWS_LAMBDA_EXEC_WRAPPER", "the absolute path of an executable file");
        return Err(InvocationError::Variable { name, value: wrapper.to_owned(), allowed });
    }
    let is_us = fs::canonicalize(&path).ok().is_some_and(|path| env::current_exe().ok() == Some(path));
    Ok(Some(path).filter(|_| !is_us)) // we would start ourselves for ever
}

/// Whether we run as `open-runtime`, the link to us that is set as the wrapper on managed runtimes.
fn is_wrapping() -> bool {
    env::args_os().next().is_some_and(|name| Path::new(&name).file_name() == Some(OsStr::new("open-runtime")))
}

/// Tries places and remembers them.
#[derive(Default)]
struct Search {
    places: Vec<String>,
}

impl Search {
    fn at(&mut self, path: &Path) -> Option<PathBuf> {
        if is_executable(path) {
            return Some(path.to_owned());
        }
        self.places.push(path.display().to_string());
        None
    }

    fn within(&mut self, folder: &Path) -> Option<PathBuf> {
        self.at(&folder.join("language-runtime"))
    }

    fn by_name(&mut self, roots: &[PathBuf], name: &str) -> Option<PathBuf> {
        roots.iter().find_map(|root| self.within(&root.join("runtimes").join(name)))
    }
}

/// The handler's file is the one whose extension has a language runtime: `runtimes/js` and `runtimes/py` are links to the
/// languages' folders, so whoever adds a folder adds a language.
fn by_handler(config: &Config, roots: &[PathBuf], search: &mut Search) -> Result<Option<PathBuf>, InvocationError> {
    let mut found: Vec<(PathBuf, PathBuf)> = Vec::new();
    for file in handler_files(&config.task_root, &config.handler) {
        let extension = file.extension().unwrap_or_default().to_string_lossy().into_owned();
        if let Some(program) = search.by_name(roots, &extension) {
            let program = fs::canonicalize(&program).unwrap_or(program);
            if found.iter().all(|(_, other)| *other != program) {
                found.push((file, program));
            }
        }
    }
    if found.len() > 1 {
        let files = found.into_iter().map(|(file, _)| file.display().to_string()).collect();
        return Err(InvocationError::AmbiguousHandler { handler: config.handler.clone(), files });
    }
    if found.is_empty() && search.places.len() <= 1 {
        search.places.push(format!(
            "a file {}/{}.* with the extension of a language",
            config.task_root.display(),
            config.handler.rsplit_once('.').map_or(config.handler.as_str(), |(file, _)| file)
        ));
    }
    Ok(found.pop().map(|(_, program)| program))
}

/// The files that may hold the handler. `src/pkg.module.function` may be in `src/pkg.*`, `src/pkg/module.*`, or in the
/// `index.*` or `__init__.*` of a folder `src/pkg`.
fn handler_files(task_root: &Path, handler: &str) -> Vec<PathBuf> {
    let (folder, name) = handler.rsplit_once('/').unwrap_or(("", handler));
    let mut folder = task_root.join(folder.trim_start_matches('/'));
    let mut parts = name.split('.').peekable();
    let mut files = Vec::new();
    while let Some(stem) = parts.next().filter(|_| parts.peek().is_some()) {
        files.extend(files_with_stem(&folder, stem));
        folder.push(stem);
        files.extend(files_with_stem(&folder, "index"));
        files.extend(files_with_stem(&folder, "__init__"));
    }
    files
}

fn files_with_stem(folder: &Path, stem: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.file_stem().is_some_and(|own| own == stem) && path.extension().is_some())
        .collect();
    files.sort(); // the order of a folder is any order
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(handler: &str) -> Vec<String> {
        let root = env::temp_dir().join(format!("lookup-{}-{}", std::process::id(), handler.replace('/', "_")));
        for file in ["a.js", "a.json", "b", "src/pkg/mod.py", "src/pkg/__init__.py", "lib/index.mjs", "odd.name.js"] {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let files = handler_files(&root, handler);
        fs::remove_dir_all(&root).unwrap();
        files.iter().map(|file| file.strip_prefix(&root).unwrap().display().to_string()).collect()
    }

    #[test]
    fn a_handler_may_be_in_a_file_a_package_or_a_folder() {
        assert_eq!(names("a.hello"), ["a.js", "a.json"]);
        assert_eq!(names("src/pkg.mod.hello"), ["src/pkg/__init__.py", "src/pkg/mod.py"]);
        assert_eq!(names("src/pkg/mod.hello"), ["src/pkg/mod.py"]);
        assert_eq!(names("src.pkg.mod.hello"), ["src/pkg/__init__.py", "src/pkg/mod.py"]);
        assert_eq!(names("lib.hello"), ["lib/index.mjs"]);
        assert!(names("b.hello").is_empty());
        assert!(names("hello").is_empty());
    }
}

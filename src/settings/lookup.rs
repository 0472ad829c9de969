//! Where the language runtime and the middlewares are. Files are looked for in the layers first, then beside the user's code,
//! then beside this program: on Lambda that is the layers again, on a developer's machine the folder of the build. In a runtime
//! image that its publisher has sealed, what is beside this program goes first.

use std::env;
use std::ffi::{CString, OsStr};
use std::fs;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::error::InvocationError;
use crate::os::sys;
use crate::settings::config::Config;

/// Where Lambda unpacks layers: <https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html>
const LAYERS: &str = "/opt";

/// AWS's managed runtimes whose handlers are compiled. `AWS_EXECUTION_ENV` begins with these names, behind its prefix.
const COMPILED: [&str; 2] = ["java", "dotnet"];

/// The folder in `runtimes` for handlers that are executable files.
const EXECUTABLES: &str = "exec";

/// A file beside this program by which the publisher of a runtime image says that layers and code replace nothing of the image.
/// It is no environment variable, because the function's configuration sets those. `runtimes/interpreter.sh` looks for it, too.
const SEAL: &str = "sealed";

/// The folders that may hold `runtimes` and `middlewares`, in order.
pub fn roots(config: &Config) -> Vec<PathBuf> {
    roots_of(&config.task_root, env::current_exe().ok().as_deref())
}

/// The same for the program `bootstrap`.
fn roots_of(task_root: &Path, bootstrap: Option<&Path>) -> Vec<PathBuf> {
    let mut roots = vec![PathBuf::from(LAYERS), task_root.to_owned()];
    let beside_us = bootstrap.and_then(Path::parent).map(Path::to_owned);
    if let Some(folder) = beside_us.filter(|folder| folder.as_os_str() != LAYERS) {
        let place = if folder.join(SEAL).exists() { 0 } else { roots.len() };
        roots.insert(place, folder);
    }
    roots
}

/// Whether this is a file that somebody may execute. Whether bootstrap may, execve(2) will tell.
pub fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// The executable of the language runtime: `SLSRUNTIME`, or a layer's own, or the one for the handler's file.
///
/// # Errors
/// [`InvocationError::NoLanguageRuntime`] with each place that was searched, [`InvocationError::CompiledHandler`],
/// [`InvocationError::AmbiguousHandler`], or [`InvocationError::MalformedHandlerName`].
pub fn language_runtime(config: &Config, roots: &[PathBuf]) -> Result<PathBuf, InvocationError> {
    let mut search = Search { roots, places: Vec::new() };
    let found = match &config.runtime {
        Some(path) if path.contains('/') => search.at(Path::new(path)).or_else(|| search.within(Path::new(path))),
        Some(name) => search.by_name(name),
        // A layer's own, or that of a sealed image.
        None => match roots.first().and_then(|first| search.within(first)) {
            Some(own) => Some(own),
            None => {
                by_handler(config, &mut search).or_else(|error| compiled(config).map_or(Err(error), |_| Ok(None)))?
            }
        },
    };
    if let Some(runtime) = compiled(config).filter(|_| found.is_none() && config.runtime.is_none()) {
        return Err(InvocationError::CompiledHandler { runtime });
    }
    let wanted = match &config.runtime {
        Some(runtime) => format!("SLSRUNTIME={runtime}"),
        None => format!("the handler {}", config.handler),
    };
    found.ok_or(InvocationError::NoLanguageRuntime { wanted, searched: search.places })
}

/// The managed runtime, if its handlers are compiled.
fn compiled(config: &Config) -> Option<&'static str> {
    COMPILED.into_iter().find(|name| config.managed.as_deref() == Some(*name))
}

/// The program that starts the language runtime: `SLSWRAPPER`, or else `AWS_LAMBDA_EXEC_WRAPPER`. On `provided.*` Lambda ignores the
/// latter, so bootstrap honours it. On the managed runtimes Lambda honours it, and starts bootstrap by it.
///
/// # Errors
/// [`InvocationError::Variable`] if it cannot be executed.
pub fn wrapper(config: &Config) -> Result<Option<PathBuf>, InvocationError> {
    let Some((name, wrapper)) = &config.wrapper else { return Ok(None) };
    let path = PathBuf::from(wrapper);
    if !path.is_absolute() || !is_executable(&path) {
        let allowed = "the absolute path of an executable file";
        return Err(InvocationError::Variable { name, value: wrapper.clone(), allowed });
    }
    let is_us = without_links(&path).ok().is_some_and(|path| env::current_exe().is_ok_and(|own| is_same(&path, &own)));
    Ok((!is_us).then_some(path)) // bootstrap would start itself for ever
}

/// Tries places, and remembers those without an executable.
struct Search<'a> {
    roots: &'a [PathBuf],
    places: Vec<String>,
}

impl Search<'_> {
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

    fn by_name(&mut self, name: &str) -> Option<PathBuf> {
        self.roots.iter().find_map(|root| self.within(&root.join("runtimes").join(name)))
    }
}

/// The language runtime for the handler's file, or for the folder that has it as a package, or for the managed runtime that
/// bootstrap replaces.
fn by_handler(config: &Config, search: &mut Search<'_>) -> Result<Option<PathBuf>, InvocationError> {
    let is_program = || !config.handler.is_empty() && is_executable(&config.task_root.join(&config.handler));
    let Some((stem, _)) = config.handler.rsplit_once('.') else {
        let malformed = InvocationError::MalformedHandlerName { handler: config.handler.clone() };
        return is_program().then(|| search.by_name(EXECUTABLES)).ok_or(malformed);
    };
    let mut found: Vec<(PathBuf, PathBuf)> = Vec::new();
    let files = handler_files(&config.task_root, &config.handler);
    for file in &files {
        // `runtimes/js` and `runtimes/py` are links to the languages' folders, so that a new folder is a new language.
        let extension = file.extension().unwrap_or_default().to_string_lossy();
        keep(&mut found, file.clone(), search.by_name(&extension));
    }
    if found.is_empty() {
        search
            .places
            .push(format!("a file {}.* with the extension of a language", config.task_root.join(stem).display()));
        for (language, folder) in package_folders(config) {
            if let Some(file) = package(&folder, &config.handler) {
                keep(&mut found, file, search.by_name(language));
            } else {
                search.places.push(folder.display().to_string());
            }
        }
    }
    if found.len() != 1
        && let Some(program) = config.managed.as_deref().and_then(|language| search.by_name(language))
    {
        return Ok(Some(program));
    }
    if found.is_empty() && is_program() {
        return Ok(search.by_name(EXECUTABLES));
    }
    if found.len() > 1 {
        let files = found.into_iter().map(|(file, _)| file.display().to_string()).collect();
        return Err(InvocationError::AmbiguousHandler { handler: config.handler.clone(), files });
    }
    Ok(found.pop().map(|(_, program)| program))
}

/// Adds a file and the language runtime that could run it, once for each language runtime.
fn keep(found: &mut Vec<(PathBuf, PathBuf)>, file: PathBuf, program: Option<PathBuf>) {
    let Some(program) = program.map(|program| without_links(&program).unwrap_or(program)) else { return };
    if !found.iter().any(|(_, other)| is_same(other, &program)) {
        found.push((file, program));
    }
}

/// A path without links. The kernel knows it of an open file: realpath(3) would ask for each folder, and takes 1 KB of the binary.
fn without_links(path: &Path) -> io::Result<PathBuf> {
    let file = sys::open_place(&CString::new(path.as_os_str().as_bytes())?)?;
    fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

/// Whether two paths without links lead to the same file. As texts: paths would be taken apart to be compared.
fn is_same(path: &Path, other: &Path) -> bool {
    path.as_os_str() == other.as_os_str()
}

/// The folders of packages, relative to the user's code, and their languages. If there is a third part, the second is a folder
/// with versions of a language, and each of them has the third.
const PACKAGES: [(&str, &str, &str); 6] = [
    ("nodejs", "node_modules", ""),
    ("nodejs", "/opt/nodejs/node_modules", ""),
    ("nodejs", "/opt/nodejs", "node_modules"),
    ("python", "/opt/python", ""),
    ("python", "/opt/python/lib", "site-packages"),
    ("python", "/var/lang/lib", "site-packages"),
];

fn package_folders(config: &Config) -> Vec<(&'static str, PathBuf)> {
    let mut all = Vec::new();
    for (language, folder, of_version) in PACKAGES {
        let folder = config.task_root.join(folder);
        if of_version.is_empty() {
            all.push((language, folder));
        } else {
            all.extend(entries(&folder).into_iter().map(|version| (language, version.join(of_version))));
        }
    }
    for (language, path) in [("nodejs", &config.node_path), ("python", &config.python_path)] {
        let folders = path.as_encoded_bytes().split(|byte| *byte == b':').filter(|folder| !folder.is_empty());
        all.extend(folders.map(|folder| (language, PathBuf::from(OsStr::from_bytes(folder)))));
    }
    all
}

/// The handler's file in a folder of packages, or the `package.json` of a Node.js package that names its own file.
fn package(folder: &Path, handler: &str) -> Option<PathBuf> {
    let (stem, _) = handler.rsplit_once('.')?;
    let is_there = |place: &PathBuf| fs::metadata(place).is_ok();
    let described = || Some(folder.join(stem).join("package.json")).filter(is_there);
    handler_files(folder, handler).pop().or_else(described)
}

/// The files that may hold the handler. `src/pkg.module.function` may be in `src/pkg.*`, `src/pkg/module.*`, or in the
/// `index.*` or `__init__.*` of a folder `src/pkg`.
fn handler_files(task_root: &Path, handler: &str) -> Vec<PathBuf> {
    let (folder, name) = handler.rsplit_once('/').unwrap_or(("", handler));
    let mut folder = if handler.starts_with('/') { PathBuf::from("/").join(folder) } else { task_root.join(folder) };
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
    let mut files = Vec::new(); // sorted, because a folder has no order
    for path in entries(folder) {
        if path.file_stem().is_some_and(|own| own == stem) && path.extension().is_some() {
            files.insert(files.partition_point(|other: &PathBuf| other.as_os_str() < path.as_os_str()), path);
        }
    }
    files
}

/// What is in a folder. Nothing if it cannot be read.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
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

    /// The current managed runtimes, and the folder in `runtimes` that serves them.
    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html>
    const MANAGED: [(&str, Option<&str>); 28] = [
        ("nodejs20.x", Some("nodejs")),
        ("nodejs22.x", Some("nodejs")),
        ("nodejs24.x", Some("nodejs")),
        ("nodejs26.x", Some("nodejs")),
        ("python3.9", Some("python")),
        ("python3.10", Some("python")),
        ("python3.11", Some("python")),
        ("python3.12", Some("python")),
        ("python3.13", Some("python")),
        ("python3.14", Some("python")),
        ("python3.15", Some("python")),
        ("ruby3.2", Some("ruby")),
        ("ruby3.3", Some("ruby")),
        ("ruby3.4", Some("ruby")),
        ("ruby4.0", Some("ruby")),
        ("java8.al2", None),
        ("java8.al2023", None),
        ("java11", None),
        ("java11.al2023", None),
        ("java17", None),
        ("java17.al2023", None),
        ("java21", None),
        ("java25", None),
        ("dotnet6", None),
        ("dotnet8", None),
        ("dotnet9", None),
        ("dotnet10", None),
        ("java", None),
    ];

    /// Makes a folder like a layer, in which a handler could be one of each language.
    fn layer(name: &str) -> PathBuf {
        let root = env::temp_dir().join(format!("lookup-{name}-{}", std::process::id()));
        for language in ["nodejs", "python", "ruby"] {
            let folder = root.join("runtimes").join(language);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("language-runtime"), "").unwrap();
            fs::set_permissions(folder.join("language-runtime"), fs::Permissions::from_mode(0o755)).unwrap();
        }
        for (extension, language) in [("js", "nodejs"), ("py", "python"), ("rb", "ruby")] {
            fs::write(root.join("a").with_extension(extension), "").unwrap();
            std::os::unix::fs::symlink(language, root.join("runtimes").join(extension)).unwrap();
        }
        root
    }

    fn found_on(root: &Path, identifier: &str, handler: &str) -> Result<PathBuf, InvocationError> {
        let value = |name: &'static str| match name {
            "AWS_EXECUTION_ENV" => Some(format!("AWS_Lambda_{identifier}").into()),
            "LAMBDA_TASK_ROOT" => Some(root.into()),
            "_HANDLER" => Some(handler.into()),
            _ => None,
        };
        language_runtime(&Config::read(&value).unwrap(), &[root.to_owned()])
    }

    #[test]
    fn each_managed_runtime_has_its_language_or_a_clear_error() {
        let root = layer("managed");
        for (identifier, language) in MANAGED {
            for handler in ["a.hello", "nowhere.hello"] {
                match (found_on(&root, identifier, handler), language) {
                    (Ok(program), Some(language)) => {
                        assert_eq!(program, root.join(format!("runtimes/{language}/language-runtime")), "{identifier}");
                    }
                    (Err(error), None) => {
                        let name = identifier.trim_end_matches(|c: char| !c.is_ascii_alphabetic());
                        let name = name.split(|c: char| c.is_ascii_digit()).next().unwrap();
                        assert_eq!(error.error_type(), "Runtime.NoLanguageRuntime", "{identifier}");
                        let told = format!("of the managed runtime {name}; remove AWS_LAMBDA_EXEC_WRAPPER");
                        assert!(error.to_string().contains(&told), "{identifier}: {error}");
                    }
                    (other, _) => panic!("{identifier}: {other:?}"),
                }
            }
        }
        for handler in ["example.Handler::handleRequest", "Handler", "Assembly::Space.Class::Method"] {
            let error = found_on(&root, "java21", handler).unwrap_err();
            assert!(matches!(error, InvocationError::CompiledHandler { runtime: "java" }), "{error}");
        }
        fs::remove_dir_all(&root).unwrap();
    }

    #[test]
    fn a_language_runtime_for_compiled_handlers_can_be_added() {
        let root = layer("compiled");
        fs::rename(root.join("runtimes/ruby"), root.join("runtimes/java")).unwrap();
        let program = found_on(&root, "java21", "example.Handler").unwrap();
        assert_eq!(program, root.join("runtimes/java/language-runtime"));
        fs::remove_dir_all(&root).unwrap();
    }

    #[test]
    fn layers_come_before_the_function_and_that_before_what_is_beside_bootstrap() {
        let task = Path::new("/var/task");
        for (bootstrap, folders) in [
            ("/opt/bootstrap", &["/opt", "/var/task"][..]), // a layer on provided; with AWS_LAMBDA_EXEC_WRAPPER a link leads to it
            ("/var/runtime/bootstrap", &["/opt", "/var/task", "/var/runtime"]), // a runtime image
            ("/var/task/bootstrap", &["/opt", "/var/task", "/var/task"]), // in the function's own package
        ] {
            let expected: Vec<PathBuf> = folders.iter().map(PathBuf::from).collect();
            assert_eq!(roots_of(task, Some(Path::new(bootstrap))), expected, "{bootstrap}");
        }
        assert_eq!(roots_of(task, None), [Path::new("/opt"), task]);
    }

    #[test]
    fn a_path_without_links_is_known_of_a_file_that_cannot_be_read() {
        let root = fs::canonicalize(env::temp_dir()).unwrap().join(format!("lookup-links-{}", std::process::id()));
        fs::create_dir_all(&root).unwrap();
        let made = std::process::Command::new("mkfifo").arg(root.join("fifo")).status().unwrap(); // to read it would wait for a writer
        std::os::unix::fs::symlink(".", root.join("link")).unwrap();
        let found = [root.join("link/link/fifo"), root.join("none")].map(|path| without_links(&path).ok());
        fs::remove_dir_all(&root).unwrap();
        assert!(made.success());
        assert_eq!(found, [Some(root.join("fifo")), None]);
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

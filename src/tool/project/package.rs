//! What Lambda makes of a function's code and layers before it starts it: folders.
//!
//! There is no `/opt` here. What a layer has in `runtimes` and `middlewares` is put beside a copy of `bootstrap`, where
//! `bootstrap` looks, too. Its packages, programs and libraries are found by environment variables, as Lambda sets them.

use super::unzip::unzip;
use super::{Code, FunctionSpec};
use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A file by which the layer of Open Runtime is known. This machine has its own.
const OURS: &str = "open-runtime.json";

/// The function's code or a layer cannot be used.
#[derive(Debug)]
pub struct Unusable {
    path: PathBuf,
    why: io::Error,
}

impl fmt::Display for Unusable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "cannot use {}: {}", self.path.display(), self.why)
    }
}

/// A function's folders. They are removed when this is dropped, if they were made for it.
pub struct Package {
    pub task_root: PathBuf,
    /// What is started in place of the tool's own bootstrap.
    pub bootstrap: Option<PathBuf>,
    pub variables: Vec<(String, String)>,
    /// The folders of the layers.
    pub layers: Vec<PathBuf>,
    /// Layers that cannot be used.
    pub left_out: Vec<Unusable>,
    _folder: Option<TempDir>,
}

impl Package {
    /// Makes the folders. Unpacking a large zip file takes seconds.
    ///
    /// # Errors
    /// The code is not there, or it is neither a folder nor a zip file.
    pub fn new(function: &FunctionSpec, own_bootstrap: &Path) -> Result<Package, Unusable> {
        let mut workshop = Workshop::default();
        let task_root = workshop.task_root(function)?;
        let (mut layers, mut left_out) = (Vec::new(), Vec::new());
        for (index, layer) in function.layers.iter().enumerate() {
            match workshop.folder(layer, &format!("layer-{index}")) {
                Ok(layer) if layer.join(OURS).exists() => {}
                Ok(layer) => layers.push(layer),
                Err(why) => left_out.push(why),
            }
        }
        let own = own_program(function, &task_root, &layers);
        let bootstrap = match own {
            Some(program) => Some(program),
            None => workshop.bootstrap_with(&layers, own_bootstrap)?,
        };
        let variables = variables(function, &layers);
        Ok(Package { task_root, bootstrap, variables, layers, left_out, _folder: workshop.folder })
    }
}

/// Where folders are made, if any has to be.
#[derive(Default)]
struct Workshop {
    folder: Option<TempDir>,
}

impl Workshop {
    fn place(&mut self, name: &str) -> io::Result<PathBuf> {
        let folder = match self.folder.take() {
            Some(folder) => folder,
            None => tempfile::Builder::new().prefix("open-runtime-").tempdir()?,
        };
        let place = folder.path().join(name);
        self.folder = Some(folder);
        fs::create_dir(&place)?;
        Ok(place)
    }

    fn task_root(&mut self, function: &FunctionSpec) -> Result<PathBuf, Unusable> {
        match &function.code {
            Code::Path(path) => self.folder(path, "task"),
            Code::Inline(text) => {
                let mut write = || {
                    let root = self.place("task")?;
                    let file = if function.runtime.starts_with("python") { "index.py" } else { "index.js" };
                    fs::write(root.join(file), text)?;
                    Ok(root)
                };
                write().map_err(|why| Unusable { path: PathBuf::from("the code in the file"), why })
            }
        }
    }

    /// The folder itself, or what is in the zip file.
    fn folder(&mut self, path: &Path, name: &str) -> Result<PathBuf, Unusable> {
        let unusable = |why| Unusable { path: path.components().collect(), why }; // without `./`
        let real = path.canonicalize().map_err(unusable)?;
        if real.is_dir() {
            return Ok(real);
        }
        if !real.is_file() {
            return Err(unusable(io::Error::other("it is neither a folder nor a zip file")));
        }
        let place = self.place(name).map_err(unusable)?;
        unzip(&real, &place).map_err(unusable)?;
        Ok(place)
    }

    /// A copy of bootstrap that has the runtimes and middlewares of the layers beside it. None if they have none.
    fn bootstrap_with(&mut self, layers: &[PathBuf], own: &Path) -> Result<Option<PathBuf>, Unusable> {
        let kinds = ["runtimes", "middlewares"];
        if !layers.iter().any(|layer| kinds.iter().any(|kind| layer.join(kind).is_dir())) {
            return Ok(None);
        }
        let mut make = || {
            let opt = self.place("opt")?;
            let bootstrap = opt.join("bootstrap");
            fs::copy(own, &bootstrap)?;
            if let Some(bin) = own.parent().map(|folder| folder.join("bin")).filter(|bin| bin.is_dir()) {
                symlink(bin, opt.join("bin"))?;
            }
            for kind in kinds {
                fs::create_dir(opt.join(kind))?;
                let beside = own.parent().map(|folder| folder.join(kind));
                for source in layers.iter().rev().map(|layer| layer.join(kind)).chain(beside) {
                    link_all(&source, &opt.join(kind))?;
                }
            }
            Ok(Some(bootstrap))
        };
        make().map_err(|why| Unusable { path: own.to_owned(), why })
    }
}

/// Links to what is in a folder. What is there already stays.
fn link_all(source: &Path, target: &Path) -> io::Result<()> {
    let Ok(entries) = fs::read_dir(source) else { return Ok(()) };
    for entry in entries {
        let entry = entry?;
        match symlink(entry.path(), target.join(entry.file_name())) {
            Err(why) if why.kind() == io::ErrorKind::AlreadyExists => {}
            done => done?,
        }
    }
    Ok(())
}

/// The function's own `bootstrap` on `provided`, in its code or in a layer.
fn own_program(function: &FunctionSpec, task_root: &Path, layers: &[PathBuf]) -> Option<PathBuf> {
    if !function.is_provided() {
        return None;
    }
    let folders = [task_root].into_iter().chain(layers.iter().rev().map(PathBuf::as_path));
    folders.map(|folder| folder.join("bootstrap")).find(|program| is_executable(program))
}

/// Whether somebody may execute this file.
pub fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// Lists of folders by which a layer's content is found. The last layer comes first, as it replaces the others on Lambda.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html#packaging-layers-paths>
fn variables(function: &FunctionSpec, layers: &[PathBuf]) -> Vec<(String, String)> {
    let mut variables = Vec::new();
    let kinds: [(&str, &[&str]); 4] = [
        ("NODE_PATH", &["nodejs/node_modules"]),
        ("PYTHONPATH", &["python", "python/lib/*/site-packages"]),
        ("RUBYLIB", &["ruby/lib"]),
        ("GEM_PATH", &["ruby/gems/*"]),
    ];
    for (name, places) in kinds {
        let mut folders: Vec<String> =
            layers.iter().rev().flat_map(|layer| places.iter().flat_map(|place| existing(layer, place))).collect();
        if folders.is_empty() {
            continue;
        }
        folders.extend(function.variables.iter().filter(|(own, _)| own == name).map(|(_, value)| value.clone()));
        variables.push((name.to_owned(), folders.join(":")));
    }
    variables.extend(program(function, layers, "AWS_LAMBDA_EXEC_WRAPPER"));
    let own = layers.iter().rev().map(|layer| layer.join("language-runtime")).find(|program| is_executable(program));
    let has_own = function.variables.iter().any(|(name, _)| name == "SLSRUNTIME");
    variables.extend(own.filter(|_| !has_own).map(|program| ("SLSRUNTIME".to_owned(), program.display().to_string())));
    variables
}

/// A variable that names a program of a layer by its path on Lambda.
fn program(function: &FunctionSpec, layers: &[PathBuf], name: &str) -> Option<(String, String)> {
    let (_, value) = function.variables.iter().find(|(own, _)| own == name)?;
    let inner = value.strip_prefix("/opt/")?;
    let found = layers.iter().rev().map(|layer| layer.join(inner)).find(|program| is_executable(program))?;
    Some((name.to_owned(), found.display().to_string()))
}

/// The folders of a layer that a pattern names. It may have one `*`, for any name.
fn existing(layer: &Path, pattern: &str) -> Vec<String> {
    let folders = match pattern.split_once("/*") {
        None => vec![layer.join(pattern)],
        Some((before, after)) => {
            let entries = fs::read_dir(layer.join(before)).into_iter().flatten().flatten();
            let mut folders: Vec<PathBuf> =
                entries.map(|entry| entry.path().join(after.trim_start_matches('/'))).collect();
            folders.sort();
            folders
        }
    };
    let is_usable = |folder: &PathBuf| folder.is_dir();
    folders.into_iter().filter(is_usable).map(|folder| folder.display().to_string()).collect()
}

//! Where the code of a function is.

use crate::model::function::Function;
use std::path::{Path, PathBuf};

/// The folders of layers that bootstrap and the interpreters look into, and what a language's own layer has.
const LAYERS: [&str; 9] =
    ["runtimes", "middlewares", "language-runtime", "nodejs", "python", "ruby", "lib", "bin", "bootstrap"];

/// The folders of these variables have code, too.
const SEARCH_PATHS: [&str; 5] = ["NODE_PATH", "PYTHONPATH", "RUBYLIB", "PERL5LIB", "PERLLIB"];

/// What a function consists of. A change anywhere here concerns it.
#[derive(Clone, Default)]
pub struct Places {
    pub task_root: PathBuf,
    pub handler: String,
    /// Besides the task root. They need not exist.
    pub folders: Vec<PathBuf>,
    /// Single files. They need not exist.
    pub files: Vec<PathBuf>,
    /// Files and folders that this tool itself writes. They may be in the others.
    pub written: Vec<PathBuf>,
}

impl Places {
    /// The task root, layers, what is beside bootstrap, search paths of the interpreters, and what the user adds.
    pub fn of(function: &Function, added: &[PathBuf], files: &[PathBuf]) -> Places {
        let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
        let mut folders: Vec<PathBuf> = LAYERS.iter().map(|name| Path::new("/opt").join(name)).collect();
        if let Some(beside) = function.bootstrap.parent() {
            folders.extend(["runtimes", "middlewares"].map(|name| beside.join(name)));
        }
        let of_variables = function.variables.iter().filter(|(name, _)| SEARCH_PATHS.contains(&name.as_str()));
        let search_paths = of_variables.flat_map(|(_, value)| value.split(':')).filter(|path| !path.is_empty());
        folders.extend(function.extensions.iter().chain(&function.layers).cloned());
        folders.extend(search_paths.map(|path| function.task_root.join(path)));
        folders.extend(added.iter().map(absolute));
        folders.retain(|folder| !folder.starts_with(&function.task_root));
        folders.sort();
        folders.dedup();
        let mut files: Vec<PathBuf> = files.iter().map(absolute).collect();
        files.push(function.bootstrap.clone());
        let written = [1, 2].iter().filter_map(|fd| std::fs::read_link(format!("/proc/self/fd/{fd}")).ok()).collect();
        Places { task_root: function.task_root.clone(), handler: function.handler.clone(), folders, files, written }
    }

    /// Says that the tool writes this file or folder, so that it is not watched.
    pub fn add_written(&mut self, path: &Path) {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let folder = absolute.parent().and_then(|folder| folder.canonicalize().ok());
        self.written.extend(folder.zip(absolute.file_name()).map(|(folder, name)| folder.join(name)));
    }

    /// All folders, the task root first.
    pub fn roots(&self) -> impl Iterator<Item = &Path> {
        std::iter::once(&self.task_root).chain(&self.folders).map(PathBuf::as_path)
    }

    /// True if a file belongs to the function.
    pub fn concerns(&self, file: &Path) -> bool {
        self.roots().any(|root| file.starts_with(root)) || self.files.iter().any(|own| own == file)
    }

    /// The beginnings of the paths of files that may have the handler: `src/app` for `src/app.hello`, and for
    /// `src.app.hello`, too.
    pub fn handler_stems(&self) -> Vec<PathBuf> {
        let Some((module, _)) = self.handler.rsplit_once('.') else { return Vec::new() };
        let (folder, name) =
            module.rsplit_once('/').map_or((String::new(), module), |(folder, name)| (format!("{folder}/"), name));
        let first = name.split('.').next().unwrap_or(name);
        let mut stems = [name, first].map(|name| self.task_root.join(format!("{folder}{name}"))).to_vec();
        stems.push(self.task_root.join(folder + &name.replace('.', "/")));
        stems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        let function = Function {
            task_root: "/task".into(),
            bootstrap: "/dist/bootstrap".into(),
            handler: "src/app.hello".to_owned(),
            variables: vec![
                ("PYTHONPATH".to_owned(), "../shared:/task/lib:".to_owned()),
                ("A".to_owned(), "/a".to_owned()),
            ],
            ..Function::default()
        };
        Places::of(&function, &["/added".into()], &["/dev/.env".into()])
    }

    #[test]
    fn code_is_in_the_task_root_in_layers_in_search_paths_and_where_the_user_says() {
        let places = places();
        for file in
            ["/task/a.py", "/opt/python/x/y.py", "/dist/runtimes/py/x", "/task/../shared/z.py", "/added/a", "/dev/.env"]
        {
            assert!(places.concerns(file.as_ref()), "{file}");
        }
        for file in ["/opt/google/x", "/a/x", "/dev/x", "/dist/other", "/tasks/a.py"] {
            assert!(!places.concerns(file.as_ref()), "{file}");
        }
        assert!(!places.folders.contains(&"/task/lib".into()));
    }

    #[test]
    fn the_handlers_file_is_known_by_its_name() {
        assert!(places().handler_stems().contains(&"/task/src/app".into()));
        let dotted = Places { handler: "src.app.hello".to_owned(), ..places() };
        assert!(dotted.handler_stems().contains(&"/task/src/app".into()));
        let nested = Places { handler: "src/app.a.b".to_owned(), ..places() };
        assert!(nested.handler_stems().contains(&"/task/src/app".into()));
    }
}

//! A scan of the files that belong to functions, to be compared with the next one.

use super::names::{INSTALLED, PACKAGES, is_skipped_file, is_skipped_folder};
use super::places::Places;
use ignore::{DirEntry, WalkBuilder};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// More files than a function has. A link to a disk must not occupy the machine.
const MAX_FILES: usize = 50_000;

/// How many files are looked at for each invocation, which takes about 1 µs a file.
const MAX_SAMPLE: usize = 100;

/// As many links in a chain as the kernel follows.
const MAX_LINKS: usize = 40;

/// What differs when a file has been written, replaced or made executable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    modified: (i64, i64),
    size: u64,
    inode: u64,
    mode: u32,
}

impl Stamp {
    fn new(metadata: &Metadata) -> Stamp {
        let modified = (metadata.mtime(), metadata.mtime_nsec());
        Stamp { modified, size: metadata.size(), inode: metadata.ino(), mode: metadata.mode() }
    }
}

/// Some of the files at one moment.
#[derive(Default)]
pub struct Sample(Vec<(PathBuf, Stamp)>);

impl Sample {
    /// True if one of them has changed since. One that is gone does not count: a build may make it anew.
    pub fn is_outdated(&self) -> bool {
        let now = |path: &PathBuf| path.metadata().ok().map(|metadata| Stamp::new(&metadata));
        self.0.iter().any(|(path, stamp)| now(path).is_some_and(|now| now != *stamp))
    }
}

/// The files at one moment.
#[derive(Default)]
pub struct Tree {
    files: BTreeMap<PathBuf, Stamp>,
    /// Folders in which everything matters.
    pub folders: BTreeSet<PathBuf>,
    /// Single paths that matter in folders that otherwise do not. They need not exist, their folders do.
    pub single: BTreeSet<PathBuf>,
    /// Files and folders that do not matter.
    written: Vec<PathBuf>,
    /// There are more files than are looked at.
    pub is_cut: bool,
}

impl Tree {
    /// Scans all places, and these single files. Blocks while the files are looked at: for about 1 ms for a small function.
    pub fn scan(places: &[Places], files: &[PathBuf]) -> Tree {
        let written = places.iter().flat_map(|place| place.written.clone()).collect();
        let mut tree = Tree { written, ..Tree::default() };
        files.iter().for_each(|file| tree.add_single(file));
        let mut walked = BTreeSet::new(); // functions of a project have most folders in common
        for place in places {
            for root in place.roots().filter(|root| walked.insert(root.to_path_buf())) {
                tree.single.extend(nearest(root));
                tree.walk(root, true);
            }
            for file in &place.files {
                tree.add_single(file);
            }
            if let Some(folder) = tree.ignored_handler(place) {
                tree.walk(&folder, false);
            }
        }
        tree
    }

    /// The files that differ: changed, new or gone.
    pub fn changes_since(&self, before: &Tree) -> Vec<PathBuf> {
        let changed = self.files.iter().filter(|(path, stamp)| before.files.get(*path) != Some(stamp));
        let gone = before.files.keys().filter(|path| !self.files.contains_key(*path));
        changed.map(|(path, _)| path).chain(gone).cloned().collect()
    }

    /// True if a file has become empty. It is about to be written, most likely.
    pub fn is_emptied_since(&self, before: &Tree) -> bool {
        let was_filled = |path| before.files.get(path).is_some_and(|stamp| stamp.size > 0);
        self.files.iter().any(|(path, stamp)| stamp.size == 0 && was_filled(path))
    }

    /// The files for a quick look: those whose paths are short, as the handler's is.
    pub fn sample(&self) -> Sample {
        let mut files: Vec<(PathBuf, Stamp)> = self.files.iter().map(|(path, stamp)| (path.clone(), *stamp)).collect();
        files.sort_by_key(|(path, _)| path.components().count());
        files.truncate(MAX_SAMPLE);
        Sample(files)
    }

    /// True if the path is a file or a folder that was seen, or one that matters singly.
    pub fn knows(&self, path: &Path) -> bool {
        self.files.contains_key(path) || self.folders.contains(path) || self.single.contains(path)
    }

    /// True if a change of this path matters, as far as its name says.
    pub fn is_relevant(&self, path: &Path) -> bool {
        if self.is_written(path) {
            return false;
        }
        if self.knows(path) {
            return true;
        }
        let is_skipped = path.file_name().is_some_and(is_skipped_file);
        !is_skipped && path.parent().is_some_and(|folder| self.folders.contains(folder))
    }

    fn is_written(&self, path: &Path) -> bool {
        self.written.iter().any(|written| path.starts_with(written))
    }

    pub fn has_files_in(&self, folder: &Path) -> bool {
        self.files.keys().any(|file| file.starts_with(folder))
    }

    /// The folders to watch: those of single paths first, as everything matters in the others.
    pub fn watched(&self) -> impl Iterator<Item = &Path> {
        let parents = self.single.iter().filter_map(|path| path.parent());
        parents.filter(|parent| !self.folders.contains(*parent)).chain(self.folders.iter().map(PathBuf::as_path))
    }

    fn walk(&mut self, root: &Path, heeds_git: bool) {
        let mut walk = WalkBuilder::new(root);
        walk.hidden(false).ignore(false).require_git(false).follow_links(true);
        walk.git_ignore(heeds_git).git_exclude(heeds_git).git_global(heeds_git).parents(heeds_git);
        let top = root.canonicalize().unwrap_or_default();
        walk.filter_entry(move |entry| is_wanted(entry) && !leads_above(entry, &top));
        // what cannot be read, and links that lead round in a circle, are left out
        for entry in walk.build().flatten() {
            if self.files.len() >= MAX_FILES {
                self.is_cut = true;
                return;
            }
            self.add(entry);
        }
    }

    fn add(&mut self, entry: DirEntry) {
        let Some(kind) = entry.file_type().filter(|_| !self.is_written(entry.path())) else { return };
        let is_link = entry.path_is_symlink();
        if kind.is_dir() {
            self.add_packages(&entry.path().join(PACKAGES));
            self.folders.insert(entry.into_path());
            return;
        }
        if is_link {
            self.single.extend(targets(entry.path()));
        }
        if let Ok(metadata) = entry.metadata().map_err(drop)
            && kind.is_file()
        {
            self.files.insert(entry.into_path(), Stamp::new(&metadata));
        }
    }

    /// Of installed packages, only the file that says that they were installed.
    fn add_packages(&mut self, folder: &Path) {
        if folder.is_dir() {
            INSTALLED.iter().for_each(|name| self.add_single(&folder.join(name)));
        }
    }

    fn add_single(&mut self, file: &Path) {
        self.single.extend(nearest(file));
        self.single.extend(targets(file));
        if let Ok(metadata) = file.metadata() {
            self.files.insert(file.to_owned(), Stamp::new(&metadata));
        }
    }

    /// The folder of the handler's file, if that exists and is ignored: `dist`, for example, which is built. What the
    /// function runs is watched in any case.
    fn ignored_handler(&self, place: &Places) -> Option<PathBuf> {
        for stem in place.handler_stems() {
            let (folder, name) = (stem.parent()?, stem.file_name()?.as_encoded_bytes());
            let names = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
            let is_handler = |file: &std::ffi::OsString| {
                let rest = file.as_encoded_bytes().strip_prefix(name);
                rest.is_some_and(|rest| rest.starts_with(b".")) && !is_skipped_file(file)
            };
            let found: Vec<PathBuf> = names.filter(is_handler).map(|name| folder.join(name)).collect();
            if !found.is_empty() {
                return found.iter().any(|file| !self.files.contains_key(file)).then(|| folder.to_owned());
            }
        }
        None
    }
}

fn is_wanted(entry: &DirEntry) -> bool {
    if entry.depth() == 0 {
        return true; // what the user names is never skipped
    }
    let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
    !if is_folder { is_skipped_folder(entry.file_name()) } else { is_skipped_file(entry.file_name()) }
}

/// A link to a folder that the root is in, as packages of one repository have them to each other.
fn leads_above(entry: &DirEntry, root: &Path) -> bool {
    entry.path_is_symlink() && entry.path().canonicalize().is_ok_and(|target| root.starts_with(target))
}

/// The path itself if its folder exists. Otherwise the first of its ancestors of which that is true.
fn nearest(path: &Path) -> Option<PathBuf> {
    path.ancestors().find(|path| path.parent().is_some_and(Path::is_dir)).map(Path::to_owned)
}

/// Where a link leads, step by step: each of these may be replaced.
fn targets(link: &Path) -> Vec<PathBuf> {
    let mut targets = Vec::new();
    let mut at = link.to_owned();
    while let Ok(next) = std::fs::read_link(&at)
        && targets.len() < MAX_LINKS
    {
        let folder = at.parent().unwrap_or(Path::new("/"));
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        at = std::path::absolute(folder.join(next)).unwrap_or_default();
        targets.extend(nearest(&at));
    }
    targets
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    /// A folder that is removed at the end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Folder {
            let path = std::env::temp_dir().join(format!("open-runtime-tree-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path); // of a run that was killed
            fs::create_dir_all(&path).unwrap();
            Folder(path.canonicalize().unwrap())
        }

        fn write(&self, name: &str, text: &str) {
            let path = self.0.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        fn scan(&self) -> Tree {
            self.scan_for("handler.hello")
        }

        fn scan_for(&self, handler: &str) -> Tree {
            Tree::scan(&[Places { task_root: self.0.clone(), handler: handler.to_owned(), ..Places::default() }], &[])
        }

        fn changes(&self, before: &Tree) -> Vec<String> {
            self.names(&self.scan().changes_since(before))
        }

        fn names(&self, paths: &[PathBuf]) -> Vec<String> {
            paths.iter().map(|path| path.strip_prefix(&self.0).unwrap().display().to_string()).collect()
        }

        fn files(&self, tree: &Tree) -> Vec<String> {
            self.names(&tree.files.keys().cloned().collect::<Vec<_>>())
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0); // it is in the folder for temporary files
        }
    }

    #[test]
    fn files_that_are_changed_new_or_gone_differ() {
        let folder = Folder::new("changes");
        for name in ["changed.py", "same.py", "gone.py"] {
            folder.write(name, "1");
        }
        let before = folder.scan();
        assert!(folder.changes(&before).is_empty() && !before.sample().is_outdated());
        folder.write("changed.py", "22");
        folder.write("new/new.py", "1");
        folder.write("changed.py", "");
        assert!(folder.scan().is_emptied_since(&before));
        folder.write("changed.py", "22");
        assert!(!folder.scan().is_emptied_since(&before));
        assert!(before.sample().is_outdated() && !folder.scan().sample().is_outdated());
        fs::remove_file(folder.0.join("gone.py")).unwrap();
        assert_eq!(folder.changes(&before), ["changed.py", "new/new.py", "gone.py"]);
    }

    #[test]
    fn what_git_ignores_and_what_is_no_code_is_left_out() {
        let folder = Folder::new("ignored");
        for name in [
            "handler.py",
            "a.log",
            "build/x",
            ".git/HEAD",
            "__pycache__/a.pyc",
            ".x.swp",
            ".env",
            "sub/b.log",
            "sub/c.py",
        ] {
            folder.write(name, "1");
        }
        folder.write(".gitignore", "*.log\n/build/\n");
        assert_eq!(folder.files(&folder.scan()), [".env", "handler.py", "sub/c.py"]);
    }

    #[test]
    fn the_handlers_folder_is_looked_at_though_git_ignores_it() {
        let folder = Folder::new("built");
        for name in ["src/app.ts", "dist/app.js", "dist/lib/b.js", "dist/node_modules/x/i.js", "other/a.js"] {
            folder.write(name, "1");
        }
        folder.write(".gitignore", "*.js\ndist/\n");
        assert_eq!(folder.files(&folder.scan_for("dist/app.hello")), ["dist/app.js", "dist/lib/b.js", "src/app.ts"]);
        assert_eq!(folder.files(&folder.scan_for("src/app.hello")), ["src/app.ts"]);
    }

    #[test]
    fn of_installed_packages_only_the_mark_of_the_installation_is_looked_at() {
        let folder = Folder::new("packages");
        for name in ["handler.js", "node_modules/a/index.js", "node_modules/.package-lock.json"] {
            folder.write(name, "1");
        }
        folder.write(".gitignore", "node_modules\n");
        let before = folder.scan();
        assert_eq!(folder.files(&before), ["handler.js", "node_modules/.package-lock.json"]);
        assert!(!before.is_relevant(&folder.0.join("node_modules/a/index.js")));
        assert!(before.is_relevant(&folder.0.join("node_modules/.yarn-integrity")));
    }

    #[test]
    fn links_are_followed_and_where_they_lead_matters() {
        let (folder, other) = (Folder::new("links"), Folder::new("links-to"));
        folder.write("handler.py", "1");
        other.write("shared/a.py", "1");
        other.write("b.py", "1");
        symlink(other.0.join("shared"), folder.0.join("shared")).unwrap();
        symlink(other.0.join("b.py"), folder.0.join("b.py")).unwrap();
        symlink("..", folder.0.join("circle")).unwrap();
        let before = folder.scan();
        assert_eq!(folder.files(&before), ["b.py", "handler.py", "shared/a.py"]);
        assert!(before.is_relevant(&other.0.join("b.py")) && !before.is_relevant(&other.0.join("c.py")));
        other.write("b.py", "22");
        other.write("shared/a.py", "22");
        assert_eq!(folder.changes(&before), ["b.py", "shared/a.py"]);
    }

    #[test]
    fn a_folder_that_is_missing_is_waited_for() {
        let folder = Folder::new("missing");
        fs::remove_dir_all(&folder.0).unwrap();
        let tree = folder.scan();
        assert!(tree.is_relevant(&folder.0) && !tree.has_files_in(&folder.0));
        assert_eq!(tree.watched().filter(|watched| folder.0.starts_with(watched)).count(), 1);
    }
}

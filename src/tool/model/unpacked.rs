//! For `cargo install`, which installs programs alone: the language runtimes are in this program, and are unpacked once into the
//! user's cache, beside a copy of bootstrap.

use include_dir::{Dir, DirEntry, include_dir};
use sha2::{Digest, Sha256};
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// `js` and the like are links in the sources, and copies here.
static RUNTIMES: Dir = include_dir!("$CARGO_MANIFEST_DIR/runtimes");

/// Returns a copy of bootstrap that has the language runtimes beside it. Its folder has the hash of all that is in it as its name, so
/// that another version has another one. Whoever finds the folder finds it whole: it is renamed when it is.
///
/// # Errors
/// The folder cannot be written.
pub fn beside_runtimes(bootstrap: &Path) -> io::Result<PathBuf> {
    let program = fs::read(bootstrap)?;
    let name = name(&program);
    let folder = cache()?.join("open-runtime").join(&name);
    if !folder.is_dir() {
        let unfinished = folder.with_file_name(format!("{name}.{}.new", std::process::id()));
        unpack(&RUNTIMES, &unfinished.join("runtimes"))?;
        write(&unfinished.join("bootstrap"), &program, 0o755)?;
        // as scripts/build has them: bootstrap is other programs, too, under these names
        link("../bootstrap", &unfinished.join("bin/json"))?;
        link("../../bootstrap", &unfinished.join("runtimes/exec/language-runtime"))?;
        if let Err(why) = fs::rename(&unfinished, &folder) {
            let _ = fs::remove_dir_all(&unfinished); // another process was quicker, as a rule
            folder.is_dir().then_some(()).ok_or(why)?;
        }
    }
    Ok(folder.join("bootstrap"))
}

/// Source: <https://specifications.freedesktop.org/basedir-spec/latest/>
fn cache() -> io::Result<PathBuf> {
    let set = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")));
    folder.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "neither HOME nor XDG_CACHE_HOME is set"))
}

fn name(bootstrap: &[u8]) -> String {
    let mut hash = Sha256::new_with_prefix(bootstrap);
    update(&mut hash, &RUNTIMES);
    let hash: String = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{hash}", env!("CARGO_PKG_VERSION"))
}

fn update(hash: &mut Sha256, folder: &Dir) {
    for entry in folder.entries() {
        hash.update(entry.path().as_os_str().as_encoded_bytes());
        match entry {
            DirEntry::Dir(folder) => update(hash, folder),
            DirEntry::File(file) => hash.update(file.contents()),
        }
    }
}

fn unpack(folder: &Dir, into: &Path) -> io::Result<()> {
    fs::create_dir_all(into)?;
    for entry in folder.entries() {
        let to = into.join(entry.path().file_name().unwrap_or_default());
        match entry {
            DirEntry::Dir(_) if to.ends_with("__pycache__") || to.ends_with("conformance") => {}
            DirEntry::Dir(folder) => unpack(folder, &to)?,
            // the executable of a language, by its name in the protocol
            DirEntry::File(file) => {
                write(&to, file.contents(), if to.ends_with("language-runtime") { 0o755 } else { 0o644 })?
            }
        }
    }
    Ok(())
}

fn link(target: &str, path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    symlink(target, path)
}

fn write(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    fs::write(path, content)?;
    fs::set_permissions(path, Permissions::from_mode(mode))
}

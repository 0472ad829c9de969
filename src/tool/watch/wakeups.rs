//! What wakes the watcher: inotify, by the crate notify.
//!
//! inotify sees nothing that another machine does to a network's file system, and nothing on those of some virtual
//! machines. There, and where the kernel's limits are reached, the watcher looks again from time to time.

use super::tree::Tree;
use crate::os::sys;
use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind};
use notify::{ErrorKind, Event, INotifyWatcher, RecursiveMode, Watcher};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Instant;

/// Something may have happened to these paths. None: anything, as events were lost.
pub struct Wakeup {
    pub paths: Vec<PathBuf>,
    pub are_lost: bool,
    /// A folder may have been replaced by another of the same name, which is not watched.
    is_replacement: bool,
}

/// inotify, and the folders that it watches.
pub struct Wakeups {
    watcher: INotifyWatcher,
    receiver: Receiver<Wakeup>,
    watched: BTreeSet<PathBuf>,
}

/// Why inotify is of no use: a text for the user.
pub struct NoInotify(pub String);

impl Wakeups {
    /// # Errors
    /// The kernel gives no instance of inotify, or the places are where it sees little.
    pub fn new<'a>(mut roots: impl Iterator<Item = &'a Path>) -> Result<Wakeups, NoInotify> {
        if let Some(remote) = roots.find(|root| sys::is_on_remote_file_system(root)) {
            let remote = remote.display();
            return Err(NoInotify(format!("{remote} is on a file system that does not report changes by others")));
        }
        let (sender, receiver) = channel();
        let config = notify::Config::default().with_follow_symlinks(true);
        let watcher = INotifyWatcher::new(move |event| pass_on(event, &sender), config);
        let watcher = watcher.map_err(|why| NoInotify(refused(&why, "max_user_instances")))?;
        Ok(Wakeups { watcher, receiver, watched: BTreeSet::new() })
    }

    /// Watches the folders of the tree, and no others. True if there are new ones: what was in them before must be
    /// scanned once more.
    ///
    /// # Errors
    /// The kernel does not watch so many folders.
    pub fn watch(&mut self, tree: &Tree) -> Result<bool, NoInotify> {
        let wanted: BTreeSet<PathBuf> = tree.watched().map(Path::to_owned).collect();
        for folder in self.watched.difference(&wanted) {
            let _ = self.watcher.unwatch(folder); // it may have gone
        }
        self.watched.retain(|folder| wanted.contains(folder));
        let mut is_more = false;
        for folder in tree.watched() {
            if self.watched.contains(folder) {
                continue;
            }
            match self.watcher.watch(folder, RecursiveMode::NonRecursive) {
                Ok(()) => is_more |= self.watched.insert(folder.to_owned()),
                Err(why) if is_limit(&why) => return Err(NoInotify(refused(&why, "max_user_watches"))),
                Err(_) => {} // it has gone, or may not be read
            }
        }
        Ok(is_more)
    }

    /// Waits for the next one, for hours if need be.
    pub fn next(&mut self) -> Option<Wakeup> {
        let wakeup = self.receiver.recv().ok()?;
        self.forget_replaced(&wakeup);
        Some(wakeup)
    }

    /// Waits until the limit. None: there was none.
    ///
    /// # Errors
    /// There will be no more.
    pub fn next_until(&mut self, limit: Instant) -> Result<Option<Wakeup>, RecvTimeoutError> {
        match self.receiver.recv_timeout(limit.saturating_duration_since(Instant::now())) {
            Ok(wakeup) => {
                self.forget_replaced(&wakeup);
                Ok(Some(wakeup))
            }
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(why @ RecvTimeoutError::Disconnected) => Err(why),
        }
    }

    /// A watch belongs to a folder, not to its path. The next call of `watch` makes new ones.
    fn forget_replaced(&mut self, wakeup: &Wakeup) {
        if !wakeup.is_replacement && !wakeup.are_lost {
            return;
        }
        let is_replaced =
            |folder: &PathBuf| wakeup.are_lost || wakeup.paths.iter().any(|path| folder.starts_with(path));
        let replaced: Vec<PathBuf> = self.watched.iter().filter(|folder| is_replaced(folder)).cloned().collect();
        for folder in replaced {
            let _ = self.watcher.unwatch(&folder); // notify may have done so
            self.watched.remove(&folder);
        }
    }
}

/// Runs in notify's thread.
fn pass_on(event: notify::Result<Event>, sender: &Sender<Wakeup>) {
    let wakeup = match event {
        Ok(event) => {
            let are_lost = event.need_rescan();
            let is_replacement = match event.kind {
                // reading is no change, and scanning is reading
                EventKind::Access(AccessKind::Close(AccessMode::Write)) => false,
                EventKind::Access(_) => return,
                EventKind::Create(_) | EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)) => true,
                EventKind::Modify(_) | EventKind::Any | EventKind::Other => false,
            };
            Wakeup { paths: event.paths, are_lost, is_replacement }
        }
        Err(_) => Wakeup { paths: Vec::new(), are_lost: true, is_replacement: true },
    };
    let _ = sender.send(wakeup); // the watcher may have ended
}

/// ENOSPC of inotify_add_watch(2), and EMFILE of inotify_init(2).
fn is_limit(error: &notify::Error) -> bool {
    match &error.kind {
        ErrorKind::MaxFilesWatch => true,
        ErrorKind::Io(why) => [libc::EMFILE, libc::ENFILE, libc::ENOSPC].map(Some).contains(&why.raw_os_error()),
        ErrorKind::Generic(_) | ErrorKind::PathNotFound | ErrorKind::WatchNotFound | ErrorKind::InvalidConfig(_) => {
            false
        }
    }
}

fn refused(error: &notify::Error, setting: &str) -> String {
    if !is_limit(error) {
        return format!("inotify cannot be used: {error}");
    }
    let file = format!("/proc/sys/fs/inotify/{setting}");
    let limit = std::fs::read_to_string(&file).unwrap_or_default();
    format!(
        "the limit of inotify is reached: fs.inotify.{setting} is {}; \
         raise it with `sudo sysctl fs.inotify.{setting}=524288`, or list folders without code in .gitignore",
        limit.trim()
    )
}

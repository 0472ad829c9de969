//! The watcher's thread: waits for a wakeup, then until all is quiet, and compares.

use super::git;
use super::places::Places;
use super::tree::{Sample, Tree};
use super::wakeups::{NoInotify, Wakeup, Wakeups};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

/// A change is complete when nothing more has happened for so long: editors write a file in several steps.
const QUIET: Duration = Duration::from_millis(25);

/// A file that has become empty may stay so for so long, before that is taken for the change.
const EMPTY_LIMIT: Duration = Duration::from_millis(200);

/// A change that does not end is taken as it is.
const SETTLING_LIMIT: Duration = Duration::from_secs(2);

/// The pause between two looks, where inotify cannot be used.
const POLL_PAUSE: Duration = Duration::from_millis(500);

/// The pause is so many times as long as the look before it: a large tree must not keep a processor busy.
const POLL_SHARE: u32 = 10;

/// How changes are noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// By inotify if that can be used, else by polling.
    Inotify,
    /// By looking again and again, with this pause between.
    Polling(Duration),
}

/// What the watcher has seen.
#[derive(Debug, PartialEq, Eq)]
pub enum Seen {
    /// Something happens to the code. `Changed` or `Unchanged` follows soon.
    Touched,
    Unchanged,
    /// These files differ, and all is quiet again.
    Changed(Vec<PathBuf>),
    /// A line for the user.
    Note(String),
}

/// What a watcher sends.
pub struct Watch {
    receiver: UnboundedReceiver<(Seen, Option<Sample>)>,
    sample: Rc<RefCell<Sample>>,
}

impl Watch {
    /// Waits for what it sees next, for hours if need be. None: the watcher has ended.
    pub async fn next(&mut self) -> Option<Seen> {
        let (seen, sample) = self.receiver.recv().await?;
        if let Some(sample) = sample {
            *self.sample.borrow_mut() = sample;
        }
        Some(seen)
    }

    /// A quick look: true if files differ from those of the last change that was told. It will be told soon.
    pub fn look(&self) -> impl Fn() -> bool + 'static {
        let sample = self.sample.clone();
        move || sample.borrow().is_outdated()
    }
}

/// Begins to watch these places and these single files, which need not exist. Returns when the files have been scanned, which a
/// thread does: what changes from then on is seen. The thread ends at the first change after the result has been dropped.
pub async fn start(places: Vec<Places>, files: Vec<PathBuf>, method: Method) -> Watch {
    let (sender, receiver) = unbounded_channel();
    let (is_ready, ready) = oneshot::channel();
    thread::spawn(move || {
        Watcher { places, files, tree: Tree::default(), sender, is_ready: Some(is_ready) }.run(method);
    });
    let sample = ready.await.unwrap_or_default(); // without one the thread has ended
    Watch { receiver, sample: Rc::new(RefCell::new(sample)) }
}

/// What a change is called, for the user: at most three names, relative to the task root where they can be.
pub fn summary(changed: &[PathBuf], task_root: &Path) -> String {
    const NAMED: usize = 3;
    let name = |path: &PathBuf| path.strip_prefix(task_root).unwrap_or(path).display().to_string();
    let names: Vec<String> = changed.iter().take(NAMED).map(|path| name(path).escape_debug().to_string()).collect();
    match (names.as_slice(), changed.len()) {
        (names, count) if count > NAMED => format!("{} and {} more", names.join(", "), count - NAMED),
        ([first @ .., last], 2..) => format!("{} and {last}", first.join(", ")),
        (names, _) => names.concat(),
    }
}

/// Nobody wants to know any more.
struct Gone;

struct Watcher {
    places: Vec<Places>,
    /// Single files that belong to no function alone.
    files: Vec<PathBuf>,
    /// The last scan that was reported.
    tree: Tree,
    sender: UnboundedSender<(Seen, Option<Sample>)>,
    is_ready: Option<oneshot::Sender<Sample>>,
}

impl Watcher {
    fn run(mut self, method: Method) {
        let pause = match method {
            Method::Polling(pause) => pause,
            Method::Inotify => match self.follow() {
                Ok(Gone) => return,
                Err(NoInotify(why)) => {
                    let _ = self.send(Seen::Unchanged); // for what was touched; poll finds that nobody wants to know
                    let _ = self.note(format!("changes are looked for every {} ms: {why}", POLL_PAUSE.as_millis())); // likewise
                    POLL_PAUSE
                }
            },
        };
        self.poll(pause);
    }

    /// Waits for inotify, until nobody wants to know any more.
    ///
    /// # Errors
    /// inotify cannot be used, or not any more.
    fn follow(&mut self) -> Result<Gone, NoInotify> {
        let roots: Vec<PathBuf> = self.places.iter().flat_map(Places::roots).map(Path::to_owned).collect();
        let mut wakeups = Wakeups::new(roots.iter().map(PathBuf::as_path))?;
        let scanned = self.scan(&mut wakeups)?;
        self.begin(scanned);
        loop {
            let Some(wakeup) = wakeups.next() else { return Ok(Gone) };
            if !self.is_relevant(&wakeup) {
                continue;
            }
            if self.touch(&wakeup).is_err() || self.settle(&mut wakeups).is_err() {
                return Ok(Gone);
            }
            let (began, mut scanned) = (Instant::now(), self.scan(&mut wakeups)?);
            while scanned.is_emptied_since(&self.tree) && began.elapsed() < EMPTY_LIMIT {
                if wakeups.next_until(began + EMPTY_LIMIT).is_err() || self.settle(&mut wakeups).is_err() {
                    return Ok(Gone);
                }
                scanned = self.scan(&mut wakeups)?;
            }
            if self.compare(scanned).is_err() {
                return Ok(Gone);
            }
        }
    }

    /// Scans, and watches all folders. What is in folders that were not watched before is scanned again, until there are
    /// no such folders: nothing happens unseen.
    fn scan(&self, wakeups: &mut Wakeups) -> Result<Tree, NoInotify> {
        loop {
            let tree = Tree::scan(&self.places, &self.files);
            if !wakeups.watch(&tree)? {
                return Ok(tree);
            }
        }
    }

    /// A file that was not there before may be of no matter: invocations do not wait because of it.
    fn touch(&self, wakeup: &Wakeup) -> Result<(), Gone> {
        let is_known = wakeup.paths.iter().any(|path| self.tree.knows(path));
        if is_known { self.send(Seen::Touched) } else { Ok(()) }
    }

    /// Waits until nothing has happened for a while, and git has ended what it does.
    fn settle(&self, wakeups: &mut Wakeups) -> Result<(), Gone> {
        let began = Instant::now();
        let mut quiet_at = began + QUIET;
        loop {
            let is_late = |limit| began.elapsed() > limit;
            match wakeups.next_until(quiet_at).map_err(|_| Gone)? {
                Some(_) if is_late(SETTLING_LIMIT) && !self.is_git_at_work() => return Ok(()),
                Some(wakeup) if self.is_relevant(&wakeup) => {
                    self.touch(&wakeup)?;
                    quiet_at = Instant::now() + QUIET;
                }
                Some(_) => {}
                None if self.is_git_at_work() => quiet_at = Instant::now() + QUIET,
                None => return Ok(()),
            }
        }
    }

    /// Looks again and again, until nobody wants to know any more.
    fn poll(&mut self, pause: Duration) {
        self.begin(Tree::scan(&self.places, &self.files));
        while !self.sender.is_closed() {
            let began = Instant::now();
            let mut scanned = Tree::scan(&self.places, &self.files);
            let took = began.elapsed();
            while !scanned.changes_since(&self.tree).is_empty() && began.elapsed() < SETTLING_LIMIT {
                thread::sleep(QUIET);
                let again = Tree::scan(&self.places, &self.files);
                let is_written = !again.is_emptied_since(&self.tree) || began.elapsed() > EMPTY_LIMIT;
                let is_quiet = is_written && again.changes_since(&scanned).is_empty() && !self.is_git_at_work();
                scanned = again;
                if is_quiet {
                    let _ = self.compare(scanned); // the loop ends if it has gone
                    break;
                }
            }
            thread::sleep(pause.max(took * POLL_SHARE));
        }
    }

    fn begin(&mut self, scanned: Tree) {
        let is_cut = scanned.is_cut;
        self.tree = scanned;
        if is_cut {
            let text = "there are too many files to watch them all: list folders without code in .gitignore";
            let _ = self.note(text.to_owned()); // the loop ends if it has gone
        }
        if let Some(is_ready) = self.is_ready.take() {
            let _ = is_ready.send(self.tree.sample()); // likewise
        }
    }

    /// Reports what differs. While a task root is gone or empty, because a build makes it anew, nothing is reported.
    fn compare(&mut self, scanned: Tree) -> Result<(), Gone> {
        let is_gone = |root: &Path| self.tree.has_files_in(root) && !scanned.has_files_in(root);
        let changes = scanned.changes_since(&self.tree);
        if changes.is_empty() || self.places.iter().any(|place| is_gone(&place.task_root)) {
            return self.send(Seen::Unchanged);
        }
        self.tree = scanned;
        self.sender.send((Seen::Changed(changes), Some(self.tree.sample()))).map_err(|_| Gone)
    }

    fn is_relevant(&self, wakeup: &Wakeup) -> bool {
        wakeup.are_lost || wakeup.paths.iter().any(|path| self.tree.is_relevant(path))
    }

    fn is_git_at_work(&self) -> bool {
        let mut locks = self.places.iter().filter_map(|place| git::lock_of(&place.task_root));
        locks.any(|lock| git::is_held(&lock))
    }

    fn note(&self, text: String) -> Result<(), Gone> {
        self.send(Seen::Note(text))
    }

    fn send(&self, seen: Seen) -> Result<(), Gone> {
        self.sender.send((seen, None)).map_err(|_| Gone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_has_three_names_at_most() {
        let paths: Vec<PathBuf> = ["/t/a.py", "/t/b/c.py", "/x/d", "/t/e", "/t/f"].iter().map(PathBuf::from).collect();
        let of = |count| summary(&paths[..count], Path::new("/t"));
        assert_eq!([of(1), of(2), of(3)], ["a.py", "a.py and b/c.py", "a.py, b/c.py and /x/d"]);
        assert_eq!(of(5), "a.py, b/c.py, /x/d and 2 more");
    }
}

//! `--watch`: a change of a function's code renews its execution environments.

use crate::lambda::platform::Platform;
use crate::lambda::pool::Pool;
use crate::model::function::Function;
use crate::watch::{self, Method, Places, Seen, Watch, summary};
use clap::Args;
use serde_json::json;
use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;
use tokio::task::spawn_local;
use tokio::time::timeout;

/// An invocation waits no longer for the watcher to tell a change. git may take as long.
const HOLD_LIMIT: Duration = Duration::from_secs(12);

/// Whether and how code is watched.
#[derive(Args)]
pub struct WatchArguments {
    /// Run the new code when the function's code, its layers, middlewares or --env-file change. What .gitignore lists is
    /// left out
    #[arg(long)]
    pub watch: bool,

    /// Watch this file or folder, too; it needs no --watch
    #[arg(long, value_name = "PATH")]
    pub watch_path: Vec<PathBuf>,

    /// Watch by looking at the files every MS, for file systems that report no changes; it needs no --watch
    #[arg(long, value_name = "MS", num_args = 0..=1, require_equals = true, default_missing_value = "500")]
    #[arg(value_parser = clap::value_parser!(u64).range(10..=60_000))]
    pub watch_poll: Option<u64>,

    /// What other options have the tool write: it does not count as code.
    #[arg(skip)]
    pub written: Vec<PathBuf>,
}

impl WatchArguments {
    pub fn is_wanted(&self) -> bool {
        self.watch || !self.watch_path.is_empty() || self.watch_poll.is_some()
    }

    pub fn places(&self, function: &Function) -> Places {
        let files = function.given.as_ref().map_or(&[][..], |given| &given.env_file);
        let mut places = Places::of(function, &self.watch_path, files);
        self.written.iter().for_each(|path| places.add_written(path));
        places
    }

    pub fn method(&self) -> Method {
        self.watch_poll.map_or(Method::Inotify, |ms| Method::Polling(Duration::from_millis(ms)))
    }
}

/// A function that is served.
pub struct Watched {
    pub function: RefCell<Rc<Function>>,
    pub pool: Rc<Pool>,
    pub places: Places,
}

/// Watches the code of these functions as long as the event loop runs. Returns when changes are noticed.
pub async fn watch(all: Vec<Watched>, method: Method, platform: &Rc<Platform>) {
    let places = all.iter().map(|watched| watched.places.clone()).collect();
    let watch = watch::start(places, method).await;
    let look: Rc<dyn Fn() -> bool> = Rc::new(watch.look());
    all.iter().for_each(|watched| watched.pool.hold_if(look.clone()));
    spawn_local(follow(watch, all, platform.clone()));
}

async fn follow(mut watch: Watch, all: Vec<Watched>, platform: Rc<Platform>) {
    loop {
        let Ok(seen) = timeout(HOLD_LIMIT, watch.next()).await else {
            all.iter().for_each(|watched| watched.pool.release()); // the watcher sees otherwise, or hangs
            continue;
        };
        let Some(seen) = seen else {
            platform.console.say("open-runtime: changes are no longer noticed: start it again");
            all.iter().for_each(|watched| watched.pool.hold_if(Rc::new(|| false)));
            return all.iter().for_each(|watched| watched.pool.release());
        };
        match seen {
            Seen::Touched => all.iter().for_each(|watched| watched.pool.hold()),
            Seen::Unchanged => all.iter().for_each(|watched| watched.pool.release()),
            Seen::Note(text) => platform.console.say(&format!("open-runtime: {text}")),
            Seen::Changed(files) => {
                for watched in &all {
                    watched.renew(&files, &platform).await;
                    watched.pool.release();
                }
            }
        }
    }
}

impl Watched {
    /// Has the next invocation in a new environment, which is started at once, if these files concern the function.
    async fn renew(&self, changed: &[PathBuf], platform: &Platform) {
        let concern: Vec<PathBuf> = changed.iter().filter(|file| self.places.concerns(file)).cloned().collect();
        if concern.is_empty() {
            return;
        }
        let changed = change(&concern, &self.places);
        platform.shared.journal.note("changed", || json!({"files": concern}));
        let say = |line: &str| platform.console.say(&format!("open-runtime: {line}"));
        let function = self.function.borrow().with_variables_read_again();
        let function = match function {
            Ok(function) => Rc::new(function),
            Err(why) => return say(&format!("{changed}, but {why}; the function goes on as it is")),
        };
        *self.function.borrow_mut() = function.clone();
        if !self.pool.renew(function) {
            return say(&changed); // nobody has invoked it so far
        }
        if let Err(why) = self.pool.warm_up(Some(changed)).await {
            say(&format!("cannot make an execution environment: {why}"));
        }
    }
}

/// What is said of a change.
pub fn change(files: &[PathBuf], places: &Places) -> String {
    format!("{} changed", summary(files, &places.task_root))
}

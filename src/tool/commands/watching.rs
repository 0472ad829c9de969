//! `--watch`: a change of a function's code, or of what describes it, renews its execution environments.

use super::record_arguments::Secrets;
use super::served_project::{ServedFunction, ServedProject};
use crate::lambda::platform::Platform;
use crate::model::function::Function;
use crate::watch::{self, Method, Places, Seen, Watch, summary};
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;
use tokio::task::spawn_local;
use tokio::time::timeout;

/// An invocation waits no longer for the watcher to tell a change. git may take as long.
const HOLD_LIMIT: Duration = Duration::from_secs(12);

/// Whether and how code is watched.
#[derive(Args)]
pub struct WatchArguments {
    /// Run the new code when the function's code, its layers, middlewares, --env-file or the project's file change. What
    /// .gitignore lists is left out
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
struct Watched {
    served: ServedFunction,
    places: Places,
}

/// What is watched, and who hears of it.
pub struct Watching {
    pub arguments: WatchArguments,
    pub served: Vec<ServedFunction>,
    /// None: the functions are not those of a project's file.
    pub project: Option<ServedProject>,
    pub secrets: Rc<Secrets>,
    pub platform: Rc<Platform>,
}

impl Watching {
    /// Watches the code of the functions, and the project's file, as long as the event loop runs. Returns when changes are
    /// noticed.
    pub async fn start(self) {
        let all = self.watched(&self.served);
        let watch = self.watch(&all).await;
        spawn_local(self.follow(watch, all));
    }

    fn watched(&self, served: &[ServedFunction]) -> Vec<Watched> {
        let watched = |served: &ServedFunction| {
            let places = self.arguments.places(&served.function);
            Watched { served: served.clone(), places }
        };
        served.iter().map(watched).collect()
    }

    async fn watch(&self, all: &[Watched]) -> Watch {
        let places = all.iter().map(|watched| watched.places.clone()).collect();
        let files = self.project.as_ref().map_or_else(Vec::new, |project| project.files.borrow().clone());
        let watch = watch::start(places, files, self.arguments.method()).await;
        let look: Rc<dyn Fn() -> bool> = Rc::new(watch.look());
        all.iter().for_each(|watched| watched.served.pool.hold_if(look.clone()));
        watch
    }

    async fn follow(self, mut watch: Watch, mut all: Vec<Watched>) {
        loop {
            let Ok(seen) = timeout(HOLD_LIMIT, watch.next()).await else {
                all.iter().for_each(|watched| watched.served.pool.release()); // the watcher sees otherwise, or hangs
                continue;
            };
            let Some(seen) = seen else {
                self.say("changes are no longer noticed: start it again");
                all.iter().for_each(|watched| watched.served.pool.hold_if(Rc::new(|| false)));
                return all.iter().for_each(|watched| watched.served.pool.release());
            };
            match seen {
                Seen::Touched => all.iter().for_each(|watched| watched.served.pool.hold()),
                Seen::Unchanged => all.iter().for_each(|watched| watched.served.pool.release()),
                Seen::Note(text) => self.say(&text),
                Seen::Changed(files) => (watch, all) = self.changed(watch, all, files).await,
            }
        }
    }

    /// Renews what these files concern. What is watched from then on may be something else.
    async fn changed(&self, watch: Watch, all: Vec<Watched>, files: Vec<PathBuf>) -> (Watch, Vec<Watched>) {
        let (of_project, code): (Vec<PathBuf>, Vec<PathBuf>) =
            files.into_iter().partition(|file| self.project.as_ref().is_some_and(|project| project.has(file)));
        let (watch, mut all) = match &self.project {
            Some(project) if !of_project.is_empty() => self.read_again(project, &of_project, watch, all).await,
            Some(_) | None => (watch, all),
        };
        for watched in &mut all {
            self.code_changed(watched, &code).await;
            watched.served.pool.release();
        }
        (watch, all)
    }

    /// Serves what the project's file describes now. If it cannot be used, all goes on as it is until the next change.
    async fn read_again(
        &self,
        project: &ServedProject,
        files: &[PathBuf],
        watch: Watch,
        all: Vec<Watched>,
    ) -> (Watch, Vec<Watched>) {
        let changed = change(files, &project.folder());
        self.platform.shared.journal.note("changed", || json!({"files": files}));
        let served = match project.read_again() {
            Ok(served) => served,
            Err(why) => {
                self.say(&format!("{changed}, but {why}; the functions go on as they are"));
                return (watch, all);
            }
        };
        let watched = self.watched(&served);
        let next = self.watch(&watched).await;
        let has_code_changed = watch.look()(); // while nobody watched
        let is_same = |now: &ServedFunction| {
            let before = all.iter().find(|before| Rc::ptr_eq(&before.served.pool, &now.pool));
            before.is_none_or(|before| before.served.function == now.function)
        };
        let differ: Vec<&ServedFunction> = served.iter().filter(|now| has_code_changed || !is_same(now)).collect();
        if differ.is_empty() {
            self.say(&changed);
        }
        for now in differ {
            self.renew(now, &changed).await;
        }
        all.iter().for_each(|before| before.served.pool.release()); // one that is no more, too
        (next, watched)
    }

    /// Renews the function if these files concern it.
    async fn code_changed(&self, watched: &mut Watched, changed: &[PathBuf]) {
        let concern: Vec<PathBuf> = changed.iter().filter(|file| watched.places.concerns(file)).cloned().collect();
        if concern.is_empty() {
            return;
        }
        let changed = change(&concern, &watched.places.task_root);
        let again = watched.served.function.with_variables_read_again();
        // after reading: who reads this note may write the files with variables anew
        self.platform.shared.journal.note("changed", || json!({"files": concern}));
        match again {
            Ok(function) => {
                self.secrets.learn(&function.variables, &self.platform.hub);
                watched.served.function = Rc::new(function);
                self.renew(&watched.served, &changed).await;
            }
            Err(why) => self.say(&format!("{changed}, but {why}; the function goes on as it is")),
        }
    }

    /// Has the next invocation in a new environment, which is started at once if there was one.
    async fn renew(&self, served: &ServedFunction, changed: &str) {
        if !served.pool.renew(served.function.clone()) {
            return self.say(changed); // nobody has invoked it so far
        }
        if let Err(why) = served.pool.warm_up(Some(changed.to_owned())).await {
            self.say(&format!("cannot make an execution environment: {why}"));
        }
    }

    fn say(&self, line: &str) {
        self.platform.console.say(&format!("open-runtime: {line}"));
    }
}

/// What is said of a change. Files in the folder are named without it.
pub fn change(files: &[PathBuf], folder: &Path) -> String {
    format!("{} changed", summary(files, folder))
}

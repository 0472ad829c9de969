//! Tries a target for a given time on its corpus, and then on mutations of it. The same seed gives the same inputs.
//!
//! usage: mutations TARGET SECONDS SEED FILE…    the files, then mutations of them
//!
//! An input that fails, or takes longer than 10 s, is left in the file `failed-TARGET` of the folder for temporary files.

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{env, fs, panic, process, thread};

use open_runtime_fuzz::mutate::{Random, mutate};
use open_runtime_fuzz::{Target, target};

/// The time limit of one input.
const LIMIT: Duration = Duration::from_secs(10);

/// The interval between checks of the present input's time.
const LOOK: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [name, seconds, seed, files @ ..] = &arguments[..] else { return usage() };
    let (Some(run), Ok(seconds), Ok(seed)) = (target(name), seconds.parse(), seed.parse()) else { return usage() };
    let corpus: Vec<Box<[u8]>> = files.iter().map(|file| fs::read(file).expect(file).into()).collect();
    let watch = Watch::start(name);
    corpus.iter().for_each(|input| watch.run(run, input));
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    let mut random = Random::new(seed);
    while Instant::now() < end {
        watch.run(run, &mutate(&mut random, &corpus));
    }
    println!("{name}: {} runs, {} of them from the corpus", watch.runs.load(Ordering::Relaxed), corpus.len());
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    eprintln!("usage: mutations TARGET SECONDS SEED FILE…");
    ExitCode::from(2)
}

/// Saves the present input, and ends the program if it takes too long.
struct Watch {
    name: String,
    input: Mutex<Vec<u8>>,
    runs: AtomicU64,
}

impl Watch {
    fn start(name: &str) -> Arc<Watch> {
        let watch = Arc::new(Watch { name: name.to_owned(), input: Mutex::default(), runs: AtomicU64::new(0) });
        let (panicked, late) = (watch.clone(), watch.clone());
        let say = panic::take_hook();
        panic::set_hook(Box::new(move |what| {
            say(what);
            panicked.give_up("failed");
        }));
        thread::spawn(move || late.look_on());
        watch
    }

    fn run(&self, run: Target, input: &[u8]) {
        input.clone_into(&mut self.input());
        run(input);
        self.runs.fetch_add(1, Ordering::Relaxed);
    }

    fn input(&self) -> MutexGuard<'_, Vec<u8>> {
        self.input.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look_on(&self) {
        let mut since = (0, Instant::now());
        while since.1.elapsed() < LIMIT {
            thread::sleep(LOOK);
            let runs = self.runs.load(Ordering::Relaxed);
            if runs != since.0 {
                since = (runs, Instant::now());
            }
        }
        self.give_up("takes too long");
    }

    fn give_up(&self, what: &str) {
        let file = env::temp_dir().join(format!("failed-{}", self.name));
        let written = fs::write(&file, &*self.input());
        eprintln!("{}: an input {what}; it is in the file {file:?} ({written:?}):", self.name);
        eprintln!("{}", self.input().escape_ascii());
        process::exit(1);
    }
}

//! Runs claims side by side, and reports them in their order.

use super::claim::Claim;
use super::problem::{Problem, Verdict};
use super::runtime::Runtime;
use super::tap;
use super::trial::{Kit, Trial};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Sender, channel};

/// These take seconds, so they begin first.
const LONG: [&str; 3] = ["memory", "stream-back-pressure", "one-answer-each"];

/// Whether a function can be called at all, and why not.
///
/// # Errors
/// What the runtime did, in lines.
pub fn begins(kit: &Kit) -> Result<(), Vec<String>> {
    let trial = Trial::new(kit);
    let verdict = Runtime::ready(&trial, "echoes").map(drop);
    let Err(Problem::Fails(why) | Problem::NotOffered(why)) = verdict else { return Ok(()) };
    let notes = trial.notes.borrow().lines();
    Err([why].into_iter().chain(notes).collect())
}

/// Tries all of them, so many at once. Returns how many failed. `say` gets the lines of each as soon as those before it are
/// known.
pub fn run(kit: &Kit, claims: &[&Claim], jobs: usize, mut say: impl FnMut(&str)) -> usize {
    let mut order: Vec<usize> = (0..claims.len()).collect();
    order.sort_by_key(|index| !LONG.contains(&claims[*index].name));
    order.reverse(); // they are taken from its end
    let (sender, tried) = channel();
    let order = Mutex::new(order);
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            let (sender, order) = (sender.clone(), &order);
            scope.spawn(move || work(kit, claims, order, &sender));
        }
        drop(sender);
        let mut waiting = BTreeMap::new();
        let (mut next, mut failed) = (0, 0);
        for (index, verdict, notes) in tried {
            waiting.insert(index, (verdict, notes));
            while let Some((verdict, notes)) = waiting.remove(&next) {
                failed += usize::from(matches!(verdict, Err(Problem::Fails(_))));
                say(&tap::lines(next + 1, claims[next], &verdict, &notes));
                next += 1;
            }
        }
        failed
    })
}

type Tried = (usize, Verdict, Vec<String>);

fn work(kit: &Kit, claims: &[&Claim], order: &Mutex<Vec<usize>>, sender: &Sender<Tried>) {
    while !kit.is_stopped.load(Ordering::Relaxed) {
        let Some(index) = order.lock().ok().and_then(|mut order| order.pop()) else { return };
        let trial = Trial::new(kit);
        let verdict = (claims[index].test)(&trial);
        let notes = trial.notes.borrow().lines();
        if sender.send((index, verdict, notes)).is_err() {
            return;
        }
    }
}

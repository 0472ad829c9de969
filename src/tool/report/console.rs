//! Our stderr, on which the logs of all execution environments come together, line by line.

use std::cell::{Cell, RefCell};
use std::io::{self, Write};
use std::rc::{Rc, Weak};

/// A log that comes together with others on a console.
pub trait Source {
    /// Passes on what was written to it so far.
    fn pass_on(&self);
}

/// Our stderr. A write that fails does not stop the function.
#[derive(Default)]
pub struct Console {
    logs: RefCell<Vec<Weak<dyn Source>>>,
    /// The execution environments that run.
    running: Cell<usize>,
    /// What was written last, whose last line has not ended yet.
    unfinished: Cell<Option<u64>>,
    /// Logs of functions are not written.
    hides_logs: Cell<bool>,
}

impl Console {
    /// `say` asks this log from now on.
    pub fn add(&self, log: Weak<dyn Source>) {
        let mut logs = self.logs.borrow_mut();
        logs.retain(|log| log.strong_count() > 0);
        logs.push(log);
    }

    /// From now on the logs of functions are not written.
    pub fn hide_logs(&self) {
        self.hides_logs.set(true);
    }

    /// An execution environment begins to run.
    pub fn begins_one(&self) {
        self.running.set(self.running.get() + 1);
    }

    /// One has ended.
    pub fn ends_one(&self) {
        self.running.set(self.running.get().saturating_sub(1));
    }

    /// How many execution environments run.
    pub fn running(&self) -> usize {
        self.running.get()
    }

    /// Writes lines of the tool, after all that functions have written so far.
    pub fn say(&self, lines: &str) {
        let all: Vec<Rc<dyn Source>> = self.logs.borrow().iter().filter_map(Weak::upgrade).collect();
        all.iter().for_each(|logs| logs.pass_on());
        self.write(None, format!("{lines}\n").as_bytes());
    }

    /// Writes these bytes of a source. They begin on a new line, unless they go on with a line of that source. Blocks
    /// while our stderr does.
    pub fn write(&self, source: Option<u64>, bytes: &[u8]) {
        let Some(last) = bytes.last().filter(|_| source.is_none() || !self.hides_logs.get()) else { return };
        let unfinished = self.unfinished.take();
        let mut stderr = io::stderr().lock();
        if unfinished.is_some() && unfinished != source {
            let _ = stderr.write_all(b"\n");
        }
        let _ = stderr.write_all(bytes);
        self.unfinished.set(source.filter(|_| *last != b'\n'));
    }
}

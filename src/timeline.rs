//! How long each step of an invocation takes, for open-runtime, which shows it. On Lambda it is off.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use crate::json_line::push_json;

/// The file that the steps are written to, as a line of JSON each.
#[derive(Debug)]
pub struct Timeline {
    file: Option<File>,
}

impl Timeline {
    /// Without a path, or if the file cannot be opened, nothing is written: the timeline is a convenience.
    pub fn open(path: Option<&Path>) -> Timeline {
        Timeline { file: path.and_then(|path| File::options().append(true).open(path).ok()) }
    }

    /// For a batch. None: nothing is written.
    pub fn records(&self) -> Option<Records<'_>> {
        self.file.as_ref().map(|file| Records { file, began: Vec::new() })
    }

    /// Runs a step, and writes how long it took.
    pub fn step<T>(&self, request_id: &str, step: &str, name: &str, run: impl FnOnce() -> T) -> T {
        let Some(file) = &self.file else { return run() };
        let start = Instant::now();
        let result = run();
        write(file, start, [request_id, step, name]);
        result
    }
}

/// When the calls of a batch began, whose ids are `REQUEST_ID#NUMBER`. Of a large batch the first are enough.
#[derive(Debug)]
pub struct Records<'a> {
    file: &'a File,
    began: Vec<Instant>,
}

/// So many records are written of an invocation.
const MAX_RECORDS: usize = 100;

impl Records<'_> {
    /// The call with this position begins. Calls begin in the order of their positions.
    pub fn begins(&mut self, index: usize) {
        if index < MAX_RECORDS {
            self.began.resize(index + 1, Instant::now());
        }
    }

    /// Writes how long the call took.
    pub fn ended(&self, index: usize, id: &str) {
        if let (Some(start), Some((request_id, number))) = (self.began.get(index), id.rsplit_once('#')) {
            write(self.file, *start, [request_id, "record", number]);
        }
    }
}

#[inline(never)] // once for all kinds of steps
fn write(mut file: &File, start: Instant, [request_id, step, name]: [&str; 3]) {
    let _ = file.write_all(&line(request_id, step, name, start.elapsed().as_micros() as u64)); // a convenience
}

fn line(request_id: &str, step: &str, name: &str, us: u64) -> Vec<u8> {
    let mut line = Vec::new();
    for (member, text) in [("{\"requestId\":", request_id), (",\"step\":", step), (",\"name\":", name)] {
        push_json(&mut line, member, text);
    }
    line.extend_from_slice(format!(",\"ms\":{}.{:03}}}\n", us / 1000, us % 1000).as_bytes());
    line
}

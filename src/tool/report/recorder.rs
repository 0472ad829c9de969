//! Writes a file for each record of an invocation, on a thread of its own.
//!
//! The name of a file begins with the time, so that a listing is in order: `20261129T160722.123Z-function-REQUESTID.json`.
//! It is written beside its place and then renamed: there is no half file. Only our user may read it.

use super::json_text;
use super::record::Record;
use super::redaction::Redaction;
use crate::model::time::iso;
use std::cell::Cell;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// The most bytes of a response that is streamed, or of a log, that a file holds.
pub const MAX_WRITTEN: usize = 64 * 1024 * 1024;

/// The most bytes of records that wait to be written. The smallest count as 1 KB.
const MAX_WAITING: usize = 128 * 1024 * 1024;

/// At the end, what waits must be written by then.
const LAST_LIMIT: Duration = Duration::from_secs(10);

/// The longest name of a function in the name of a file.
const MAX_NAME: usize = 64;

/// What the thread is handed.
enum Entry {
    Record(Box<Record>),
    /// Is taken out of those that follow.
    Redaction(Option<Redaction>),
}

/// Hands records to the thread that writes them. A slow disk never holds up an invocation.
pub struct Recorder {
    queue: Sender<Entry>,
    /// The bytes of the records in the queue.
    waiting: Arc<AtomicUsize>,
    ended: Receiver<()>,
    folder: PathBuf,
    lost: Cell<u64>,
}

impl Recorder {
    /// Makes the folder if it is not there. Without a redaction records are written as they are.
    ///
    /// # Errors
    /// There can be no file in it, or no thread.
    pub fn open(folder: &Path, redaction: Option<Redaction>) -> io::Result<Recorder> {
        if !folder.is_dir() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let probe = folder.join(format!(".probe-{}.new", std::process::id()));
        write_private(&probe, b"")?;
        fs::remove_file(&probe)?;
        let (queue, records) = channel::<Entry>();
        let (end, ended) = channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let mut files = Files { folder: folder.to_owned(), redaction, last_error: None };
        let written = waiting.clone();
        std::thread::Builder::new().name("records".to_owned()).spawn(move || {
            for entry in records {
                match entry {
                    Entry::Redaction(redaction) => files.redaction = redaction,
                    Entry::Record(record) => {
                        files.write(&record);
                        written.fetch_sub(record.weight(), Ordering::Relaxed);
                    }
                }
            }
            let _ = end.send(()); // nobody waits if the tool is killed
        })?;
        Ok(Recorder { queue, waiting, ended, folder: folder.to_owned(), lost: Cell::new(0) })
    }

    /// Writes the record soon. If too many wait already, it is lost, which is told.
    pub fn add(&self, record: Record) {
        let weight = record.weight();
        let has_room = self.waiting.fetch_add(weight, Ordering::Relaxed) <= MAX_WAITING;
        if !has_room || self.queue.send(Entry::Record(record.into())).is_err() {
            self.waiting.fetch_sub(weight, Ordering::Relaxed);
            self.lost.set(self.lost.get() + 1);
            if self.lost.get() == 1 {
                let folder = self.folder.display();
                eprintln!("open-runtime: records are lost, as writing to {folder} takes longer than the invocations");
            }
        }
    }

    /// Takes this out of the records that are added from now on.
    pub fn redact(&self, redaction: Option<Redaction>) {
        let _ = self.queue.send(Entry::Redaction(redaction)); // without the thread nothing is written
    }

    /// Waits until all is written, for 10 s at most.
    pub fn finish(self) {
        let Recorder { queue, ended, folder, lost, .. } = self;
        drop(queue);
        let folder = folder.display();
        if ended.recv_timeout(LAST_LIMIT).is_err() {
            eprintln!("open-runtime: the last records are not written: {folder} has not taken them within 10 s");
        }
        if lost.get() > 0 {
            eprintln!("open-runtime: {} records were not written to {folder}", lost.get());
        }
    }
}

/// What the thread has.
struct Files {
    folder: PathBuf,
    redaction: Option<Redaction>,
    /// It is told once, until something else happens.
    last_error: Option<String>,
}

impl Files {
    fn write(&mut self, record: &Record) {
        let json = record.json();
        let json = match &self.redaction {
            Some(redaction) => redaction.json(&json),
            None => json,
        };
        let text = json_text::pretty(&json) + "\n";
        let written = write_whole(&self.folder.join(file_name(record)), text.as_bytes(), |_| Ok(()));
        let error = written.err().map(|why| why.to_string());
        if let Some(why) = error.as_ref().filter(|why| self.last_error.as_ref() != Some(why)) {
            let (id, folder) = (&record.request_id, self.folder.display());
            eprintln!("open-runtime: cannot write the record of {id} to {folder}: {why}; it is missing there");
        }
        self.last_error = error;
    }
}

/// Replaces a file in one step. Who might read it may still do so.
///
/// # Errors
/// It cannot be written. What was there before is still there.
pub fn rewrite(path: &Path, text: &[u8]) -> io::Result<()> {
    let permissions = fs::metadata(path)?.permissions();
    write_whole(path, text, |file| file.set_permissions(permissions))
}

/// Writes a file in one step: under another name first.
fn write_whole(path: &Path, text: &[u8], then: impl FnOnce(&File) -> io::Result<()>) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let unfinished = path.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let done =
        write_private(&unfinished, text).and_then(|file| then(&file)).and_then(|()| fs::rename(&unfinished, path));
    if done.is_err() {
        let _ = fs::remove_file(&unfinished); // it may not be there
    }
    done
}

/// Writes a new file that only our user may read. Whatever has that name is not followed, and not kept.
fn write_private(path: &Path, text: &[u8]) -> io::Result<File> {
    let open = || File::options().write(true).create_new(true).mode(0o600).open(path);
    let mut file = match open() {
        Err(why) if why.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(path)?; // left by a process with this id that was killed
            open()?
        }
        opened => opened?,
    };
    file.write_all(text)?;
    Ok(file)
}

fn file_name(record: &Record) -> String {
    let plain = |text: &str| -> String {
        let fitting = |each: char| if each.is_ascii_alphanumeric() || each == '-' { each } else { '_' };
        text.chars().map(fitting).take(MAX_NAME).collect()
    };
    let at = iso(record.at_ms).replace(['-', ':'], "");
    format!("{at}-{}-{}.json", plain(&record.function), plain(&record.request_id))
}

//! The journal: one line of JSON for each thing that happens, for test suites. It holds events and responses.
//!
//! Each line has `what`, and `atMs`, milliseconds since the start. The other members depend on `what`:
//!
//! | what | when; other members |
//! | --- | --- |
//! | `runtime-api`, `listening`, `http` | the Runtime API, the Invoke API, or what `--http` serves, listens; `address` |
//! | `spawned` | bootstrap was started; `environment` (counted from 1), `pid` |
//! | `connection` | bootstrap connected to the Runtime API; `environment` |
//! | `stream` | the head of a response that is streamed was read; `number` as in `request`, `requestId` |
//! | `request` | a request was read; `number` (counted from 1), `environment`, `method`, `path`, `requestId` in the path, `headers`, `body` |
//! | `answered` | its answer was made; `number`, `status` (null: none), `requestId` that `/next` returns, `ms`, `fault` (names of its members) |
//! | `changed` | the code has changed; `files`. The next environment has the new code |
//! | `init` | Init ended; `environment`, `error` (null: none), `ms` |
//! | `step` | a step of the timeline, written when its invocation ends; `requestId`, `step`, `name`, `ms` |
//! | `invocation` | an invocation ended, and the next can begin; `requestId`, `error`, `ms` until the answer |
//! | `kill` | a signal was sent to bootstrap's process group; `environment`, `pid`, `signal`, `why` |
//! | `exit`, `orphan-exit` | bootstrap, or an orphan, exited; `pid`, `status` |
//! | `stray` | bootstrap exited by itself, and left this process behind; `environment`, `pid`, `name` |
//! | `unkillable` | SIGKILL did not end these processes; `pids` |
//! | `environment-over` | no process of the environment is left; `environment` |
//! | `end` | the last line |
//!
//! A body is `{"size": …, "text": …}`. If it is not UTF-8, or has more than 4096 bytes, it has `sha256` in place of
//! `text`. That of a streamed response is what was read of it, and has `chunks` and `trailers`, too.

use crate::model::ids;
use crate::model::time::ms;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::cell::RefCell;
use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Instant;

/// The largest body that is written as text, in bytes.
const SMALL: usize = 4096;

/// The journal's file. Without one, notes are dropped.
pub struct Journal {
    file: Option<RefCell<File>>,
    began: Instant,
}

impl Journal {
    /// Creates or empties the file. Without a path there is no journal.
    ///
    /// # Errors
    /// The file cannot be created.
    pub fn open(path: Option<&Path>) -> io::Result<Journal> {
        let file = path.map(open_private).transpose()?.map(RefCell::new);
        Ok(Journal { file, began: Instant::now() })
    }

    /// Writes one line: `what`, `atMs`, and the members of the object, which is only made if there is a journal.
    pub fn note(&self, what: &str, members: impl FnOnce() -> Value) {
        let Some(file) = &self.file else { return };
        let at_ms = ms(self.began.elapsed());
        let mut line = json!({"what": what, "atMs": at_ms});
        if let (Value::Object(line), Value::Object(members)) = (&mut line, members()) {
            line.extend(members);
        }
        // one write, so that readers see whole lines
        let written = file.borrow_mut().write_all(format!("{line}\n").as_bytes());
        if let Err(error) = written {
            eprintln!("open-runtime: cannot write the journal: {error}");
        }
    }
}

/// Opens the file. Before the first line it is empty, and only our user may read it, even if it existed before. A pipe
/// or a device is left as it is.
fn open_private(path: &Path) -> io::Result<File> {
    let file = File::options().write(true).create(true).truncate(false).mode(0o600).open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() {
        if metadata.permissions().mode() & 0o077 != 0 {
            let others = |why: io::Error| {
                io::Error::new(why.kind(), format!("others may read it, and that cannot be changed: {why}"))
            };
            file.set_permissions(Permissions::from_mode(0o600)).map_err(others)?;
        }
        file.set_len(0)?;
    }
    Ok(file)
}

/// A body as the journal has it: its size in bytes, and its text or its SHA-256.
pub fn body(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) if bytes.len() <= SMALL => json!({"size": bytes.len(), "text": text}),
        _ => json!({"size": bytes.len(), "sha256": ids::to_hex(&Sha256::digest(bytes))}),
    }
}

/// A body that is read part by part, and not kept.
pub struct Tally {
    size: usize,
    chunks: usize,
    start: Vec<u8>,
    digest: Sha256,
    /// There is a journal.
    is_wanted: bool,
    trailers: Value,
}

impl Tally {
    pub fn new(journal: &Journal) -> Tally {
        let is_wanted = journal.file.is_some();
        Tally { size: 0, chunks: 0, start: Vec::new(), digest: Sha256::new(), is_wanted, trailers: Value::Null }
    }

    pub fn add(&mut self, chunk: &[u8]) {
        if !self.is_wanted {
            return;
        }
        self.size += chunk.len();
        self.chunks += 1;
        if self.size <= SMALL {
            self.start.extend_from_slice(chunk);
        }
        self.digest.update(chunk);
    }

    pub fn trailers(&mut self, trailers: Value) {
        self.trailers = trailers;
    }

    /// The body as the journal has it.
    pub fn value(&self) -> Value {
        let (size, chunks, trailers) = (self.size, self.chunks, &self.trailers);
        match std::str::from_utf8(&self.start) {
            Ok(text) if size <= SMALL => json!({"size": size, "text": text, "chunks": chunks, "trailers": trailers}),
            _ => {
                let digest = ids::to_hex(&self.digest.clone().finalize());
                json!({"size": size, "sha256": digest, "chunks": chunks, "trailers": trailers})
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_body_is_written_as_its_digest() {
        assert_eq!(body(b"{}"), json!({"size": 2, "text": "{}"}));
        let large = body(&[b'a'; SMALL + 1]);
        assert_eq!(large["size"], SMALL + 1);
        assert_eq!(large["sha256"].as_str().map(str::len), Some(64));
    }
}

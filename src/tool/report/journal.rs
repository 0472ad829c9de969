//! The journal: one JSON line per thing that happens, for test suites. It holds events and responses.
//!
//! Each line has `what` and `atMs`, milliseconds since the start, and by `what`:
//!
//! | what | when, and its other members |
//! | --- | --- |
//! | `runtime-api`, `listening` | the Runtime API, the Invoke API listen: `address` |
//! | `spawned` | bootstrap was started: `environment` (counted from 1), `pid` |
//! | `connection` | to the Runtime API: `environment` |
//! | `request` | was read: `number` (counted from 1), `environment`, `method`, `path`, `requestId` of the path, `headers`, `body` |
//! | `answered` | as its answer was made: `number`, `status` (null: none), `requestId` that `/next` gives, `ms`, `fault` (its members) |
//! | `init` | has ended: `environment`, `error` (null: none), `ms` |
//! | `step` | of the timeline, told when its invocation ends: `requestId`, `step`, `name`, `ms` |
//! | `invocation` | has ended, the next can come: `requestId`, `error`, `ms` until the answer |
//! | `kill` | bootstrap's group was sent a signal: `environment`, `pid`, `signal`, `why` |
//! | `exit`, `orphan-exit` | bootstrap, a process left by its parent, has ended: `pid`, `status` |
//! | `stray` | bootstrap ended by itself and left a process: `environment`, `pid`, `name` |
//! | `unkillable` | processes that SIGKILL does not end: `pids` |
//! | `environment-over` | no process of it is left: `environment` |
//! | `end` | the last line |
//!
//! A body is `{"size": …, "text": …}`, or with `sha256` rather than `text` if it is no text or above 4096 bytes.

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

/// Bodies up to this many bytes are written out, larger ones as their SHA-256.
const SMALL: usize = 4096;

/// A file, or nothing at all.
pub struct Journal {
    file: Option<RefCell<File>>,
    began: Instant,
}

impl Journal {
    /// Starts the file anew; no path is no journal.
    ///
    /// # Errors
    /// The file cannot be created.
    pub fn open(path: Option<&Path>) -> io::Result<Journal> {
        let file = path.map(private).transpose()?.map(RefCell::new);
        Ok(Journal { file, began: Instant::now() })
    }

    /// Writes one line: `{"what": …, "atMs": …}` and the members of the given object, made only if there is a journal.
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

/// The file, empty and for our user alone before the first line, whoever made it. What is no file (a pipe, /dev/null) stays as
/// it is.
fn private(path: &Path) -> io::Result<File> {
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

/// A body's members: its size in bytes, and its text or, if it is large or no text, its SHA-256.
pub fn body(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) if bytes.len() <= SMALL => json!({"size": bytes.len(), "text": text}),
        _ => json!({"size": bytes.len(), "sha256": ids::to_hex(&Sha256::digest(bytes))}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_bodies_are_digests() {
        assert_eq!(body(b"{}"), json!({"size": 2, "text": "{}"}));
        let large = body(&[b'a'; SMALL + 1]);
        assert_eq!(large["size"], SMALL + 1);
        assert_eq!(large["sha256"].as_str().map(str::len), Some(64));
    }
}

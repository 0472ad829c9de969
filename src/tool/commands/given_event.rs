//! The event that the command line names: as text, in a file, or on stdin.

use crate::model::event;
use crate::os::sys;
use bytes::Bytes;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// Whoever starts us with a pipe on stdin that nobody writes to, as some CI systems do, does not wait for longer than this.
const FIRST_DATA_LIMIT: Duration = Duration::from_millis(500);

/// An event that has begun to come on stdin, unasked for, has come whole by then.
const WHOLE_EVENT_LIMIT: Duration = Duration::from_secs(10);

/// What the command line says.
pub enum EventSource<'a> {
    Text(&'a str),
    /// `-` is stdin.
    File(&'a Path),
    /// Nothing: a pipe or a file on stdin may have it.
    Nothing,
}

/// Reads it. Blocks for as long as stdin is open if it was asked for, else for a limited time.
///
/// # Errors
/// What is wrong with it, for the user.
pub fn read(given: &EventSource<'_>) -> Result<Bytes, String> {
    let stdin = || io::stdin().lock();
    let (bytes, source) = match given {
        EventSource::Text(json) => (Ok(json.as_bytes().to_vec()), "-d".to_owned()),
        EventSource::File(file) if file.as_os_str() == "-" => (to_end(&mut stdin()), "stdin".to_owned()),
        EventSource::File(file) => (std::fs::read(file), file.display().to_string()),
        EventSource::Nothing => (unasked(), "stdin".to_owned()),
    };
    let bytes = bytes.map_err(|why| format!("cannot read the event from {source}: {why}"))?;
    let event = event::checked(Bytes::from(bytes)).map_err(|why| format!("cannot use {source} as the event: {why}"))?;
    if event.len() > event::MAX_EVENT {
        return Err(format!("cannot use {source} as the event: {} bytes are more than Lambda's 6 MB", event.len()));
    }
    Ok(event)
}

fn to_end(from: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes).map(|_| bytes)
}

/// What is on stdin, if that is a file or a pipe: nobody has asked for it, so nobody waits for it without an end.
fn unasked() -> io::Result<Vec<u8>> {
    let mut stdin = match io::stdin().as_fd().try_clone_to_owned() {
        Ok(stdin) => File::from(stdin),
        Err(_) => return Ok(Vec::new()), // it is closed
    };
    let kind = stdin.metadata()?.file_type();
    if kind.is_file() {
        return to_end(&mut stdin);
    }
    if !(kind.is_fifo() || kind.is_socket()) {
        return Ok(Vec::new());
    }
    let mut bytes = Vec::new();
    let mut limit = Instant::now() + FIRST_DATA_LIMIT;
    let mut buffer = [0; 64 << 10];
    while sys::is_readable_until(stdin.as_fd(), limit)? {
        let count = stdin.read(&mut buffer)?;
        if count == 0 {
            return Ok(bytes);
        }
        if bytes.is_empty() {
            limit = Instant::now() + WHOLE_EVENT_LIMIT;
        }
        bytes.extend_from_slice(buffer.get(..count).unwrap_or_default());
    }
    if bytes.is_empty() {
        eprintln!("open-runtime: nothing has come from the pipe on stdin, so the event is {{}}; to wait for it, say -");
        return Ok(bytes);
    }
    let s = WHOLE_EVENT_LIMIT.as_secs();
    Err(io::Error::new(io::ErrorKind::TimedOut, format!("it is still open after {s} s; to wait for its end, say -")))
}

//! Reads the event that the command line gives: as text, in a file, or on stdin.

use crate::model::event;
use crate::os::sys;
use bytes::Bytes;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// Some CI systems start programs with a pipe on stdin to which nothing is written. Without data by then, the event is
/// `{}`.
const FIRST_DATA_LIMIT: Duration = Duration::from_millis(500);

/// An event on stdin that nobody asked for must end by then, from its first byte on.
const WHOLE_EVENT_LIMIT: Duration = Duration::from_secs(10);

/// Where the command line says the event is.
pub enum EventSource<'a> {
    Text(&'a str),
    /// A file; `-` is stdin.
    File(&'a Path),
    /// The command line does not say: it is on stdin, if that is a pipe or a file.
    Unspecified,
}

/// Reads the event. Blocks until stdin ends if the command line says so, otherwise for a limited time.
///
/// # Errors
/// What is wrong with it, as a message.
pub fn read(given: &EventSource<'_>) -> Result<Bytes, String> {
    let stdin = || io::stdin().lock();
    let (bytes, source) = match given {
        EventSource::Text(json) => (Ok(json.as_bytes().to_vec()), "-d".to_owned()),
        EventSource::File(file) if file.as_os_str() == "-" => (to_end(&mut stdin()), "stdin".to_owned()),
        EventSource::File(file) => (std::fs::read(file), file.display().to_string()),
        EventSource::Unspecified => (read_unspecified(), "stdin".to_owned()),
    };
    let bytes = bytes.map_err(|why| format!("cannot read the event from {source}: {why}"))?;
    let event = event::checked(Bytes::from(bytes)).map_err(|why| format!("cannot use {source} as the event: {why}"))?;
    if event.len() > event::MAX_EVENT {
        return Err(format!("cannot use {source} as the event: it has {} bytes, more than Lambda's 6 MB", event.len()));
    }
    Ok(event)
}

fn to_end(from: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes).map(|_| bytes)
}

/// Reads stdin if it is a file, a pipe or a socket. Nobody asked for that, so it does not wait for ever.
fn read_unspecified() -> io::Result<Vec<u8>> {
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
        eprintln!(
            "open-runtime: nothing has come from the pipe on stdin, so the event is {{}}; give the argument - to wait for it"
        );
        return Ok(bytes);
    }
    let s = WHOLE_EVENT_LIMIT.as_secs();
    Err(io::Error::new(
        io::ErrorKind::TimedOut,
        format!("it is still open after {s} s; give the argument - to wait for its end"),
    ))
}

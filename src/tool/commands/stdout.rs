//! Writes what a command prints.

use std::io::{self, Write};

/// Writes at once, so that a reader sees each part when it comes.
pub fn write(parts: &[&[u8]]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    parts.iter().try_for_each(|part| stdout.write_all(part)).and_then(|()| stdout.flush())
}

/// The same, for a report: stdout may be closed.
pub fn say(text: &str) {
    let _ = write(&[text.as_bytes()]);
}

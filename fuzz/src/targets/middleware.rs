//! How a middleware ended, and what it printed.
//!
//! Input: a line with the hook and the wait(2) status plus one, or `exit` and the exit status; then the output.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use open_runtime::middleware::hook::{Hook, Verdict, judge};
use open_runtime::os::process::End;

use crate::input::{SECRET, is_json, is_one_line_of_json, number, words_and_rest};

/// Only JSON is passed on, on one line, and only if the status allows it.
pub fn run(input: &[u8]) {
    let (words, output) = words_and_rest(input);
    let hook = match words.first().copied() {
        Some(b"before") => Hook::Before,
        Some(b"after") => Hook::After,
        _ => Hook::Error,
    };
    let status = status(&words);
    let is_success = status.code() == Some(0);
    let printed = output.strip_suffix(b"\n").unwrap_or(output);
    let is_early = hook == Hook::Before && status.code() == Some(99);
    match judge(hook, End(status), output.to_vec()) {
        Ok(Verdict::Unchanged) => assert!(is_success && printed.is_empty()),
        Ok(Verdict::Replaced(text)) => assert!(is_success && is_replacement(&text, printed)),
        Ok(Verdict::Respond(text)) => assert!(is_early && is_replacement(&text, printed)),
        Err(why) => {
            assert!(!is_success || !is_json(printed));
            assert!(!is_early || !is_json(printed));
            assert!(!why.contains(SECRET) && why.len() < 200, "{why}");
        }
    }
}

fn status(words: &[&[u8]]) -> ExitStatus {
    match words.get(1).copied() {
        Some(b"exit") => ExitStatus::from_raw((number(words, 2, 256) as i32 % 256) << 8),
        _ => ExitStatus::from_raw(number(words, 1, 1 << 16) as i32 - 1),
    }
}

fn is_replacement(text: &[u8], printed: &[u8]) -> bool {
    let is_kept = |(new, old): (&u8, &u8)| new == old || (*new == b' ' && matches!(old, b'\n' | b'\r'));
    is_one_line_of_json(text) && text.len() == printed.len() && text.iter().zip(printed).all(is_kept)
}

//! Scripted faults of the Runtime API and the Extensions API, for test suites.
//!
//! A fault says on which request it happens, and what happens. The members of `do` can be combined. They act in this
//! order: `reset: before-reading`; the body is read; `reset: after-reading`; `swallow`; `delayMs`; `status` (the
//! request is answered, and has no effect), or else the request takes effect; `headers`, `deadlineMs`, `body`,
//! `chunked` change the answer; `truncate`, `closeAfter`, `reset: mid-…` cut it off.
//!
//! A response that is streamed goes to its caller while the body is read. After `afterBytes` of it there may be a pause of
//! `pauseMs`; then `reset: mid-request`, `hangUp` or `status` ends it, and the caller gets an error. The other members act at
//! its end: then the caller has had the whole body.

mod fault;

pub use fault::{Cut, Fault, Reset, describe};

use serde::Deserialize;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::path::Path;

/// The requests at which a fault can happen.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Hash)]
#[serde(rename_all = "kebab-case")]
pub enum FaultPoint {
    Next,
    Response,
    Error,
    InitError,
    Register,
    ExtensionNext,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged)]
enum Nth {
    /// Counted from 1.
    Number(u64),
    Every(Every),
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Every {
    Every,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    on: FaultPoint,
    nth: Nth,
    #[serde(rename = "do")]
    fault: Fault,
}

/// The script, and how many requests of each kind have come.
#[derive(Default)]
pub struct Faults {
    entries: Vec<Entry>,
    counts: RefCell<HashMap<FaultPoint, u64>>,
}

/// The script cannot be used.
#[derive(Debug)]
pub enum BadScript {
    Unreadable(std::io::Error),
    NotAScript(serde_json::Error),
    Entry(usize, String),
}

impl fmt::Display for BadScript {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadScript::Unreadable(why) => why.fmt(out),
            BadScript::NotAScript(why) => why.fmt(out),
            BadScript::Entry(number, why) => write!(out, "entry {number}: {why}"),
        }
    }
}

impl Faults {
    /// # Errors
    /// The file cannot be read, is not a list of faults, or holds one that cannot be sent.
    pub fn read(path: &Path) -> Result<Faults, BadScript> {
        Faults::parse(&std::fs::read(path).map_err(BadScript::Unreadable)?)
    }

    fn parse(script: &[u8]) -> Result<Faults, BadScript> {
        let entries: Vec<Entry> = serde_json::from_slice(script).map_err(BadScript::NotAScript)?;
        for (index, entry) in entries.iter().enumerate() {
            entry.fault.check().map_err(|why| BadScript::Entry(index + 1, why))?;
        }
        Ok(Faults { entries, counts: RefCell::default() })
    }

    /// Counts the request, and returns the first fault of the script that fits it. Without one, a fault that does
    /// nothing.
    pub fn next(&self, on: FaultPoint) -> Fault {
        if self.entries.is_empty() {
            return Fault::default();
        }
        let mut counts = self.counts.borrow_mut();
        let count = counts.entry(on).or_insert(0);
        *count += 1;
        let fits = |entry: &&Entry| match entry.nth {
            Nth::Number(number) => number == *count,
            Nth::Every(_) => true,
        };
        let entry = self.entries.iter().filter(|entry| entry.on == on).find(fits);
        entry.map(|entry| entry.fault.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(script: &str) -> Faults {
        Faults::parse(script.as_bytes()).unwrap()
    }

    #[test]
    fn a_fault_happens_at_its_number_only() {
        let faults = faults(r#"[{"on":"next","nth":2,"do":{"swallow":true}}]"#);
        let happened: Vec<_> = (0..3).map(|_| faults.next(FaultPoint::Next).swallows()).collect();
        assert_eq!(happened, [false, true, false]);
        assert!(!faults.next(FaultPoint::Response).swallows());
    }

    #[test]
    fn every_fits_each_request_and_the_first_fault_that_fits_happens() {
        let script =
            r#"[{"on":"error","nth":1,"do":{"delayMs":1}},{"on":"error","nth":"every","do":{"swallow":true}}]"#;
        let faults = faults(script);
        assert!(!faults.next(FaultPoint::Error).swallows());
        assert!(faults.next(FaultPoint::Error).swallows());
    }

    #[test]
    fn mistakes_in_a_script_are_errors() {
        let scripts = [
            r#"{"on":"next"}"#,
            r#"[{"on":"nowhere","nth":1,"do":{}}]"#,
            r#"[{"on":"next","nth":"some","do":{}}]"#,
            r#"[{"on":"next","nth":1,"do":{"explode":true}}]"#,
            r#"[{"on":"next","nth":1,"do":{"headers":{"A":"\u0101"}}}]"#,
            r#"[{"on":"next","nth":1,"do":{"status":1}}]"#,
            r#"[{"on":"response","nth":1,"do":{"afterBytes":1}}]"#,
            r#"[{"on":"next","nth":1,"do":{"headers":{"Content-Length":"1"}}}]"#,
        ];
        assert!(scripts.iter().all(|script| Faults::parse(script.as_bytes()).is_err()));
    }
}

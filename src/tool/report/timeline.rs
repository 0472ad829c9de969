//! The timeline: the steps that bootstrap reports, and how they are shown.
//!
//! bootstrap finds a path in `_OPEN_RUNTIME_TIMELINE`. When a step ends, it appends a line of JSON in one write:
//! `{"requestId":"…","step":"before","name":"cors","ms":1.234}`. `step` is `init`, `before`, `handler`, `record`,
//! `after` or `error`; `name` is the middleware's or the handler's, or the number of the record. The records of a batch are within
//! `handler`, and bootstrap reports the first 100. Unknown members and invalid lines are ignored.

use crate::model::failure::Failure;
use crate::model::invocation::Outcome;
use crate::model::time::ms;
use crate::os::pipe::Pipe;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

/// When more steps than this are kept, the oldest are dropped.
const MAX_STEPS: usize = 10_000;

/// A step of an invocation, or of Init.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// None in Init.
    #[serde(default, skip_serializing)]
    pub request_id: Option<String>,
    pub step: String,
    #[serde(default)]
    pub name: String,
    pub ms: f64,
    /// When it began, in milliseconds since the runtime was given the invocation. `report::observer` knows that.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    pub at_ms: Option<f64>,
    /// When bootstrap reported it, which is when it had ended.
    #[serde(skip)]
    pub reported: Option<Instant>,
}

impl Step {
    /// It is a part of the step `handler`.
    pub fn is_record(&self) -> bool {
        self.step == "record"
    }
}

/// Receives bootstrap's steps.
pub struct Steps {
    pipe: Pipe,
    seen: RefCell<Seen>,
}

#[derive(Default)]
struct Seen {
    steps: VecDeque<Step>,
    partial: Vec<u8>,
}

impl Steps {
    pub fn new() -> io::Result<Steps> {
        Ok(Steps { pipe: Pipe::new()?, seen: RefCell::default() })
    }

    pub fn path(&self) -> String {
        self.pipe.path()
    }

    /// Reads steps for ever, so that bootstrap never blocks on a full pipe.
    pub async fn run(&self) {
        while self.pipe.next(|bytes| self.seen.borrow_mut().add(bytes)).await.is_ok() {}
    }

    /// Takes the steps of an invocation, or of Init if `None`, in the order in which they ended.
    pub fn take(&self, request_id: Option<&str>) -> Vec<Step> {
        self.pipe.drain(|bytes| self.seen.borrow_mut().add(bytes));
        let mut seen = self.seen.borrow_mut();
        let all = std::mem::take(&mut seen.steps);
        let belongs = |step: &Step| match request_id {
            Some(_) => step.request_id.as_deref() == request_id,
            None => step.request_id.is_none() || step.step == "init",
        };
        let (taken, left) = all.into_iter().partition::<Vec<_>, _>(belongs);
        seen.steps = left.into();
        taken
    }
}

impl Seen {
    fn add(&mut self, bytes: &[u8]) {
        self.partial.extend_from_slice(bytes);
        while let Some(end) = self.partial.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.partial.drain(..=end).collect();
            let reported = Some(Instant::now());
            self.steps.extend(serde_json::from_slice(&line).map(|step| Step { reported, ..step }));
        }
        let surplus = self.steps.len().saturating_sub(MAX_STEPS);
        self.steps.drain(..surplus);
    }
}

/// How lines look: with colours on a terminal, unless `NO_COLOR` says otherwise (<https://no-color.org>).
#[derive(Clone, Copy)]
pub struct Style {
    has_colour: bool,
}

impl Style {
    pub fn of_stderr() -> Style {
        Style::of(io::stderr().is_terminal())
    }

    pub fn of_stdout() -> Style {
        Style::of(io::stdout().is_terminal())
    }

    fn of(is_terminal: bool) -> Style {
        let is_unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Style { has_colour: is_terminal && !is_unwanted && !is_dumb }
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.has_colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    pub fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    pub fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    pub fn green(self, text: &str) -> String {
        self.paint("32", text)
    }

    pub fn red(self, text: &str) -> String {
        self.paint("31", text)
    }
}

/// The lines of Init. After a change of the code it is one line, if it has no steps.
pub fn init(
    style: Style,
    cause: Option<&str>,
    steps: &[Step],
    duration: Duration,
    failure: Option<&Failure>,
) -> String {
    let end = total(style, "Init", duration, failure);
    let mut text = match cause {
        Some(cause) if steps.is_empty() && failure.is_none() => {
            return format!("{}: Init took {:.0} ms", style.dim(&format!("open-runtime: {cause}")), ms(duration));
        }
        Some(cause) => format!("{}\n", style.dim(&format!("open-runtime: {cause}: Init"))),
        None => format!("{}\n", style.dim("open-runtime: Init")),
    };
    for step in steps {
        text.push_str(&row(&step.step, &step.name, step.ms));
    }
    text + &end
}

/// The lines of an invocation: title, steps, total.
pub fn invocation(style: Style, steps: &[Step], request_id: &str, outcome: &Outcome, memory_mb: u32) -> String {
    let head = format!("open-runtime: invocation {request_id}");
    let mut text = format!("{}\n", style.dim(&head));
    if let Some(init) = outcome.init {
        text.push_str(&row("Init", "within this invocation", ms(init)));
    }
    for step in steps.iter().filter(|step| !step.is_record()) {
        text.push_str(&row(&step.step, &step.name, step.ms));
    }
    let failure = outcome.failure();
    text.push_str(&total(style, "Invoke", outcome.duration, failure));
    if let Some(kb) = outcome.memory_kb {
        let memory = format!("   {} of {memory_mb} MB", kb.div_ceil(1024));
        text.push_str(&style.dim(&memory));
    }
    text
}

fn row(step: &str, name: &str, ms: f64) -> String {
    format!("  {:<8} {:<32} {ms:>10.2} ms\n", printable(step), printable(name))
}

fn total(style: Style, name: &str, duration: Duration, failure: Option<&Failure>) -> String {
    let line = style.bold(&format!("  {name:<8} {:<32} {:>10.2} ms", "", ms(duration)));
    let Some(failure) = failure else { return line };
    let failure = format!("{}: {}", failure.error_type(), failure.reason());
    format!("{line}   {}", style.red(&printable(&failure)))
}

/// Without control characters, so that a child cannot control the terminal.
pub fn printable(text: &str) -> String {
    text.chars().filter(|each| !each.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_may_come_in_pieces_and_invalid_ones_are_ignored() {
        let mut seen = Seen::default();
        seen.add(b"{\"requestId\":\"a\",\"step\":\"before\",\"ms\":1.5");
        assert!(seen.steps.is_empty());
        seen.add(b",\"more\":1}\nnonsense\n{\"step\":\"init\",\"ms\":1.5}\n");
        let steps: Vec<_> =
            seen.steps.iter().map(|step| (step.request_id.as_deref(), step.step.as_str(), step.ms)).collect();
        assert_eq!(steps, [(Some("a"), "before", 1.5), (None, "init", 1.5)]);
    }

    #[test]
    fn a_child_cannot_control_the_terminal() {
        assert_eq!(row("before", "\x1b[2Jcors", 1.0).matches('\x1b').count(), 0);
    }
}

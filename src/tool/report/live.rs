//! What is under way: execution environments and invocations that have not ended, for whoever begins to look.

use super::event::Event;
use super::record::Record;
use crate::model::time::{iso, now_ms};
use serde::Serialize;
use std::collections::{BTreeMap, VecDeque};

/// The most lines that are kept of an invocation that is under way, and of an execution environment outside invocations, and
/// the most characters of each.
const MAX_LINES: usize = 500;
const MAX_LINE: usize = 2000;

/// The most invocations that are kept, and environments that have ended.
const MAX_RUNNING: usize = 1000;
const MAX_ENDED: usize = 5;

#[derive(Default)]
pub struct Live {
    environments: BTreeMap<u64, KnownEnvironment>,
    running: VecDeque<Running>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KnownEnvironment {
    environment: u64,
    function: String,
    at: String,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    init_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// The invocations that have ended in it.
    count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_kb: Option<u64>,
    log: VecDeque<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Running {
    function: String,
    environment: Option<u64>,
    request_id: String,
    at: String,
    source: &'static str,
    log: VecDeque<String>,
}

impl Live {
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::EnvironmentStarted { function, environment } => self.start(function, *environment),
            Event::InitEnded { environment, ms, error, .. } => self.change(Some(*environment), |known| {
                known.state = if error.is_some() { "failed" } else { "idle" };
                (known.init_ms, known.error) = (Some(*ms), error.clone());
            }),
            Event::InvocationStarted { function, environment, request_id, at_ms, source } => {
                let (function, request_id) = (function.clone(), request_id.clone());
                let (environment, at, source, log) = (*environment, iso(*at_ms), source.name(), VecDeque::new());
                let running = Running { function, environment, request_id, at, source, log };
                add(&mut self.running, running, MAX_RUNNING);
            }
            Event::Log { environment, request_id, line, .. } => self.log(*environment, request_id.as_deref(), line),
            Event::InvocationEnded(record) => self.end(record),
            Event::EnvironmentEnded { environment, .. } => {
                self.change(Some(*environment), |known| known.state = "ended")
            }
            Event::FunctionsChanged(_) | Event::Missed(_) => {}
        }
    }

    fn start(&mut self, function: &str, environment: u64) {
        let (function, at, log) = (function.to_owned(), iso(now_ms()), VecDeque::new());
        let (state, init_ms, error, count, memory_kb) = ("starting", None, None, 0, None);
        let known = KnownEnvironment { environment, function, at, state, init_ms, error, count, memory_kb, log };
        self.environments.insert(environment, known);
        let ended = self.environments.values().filter(|known| known.state == "ended").map(|known| known.environment);
        let ended: Vec<u64> = ended.collect();
        for oldest in ended.iter().take(ended.len().saturating_sub(MAX_ENDED)) {
            self.environments.remove(oldest);
        }
    }

    fn change(&mut self, environment: Option<u64>, change: impl FnOnce(&mut KnownEnvironment)) {
        if let Some(known) = environment.and_then(|number| self.environments.get_mut(&number)) {
            change(known);
        }
    }

    fn log(&mut self, environment: u64, request_id: Option<&str>, line: &str) {
        let line: String = line.chars().take(MAX_LINE).collect();
        let running = request_id.and_then(|id| self.running.iter_mut().find(|running| running.request_id == id));
        match running {
            Some(running) => add(&mut running.log, line, MAX_LINES),
            None => self.change(Some(environment), |known| add(&mut known.log, line, MAX_LINES)),
        }
    }

    fn end(&mut self, record: &Record) {
        self.running.retain(|running| running.request_id != record.request_id);
        self.change(record.environment, |known| {
            known.count += 1;
            known.memory_kb = known.memory_kb.max(record.timing.memory_kb);
        });
    }

    /// Each as JSON.
    pub fn environments(&self) -> Vec<String> {
        self.environments.values().filter_map(|known| serde_json::to_string(known).ok()).collect()
    }

    /// Each that has not ended, as JSON.
    pub fn invocations(&self) -> Vec<String> {
        self.running.iter().filter_map(|running| serde_json::to_string(running).ok()).collect()
    }
}

/// Adds one. If there are too many, the oldest goes.
fn add<T>(all: &mut VecDeque<T>, one: T, most: usize) {
    if all.len() >= most {
        all.pop_front();
    }
    all.push_back(one);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(request_id: Option<&str>, line: &str) -> Event {
        let (function, request_id, line) = (String::new(), request_id.map(str::to_owned), line.to_owned());
        Event::Log { function, environment: 1, request_id, line }
    }

    #[test]
    fn lines_belong_to_their_invocation_or_to_the_environment() {
        let mut live = Live::default();
        live.apply(&Event::EnvironmentStarted { function: "f".to_owned(), environment: 1 });
        live.apply(&log(None, "Init"));
        let (function, request_id, source) = ("f".to_owned(), "a".to_owned(), crate::model::invocation::Source::Page);
        live.apply(&Event::InvocationStarted { function, environment: Some(1), request_id, at_ms: 0, source });
        live.apply(&log(Some("a"), "mine"));
        assert!(live.environments()[0].contains(r#""log":["Init"]"#));
        let running = r#"{"function":"f","environment":1,"requestId":"a","at":"1970-01-01T00:00:00.000Z","source":"page","log":["mine"]}"#;
        assert_eq!(live.invocations(), [running]);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut live = Live::default();
        for environment in 1..=MAX_ENDED as u64 + 3 {
            live.apply(&Event::EnvironmentStarted { function: "f".to_owned(), environment });
            live.apply(&Event::EnvironmentEnded { function: "f".to_owned(), environment });
        }
        live.apply(&Event::EnvironmentStarted { function: "f".to_owned(), environment: 100 });
        assert_eq!(live.environments().len(), MAX_ENDED + 1);
        let mut lines = VecDeque::new();
        (0..MAX_LINES + 7).for_each(|number| add(&mut lines, number, MAX_LINES));
        assert_eq!((lines.len(), lines.front()), (MAX_LINES, Some(&7)));
    }
}

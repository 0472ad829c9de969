//! What the hub tells: the things that happen to execution environments and invocations.

use super::record::Record;
use crate::model::invocation::Source;
use crate::model::time::{iso, now_ms};
use serde_json::{Value, json};
use std::rc::Rc;

/// Something that happens.
pub enum Event {
    EnvironmentStarted {
        function: String,
        environment: u64,
    },
    InitEnded {
        function: String,
        environment: u64,
        ms: f64,
        /// Its `errorType`.
        error: Option<String>,
    },
    InvocationStarted {
        function: String,
        /// None: its execution environment has not been started yet.
        environment: Option<u64>,
        request_id: String,
        /// Milliseconds since 1970.
        at_ms: i64,
        source: Source,
    },
    /// A line of the function's log. The request id is that of the invocation that is under way, if it is the only one.
    Log {
        function: String,
        environment: u64,
        request_id: Option<String>,
        line: String,
    },
    InvocationEnded(Rc<Record>),
    EnvironmentEnded {
        function: String,
        environment: u64,
    },
    /// These are the functions from now on, by name.
    FunctionsChanged(Vec<String>),
    /// So many events were lost here, as the subscriber did not keep up.
    Missed(u64),
}

impl Event {
    pub fn name(&self) -> &'static str {
        match self {
            Event::EnvironmentStarted { .. } => "environment-started",
            Event::InitEnded { .. } => "init-ended",
            Event::InvocationStarted { .. } => "invocation-started",
            Event::Log { .. } => "log",
            Event::InvocationEnded(_) => "invocation-ended",
            Event::EnvironmentEnded { .. } => "environment-ended",
            Event::FunctionsChanged(_) => "functions-changed",
            Event::Missed(_) => "missed",
        }
    }

    /// Its JSON, in one line. Of an invocation that has ended it is the summary of its record.
    pub fn json(&self) -> String {
        let value = match self {
            Event::InvocationEnded(record) => return record.summary(),
            Event::EnvironmentStarted { function, environment } | Event::EnvironmentEnded { function, environment } => {
                json!({"function": function, "environment": environment, "at": iso(now_ms())})
            }
            Event::InitEnded { function, environment, ms, error } => {
                json!({"function": function, "environment": environment, "ms": ms, "error": error})
            }
            Event::InvocationStarted { function, environment, request_id, at_ms, source } => {
                let (at, source) = (iso(*at_ms), source.name());
                json!({"function": function, "environment": environment, "requestId": request_id, "at": at, "source": source})
            }
            Event::Log { function, environment, request_id, line } => {
                json!({"function": function, "environment": environment, "requestId": request_id, "line": line})
            }
            Event::FunctionsChanged(names) => {
                let functions: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
                json!({"functions": functions})
            }
            Event::Missed(count) => json!({"count": count}),
        };
        Value::to_string(&value)
    }
}

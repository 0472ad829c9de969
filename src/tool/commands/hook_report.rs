//! What `open-runtime middleware` says about a hook: to people on stderr, or to a program as JSON.

use super::stdout;
use open_runtime::error::InvocationError;
use open_runtime::middleware::hook::{Hook, Verdict};
use serde::Serialize;
use serde_json::value::RawValue;
use std::io;
use std::time::Duration;

const NOT_MET: u8 = 1;
const TIMED_OUT: u8 = 4;
/// 128 + SIGINT, as in a shell.
const INTERRUPTED: u8 = 130;

/// What `--json` prints.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HookRecord<'a> {
    middleware: &'a str,
    hook: &'a str,
    resident: bool,
    ready_ms: Option<f64>,
    duration_ms: f64,
    status: Option<i32>,
    /// As the hook printed it: numbers keep their digits.
    output: Option<&'a RawValue>,
    met: bool,
    contract: &'a str,
}

/// How long a resident middleware took until it was ready, and how long the hook took.
pub struct Times {
    pub ready: Option<Duration>,
    pub took: Duration,
}

/// What a hook did, and what bootstrap would do with that.
pub struct HookReport {
    hook: Hook,
    output: Vec<u8>,
    /// The hook's exit status. `None` if `contract` says how it ended.
    status: Option<i32>,
    contract: String,
    /// The exit status of open-runtime.
    pub exit: u8,
}

impl HookReport {
    pub fn new(hook: Hook, result: Result<Verdict, InvocationError>) -> HookReport {
        let met = |status, output, consequence| {
            let contract = format!("met: {consequence}");
            HookReport { hook, output, status: Some(status), contract, exit: 0 }
        };
        match result {
            Ok(Verdict::Unchanged) => met(0, Vec::new(), unchanged(hook)),
            Ok(Verdict::Replaced(output)) => met(0, output, replaced(hook)),
            Ok(Verdict::Respond(output)) => {
                met(99, output, "the output is the response; later middlewares and the handler do not get the event")
            }
            Err(error) => HookReport::of_failure(hook, &error),
        }
    }

    fn of_failure(hook: Hook, error: &InvocationError) -> HookReport {
        let why = match error {
            InvocationError::Middleware { why, .. } => why.clone(),
            other => other.to_string(),
        };
        let consequence = match hook {
            Hook::Error => "the error stays as it is".to_owned(),
            Hook::Before | Hook::After => format!("the invocation fails with {}", error.error_type()),
        };
        let exit = match error {
            InvocationError::Timeout { .. } => TIMED_OUT,
            InvocationError::Terminated => INTERRUPTED,
            _ => NOT_MET,
        };
        HookReport { hook, output: Vec::new(), status: None, contract: format!("not met: {why}; {consequence}"), exit }
    }

    /// Writes a line of JSON to stdout.
    pub fn write_json(&self, middleware: &str, times: Times) -> io::Result<()> {
        let ms = |time: Duration| (time.as_secs_f64() * 100_000.0).round() / 100.0;
        let record = HookRecord {
            middleware,
            hook: self.hook.name(),
            resident: times.ready.is_some(),
            ready_ms: times.ready.map(ms),
            duration_ms: ms(times.took),
            status: self.status,
            output: serde_json::from_slice(&self.output).ok(),
            met: self.exit == 0,
            contract: &self.contract,
        };
        stdout::write(&[&serde_json::to_vec(&record)?, b"\n"])
    }

    /// Writes the output and a line feed to stdout, and the rest to stderr.
    pub fn write(&self, middleware: &str, Times { ready, took }: Times) -> io::Result<()> {
        if !self.output.is_empty() {
            stdout::write(&[&self.output, b"\n"])?;
        }
        eprintln!("open-runtime: {} hook of {middleware}", self.hook);
        let ms = |time: Duration| time.as_secs_f64() * 1000.0;
        if let Some(ready) = ready {
            eprintln!("  ready     {:.2} ms", ms(ready));
        }
        eprintln!("  time      {:.2} ms", ms(took));
        match (self.status, ready) {
            (None, _) => {}
            (Some(status), None) => eprintln!("  status    {status}\n  printed   {} bytes", self.output.len()),
            (Some(_), Some(_)) if self.output.is_empty() => eprintln!("  answered  nothing"),
            (Some(0), Some(_)) => eprintln!("  answered  output of {} bytes", self.output.len()),
            (Some(_), Some(_)) => eprintln!("  answered  a response of {} bytes", self.output.len()),
        }
        eprintln!("  contract  {}", self.contract);
        Ok(())
    }
}

fn unchanged(hook: Hook) -> &'static str {
    match hook {
        Hook::Before => "the event goes on as it is",
        Hook::After => "the response goes on as it is",
        Hook::Error => "the error stays as it is",
    }
}

fn replaced(hook: Hook) -> &'static str {
    match hook {
        Hook::Before => "the output goes on instead of the event",
        Hook::After => "the output goes on instead of the response",
        Hook::Error => "the output is the response, and the invocation has not failed",
    }
}

//! The events and their records.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html>

use super::subscriber::{Dropped, Subscriber};
use super::{Category, Event, Telemetry, render};
use crate::model::failure::Failure;
use crate::model::function::{Function, VERSION};
use crate::model::invocation::{Invocation, Outcome, Response, RuntimeAnswer};
use crate::model::time::ms;
use serde_json::{Value, json};
use std::time::Duration;

/// Where an Init takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InitPhase {
    Init,
    /// Within an invocation.
    Invoke,
}

/// An Init: what all of its events have.
#[derive(Clone, Copy)]
pub struct Phase<'a> {
    pub function: &'a Function,
    pub phase: InitPhase,
}

impl Phase<'_> {
    fn record(self, mut members: Value) -> Value {
        members["initializationType"] = self.function.initialization_type().into();
        members["phase"] = match self.phase {
            InitPhase::Init => "init",
            InitPhase::Invoke => "invoke",
        }
        .into();
        members
    }
}

impl Telemetry {
    fn platform(&self, kind: &'static str, record: impl FnOnce() -> Value) {
        self.send(Category::Platform, || Event::new(Category::Platform, kind, &record()));
    }

    /// The instance is the environment's log stream.
    pub fn init_started(&self, init: Phase<'_>, log_stream: &str) {
        self.platform("platform.initStart", || {
            init.record(json!({
                "functionName": init.function.name,
                "functionVersion": VERSION,
                "instanceId": log_stream,
                "instanceMaxMemory": u64::from(init.function.memory_mb) * 1024 * 1024,
            }))
        });
    }

    /// The runtime has asked for its first invocation, or has failed.
    pub fn init_runtime_done(&self, init: Phase<'_>, failure: Option<&Failure>) {
        self.platform("platform.initRuntimeDone", || init.record(status(json!({}), failure)));
    }

    pub fn init_reported(&self, init: Phase<'_>, duration: Duration, failure: Option<&Failure>) {
        self.platform("platform.initReport", || {
            init.record(status(json!({"metrics": {"durationMs": ms(duration)}}), failure))
        });
    }

    /// How an extension came out of Init. `error_type` is what it reported.
    pub fn extension(&self, name: &str, state: &str, events: &[&str], error_type: Option<&str>) {
        self.platform("platform.extension", || {
            let mut record = json!({"name": name, "state": state, "events": events});
            if let Some(error_type) = error_type {
                record["errorType"] = error_type.into();
            }
            record
        });
    }

    pub fn subscribed(&self, subscriber: &Subscriber) {
        let categories: Vec<&str> = subscriber.subscription.categories.iter().map(|each| each.name()).collect();
        self.platform(
            "platform.telemetrySubscription",
            || json!({"name": subscriber.name, "state": "Subscribed", "types": categories}),
        );
    }

    /// Events could not be delivered.
    pub fn logs_dropped(&self, dropped: Dropped, reason: &str) {
        self.platform(
            "platform.logsDropped",
            || json!({"droppedRecords": dropped.records, "droppedBytes": dropped.bytes, "reason": reason}),
        );
    }

    pub fn started(&self, invocation: &Invocation) {
        self.platform(
            "platform.start",
            || json!({"requestId": invocation.request_id, "version": VERSION, "tracing": tracing(invocation)}),
        );
    }

    /// The runtime has answered, or has failed to. The bytes of a response that was streamed are not told.
    pub fn runtime_done(&self, invocation: &Invocation, duration: Duration, result: &RuntimeAnswer) {
        self.platform("platform.runtimeDone", || {
            let mut metrics = json!({"durationMs": ms(duration)});
            if let Ok(Response::Whole { body, .. }) = result {
                metrics["producedBytes"] = body.len().into();
            }
            let record =
                json!({"requestId": invocation.request_id, "metrics": metrics, "tracing": tracing(invocation)});
            status(record, result.as_ref().err())
        });
    }

    /// The invocation has ended, with its extensions.
    pub fn reported(&self, invocation: &Invocation, outcome: &Outcome, memory_mb: u32) {
        self.platform("platform.report", || {
            let init = outcome.cold_start.map(ms);
            let duration = ms(outcome.duration) + outcome.init.map_or(0.0, ms);
            let mut metrics = json!({
                "durationMs": duration,
                "billedDurationMs": (duration + init.unwrap_or(0.0)).ceil() as u64,
                "memorySizeMB": memory_mb,
                "maxMemoryUsedMB": outcome.memory_kb.map_or(0, |kb| kb.div_ceil(1024)),
            });
            if let Some(init) = init {
                metrics["initDurationMs"] = init.into();
            }
            let record =
                json!({"requestId": invocation.request_id, "metrics": metrics, "tracing": tracing(invocation)});
            status(record, outcome.failure())
        });
    }

    /// A line of a log, without its line feed. If the log's format is JSON, a line that is an object is one in the record, too.
    pub fn line(&self, category: Category, line: &[u8], is_json: bool) {
        self.send(category, || {
            let text = || Value::from(String::from_utf8_lossy(line));
            let object = is_json.then(|| serde_json::from_slice(line).ok()).flatten().filter(Value::is_object);
            let oldest_schema = object.is_some().then(|| render(category.name(), &text()));
            Event { category, json: render(category.name(), &object.unwrap_or_else(text)), oldest_schema }
        });
    }
}

fn tracing(invocation: &Invocation) -> Value {
    json!({"type": "X-Amzn-Trace-Id", "value": invocation.trace_id})
}

/// With the status and the error type.
fn status(mut record: Value, failure: Option<&Failure>) -> Value {
    record["status"] = match failure {
        None => "success",
        Some(failure) if failure.is_timeout() => "timeout",
        Some(_) => "error",
    }
    .into();
    if let Some(failure) = failure {
        record["errorType"] = failure.error_type().into();
    }
    record
}

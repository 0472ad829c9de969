//! AWS events as CloudEvents 1.0.

mod attributes;
pub mod base64;
mod batch;
mod http;
pub mod inflate;
mod item;
pub mod json;
mod kafka;
mod kinds;
mod logs;
mod mapping;
mod recognise;
mod scanner;
mod template;
pub mod text;
pub mod time;
mod trace;
mod unwrap;
pub mod uri;

pub use batch::{Answer, Batch, Failure, Outcome};
pub use http::{percent_decoded, percent_encoded};
pub use mapping::{Event, Mapping, Warning, map};
pub use scanner::{NotJson, Reason};
pub use time::append_timestamp;

/// The names of all kinds of events, `unknown` among them, each with its sample, in alphabetical order.
#[cfg(feature = "tool")]
pub fn samples() -> std::collections::BTreeMap<&'static str, &'static str> {
    kinds::KINDS.iter().chain([&kinds::UNKNOWN]).map(|kind| (kind.name, kind.sample)).collect()
}

/// What the Runtime API says of the invocation, as far as the mapping needs it.
pub struct Invocation<'a> {
    /// `Lambda-Runtime-Aws-Request-Id`.
    pub request_id: &'a str,
    /// `Lambda-Runtime-Invoked-Function-Arn`.
    pub function_arn: &'a str,
    /// `Lambda-Runtime-Trace-Id`, if there was one.
    pub trace_id: Option<&'a str>,
    /// When the event was received, in milliseconds since 1970.
    pub received_ms: u64,
}

/// `SLSEVENTS` and `SLSBATCH`. All false: AWS's events are mapped, and everything else is passed on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Map nothing.
    pub raw: bool,
    /// Free-form JSON becomes a CloudEvent too.
    pub wrap: bool,
    /// A message that carries a CloudEvent is delivered as that CloudEvent.
    pub unwrap: bool,
    /// One call with the array instead of one per record.
    pub batch: bool,
    /// Answer `batchItemFailures`.
    pub report: bool,
}

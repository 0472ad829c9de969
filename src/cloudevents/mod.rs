//! Maps AWS events to CloudEvents 1.0.

mod attributes;
mod batch;
pub mod formats;
mod http;
mod item;
pub mod json;
mod kafka;
mod kinds;
#[cfg(feature = "tool")]
pub mod listing;
mod logs;
mod mapping;
mod options;
mod recognise;
mod template;
mod trace;
mod unwrap;

pub use batch::{Answer, Batch, CallOutcome, FailureCount};
pub use formats::time::append_timestamp;
pub use http::{percent_decoded, percent_encoded};
pub use json::{NotJson, Reason};
pub use mapping::{MappedEvent, Mapping, Warning, map};
pub use options::{EventFacts, Options};

/// Returns the names of all kinds of events, including `unknown`, each with its sample, in alphabetical order.
#[cfg(feature = "tool")]
pub fn samples() -> std::collections::BTreeMap<&'static str, &'static str> {
    kinds::KINDS.iter().chain([&kinds::UNKNOWN]).map(|kind| (kind.name(), kind.sample)).collect()
}

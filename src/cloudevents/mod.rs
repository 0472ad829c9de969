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
mod options;
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
pub use options::{EventFacts, Options};
pub use scanner::{NotJson, Reason};
pub use time::append_timestamp;

/// The names of all kinds of events, `unknown` among them. Some have several rows, and come several times.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    kinds::KINDS.iter().chain([&kinds::UNKNOWN]).map(|kind| kind.name)
}

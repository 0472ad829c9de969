//! What users and test suites see: the function's log and the timeline on stderr, the journal, and the hub.

pub mod console;
pub mod event;
pub mod history;
pub mod journal;
pub mod json_text;
mod lines;
pub mod live;
pub mod logs;
pub mod observer;
pub mod record;
pub mod recorder;
pub mod redaction;
pub mod reporter;
pub mod timeline;

//! What users and test suites see: the function's log and the timeline on stderr, the journal, and the hub.

pub mod console;
#[allow(dead_code)] // until the page and the files of records use all of it
pub mod history;
pub mod journal;
pub mod logs;
pub mod observer;
#[allow(dead_code)]
pub mod record;
pub mod reporter;
pub mod timeline;

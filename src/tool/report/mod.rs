//! What users and test suites see: the function's log and the timeline on stderr, and the journal.

pub mod journal;
pub mod logs;
pub mod reporter;
pub mod timeline;

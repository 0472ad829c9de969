//! Notices that a function's code has changed.
//!
//! Events of the kernel only wake the watcher. What has changed is told by comparing two scans of the files, so that
//! editors that save by a rename or twice, files that come and go, and lost events make no difference.
//!
//! The watcher has a thread of its own, as scanning files may block. It shares nothing, and sends what it has seen.

mod git;
mod names;
mod places;
mod tree;
mod wakeups;
mod watcher;

pub use places::Places;
pub use watcher::{Method, Seen, Watch, start, summary};

//! The page that shows live what happens, below `/_open-runtime/` of each port for callers, and the same as one file.
//!
//! | path | what it answers |
//! | --- | --- |
//! | `/_open-runtime/` | the page: HTML, which asks for the files beside it and for what follows |
//! | `/_open-runtime/events` | server-sent events: first `hello`, what is known; then the events of the hub while they happen |
//! | `/_open-runtime/history` | the same as `hello`, as JSON |
//! | `/_open-runtime/history/ID` | the record of one invocation |
//! | `/_open-runtime/samples` | the sample events by kind, as text |
//! | `POST /_open-runtime/invoke` | sends `{"function": NAME, "event": JSON}`, or `{"replay": ID}`; answers `{"requestId": ID}` at once |
//!
//! Whatever a function printed or an event holds reaches the browser as JSON, and the script makes text of it.

mod assets;
pub mod file;
mod send;
mod shown;
mod site;
mod view;
mod viewers;

pub use shown::Submission;
pub use site::{PATH, Page};

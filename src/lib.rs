//! What `bootstrap` and `open-runtime` are made of.
//!
//! Lambda is above (`lambda`), the language runtime and the resident middlewares below (`child`), the hooks beside them
//! (`middleware`), the kernel underneath (`os`). A module may use those of its row, and no others; there is no circle, and a test keeps it so.
//!
//! | module | what it is | uses |
//! | --- | --- | --- |
//! | `bootstrap` | the loop: Init, Invoke, Shutdown | `child` `error` `function` `invocation` `lambda` `log` `middleware` `os` `settings` `snapshot` `streaming` `supervisor` `timeline` |
//! | `supervisor` | several of these loops, on Managed Instances | `child` `error` `lambda` `log` `os` `settings` |
//! | `snapshot` | SnapStart: hooks around the snapshot of an environment | `child` `error` `lambda` `os` |
//! | `function` | one event becomes one response | `child` `cloudevents` `error` `invocation` `json_line` `log` `middleware` `os` `response` `settings` `streaming` |
//! | `lambda` | Lambda's APIs, over HTTP; whoever waits for Lambda looks after the children meanwhile | `child` `cloudevents` `error` `invocation` `json_line` `log` `os` `response` `streaming` |
//! | `child` | the language runtime and the resident middlewares: their lives, their calls, their lines | `cloudevents` `error` `invocation` `json_line` `log` `os` `response` `settings` `timeline` |
//! | `middleware` | the hooks around the handler | `child` `cloudevents` `error` `invocation` `json_line` `log` `os` `response` `settings` `streaming` `timeline` |
//! | `settings` | variables, and where things are; read once, in Init | `cloudevents` `error` `log` `os` |
//! | `log` | what CloudWatch is told | `bounded` `cloudevents` `error` `invocation` `json_line` `os` |
//! | `timeline` | what `open-runtime` is told | `json_line` |
//! | `error` | what an invocation, or bootstrap, can fail with | `bounded` `cloudevents` `json_line` `os` |
//! | `invocation` | what comes in | `os` |
//! | `response` | what goes out | |
//! | `streaming` | what a response that is a stream begins with | `cloudevents` |
//! | `bounded` | long texts, cut | `cloudevents` |
//! | `exec` | the language runtime for executable files | `child` `cloudevents` `json_line` `os` `settings` |
//! | `json_command` | `json`, for handlers in shell | `child` `cloudevents` `json_line` `os` |
//! | `json_line` | JSON on one line | `cloudevents` |
//! | `cloudevents` | AWS events as CloudEvents | `os` |
//! | `os` | processes, signals, sleeping, time; the system calls | |

// No byte from outside may end this program: where a panic could be, there is another way to say it.
#![warn(clippy::indexing_slicing, clippy::string_slice, clippy::expect_used, clippy::panic, clippy::unreachable)]

pub mod bootstrap;
pub mod bounded;
pub mod child;
pub mod cloudevents;
pub mod error;
pub mod exec;
pub mod function;
pub mod invocation;
pub mod json_command;
pub mod json_line;
pub mod lambda;
pub mod log;
pub mod middleware;
pub mod os;
pub mod response;
pub mod settings;
pub mod snapshot;
pub mod streaming;
pub mod supervisor;
pub mod timeline;

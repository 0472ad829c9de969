//! What `bootstrap` and `open-runtime` are made of.

// No byte from outside may end this program: where a panic could be, there is another way to say it.
#![warn(clippy::indexing_slicing, clippy::string_slice, clippy::expect_used, clippy::panic, clippy::unreachable)]

pub mod bootstrap;
pub mod chain;
pub mod cloudevents;
pub mod config;
pub mod deadline;
pub mod debug;
pub mod error;
pub mod exchange;
pub mod extension;
pub mod function;
pub mod invocation;
pub mod json_line;
pub mod language_runtime;
pub mod lines;
pub mod log;
pub mod lookup;
pub mod middleware;
pub mod process;
pub mod protocol;
pub mod response;
pub mod runtime_api;
pub mod signals;
pub mod sys;
pub mod timeline;
pub mod wait;
pub mod xray;

//! What `bootstrap` and `open-runtime` are made of.

// No byte from outside may end this program: where a panic could be, there is another way to say it.
#![warn(clippy::indexing_slicing, clippy::string_slice, clippy::expect_used, clippy::panic, clippy::unreachable)]

pub mod bootstrap;
pub mod child;
pub mod cloudevents;
pub mod error;
pub mod function;
pub mod invocation;
pub mod json_line;
pub mod lambda;
pub mod log;
pub mod middleware;
pub mod os;
pub mod response;
pub mod settings;
pub mod timeline;

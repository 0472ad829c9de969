//! Everything of bootstrap that reads bytes from outside, as functions of bytes. Each panics where a claim does not hold.
//! An input is text as far as it can be, so that a person can read and write one: `corpus/` has many.

pub mod input;
pub mod mutate;
mod targets;

use targets::{environment, errors, events, exchange, headers, http, lines, message, middleware, stdout};

/// Tries one input.
pub type Target = fn(&[u8]);

/// What is tried, by the name of its folder in `corpus/`.
pub const TARGETS: [(&str, Target); 10] = [
    ("environment", environment::run),
    ("errors", errors::run),
    ("events", events::run),
    ("exchange", exchange::run),
    ("headers", headers::run),
    ("http", http::run),
    ("lines", lines::run),
    ("message", message::run),
    ("middleware", middleware::run),
    ("stdout", stdout::run),
];

/// The target of this name.
pub fn target(name: &str) -> Option<Target> {
    TARGETS.iter().find(|(own, _)| *own == name).map(|(_, run)| *run)
}

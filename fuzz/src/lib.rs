//! All code of bootstrap that reads bytes from outside, as functions of bytes. Each panics if a claim does not hold.
//! Inputs are text wherever possible, so that a person can read and write them: `corpus/` has many.

pub mod allocations;
pub mod input;
pub mod mutate;
mod targets;

use targets::{
    base64, environment, errors, events, exchange, headers, http, inflate, json, lines, memory, message, middleware,
    stdout, time, uri,
};

/// Tries one input.
pub type Target = fn(&[u8]);

/// The targets, by the names of their folders in `corpus/`.
pub const TARGETS: [(&str, Target); 16] = [
    ("base64", base64::run),
    ("environment", environment::run),
    ("errors", errors::run),
    ("events", events::run),
    ("exchange", exchange::run),
    ("headers", headers::run),
    ("http", http::run),
    ("inflate", inflate::run),
    ("json", json::run),
    ("lines", lines::run),
    ("memory", memory::run),
    ("message", message::run),
    ("middleware", middleware::run),
    ("stdout", stdout::run),
    ("time", time::run),
    ("uri", uri::run),
];

/// The target with this name.
pub fn target(name: &str) -> Option<Target> {
    TARGETS.iter().find(|(own, _)| *own == name).map(|(_, run)| *run)
}

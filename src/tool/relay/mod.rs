//! Connects functions that are debugged with their debuggers, and keeps web pages out. Uses `http`, `model` and
//! `tool_error`.

mod admission;
mod listener;
mod pairing;

pub use listener::{Relay, debugged};

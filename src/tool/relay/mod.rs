//! Functions that are debugged, and their debuggers: who may connect, and who is joined to whom. Uses `http`, `model` and
//! `tool_error`.

mod admission;
mod listener;
mod pairing;

pub use listener::{Relay, debugged};

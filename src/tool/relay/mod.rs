//! Connects functions that are debugged with their debuggers, and keeps web pages out.

mod admission;
mod listener;
mod pairing;

pub use listener::{Relay, debugged};

//! Reads JSON without a copy, and writes JSON text.

mod document;
mod scanner;
pub mod text;

pub use document::{Consumer, Document, Value, take_until, validate};
pub use scanner::{NotJson, Reason};

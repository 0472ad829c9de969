//! JSON as it came: read without a copy, written byte by byte.

mod document;
mod scanner;
pub mod text;

pub use document::{Consumer, Document, Value, take_until, validate};
pub use scanner::{NotJson, Reason};

//! Reads JSON without a copy, and writes JSON text.

pub mod blocks;
mod document;
mod scanner;
pub mod text;

pub use document::{Consumer, Document, Value, append_text, read_members, validate};
pub use scanner::{NotJson, Reason};
pub use text::take_until;

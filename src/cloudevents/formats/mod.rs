//! Formats that events hold their parts in.

pub mod base64;
pub mod inflate;
pub mod time;
pub mod uri;

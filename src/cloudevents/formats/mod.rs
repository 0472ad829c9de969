//! The formats of parts of an event: base64, compressed data, points in time, URI-references.

pub mod base64;
pub mod inflate;
pub mod time;
pub mod uri;

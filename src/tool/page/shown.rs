//! What the page shows, and how it sends events.

use crate::http::reply::{Refusal, Reply};
use crate::model::invocation::Source;
use crate::report::history::Hub;
use bytes::Bytes;
use hyper::StatusCode;
use serde_json::json;
use std::cell::Cell;
use std::rc::Rc;

pub struct Shown {
    pub hub: Rc<Hub>,
    pub functions: Names,
    pub submit: Submit,
    /// How many browsers are being told what happens.
    pub viewers: Rc<Cell<usize>>,
}

/// An event to be sent.
pub struct Submission {
    /// The name of the function.
    pub function: String,
    pub event: Bytes,
    pub source: Source,
}

/// The names of the functions now.
pub type Names = Box<dyn Fn() -> Vec<String>>;

/// Begins an invocation, and returns its request id.
pub type Submit = Box<dyn Fn(Submission) -> Result<String, Refusal>>;

/// An answer that the page's script shows to the user.
pub fn refused(status: StatusCode, message: &str) -> Reply {
    Reply::json(status, &json!({"message": message}))
}

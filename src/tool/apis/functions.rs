//! The functions that callers can invoke, by name.

use super::queue::Invoker;
use crate::http::reply::Refusal;
use crate::model::function::{ACCOUNT, Function};
use hyper::StatusCode;
use std::rc::Rc;

/// A function, and what runs it.
#[derive(Clone)]
pub struct Callee {
    pub function: Rc<Function>,
    pub invoker: Rc<dyn Invoker>,
}

/// All of them. If there is one, every name stands for it.
pub struct Functions(pub Vec<Callee>);

impl Functions {
    /// The function with that name, which has no qualifier.
    ///
    /// # Errors
    /// There are several functions, and none has that name.
    pub fn find(&self, name: &str) -> Result<&Callee, Refusal> {
        let found = match self.0.as_slice() {
            [only] => Some(only),
            several => several.iter().find(|callee| callee.function.is_named(name)),
        };
        found.ok_or_else(|| {
            let region = self.0.first().map_or("", |callee| &callee.function.region);
            let message = format!("Function not found: arn:aws:lambda:{region}:{ACCOUNT}:function:{name}");
            Refusal::new(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
        })
    }
}

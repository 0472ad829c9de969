//! The functions that callers can invoke, by name.

use super::queue::Invoker;
use crate::http::reply::Refusal;
use crate::model::function::{ACCOUNT, Function};
use hyper::StatusCode;
use std::cell::RefCell;
use std::rc::Rc;

/// A function, and what runs it.
#[derive(Clone)]
pub struct Callee {
    pub function: Rc<Function>,
    pub invoker: Rc<dyn Invoker>,
}

/// All of them. If there is one, every name stands for it.
pub struct Functions(RefCell<Vec<Callee>>);

impl Functions {
    pub fn new(all: Vec<Callee>) -> Functions {
        Functions(RefCell::new(all))
    }

    /// From now on these are the functions.
    pub fn replace(&self, all: Vec<Callee>) {
        *self.0.borrow_mut() = all;
    }

    pub fn all(&self) -> Vec<Callee> {
        self.0.borrow().clone()
    }

    /// The function with that name, which has no qualifier.
    ///
    /// # Errors
    /// There are several functions, and none has that name.
    pub fn find(&self, name: &str) -> Result<Callee, Refusal> {
        let all = self.0.borrow();
        let found = match all.as_slice() {
            [only] => Some(only),
            several => several.iter().find(|callee| callee.function.is_named(name)),
        };
        found.cloned().ok_or_else(|| {
            let region = all.first().map_or("", |callee| &callee.function.region);
            let message = format!("Function not found: arn:aws:lambda:{region}:{ACCOUNT}:function:{name}");
            Refusal::new(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
        })
    }
}

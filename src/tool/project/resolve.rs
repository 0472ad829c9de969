//! What evaluates values that are not plain: intrinsic functions, variables.

use super::node::Node;

/// A value that is not known here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unresolved {
    /// What stands in the file.
    pub value: String,
    pub why: String,
}

impl Unresolved {
    pub fn new(value: impl ToString, why: impl Into<String>) -> Unresolved {
        Unresolved { value: value.to_string(), why: why.into() }
    }
}

/// Evaluates the value of a member.
pub trait Resolve {
    /// The value, with what it contains as it is in the file. None: as if it were not there.
    ///
    /// # Errors
    /// It is not known here.
    fn resolve(&self, node: &Node) -> Result<Option<Node>, Unresolved>;
}

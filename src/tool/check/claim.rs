//! What a claim is.

use super::problem::Verdict;
use super::trial::Trial;

/// A sentence about a language runtime that is true or false, and how that is found out.
pub struct Claim {
    pub name: &'static str,
    /// The number of the rule in `runtimes/README.md`. Several are separated by blanks.
    pub rule: &'static str,
    pub title: &'static str,
    /// Why it matters, what bootstrap does otherwise, what usually causes it.
    pub why: &'static str,
    pub test: fn(&Trial<'_>) -> Verdict,
}

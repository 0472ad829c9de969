//! The table of claims.

use super::claim::Claim;
use super::claims::{answers, calls, documents, init, offers, output, signals, streams};

/// All of them, in the order of the report.
const SUBJECTS: [&[Claim]; 8] = [
    init::CLAIMS,
    calls::CLAIMS,
    documents::CLAIMS,
    answers::CLAIMS,
    output::CLAIMS,
    signals::CLAIMS,
    streams::CLAIMS,
    offers::CLAIMS,
];

pub fn all() -> impl Iterator<Item = &'static Claim> {
    SUBJECTS.into_iter().flatten()
}

pub fn find(name: &str) -> Option<&'static Claim> {
    all().find(|claim| claim.name == name)
}

//! What a claim comes to.

/// Why a claim was not shown.
#[derive(Debug)]
pub enum Problem {
    /// It does not hold.
    Fails(String),
    /// It is about something that the runtime need not offer, and does not.
    NotOffered(String),
}

pub type Verdict = Result<(), Problem>;

/// # Errors
/// The claim fails, for this reason.
pub fn fails<T>(why: impl Into<String>) -> Result<T, Problem> {
    Err(Problem::Fails(why.into()))
}

/// # Errors
/// The claim is skipped, for this reason.
pub fn not_offered<T>(why: impl Into<String>) -> Result<T, Problem> {
    Err(Problem::NotOffered(why.into()))
}

/// # Errors
/// The claim fails for this reason, unless the condition holds.
pub fn ensure(holds: bool, why: impl Into<String>) -> Verdict {
    if holds { Ok(()) } else { fails(why) }
}

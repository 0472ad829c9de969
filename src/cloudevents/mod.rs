//! AWS events as CloudEvents 1.0.

/// `SLSEVENTS` and `SLSBATCH`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Map nothing.
    pub raw: bool,
    /// Free-form JSON becomes a CloudEvent too.
    pub wrap: bool,
    /// A message that carries a CloudEvent is delivered as that CloudEvent.
    pub unwrap: bool,
    /// One call with the array instead of one per record.
    pub batch: bool,
    /// Answer `batchItemFailures`.
    pub report: bool,
}

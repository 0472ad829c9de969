//! What the mapping is told beside the event: the invocation's facts, and what the user asks for.

/// What the Runtime API says of the invocation, as far as the mapping needs it.
pub struct EventFacts<'a> {
    /// `Lambda-Runtime-Aws-Request-Id`.
    pub request_id: &'a str,
    /// `Lambda-Runtime-Invoked-Function-Arn`.
    pub function_arn: &'a str,
    /// `Lambda-Runtime-Trace-Id`, if there was one.
    pub trace_id: Option<&'a str>,
    /// When the event was received, in milliseconds since 1970.
    pub received_ms: u64,
}

/// `SLSEVENTS` and `SLSBATCH`. All false: AWS's events are mapped, and everything else is passed on.
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

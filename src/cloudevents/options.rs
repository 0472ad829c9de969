//! What the mapping needs besides the event: facts about the invocation, and the user's options.

/// What the Runtime API says about an invocation. Contains what the mapping needs.
pub struct EventFacts<'a> {
    /// The request id, from `Lambda-Runtime-Aws-Request-Id`.
    pub request_id: &'a str,
    /// The function's ARN, from `Lambda-Runtime-Invoked-Function-Arn`. It is empty if Lambda does not send the header.
    pub function_arn: &'a str,
    /// X-Ray's tracing header, from `Lambda-Runtime-Trace-Id`.
    pub trace_id: Option<&'a str>,
    /// When the event was received, in milliseconds since 1970.
    pub received_ms: u64,
}

/// The options in `SLSEVENTS` and `SLSBATCH`. If all are false, AWS's events are mapped, and other JSON is passed on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// `raw`: no event is mapped.
    pub raw: bool,
    /// `wrap`: free-form JSON becomes a CloudEvent too.
    pub wrap: bool,
    /// `unwrap`: if a message carries a CloudEvent, the handler gets that CloudEvent.
    pub unwrap: bool,
    /// `batch`: the handler is called once with an array, not once per record.
    pub batch: bool,
    /// `report`: the response lists the failed records in `batchItemFailures`.
    pub report: bool,
}

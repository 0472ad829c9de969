//! One event, and what the Runtime API says about it.

use std::time::Duration;

use crate::os::deadline::Deadline;

/// What `GET /runtime/invocation/next` brought.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-next>
#[derive(Debug, Default)]
pub struct Invocation {
    /// `Lambda-Runtime-Aws-Request-Id`.
    pub request_id: String,
    /// `Lambda-Runtime-Deadline-Ms`, in milliseconds since 1970.
    pub deadline_ms: Option<u64>,
    /// The same as a point in time, or never if the header is missing.
    pub deadline: Deadline,
    /// `Lambda-Runtime-Invoked-Function-Arn`.
    pub function_arn: Option<String>,
    /// `Lambda-Runtime-Trace-Id`, for X-Ray.
    pub trace_id: Option<String>,
    /// `Lambda-Runtime-Client-Context`: a JSON text on one line.
    pub client_context: Option<String>,
    /// `Lambda-Runtime-Cognito-Identity`: a JSON text on one line.
    pub identity: Option<String>,
    /// `Lambda-Runtime-Aws-Tenant-Id`.
    pub tenant_id: Option<String>,
    /// `Lambda-Runtime-Invocation-Id`, which goes back to Lambda with the answer.
    pub invocation_id: Option<String>,
    /// When it came, in milliseconds since 1970.
    pub received_ms: u64,
    /// The event as it came.
    pub event: Vec<u8>,
}

impl Invocation {
    /// The timeout, in seconds. It is rounded up: Lambda's timeouts are whole seconds, and a little of it is over when the event comes.
    pub fn timeout_seconds(&self) -> u64 {
        self.deadline_ms.map_or(0, |ms| ms.saturating_sub(self.received_ms).div_ceil(1000))
    }

    /// The deadline that a handler or a hook is told: earlier by `margin`, in milliseconds since 1970, rounded down.
    pub fn deadline_ms_less(&self, margin: Duration) -> Option<u64> {
        let margin_ms = margin.as_micros().div_ceil(1000);
        self.deadline_ms.map(|ms| ms.saturating_sub(u64::try_from(margin_ms).unwrap_or(u64::MAX)))
    }
}

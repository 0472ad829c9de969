//! How Init or an invocation fails, and the error that the caller gets for it.

use super::extension::{ExtensionExit, exit_text};
use bytes::Bytes;
use serde_json::{Value, json};
use std::process::ExitStatus;
use std::time::Duration;

/// The largest response in bytes, as on Lambda: 6 MiB and 100 bytes.
pub const MAX_RESPONSE: usize = 6 * 1024 * 1024 + 100;

/// An error that the runtime posted for an invocation or for Init.
#[derive(Clone)]
pub struct FunctionError {
    pub error_type: String,
    pub body: Bytes,
}

/// Why there is no response.
#[derive(Clone)]
pub enum Failure {
    /// The function reported an error for the invocation.
    Reported(FunctionError),
    /// The function reported an error in Init.
    InitReported(FunctionError),
    /// bootstrap exited before it answered.
    Exit(ExitStatus),
    /// bootstrap exited after one of its extensions had reported an error of this type.
    Extension(&'static str, ExitStatus),
    /// An external extension exited.
    ExtensionExit(ExtensionExit),
    /// An external extension could not be started, and why.
    ExtensionLaunch(String),
    /// The invocation's timeout passed.
    Timeout(Duration),
    /// Init took longer than its limit.
    InitTimeout(Duration),
    /// What follows the restore of a snapshot took longer than its limit.
    RestoreTimeout(Duration),
    /// The response has more bytes than this limit.
    ResponseTooLarge(u64),
    InvalidResponseMode,
    /// On Managed Instances: no runtime waits for an invocation.
    RuntimeUnavailable,
    /// The response was streamed, and the function reported an error after it had begun.
    BrokenOff(FunctionError),
    /// The response was streamed, and the connection, or HTTP's chunks, broke before its end.
    TruncatedResponse,
    /// The response was not streamed as Lambda asks for it, and why.
    InvalidStream(String),
    /// bootstrap could not be started.
    InvalidEntrypoint(String),
}

impl Failure {
    /// Lambda's `errorType` for it.
    pub fn error_type(&self) -> &str {
        match self {
            Failure::Reported(error) | Failure::InitReported(error) | Failure::BrokenOff(error) => &error.error_type,
            Failure::Exit(_) => "Runtime.ExitError",
            Failure::Extension(error_type, _) => error_type,
            Failure::ExtensionExit(exit) => exit.error_type,
            Failure::ExtensionLaunch(_) => "Extension.LaunchError",
            Failure::Timeout(_) | Failure::InitTimeout(_) | Failure::RestoreTimeout(_) => "Sandbox.Timedout",
            Failure::ResponseTooLarge(_) => "Function.ResponseSizeTooLarge",
            Failure::InvalidResponseMode => "Runtime.InvalidResponseModeHeader",
            Failure::RuntimeUnavailable => "Runtime.Unavailable",
            Failure::TruncatedResponse => "Runtime.TruncatedResponse",
            Failure::InvalidStream(_) => "Runtime.InvalidStream",
            Failure::InvalidEntrypoint(_) => "Runtime.InvalidEntrypoint",
        }
    }

    /// Lambda's message for it, without the request id. An error that the function reported is not quoted: it may hold
    /// data.
    pub fn reason(&self) -> String {
        match self {
            Failure::Reported(_) => "reported by the function".to_owned(),
            Failure::InitReported(_) => "reported by the function in Init".to_owned(),
            Failure::BrokenOff(_) => "reported by the function after the response had begun".to_owned(),
            Failure::Exit(status) => format!("Runtime exited {}", describe(*status)),
            Failure::Extension(_, status) => {
                format!("Extension failed, runtime exited {}", describe(*status))
            }
            Failure::ExtensionExit(exit) => exit_text(exit.status),
            Failure::ExtensionLaunch(why) => why.clone(),
            Failure::Timeout(timeout) => {
                format!("Task timed out after {:.2} seconds", timeout.as_secs_f64())
            }
            Failure::InitTimeout(limit) => {
                format!("Init timed out after {:.2} seconds", limit.as_secs_f64())
            }
            Failure::RestoreTimeout(limit) => {
                format!("Restore timed out after {:.2} seconds", limit.as_secs_f64())
            }
            Failure::ResponseTooLarge(limit) => {
                format!("Response payload size exceeded maximum allowed payload size ({limit} bytes).")
            }
            Failure::TruncatedResponse => "the response broke off before its end".to_owned(),
            Failure::InvalidStream(why) => format!("the response cannot be streamed: {why}"),
            Failure::InvalidResponseMode => "Invalid function response mode".to_owned(),
            Failure::RuntimeUnavailable => "no idle runtimes".to_owned(),
            Failure::InvalidEntrypoint(why) => why.clone(),
        }
    }

    /// The same. Only what the language runtime itself says of code that it cannot load is quoted, on one line.
    pub fn reason_of_init(&self) -> String {
        match self {
            Failure::InitReported(error) if error.error_type.starts_with("Runtime.") => {
                let body = serde_json::from_slice::<Value>(&error.body).unwrap_or_default();
                let message = body["errorMessage"].as_str().unwrap_or_default();
                message.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(500).collect()
            }
            other => other.reason(),
        }
    }

    /// The body of the Invoke API's answer.
    pub fn body(&self, request_id: &str) -> Bytes {
        let message = match self {
            Failure::Reported(error) | Failure::InitReported(error) => return error.body.clone(),
            Failure::BrokenOff(error) if !error.body.is_empty() => return error.body.clone(),
            Failure::ResponseTooLarge(_) => self.reason(),
            _ => format!("RequestId: {request_id} Error: {}", self.reason()),
        };
        Bytes::from(json!({"errorType": self.error_type(), "errorMessage": message}).to_string())
    }

    /// True if a time limit has passed.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Failure::Timeout(_) | Failure::InitTimeout(_) | Failure::RestoreTimeout(_))
    }

    /// True if the function reported it.
    pub fn is_reported(&self) -> bool {
        matches!(self, Failure::Reported(_) | Failure::InitReported(_) | Failure::BrokenOff(_))
    }

    /// True if the execution environment cannot serve another invocation.
    pub fn ends_environment(&self) -> bool {
        match self {
            Failure::Exit(_) | Failure::Extension(..) | Failure::Timeout(_) => true,
            Failure::ExtensionExit(_) | Failure::ExtensionLaunch(_) => true,
            Failure::InitTimeout(_) | Failure::RestoreTimeout(_) | Failure::InitReported(_) => true,
            Failure::InvalidEntrypoint(_) => true,
            Failure::Reported(_) | Failure::ResponseTooLarge(_) | Failure::InvalidResponseMode => false,
            Failure::BrokenOff(_) | Failure::TruncatedResponse | Failure::InvalidStream(_) => false,
            Failure::RuntimeUnavailable => false,
        }
    }
}

/// How a process ended, in Lambda's words: `with error: exit status 1`, `with error: signal: killed`, `without
/// providing a reason`.
pub fn describe(status: ExitStatus) -> String {
    match status.code() {
        Some(0) => "without providing a reason".to_owned(),
        _ => format!("with error: {}", exit_text(status)),
    }
}

/// The error type that Lambda makes of the one that was posted: `Runtime.Xyz` and `Function.Xyz`, in letters, stay.
pub fn lambda_error_type(header: &str) -> String {
    let has_its_form = |reason: &str| {
        let letters = reason.bytes().all(|byte| byte.is_ascii_alphabetic());
        letters && reason.len() > 1 && reason.starts_with(|first: char| first.is_ascii_uppercase())
    };
    match header.split_once('.') {
        Some(("Runtime" | "Function", reason)) if has_its_form(reason) => header.to_owned(),
        Some(("Function", _)) => "Function.Unknown".to_owned(),
        _ => "Runtime.Unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    #[test]
    fn error_types_stay_only_if_they_have_lambdas_form() {
        let cases = [
            ("Function.ValueError", "Function.ValueError"),
            ("Runtime.ExitError", "Runtime.ExitError"),
            ("Function.my_error", "Function.Unknown"),
            ("Function.", "Function.Unknown"),
            ("ValueError", "Runtime.Unknown"),
            ("Runtime.Bad-Reason", "Runtime.Unknown"),
            ("", "Runtime.Unknown"),
        ];
        for (header, kept) in cases {
            assert_eq!(lambda_error_type(header), kept, "{header}");
        }
    }

    #[test]
    fn exits_are_described_in_lambdas_words() {
        assert_eq!(describe(ExitStatus::from_raw(0)), "without providing a reason");
        assert_eq!(describe(ExitStatus::from_raw(3 << 8)), "with error: exit status 3");
        assert_eq!(describe(ExitStatus::from_raw(libc::SIGKILL)), "with error: signal: killed");
    }

    #[test]
    fn a_timeout_has_lambdas_error() {
        let body = Failure::Timeout(Duration::from_secs(3)).body("id-1");
        let text = String::from_utf8_lossy(&body).into_owned();
        assert!(text.contains(r#""errorType":"Sandbox.Timedout""#));
        assert!(text.contains("RequestId: id-1 Error: Task timed out after 3.00 seconds"));
    }
}

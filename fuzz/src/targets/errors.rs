//! Errors of handlers and of bootstrap, as Lambda and X-Ray get them.
//!
//! Input: an error object, or any text.

use std::collections::BTreeMap;

use http::HeaderValue;
use open_runtime::error::{InvocationError, LambdaError, header_error_type};
use open_runtime::lambda::xray;
use open_runtime::settings::config::Config;
use serde_json::Value;
use serde_json::value::RawValue;

/// From 64 KiB on Lambda drops the header.
const LONGEST_CAUSE: usize = 64 << 10;

/// Every error can be reported.
pub fn run(input: &[u8]) {
    let text = String::from_utf8_lossy(input).into_owned();
    is_in_lambdas_form(&header_error_type(&text));
    let parsed = RawValue::from_string(text.clone()).ok().map(|error| LambdaError::parse(error.get()));
    let stack_trace = parsed.as_ref().and_then(|error| error.stack_trace.clone());
    let named = LambdaError {
        error_type: text.clone(),
        error_message: text.clone(),
        stack_trace: stack_trace.clone(),
        ..LambdaError::default()
    };
    let errors = [
        Some(InvocationError::Timeout { seconds: 3, missing: text.clone(), stack_trace }),
        Some(InvocationError::Resident {
            name: text.clone(),
            hook: "before",
            cause: InvocationError::RuntimeExit { how: text.clone() }.into(),
        }),
        Some(InvocationError::Middleware { name: text.clone(), hook: "before", why: text.clone() }),
        Config::read(&|_| Some(text.clone().into())).err(),
        parsed.map(|error| InvocationError::Handler(Box::new(error))),
    ];
    errors.iter().flatten().for_each(can_be_told);
    let first = Box::new(InvocationError::Handler(named.into()));
    can_be_told(&InvocationError::Batch { summary: text, first });
}

/// The body, its header, and the cause for X-Ray have the forms that their readers expect.
pub fn can_be_told(error: &InvocationError) {
    let body = error.to_json();
    let members: BTreeMap<String, &RawValue> = serde_json::from_slice(&body).expect("a JSON object");
    let member = |name: &str| serde_json::from_str::<String>(members[name].get()).expect("a string");
    assert_eq!(member("errorType"), error.error_type());
    assert_eq!(member("errorMessage"), error.to_string());
    is_in_lambdas_form(&header_error_type(error.error_type()));
    if let Some(cause) = xray::cause(error) {
        is_a_cause(&cause, error);
    }
}

/// `^(Runtime|Function)\.[A-Za-z]+$`
fn is_in_lambdas_form(header: &str) {
    let (category, reason) = header.split_once('.').expect("a full stop");
    assert!(matches!(category, "Runtime" | "Function"), "{header}");
    assert!(!reason.is_empty() && reason.bytes().all(|byte| byte.is_ascii_alphabetic()), "{header}");
}

fn is_a_cause(cause: &str, error: &InvocationError) {
    assert!(cause.len() < LONGEST_CAUSE);
    assert!(cause.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    assert!(HeaderValue::from_str(cause).is_ok());
    let json: Value = serde_json::from_str(cause).expect("a cause is JSON");
    assert_eq!(json["exceptions"][0]["type"], error.error_type());
    assert_eq!(json["exceptions"][0]["message"], error.to_string());
    assert!(json["exceptions"][0]["stack"].is_array());
}

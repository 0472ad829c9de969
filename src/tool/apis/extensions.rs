//! The Extensions API, 2020-01-01, for internal extensions: those in bootstrap, or in a process below it.
//!
//! External extensions, programs in `/opt/extensions`, are not started here.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html>

use crate::http::reply::{Received, Refusal, Reply};
use crate::model::environment::{Environment, Extension, State};
use crate::model::function::{ACCOUNT, VERSION};
use crate::model::ids;
use crate::model::states::{ExtensionState, NotAllowed, RuntimeState};
use hyper::StatusCode;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::json;

const MAX_EXTENSIONS: usize = 10;

/// The largest body that is read, in bytes.
pub const MAX_BODY: usize = 256 * 1024;

const IDENTIFIER: &str = "lambda-extension-identifier";

#[derive(Deserialize)]
struct Registration {
    #[serde(default)]
    events: Vec<String>,
}

/// `POST /extension/register`. Allowed until the runtime asks for its first invocation.
pub fn register(environment: &Environment, headers: &HeaderMap, body: &Received) -> Reply {
    let name = header(headers, "lambda-extension-name").unwrap_or("");
    let added = wanted_events(name, body).and_then(|wants_invoke| {
        environment.change(|state| may_register(state, name).map(|()| add(state, name, wants_invoke)))
    });
    added.map_or_else(Reply::from, |id| registered(environment, headers, &id))
}

/// True if the extension wants INVOKE events.
fn wanted_events(name: &str, body: &Received) -> Result<bool, Refusal> {
    if name.is_empty() {
        return Err(forbidden("Extension.InvalidExtensionName", "Empty extension name"));
    }
    let registration: Registration =
        serde_json::from_slice(&body.bytes).map_err(|why| forbidden("InvalidRequestFormat", &why.to_string()))?;
    for event in &registration.events {
        let why = match event.as_str() {
            "INVOKE" => continue,
            "SHUTDOWN" => "ShutdownEventNotSupportedForInternalExtension",
            _ => "ErrorInvalidEventType",
        };
        return Err(forbidden("Extension.InvalidEventType", &format!("{event}: {why}")));
    }
    Ok(!registration.events.is_empty())
}

fn may_register(state: &State, name: &str) -> Result<(), Refusal> {
    if state.runtime != RuntimeState::Started {
        return Err(forbidden("Extension.RegistrationClosed", "Extension registration closed already"));
    }
    if state.extensions.iter().any(|extension| extension.name == name) {
        return Err(forbidden("Extension.InvalidExtensionState", "Extension with this name already registered"));
    }
    if state.extensions.len() == MAX_EXTENSIONS {
        return Err(forbidden("Extension.TooManyExtensions", &format!("Extension limit ({MAX_EXTENSIONS}) reached")));
    }
    Ok(())
}

fn add(state: &mut State, name: &str, wants_invoke: bool) -> String {
    let id = ids::uuid();
    let (name, registered) = (name.to_owned(), ExtensionState::Registered);
    state.extensions.push(Extension { id: id.clone(), name, wants_invoke, state: registered, has_event: false });
    id
}

fn registered(environment: &Environment, headers: &HeaderMap, id: &str) -> Reply {
    let function = &environment.function;
    let mut body = json!({"functionName": function.name, "functionVersion": VERSION, "handler": function.handler});
    let features = header(headers, "lambda-extension-accept-feature").unwrap_or("");
    if features.split(',').any(|feature| feature.trim() == "accountId") {
        body["accountId"] = ACCOUNT.into();
    }
    Reply::json(StatusCode::OK, &body).with(HeaderName::from_static(IDENTIFIER), id)
}

/// `GET /extension/event/next`. Waits for an INVOKE event, for ever if the extension wants none. Internal extensions get no
/// SHUTDOWN event.
pub async fn next(environment: &Environment, headers: &HeaderMap) -> Reply {
    let id = match registered_id(environment, headers) {
        Ok(id) => id,
        Err(refusal) => return refusal.into(),
    };
    if let Err(refusal) = change_state(environment, &id, ExtensionState::asked_for_next) {
        return refusal.into();
    }
    let fetch = |state: &mut State| {
        let work = state.work.clone();
        let extension = state.extension(&id).filter(|extension| extension.has_event)?;
        (extension.has_event, extension.state) = (false, ExtensionState::Running);
        work
    };
    let work = environment.until(fetch).await;
    let body = json!({
        "eventType": "INVOKE",
        "deadlineMs": work.deadline_ms,
        "requestId": work.invocation.request_id,
        "invokedFunctionArn": work.invocation.function_arn,
        "tracing": {"type": "X-Amzn-Trace-Id", "value": work.invocation.trace_id},
    });
    Reply::json(StatusCode::OK, &body).with(HeaderName::from_static("lambda-extension-event-identifier"), &ids::uuid())
}

/// `POST /extension/init/error`.
pub fn init_error(environment: &Environment, headers: &HeaderMap) -> Reply {
    report_error(environment, headers, "Extension.InitError", ExtensionState::init_failed)
}

/// `POST /extension/exit/error`.
pub fn exit_error(environment: &Environment, headers: &HeaderMap) -> Reply {
    report_error(environment, headers, "Extension.ExitError", ExtensionState::exit_failed)
}

type Transition = fn(ExtensionState) -> Result<ExtensionState, NotAllowed>;

/// Keeps the error. It becomes the failure of the environment when bootstrap exits.
fn report_error(
    environment: &Environment,
    headers: &HeaderMap,
    error_type: &'static str,
    transition: Transition,
) -> Reply {
    let done = registered_id(environment, headers).and_then(|id| {
        const ERROR_TYPE: &str = "Lambda-Extension-Function-Error-Type";
        let has_type = header(headers, ERROR_TYPE).is_some_and(|value| !value.is_empty());
        let missing = || forbidden("Extension.MissingHeader", &format!("{ERROR_TYPE} not found"));
        has_type.then_some(()).ok_or_else(missing)?;
        change_state(environment, &id, transition)
    });
    if let Err(refusal) = done {
        return refusal.into();
    }
    environment.change(|state| {
        state.extension_error.get_or_insert(error_type);
    });
    Reply::accepted()
}

fn change_state(environment: &Environment, id: &str, transition: Transition) -> Result<(), Refusal> {
    environment.change(|state| {
        let Some(extension) = state.extension(id) else {
            return Err(unknown(id));
        };
        extension.state = transition(extension.state).map_err(|NotAllowed { from, to }| {
            let error = "Error: State transition is not allowed";
            let message = format!("State transition from {from} to {to} failed for extension {id}. {error}");
            forbidden("Extension.InvalidExtensionState", &message)
        })?;
        Ok(())
    })
}

/// The identifier in the request, if it is that of a registered extension.
fn registered_id(environment: &Environment, headers: &HeaderMap) -> Result<String, Refusal> {
    let id = header(headers, IDENTIFIER).unwrap_or("");
    if id.is_empty() {
        let message = "Missing Lambda-Extension-Identifier header";
        return Err(forbidden("Extension.MissingExtensionIdentifier", message));
    }
    if !ids::is_uuid(id) {
        return Err(forbidden("Extension.InvalidExtensionIdentifier", "Invalid Lambda-Extension-Identifier"));
    }
    let is_known = environment.read(|state| state.extensions.iter().any(|extension| extension.id == id));
    if is_known { Ok(id.to_owned()) } else { Err(unknown(id)) }
}

fn unknown(id: &str) -> Refusal {
    forbidden("Extension.UnknownExtensionIdentifier", &format!("Unknown extension {id}"))
}

fn forbidden(error_type: &'static str, message: &str) -> Refusal {
    Refusal::new(StatusCode::FORBIDDEN, error_type, message)
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(HeaderValue::to_str)?.ok()
}

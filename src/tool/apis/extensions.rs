//! The Extensions API, 2020-01-01, for external extensions, which have processes of their own, and for internal ones: those in
//! bootstrap, or in a process below it. The name says which: an external extension registers by the name of its file.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html>

use crate::http::reply::{Received, Refusal, Reply};
use crate::model::environment::{Environment, State};
use crate::model::extension::{Extension, Shutdown};
use crate::model::function::{ACCOUNT, VERSION};
use crate::model::ids;
use crate::model::invocation::Dispatched;
use crate::model::states::{ExtensionState, NotAllowed, RuntimeState};
use hyper::StatusCode;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::{Value, json};
use std::rc::Rc;

/// The most extensions of an execution environment.
pub const MAX_EXTENSIONS: usize = 10;

/// The largest body that is read, in bytes.
pub const MAX_BODY: usize = 256 * 1024;

const IDENTIFIER: &str = "lambda-extension-identifier";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Registration {
    #[serde(default)]
    events: Vec<String>,
    #[serde(default)]
    configuration_keys: Vec<Value>,
}

/// `POST /extension/register`. Allowed until the runtime asks for its first invocation.
pub fn register(environment: &Environment, headers: &HeaderMap, body: &Received) -> Reply {
    let name = header(headers, "lambda-extension-name").unwrap_or("");
    let added = events_of(name, body).and_then(|events| {
        let is_managed = environment.function.managed_instances.is_some();
        check_kinds(&events, is_managed)?;
        environment.change(|state| add(state, name, &events))
    });
    added.map_or_else(Reply::from, |id| registered(environment, headers, &id))
}

fn events_of(name: &str, body: &Received) -> Result<Vec<String>, Refusal> {
    if name.is_empty() {
        return Err(forbidden("Extension.InvalidExtensionName", "Empty extension name"));
    }
    let invalid = |why: &str| forbidden("InvalidRequestFormat", why);
    let registration: Registration = serde_json::from_slice(&body.bytes).map_err(|why| invalid(&why.to_string()))?;
    if !registration.configuration_keys.is_empty() {
        return Err(invalid("configurationKeys are deprecated; use environment variables instead"));
    }
    Ok(registration.events)
}

/// Adds an internal extension, or registers the external one of that name. Returns its identifier.
fn add(state: &mut State, name: &str, events: &[String]) -> Result<String, Refusal> {
    let wants = |event: &str| events.iter().any(|wanted| wanted == event);
    if let Some(external) =
        state.extensions.iter_mut().find(|extension| extension.is_external() && extension.name == name)
    {
        check_events(events, true)?;
        external.state = external.state.registered().map_err(|refusal| not_allowed(&refusal, name))?;
        (external.wants_invoke, external.wants_shutdown) = (wants("INVOKE"), wants("SHUTDOWN"));
        return Ok(external.id.clone());
    }
    check_events(events, false)?;
    may_register(state, name)?;
    let id = ids::uuid();
    state.extensions.push(Extension::internal(id.clone(), name.to_owned(), wants("INVOKE")));
    Ok(id)
}

/// On Managed Instances nobody gets INVOKE events.
fn check_kinds(events: &[String], is_managed: bool) -> Result<(), Refusal> {
    if is_managed && events.iter().any(|event| event == "INVOKE") {
        let why = "INVOKE: there are no INVOKE events on Lambda Managed Instances";
        return Err(forbidden("Extension.InvalidEventType", why));
    }
    Ok(())
}

fn check_events(events: &[String], is_external: bool) -> Result<(), Refusal> {
    for event in events {
        let why = match event.as_str() {
            "INVOKE" => continue,
            "SHUTDOWN" if is_external => continue,
            "SHUTDOWN" => "ShutdownEventNotSupportedForInternalExtension",
            _ => "ErrorInvalidEventType",
        };
        return Err(forbidden("Extension.InvalidEventType", &format!("{event}: {why}")));
    }
    Ok(())
}

fn may_register(state: &State, name: &str) -> Result<(), Refusal> {
    if state.runtime != RuntimeState::Started {
        return Err(forbidden("Extension.RegistrationClosed", "Extension registration closed already"));
    }
    if state.extensions.iter().any(|extension| extension.name == name) {
        return Err(forbidden("Extension.InvalidExtensionState", "Extension with this name already registered"));
    }
    if state.extensions.len() >= MAX_EXTENSIONS {
        return Err(forbidden("Extension.TooManyExtensions", &format!("Extension limit ({MAX_EXTENSIONS}) reached")));
    }
    Ok(())
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

/// What an extension waits for.
enum NextEvent {
    Invoke(Rc<Dispatched>),
    Shutdown(Shutdown),
}

/// `GET /extension/event/next`. Waits for an INVOKE event, or for the SHUTDOWN event, for ever if the extension wants neither.
/// Internal extensions get no SHUTDOWN event.
pub async fn next(environment: &Environment, headers: &HeaderMap) -> Reply {
    let id = match registered_id(environment, headers) {
        Ok(id) => id,
        Err(refusal) => return refusal.into(),
    };
    if let Err(refusal) = change_state(environment, &id, ExtensionState::asked_for_next) {
        return refusal.into();
    }
    let event = environment.until(|state| fetch(state, &id)).await;
    Reply::json(StatusCode::OK, &event.json())
        .with(HeaderName::from_static("lambda-extension-event-identifier"), &ids::uuid())
        .with(HeaderName::from_static(IDENTIFIER), &id)
}

fn fetch(state: &mut State, id: &str) -> Option<NextEvent> {
    let (work, shutdown) = (state.work.clone(), state.shutdown);
    let extension = state.extension(id)?;
    let event = match shutdown.filter(|_| extension.wants_shutdown) {
        Some(shutdown) => NextEvent::Shutdown(shutdown),
        None => NextEvent::Invoke(work.filter(|_| extension.has_event)?),
    };
    (extension.has_event, extension.state) = (false, ExtensionState::Running);
    Some(event)
}

impl NextEvent {
    fn json(&self) -> Value {
        match self {
            NextEvent::Invoke(work) => json!({
                "eventType": "INVOKE",
                "deadlineMs": work.deadline_ms,
                "requestId": work.invocation.request_id,
                "invokedFunctionArn": work.invocation.function_arn,
                "tracing": {"type": "X-Amzn-Trace-Id", "value": work.invocation.trace_id},
            }),
            NextEvent::Shutdown(Shutdown { reason, deadline_ms }) => {
                json!({"eventType": "SHUTDOWN", "shutdownReason": reason.name(), "deadlineMs": deadline_ms})
            }
        }
    }
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

/// Keeps the error. It becomes the failure of the environment when the extension exits, or bootstrap for an internal one.
fn report_error(
    environment: &Environment,
    headers: &HeaderMap,
    error_type: &'static str,
    transition: Transition,
) -> Reply {
    const TYPE_HEADER: &str = "Lambda-Extension-Function-Error-Type";
    let reported = header(headers, TYPE_HEADER).filter(|value| !value.is_empty());
    let done = registered_id(environment, headers).and_then(|id| {
        let missing = || forbidden("Extension.MissingHeader", &format!("{TYPE_HEADER} not found"));
        reported.ok_or_else(missing)?;
        change_state(environment, &id, transition).map(|()| id)
    });
    let id = match done {
        Ok(id) => id,
        Err(refusal) => return refusal.into(),
    };
    environment.change(|state| {
        state.extension_error.get_or_insert(error_type);
        if let Some(extension) = state.extension(&id) {
            extension.error_type = reported.map(str::to_owned);
        }
    });
    Reply::accepted()
}

fn change_state(environment: &Environment, id: &str, transition: Transition) -> Result<(), Refusal> {
    environment.change(|state| {
        let Some(extension) = state.extension(id) else {
            return Err(unknown(id));
        };
        extension.state = transition(extension.state).map_err(|refusal| not_allowed(&refusal, id))?;
        Ok(())
    })
}

fn not_allowed(NotAllowed { from, to }: &NotAllowed, extension: &str) -> Refusal {
    let error = "Error: State transition is not allowed";
    let message = format!("State transition from {from} to {to} failed for extension {extension}. {error}");
    forbidden("Extension.InvalidExtensionState", &message)
}

/// The name of the extension that sends a request.
pub fn registered_name(environment: &Environment, headers: &HeaderMap) -> Result<String, Refusal> {
    let id = registered_id(environment, headers)?;
    environment.read(|state| state.registered(&id).map(|extension| extension.name.clone())).ok_or_else(|| unknown(&id))
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
    let is_known = environment.read(|state| state.registered(id).is_some());
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

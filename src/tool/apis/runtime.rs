//! The Runtime API, 2018-06-01: what each request changes in the execution environment, and its answer.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use crate::http::reply::{Received, Refusal, Reply};
use crate::model::environment::{Environment, State};
use crate::model::failure::{Failure, FunctionError, MAX_RESPONSE, lambda_error_type};
use crate::model::invocation::{Dispatched, Response, RuntimeAnswer};
use crate::model::states::{NotAllowed, RuntimeState};
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use std::rc::Rc;

/// Events of more bytes than this are sent in chunks, as Lambda does.
const CHUNKED_ABOVE: usize = 2048;

/// The largest error body that is read.
pub const MAX_ERROR: usize = MAX_RESPONSE;

/// `GET /runtime/invocation/next`. Waits for an invocation, for hours if need be.
pub async fn next(environment: &Environment) -> Reply {
    match ask_for_next(environment) {
        Err(refusal) => refusal.into(),
        Ok(()) => {
            let work = environment.until(current_work).await;
            invocation(&work)
        }
    }
}

/// The runtime is ready for an invocation from now on.
pub fn ask_for_next(environment: &Environment) -> Result<(), Refusal> {
    environment.change(|state| {
        state.runtime = state.runtime.asked_for_next().map_err(|refusal| refused(&refusal))?;
        Ok(())
    })
}

/// The invocation that the runtime has, or is to be given.
pub fn current_work(state: &mut State) -> Option<Rc<Dispatched>> {
    if state.runtime == RuntimeState::Running && !state.is_late { state.work.clone() } else { None }
}

/// The answer of `/next` with an invocation.
pub fn invocation(work: &Dispatched) -> Reply {
    let invocation = &work.invocation;
    let mut reply = Reply::new(StatusCode::OK, invocation.event.clone()).with(CONTENT_TYPE, "application/json");
    reply.chunk = (invocation.event.len() > CHUNKED_ABOVE).then_some(usize::MAX);
    let headers = [
        ("lambda-runtime-aws-request-id", Some(invocation.request_id.as_bytes())),
        ("lambda-runtime-deadline-ms", Some(work.deadline_ms.to_string().as_bytes())),
        ("lambda-runtime-invoked-function-arn", Some(invocation.function_arn.as_bytes())),
        ("lambda-runtime-trace-id", Some(invocation.trace_id.as_bytes())),
        ("lambda-runtime-client-context", invocation.client_context.as_deref()),
        ("lambda-runtime-aws-tenant-id", invocation.tenant_id.as_deref().map(str::as_bytes)),
    ]
    .map(|(name, value)| Some((HeaderName::from_static(name), HeaderValue::from_bytes(value?).ok()?)));
    reply.headers.extend(headers.into_iter().flatten());
    reply
}

/// The header that says how a response is sent.
pub const MODE: HeaderName = HeaderName::from_static("lambda-runtime-function-response-mode");

/// `POST /runtime/invocation/ID/response`, if it is not streamed.
pub fn response(environment: &Environment, request_id: &str, headers: &HeaderMap, body: Received) -> Reply {
    let (answer, reply) = match headers.get(MODE) {
        Some(mode) if !mode.is_empty() => (Err(Failure::InvalidResponseMode), invalid_mode().into()),
        _ if body.is_too_large => {
            (Err(Failure::ResponseTooLarge(MAX_RESPONSE as u64)), too_large(MAX_RESPONSE as u64).into())
        }
        _ => (Ok(Response::Whole { body: body.bytes, content_type: content_type(headers) }), Reply::accepted()),
    };
    take(environment, request_id, "InvocationResponse", answer).map_or_else(Reply::from, |()| reply)
}

/// `POST /runtime/invocation/ID/error`.
pub fn error(environment: &Environment, request_id: &str, headers: &HeaderMap, body: Received) -> Reply {
    let answer = Err(Failure::Reported(function_error(headers, body)));
    take(environment, request_id, "InvocationErrorResponse", answer).map_or_else(Reply::from, |()| Reply::accepted())
}

/// The type that the runtime names for a response.
pub fn content_type(headers: &HeaderMap) -> Option<String> {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// Takes the answer to the current invocation, unless it is refused.
fn take(environment: &Environment, request_id: &str, to: &'static str, answer: RuntimeAnswer) -> Result<(), Refusal> {
    environment.change(|state| {
        current(state, request_id)?;
        state.runtime = state.runtime.answered(to).map_err(|refusal| refused(&refusal))?;
        state.answer = Some(answer);
        Ok(())
    })
}

/// Begins a response that is streamed, unless it is refused. Returns its invocation.
pub fn begin_stream(environment: &Environment, request_id: &str) -> Result<Rc<Dispatched>, Refusal> {
    environment.change(|state| {
        let work = current(state, request_id)?;
        state.runtime = state.runtime.began_response().map_err(|refusal| refused(&refusal))?;
        Ok(work)
    })
}

/// The invocation with that id, if it can be answered now.
fn current(state: &State, request_id: &str) -> Result<Rc<Dispatched>, Refusal> {
    let work = state.work.as_ref().filter(|work| work.invocation.request_id == request_id);
    let work = work.ok_or_else(invalid_request_id)?;
    if state.is_late { Err(timed_out()) } else { Ok(work.clone()) }
}

/// `POST /runtime/init/error`. Init fails when the runtime exits.
pub fn init_error(environment: &Environment, headers: &HeaderMap, body: Received) -> Reply {
    let taken = environment.change(|state| {
        state.runtime = state.runtime.init_failed()?;
        state.init_error = Some(function_error(headers, body));
        Ok(())
    });
    taken.map_or_else(|refusal| refused(&refusal).into(), |()| Reply::accepted())
}

/// `GET /runtime/restore/next`. Waits until the environment has been restored from its snapshot.
pub async fn restore_next(environment: &Environment) -> Reply {
    if !environment.function.snapstart {
        return Reply::new(StatusCode::NOT_FOUND, "404 page not found\n"); // as AWS's emulator
    }
    let asked = environment.change(|state| {
        state.runtime = state.runtime.asked_for_restore()?;
        Ok(())
    });
    match asked {
        Err(refusal) => refused(&refusal).into(),
        Ok(()) => {
            environment.until(|state| (state.runtime == RuntimeState::Restored).then_some(())).await;
            Reply::new(StatusCode::OK, "{}").with(CONTENT_TYPE, "application/json")
        }
    }
}

/// `POST /runtime/restore/error`. The restore fails when the runtime exits.
pub fn restore_error(environment: &Environment, headers: &HeaderMap, body: Received) -> Reply {
    let taken = environment.change(|state| {
        state.runtime = state.runtime.restore_failed()?;
        state.init_error = Some(function_error(headers, body));
        Ok(())
    });
    taken.map_or_else(|refusal| refused(&refusal).into(), |()| Reply::accepted())
}

fn function_error(headers: &HeaderMap, body: Received) -> FunctionError {
    let header = headers.get("lambda-runtime-function-error-type").and_then(|value| value.to_str().ok());
    FunctionError { error_type: lambda_error_type(header.unwrap_or("")), body: body.bytes }
}

fn refused(refusal: &NotAllowed) -> Refusal {
    let NotAllowed { from, to } = refusal;
    let message =
        format!("State transition from {from} to {to} failed for runtime. Error: State transition is not allowed");
    Refusal::new(StatusCode::FORBIDDEN, "InvalidStateTransition", message)
}

pub fn too_large(limit: u64) -> Refusal {
    let message = format!("Exceeded maximum allowed payload size ({limit} bytes).");
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", message)
}

fn invalid_mode() -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "InvalidFunctionResponseMode", "Invalid function response mode")
}

pub fn invalid_request_id() -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID")
}

pub fn timed_out() -> Refusal {
    Refusal::new(StatusCode::GONE, "InvokeTimeout", "Invoke timeout")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::function::Function;
    use crate::model::invocation::Invocation;
    use bytes::Bytes;

    fn running() -> Environment {
        let environment = Environment::new(1, Rc::new(Function::default()), "127.0.0.1:1");
        let invocation = Rc::new(Invocation { request_id: "id".to_owned(), ..Invocation::default() });
        environment.dispatch(Rc::new(Dispatched { invocation, deadline_ms: 0, copy: None }));
        environment
    }

    fn post(environment: &Environment, request_id: &str) -> StatusCode {
        let body = Received { bytes: Bytes::from_static(b"null"), is_too_large: false };
        response(environment, request_id, &HeaderMap::new(), body).status
    }

    #[test]
    fn an_answer_is_taken_once() {
        let environment = running();
        assert_eq!(post(&environment, "other"), StatusCode::BAD_REQUEST);
        assert_eq!(post(&environment, "id"), StatusCode::ACCEPTED);
        assert_eq!(post(&environment, "id"), StatusCode::FORBIDDEN);
    }

    #[test]
    fn an_answer_after_the_timeout_gets_410() {
        let environment = running();
        environment.change(|state| state.is_late = true);
        assert_eq!(post(&environment, "id"), StatusCode::GONE);
        assert!(environment.change(|state| current_work(state).is_none()));
    }
}

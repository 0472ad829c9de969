//! The Runtime API of an execution environment that has several invocations at once: a slot for each request for the next one.
//!
//! Source: the behaviour of AWS's emulator for Lambda Managed Instances, and
//! <https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances-runtimes.html>

use super::routes::Endpoint;
use super::runtime;
use crate::http::reply::{Refusal, Reply};
use crate::model::environment::Environment;
use crate::model::slots::Found;
use hyper::StatusCode;
use hyper::header::{HeaderMap, HeaderName};
use std::rc::Rc;

const INVOCATION_ID: HeaderName = HeaderName::from_static("lambda-runtime-invocation-id");

/// `GET /runtime/invocation/next`, of which there may be many at once. The first one ends the runtime's part of Init.
pub async fn next(environment: &Rc<Environment>) -> Reply {
    if let Err(refusal) = runtime::ask_for_next(environment) {
        return refusal.into();
    }
    let slot = Waiting { environment, slot: environment.add_slot() };
    let work = slot.slot.until(runtime::current_work).await;
    let id = environment.slots.invocation_id(&work.invocation.request_id);
    runtime::invocation(&work).with(INVOCATION_ID, &id.unwrap_or_default())
}

/// A slot, and the request that waits for its invocation. When the request has gone, so has the slot.
struct Waiting<'a> {
    environment: &'a Environment,
    slot: Rc<Environment>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.environment.slots.withdraw(&self.slot);
    }
}

/// What a request is about: the slot of its invocation, if the environment has slots, or else the environment.
///
/// # Errors
/// No invocation of that id is running, or the runtime has mixed up two.
pub fn target(
    environment: &Rc<Environment>,
    endpoint: Endpoint<'_>,
    headers: &HeaderMap,
) -> Result<Rc<Environment>, Refusal> {
    let request_id = endpoint.request_id().filter(|_| environment.function.managed_instances.is_some());
    let Some(request_id) = request_id else {
        return Ok(environment.clone());
    };
    let echo = headers.get(INVOCATION_ID).and_then(|value| value.to_str().ok()).filter(|echo| !echo.is_empty());
    match environment.slots.find(request_id, echo) {
        Found::Slot(slot) => Ok(slot),
        Found::Late => Err(runtime::timed_out()),
        Found::CrossWired => Err(Refusal::new(
            StatusCode::GONE,
            "InvokeTimeout",
            "Cross-wiring detected: this is another invocation's id",
        )),
        Found::None => Err(runtime::invalid_request_id()),
    }
}

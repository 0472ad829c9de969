//! The server that bootstrap talks to: which request goes where, faults, and the journal.

use super::routes::{Endpoint, route};
use super::{extensions, runtime};
use crate::environment::Environment;
use crate::failure::MAX_RESPONSE;
use crate::faults::{self, Fault, Faults, Reset};
use crate::http::guard::Guard;
use crate::http::places::Places;
use crate::http::reply::{self, Received, Reply};
use crate::http::server::{self, NoAnswer};
use crate::http::wire::{Break, Breaker, Where};
use crate::journal::{self, Journal};
use crate::timeline::ms;
use hyper::body::Incoming;
use hyper::header::HeaderMap;
use hyper::http::request::Parts;
use hyper::{Request, StatusCode};
use serde_json::{Map, Value, json};
use std::cell::Cell;
use std::rc::Rc;
use tokio::net::TcpListener;
use tokio::time::Instant;

/// What the server needs for its whole life.
pub struct Sandbox {
    faults: Faults,
    journal: Rc<Journal>,
    /// Numbers requests, so that the journal's lines about one of them can be found.
    count: Cell<u64>,
}

impl Sandbox {
    pub fn new(faults: Faults, journal: Rc<Journal>) -> Rc<Sandbox> {
        let count = Cell::new(1);
        Rc::new(Sandbox { faults, journal, count })
    }
}

/// The journal's lines about one request.
struct Notes<'a> {
    journal: &'a Journal,
    number: u64,
    began: Instant,
}

impl<'a> Notes<'a> {
    fn new(sandbox: &'a Sandbox) -> Notes<'a> {
        let number = sandbox.count.get();
        sandbox.count.set(number + 1);
        Notes { journal: &sandbox.journal, number, began: Instant::now() }
    }

    /// When it has been read.
    fn request(
        &self,
        environment: &Environment,
        head: &Parts,
        endpoint: Option<Endpoint<'_>>,
        received: Option<&Received>,
    ) {
        self.journal.note("request", || {
            json!({
                "number": self.number,
                "environment": environment.number,
                "method": head.method.as_str(),
                "path": head.uri.path(),
                "requestId": endpoint.and_then(Endpoint::request_id),
                "headers": shown(&head.headers),
                "body": received.map(|received| journal::body(&received.bytes)),
            })
        });
    }

    /// When its answer is final; no status if there is none.
    fn answer(&self, fault: &Fault, reply: Option<&Reply>) {
        self.journal.note("answered", || {
            json!({
                "number": self.number,
                "status": reply.map(|reply| reply.status.as_u16()),
                "requestId": reply.and_then(given_request_id),
                "ms": ms(self.began.elapsed()),
                "fault": faults::describe(fault),
            })
        });
    }
}

/// Which invocation it hands out.
fn given_request_id(reply: &Reply) -> Option<&str> {
    reply.headers.get("lambda-runtime-aws-request-id")?.to_str().ok()
}

/// Headers that matter; bytes that are no text are shown as U+FFFD.
fn shown(headers: &HeaderMap) -> Map<String, Value> {
    let matters = |name: &str| ["lambda-", "content-", "transfer-"].iter().any(|start| name.starts_with(start));
    let shown = headers.iter().filter(|(name, _)| matters(name.as_str()));
    shown.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into())).collect()
}

/// Accepts connections for ever. Each belongs to the execution environment that is there when it comes, and ends with it.
pub async fn serve(sandbox: Rc<Sandbox>, listener: TcpListener, present: impl Fn() -> Option<Rc<Environment>>) {
    let guard = Rc::new(Guard { is_for_programs: true, ..Guard::default() }); // a GET takes the next event
    let places = Places::new();
    loop {
        let tcp = server::accept(&listener).await;
        let place = places.take().await;
        let Some(environment) = present().filter(|environment| !environment.look(|state| state.is_over)) else {
            continue; // a leftover of an environment that has ended
        };
        let (sandbox, guard, number) = (sandbox.clone(), guard.clone(), environment.number);
        sandbox.journal.note("connection", || json!({"environment": number}));
        tokio::task::spawn_local(async move {
            let over = environment.until(|state| state.is_over.then_some(()));
            tokio::select! {
                () = server::serve(tcp, place, &guard, |request, breaker| answer(&sandbox, &environment, request, breaker)) => {}
                () = over => {}
            }
        });
    }
}

async fn answer(
    sandbox: &Sandbox,
    environment: &Environment,
    request: Request<Incoming>,
    breaker: Breaker,
) -> Result<Reply, NoAnswer> {
    let notes = Notes::new(sandbox);
    let (head, body) = request.into_parts();
    let route = route(&head.method, head.uri.path());
    let on = route.ok().and_then(Endpoint::on);
    let fault = on.map_or_else(Fault::default, |on| sandbox.faults.next(on));
    let received = read(&fault, route.ok(), body, &breaker).await;
    notes.request(environment, &head, route.ok(), received.as_ref().ok());
    let reply = match received {
        Ok(received) => {
            let headers = &head.headers;
            act(&fault, route, environment, headers, received, &breaker).await
        }
        Err(NoAnswer) => Err(NoAnswer),
    };
    notes.answer(&fault, reply.as_ref().ok());
    reply
}

/// Reads the body, unless a fault or the peer prevents it.
async fn read(
    fault: &Fault,
    endpoint: Option<Endpoint<'_>>,
    body: Incoming,
    breaker: &Breaker,
) -> Result<Received, NoAnswer> {
    if fault.resets(Reset::BeforeReading) {
        breaker.plan(Break { place: Where::Now, is_reset: true });
        return Err(NoAnswer);
    }
    let limit = match endpoint {
        Some(Endpoint::Response(_)) => MAX_RESPONSE,
        Some(Endpoint::Error(_) | Endpoint::InitError) => runtime::MAX_ERROR,
        _ => extensions::MAX_BODY,
    };
    reply::receive(body, limit).await
}

/// Answers a request that was read, faults included.
async fn act(
    fault: &Fault,
    route: Result<Endpoint<'_>, StatusCode>,
    environment: &Environment,
    headers: &HeaderMap,
    received: Received,
    breaker: &Breaker,
) -> Result<Reply, NoAnswer> {
    if fault.resets(Reset::AfterReading) {
        breaker.plan(Break { place: Where::Now, is_reset: true });
        return Err(NoAnswer);
    }
    if fault.swallows() {
        return std::future::pending().await; // ends with the connection
    }
    if let Some(delay) = fault.delay() {
        tokio::time::sleep(delay).await;
    }
    let reply = match (fault.instead(), route) {
        (Some(instead), _) => instead,
        (None, Ok(endpoint)) => dispatch(endpoint, environment, headers, received).await,
        (None, Err(status)) => {
            Reply::new(status, if status == StatusCode::NOT_FOUND { "404 page not found\n" } else { "" })
        }
    };
    let reply = fault.change(reply);
    fault.cut(&reply, breaker);
    Ok(reply)
}

async fn dispatch(endpoint: Endpoint<'_>, environment: &Environment, headers: &HeaderMap, body: Received) -> Reply {
    match endpoint {
        Endpoint::Next => runtime::next(environment).await,
        Endpoint::Response(id) => runtime::response(environment, id, headers, body),
        Endpoint::Error(id) => runtime::error(environment, id, headers, body),
        Endpoint::InitError => runtime::init_error(environment, headers, body),
        Endpoint::Register => extensions::register(environment, headers, &body),
        Endpoint::ExtensionNext => extensions::next(environment, headers).await,
        Endpoint::ExtensionInitError => extensions::init_error(environment, headers),
        Endpoint::ExtensionExitError => extensions::exit_error(environment, headers),
    }
}

//! The server of the Runtime API and the Extensions API: hands each request to its API, applies faults, and writes the
//! journal.

use super::response_stream::{self, ResponseStream};
use super::routes::{Endpoint, route};
use super::{extensions, managed, metadata, runtime, telemetry};
use crate::faults::{self, Fault, Faults, Reset};
use crate::http::connection_limit::ConnectionLimit;
use crate::http::guard::Guard;
use crate::http::reply::{self, NoAnswer, Received, Reply};
use crate::http::server;
use crate::http::wire::{Break, BreakPoint, Breaker};
use crate::model::environment::Environment;
use crate::model::failure::MAX_RESPONSE;
use crate::model::states::RuntimeState;
use crate::model::streaming::StreamLimits;
use crate::model::time::ms;
use crate::report::journal::{self, Journal, Tally};
use crate::report::logs::Logs;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderMap};
use hyper::http::request::Parts;
use hyper::{Request, StatusCode};
use serde_json::{Map, Value, json};
use std::cell::Cell;
use std::rc::Rc;
use tokio::net::TcpListener;
use tokio::time::Instant;

/// What the servers of all execution environments share.
pub struct Shared {
    /// Their requests are counted over the whole run.
    pub faults: Faults,
    pub limits: StreamLimits,
    pub journal: Rc<Journal>,
    /// The number of the next request. It connects the lines of the journal about one request.
    count: Cell<u64>,
}

impl Shared {
    pub fn new(faults: Faults, limits: StreamLimits, journal: Rc<Journal>) -> Shared {
        Shared { faults, limits, journal, count: Cell::new(1) }
    }
}

/// What all connections to one server share.
pub struct BootstrapServer {
    pub shared: Rc<Shared>,
    pub logs: Rc<Logs>,
}

impl BootstrapServer {
    /// Says why an error that is posted in the middle of a streamed response is refused.
    fn warn_of_late_error(&self, environment: &Environment, request_id: &str) {
        if environment.read(|state| state.runtime == RuntimeState::Streaming) {
            self.logs.say(&format!(
                "open-runtime: an error for {request_id} is refused, as its response has begun: after that, trailers tell it"
            ));
        }
    }
}

/// Writes the journal's lines about one request.
struct Notes<'a> {
    journal: &'a Journal,
    number: u64,
    began: Instant,
}

impl<'a> Notes<'a> {
    fn new(shared: &'a Shared) -> Notes<'a> {
        let number = shared.count.get();
        shared.count.set(number + 1);
        Notes { journal: &shared.journal, number, began: Instant::now() }
    }

    /// To be called when the request has been read.
    fn request(
        &self,
        environment: &Environment,
        head: &Parts,
        endpoint: Option<Endpoint<'_>>,
        body: impl FnOnce() -> Value,
    ) {
        self.journal.note("request", || {
            json!({
                "number": self.number,
                "environment": environment.number,
                "method": head.method.as_str(),
                "path": head.uri.path(),
                "requestId": endpoint.and_then(Endpoint::request_id),
                "headers": shown(&head.headers),
                "body": body(),
            })
        });
    }

    /// To be called when the head of a streamed response has been read.
    fn stream(&self, request_id: &str) {
        self.journal.note("stream", || json!({"number": self.number, "requestId": request_id}));
    }

    /// To be called when its answer is final. There may be none.
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

/// The invocation that the answer to `/next` holds.
fn given_request_id(reply: &Reply) -> Option<&str> {
    reply.headers.get("lambda-runtime-aws-request-id")?.to_str().ok()
}

/// The headers of Lambda's APIs and of HTTP's bodies. Bytes that are not UTF-8 are shown as U+FFFD.
fn shown(headers: &HeaderMap) -> Map<String, Value> {
    let is_shown = |name: &str| ["lambda-", "content-", "transfer-"].iter().any(|start| name.starts_with(start));
    let shown = headers.iter().filter(|(name, _)| is_shown(name.as_str()));
    shown.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into())).collect()
}

/// Accepts connections for ever. A connection belongs to the execution environment that is current when it comes, and
/// ends with it.
pub async fn serve(server: Rc<BootstrapServer>, listener: TcpListener, present: impl Fn() -> Option<Rc<Environment>>) {
    let guard = Rc::new(Guard { is_for_programs: true, ..Guard::default() }); // a GET takes the next event
    let limit = ConnectionLimit::new();
    loop {
        let tcp = server::accept(&listener).await;
        let slot = limit.take().await;
        let Some(environment) = present().filter(|environment| !environment.read(|state| state.is_over)) else {
            continue; // from a process of an environment that has ended
        };
        let (server, guard, number) = (server.clone(), guard.clone(), environment.number);
        server.shared.journal.note("connection", || json!({"environment": number}));
        tokio::task::spawn_local(async move {
            tokio::select! {
                () = server::serve(tcp, slot, &guard, |request, breaker| answer(&server, &environment, request, breaker)) => {}
                () = environment.until_over() => {}
            }
        });
    }
}

async fn answer(
    server: &BootstrapServer,
    environment: &Rc<Environment>,
    request: Request<Incoming>,
    breaker: Breaker,
) -> Result<Reply, NoAnswer> {
    let notes = Notes::new(&server.shared);
    let (head, body) = request.into_parts();
    let route = route(&head.method, head.uri.path());
    let fault_point = route.ok().and_then(Endpoint::fault_point);
    let fault = &fault_point.map_or_else(Fault::default, |point| server.shared.faults.next(point));
    let asked = Asked { server, environment, head: &head, route, fault, breaker: &breaker };
    let reply = match route {
        Ok(Endpoint::Response(id)) if response_stream::is_streaming(&head.headers) => {
            asked.stream(id, body, &notes).await
        }
        _ => asked.whole(body, &notes).await,
    };
    notes.answer(fault, reply.as_ref().ok());
    reply
}

/// A request whose head has been read.
struct Asked<'a> {
    server: &'a BootstrapServer,
    environment: &'a Rc<Environment>,
    head: &'a Parts,
    route: Result<Endpoint<'a>, StatusCode>,
    fault: &'a Fault,
    breaker: &'a Breaker,
}

impl Asked<'_> {
    /// Answers a response that is streamed.
    async fn stream(&self, request_id: &str, body: Incoming, notes: &Notes<'_>) -> Result<Reply, NoAnswer> {
        notes.stream(request_id);
        let target = match managed::target(self.environment, Endpoint::Response(request_id), &self.head.headers) {
            Ok(target) => target,
            Err(refusal) => {
                tokio::task::spawn_local(reply::drop_rest(body));
                return Ok(Reply::from(refusal).with(CONNECTION, "close"));
            }
        };
        let mut tally = Tally::new(&self.server.shared.journal);
        let stream = ResponseStream {
            environment: &target,
            request_id,
            headers: &self.head.headers,
            body,
            limits: self.server.shared.limits,
            fault: self.fault,
            breaker: self.breaker,
            tally: &mut tally,
        };
        let reply = stream.take().await;
        notes.request(self.environment, self.head, self.route.ok(), || tally.value());
        reply
    }

    /// Answers a request whose body is read first.
    async fn whole(&self, body: Incoming, notes: &Notes<'_>) -> Result<Reply, NoAnswer> {
        let received = self.read(body).await;
        let shown = |received: &Received| journal::body(&received.bytes);
        notes.request(self.environment, self.head, self.route.ok(), || received.as_ref().ok().map(shown).into());
        self.act(received?).await
    }

    /// Reads the body, unless a fault prevents it.
    async fn read(&self, body: Incoming) -> Result<Received, NoAnswer> {
        if self.fault.resets(Reset::BeforeReading) {
            self.breaker.plan(Break { at: BreakPoint::Now, is_reset: true });
            return Err(NoAnswer);
        }
        let limit = match self.route {
            Ok(Endpoint::Response(_)) => MAX_RESPONSE,
            Ok(Endpoint::Error(_) | Endpoint::InitError | Endpoint::RestoreError) => runtime::MAX_ERROR,
            _ => extensions::MAX_BODY,
        };
        reply::receive(body, limit).await
    }

    /// Answers a request that has been read, with its fault.
    async fn act(&self, received: Received) -> Result<Reply, NoAnswer> {
        self.fault.act_after_reading(self.breaker).await?;
        let reply = match (self.fault.instead(), self.route) {
            (Some(instead), _) => instead,
            (None, Ok(endpoint)) => self.dispatch(endpoint, received).await,
            (None, Err(status)) => {
                Reply::new(status, if status == StatusCode::NOT_FOUND { "404 page not found\n" } else { "" })
            }
        };
        let reply = self.fault.change(reply);
        self.fault.plan_break(&reply, self.breaker);
        Ok(reply)
    }

    async fn dispatch(&self, endpoint: Endpoint<'_>, body: Received) -> Reply {
        let (environment, headers) = (self.environment, &self.head.headers);
        let target = match managed::target(environment, endpoint, headers) {
            Ok(target) => target,
            Err(refusal) => return refusal.into(),
        };
        match endpoint {
            Endpoint::Next if environment.function.managed_instances.is_some() => managed::next(environment).await,
            Endpoint::Next => runtime::next(environment).await,
            Endpoint::Response(id) => runtime::response(&target, id, headers, body),
            Endpoint::Error(id) => {
                self.server.warn_of_late_error(&target, id);
                runtime::error(&target, id, headers, body)
            }
            Endpoint::InitError => runtime::init_error(environment, headers, body),
            Endpoint::RestoreNext => runtime::restore_next(environment).await,
            Endpoint::RestoreError => runtime::restore_error(environment, headers, body),
            Endpoint::Register => extensions::register(environment, headers, &body),
            Endpoint::ExtensionNext => extensions::next(environment, headers).await,
            Endpoint::ExtensionInitError => extensions::init_error(environment, headers),
            Endpoint::ExtensionExitError => extensions::exit_error(environment, headers),
            Endpoint::Telemetry => telemetry::subscribe(environment, headers, &body, &self.server.logs),
            Endpoint::LogsApi => telemetry::logs_api(),
            Endpoint::Metadata => metadata::execution_environment(environment, headers),
        }
    }
}

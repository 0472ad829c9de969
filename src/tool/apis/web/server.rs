//! Takes the requests: finds the route, makes the event, invokes the function, and makes the answer.

use super::answers::Trouble;
use super::origin::Origin;
use super::request::{Place, WebRequest};
use super::router::{Route, Router};
use super::service::{InvokeMode, Service, Settings};
use super::{event_alb, event_v1, event_v2, response, stream};
use crate::apis::functions::Callee;
use crate::apis::queue::{InvokeResult, Job, StreamCaller};
use crate::http::connection_limit::ConnectionLimit;
use crate::http::guard::Guard;
use crate::http::reply::{self, NoAnswer, Received, Reply};
use crate::http::server;
use crate::http::spelling::Spelling;
use crate::model::event::MAX_EVENT;
use crate::model::invocation::{Invocation, Response};
use crate::model::route::Api;
use crate::model::streaming::{self, PartSender};
use crate::page::Page;
use crate::report::console::Console;
use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{HeaderMap, HeaderName, UPGRADE};
use hyper::http::request::Parts;
use hyper::{Method, Request};
use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::spawn_local;
use tokio::time::timeout;

/// A function, and how it is invoked.
#[derive(Clone)]
pub struct Target {
    pub callee: Callee,
    pub service: Service,
    pub mode: InvokeMode,
}

/// What all requests share.
pub struct WebServer {
    pub settings: Settings,
    pub router: RefCell<Rc<Router<Target>>>,
    pub console: Rc<Console>,
    pub region: String,
    /// Where it listens.
    pub port: u16,
    /// The page that shows what happens. It takes the place of what the function would answer there.
    pub page: Option<Rc<Page>>,
}

/// The routes that the user gives, or those that take everything.
///
/// # Errors
/// One of them is not a route.
pub fn routes(settings: &Settings, given: &[String], target: &Target) -> Result<Vec<Route<Target>>, String> {
    let everything: &[&str] = match settings.api {
        Api::Url | Api::Http | Api::Alb => &["$default"],
        Api::Rest => &["ANY /", "ANY /{proxy+}"],
    };
    let texts: Vec<&str> = given.iter().map(String::as_str).collect();
    let texts = if texts.is_empty() { everything } else { &texts };
    let routes =
        texts.iter().map(|text| Route::parse(settings.api, text, target.clone()).map_err(|bad| bad.to_string()));
    routes.collect()
}

/// # Errors
/// One of them is not a route.
pub fn check_routes(api: Api, given: &[String]) -> Result<(), String> {
    given.iter().try_for_each(|text| Route::parse(api, text, ()).map(|_| ()).map_err(|bad| bad.to_string()))
}

/// Accepts clients for ever.
pub async fn serve(listener: TcpListener, guard: Rc<Guard>, web: Rc<WebServer>) {
    let limit = ConnectionLimit::new();
    loop {
        let tcp = server::accept(&listener).await;
        let slot = limit.take().await;
        let Ok(client) = tcp.peer_addr().map(|address| address.ip()) else {
            continue; // it has gone
        };
        let (guard, web) = (guard.clone(), web.clone());
        spawn_local(async move {
            server::serve_spelled(tcp, slot, &guard, |request, spelling| web.answer(request, spelling, client)).await;
        });
    }
}

impl WebServer {
    async fn answer(&self, request: Request<Incoming>, spelling: Spelling, client: IpAddr) -> Result<Reply, NoAnswer> {
        if let Some(page) = self.page.as_ref().filter(|_| Page::owns(request.uri().path())) {
            return page.answer(request).await;
        }
        let (head, body) = request.into_parts();
        let received = reply::receive(body, self.settings.service.max_body()).await?;
        let origin = Origin::new(&self.region, client, self.port, &head.headers);
        let answer = self.response(&head, &spelling, received, &origin).await;
        let answer = answer.unwrap_or_else(|trouble| {
            let answer = trouble.answer(self.settings.service);
            self.say_why(&trouble, &answer);
            answer
        });
        Ok(self.with_identifiers(answer, &origin))
    }

    async fn response(
        &self,
        head: &Parts,
        spelling: &Spelling,
        received: Received,
        origin: &Origin,
    ) -> Result<Reply, Trouble> {
        self.check(head)?;
        if received.is_too_large {
            return Err(Trouble::TooLarge);
        }
        let staged = self.settings.staged(head.uri.path()).ok_or(Trouble::NoStage)?;
        let router = self.router.borrow().clone(); // a change of the routes is for the requests after it
        let found = router.find(head.method.as_str(), staged.path).ok_or(Trouble::NoRoute)?;
        let target = &found.route.target;
        let place = Place {
            stage: staged.stage,
            path: staged.path,
            route_key: found.route.key(),
            resource: found.route.path(),
            variables: found.variables,
            function: &target.callee.function.name,
        };
        let event = self.event(&WebRequest { head, spelling, body: &received.bytes, origin, place }, target.service);
        if event.len() > MAX_EVENT {
            return Err(Trouble::EventTooLarge);
        }
        let (request_id, trace_id) = (origin.request_id.clone(), origin.trace_id.clone());
        if target.mode == InvokeMode::ResponseStream {
            return target.stream(event, request_id, trace_id).await;
        }
        let response = self.in_time(target.invoke(event, request_id, trace_id)).await?;
        response::answer(&response, target.service, &self.settings, &head.headers)
    }

    fn check(&self, head: &Parts) -> Result<(), Trouble> {
        let is_alb = self.settings.service == Service::Alb;
        match head.method {
            Method::TRACE if is_alb => Err(Trouble::Trace),
            _ if is_alb && asks_for_websocket(&head.headers) => Err(Trouble::Upgrade),
            _ => Ok(()),
        }
    }

    fn event(&self, request: &WebRequest<'_>, service: Service) -> Bytes {
        let event = match service {
            Service::Url | Service::HttpV2 => event_v2::event(request, service),
            Service::HttpV1 | Service::Rest => event_v1::event(request, service, &self.settings.binary_media_types),
            Service::Alb => event_alb::event(request, self.settings.is_multi_value),
        };
        event.to_string().into()
    }

    async fn in_time<T>(&self, invoked: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
        let limit = self.settings.timeout.unwrap_or(Duration::MAX);
        timeout(limit, invoked).await.unwrap_or(Err(Trouble::Late))
    }

    /// By which a request is found again in logs.
    fn with_identifiers(&self, answer: Reply, origin: &Origin) -> Reply {
        let name = HeaderName::from_static;
        match self.settings.service {
            Service::Url => answer.with(name("x-amzn-requestid"), &origin.request_id),
            Service::HttpV1 | Service::HttpV2 => answer.with(name("apigw-requestid"), &origin.gateway_id),
            Service::Rest => answer
                .with(name("x-amzn-requestid"), &origin.request_id)
                .with(name("x-amz-apigw-id"), &origin.gateway_id)
                .with(name("x-amzn-trace-id"), &origin.trace_header),
            Service::Alb => answer,
        }
    }

    /// Says what the service would not say.
    fn say_why(&self, trouble: &Trouble, answer: &Reply) {
        if let Some(why) = trouble.reason() {
            let (service, status) = (self.settings.service.name(), answer.status.as_u16());
            self.say(&format!("{service} answers {status}, as {why}"));
        }
    }

    pub fn say(&self, line: &str) {
        self.console.say(&format!("open-runtime: {line}"));
    }
}

/// Other protocols are ignored: clients offer HTTP/2 so.
fn asks_for_websocket(headers: &HeaderMap) -> bool {
    let protocols = headers.get(UPGRADE).and_then(|protocols| protocols.to_str().ok()).unwrap_or("");
    protocols.split(',').any(|protocol| protocol.trim().eq_ignore_ascii_case("websocket"))
}

impl Target {
    /// Waits for the response. The function goes on if this is dropped.
    ///
    /// # Errors
    /// There is none.
    pub async fn invoke(&self, event: Bytes, request_id: String, trace_id: String) -> Result<Bytes, Trouble> {
        match self.enter(event, request_id, trace_id, None)?.await.map(|answered| answered.result) {
            Ok(Ok(Response::Whole { body, .. })) => Ok(body),
            // an error of the function; or open-runtime is shutting down
            Ok(Ok(Response::Streamed) | Err(_)) | Err(_) => Err(Trouble::Failed),
        }
    }

    async fn stream(&self, event: Bytes, request_id: String, trace_id: String) -> Result<Reply, Trouble> {
        let (parts, from_function) = streaming::channel();
        let answered = self.enter(event, request_id, trace_id, Some(parts))?;
        stream::answer(StreamCaller::new(from_function, answered)).await
    }

    /// Gives an invocation to the function.
    fn enter(
        &self,
        event: Bytes,
        request_id: String,
        trace_id: String,
        stream: Option<PartSender>,
    ) -> Result<oneshot::Receiver<InvokeResult>, Trouble> {
        let (caller, answered) = oneshot::channel();
        let (function_arn, source) = (self.callee.function.arn(None), self.service.source());
        let invocation =
            Invocation { request_id, source, event, function_arn, trace_id, stream, ..Invocation::default() };
        let job = Job { invocation: Rc::new(invocation), wants_log: false, caller: Some(caller) };
        self.callee.invoker.submit(job).map(|()| answered).map_err(Trouble::Refused)
    }
}

//! `open-runtime serve --http`: the ports on which services in front of functions listen.

use super::given_functions::GivenFunction;
use super::page;
use crate::apis::functions::Callee;
use crate::apis::web::health;
use crate::apis::web::router::{Route as WebRoute, Router};
use crate::apis::web::server::{self as web_server, Target, WebServer};
use crate::apis::web::service::{InvokeMode, Service, Settings, WebArguments};
use crate::http::guard::Guard;
use crate::model::route::{Api, Route};
use crate::page::Page;
use crate::report::console::Console;
use crate::report::journal::Journal;
use crate::tool_error::ToolError;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, spawn_local};

/// The port of the first service of a project, if the user names none.
const PORT: u16 = 9001;

/// The services in front of the functions, and their ports: those that a project's file describes, or the one that the options
/// describe. Those after the first have the next ports.
///
/// # Errors
/// An option is not one of the service, or a route is none.
pub fn all(given: WebArguments, functions: &[GivenFunction], port: Option<u16>) -> Result<Vec<(u16, Http)>, ToolError> {
    let usage = |why: &str| Err(ToolError::Usage(why.to_owned()));
    let routes: Vec<&Route> =
        functions.iter().flat_map(|given| &given.routes).filter(|route| is_route(route)).collect();
    let services = match (routes.is_empty(), port) {
        (true, None) => Vec::new(),
        (true, Some(_)) if functions.len() > 1 => {
            return usage("cannot serve --http: no function of the project's file has a route or a URL");
        }
        (true, Some(_)) => vec![Http::new(given)?],
        (false, _) if !given.routes.is_empty() || given.stage.is_some() => {
            return usage("cannot use --route and --stage here: the project's file has the routes");
        }
        (false, _) => {
            groups(&routes).into_iter().map(|group| Http::of_routes(&given, group)).collect::<Result<_, _>>()?
        }
    };
    let first = port.unwrap_or(PORT);
    let next =
        |index: usize| if first == 0 { 0 } else { first.saturating_add(u16::try_from(index).unwrap_or(u16::MAX)) };
    Ok(services.into_iter().enumerate().map(|(index, http)| (next(index), http)).collect())
}

/// Says on stderr what is wrong with a route, which is then left out.
fn is_route(route: &Route) -> bool {
    let checked = web_route(route, ());
    if let Err(why) = &checked {
        eprintln!("open-runtime: function {why}; the route is left out");
    }
    checked.is_ok()
}

/// The routes of each API and stage, and of each function URL. They are in the order of AWS's names for them: HTTP API, REST
/// API, load balancer, function URL.
fn groups(routes: &[&Route]) -> Vec<Vec<Route>> {
    let mut groups: Vec<Vec<Route>> = Vec::new();
    let is_same = |one: &Route, other: &Route| {
        one.api == other.api && one.stage == other.stage && (one.api != Api::Url || one.function == other.function)
    };
    for route in routes {
        match groups.iter_mut().find(|group| is_same(&group[0], route)) {
            Some(group) => group.push((*route).clone()),
            None => groups.push(vec![(*route).clone()]),
        }
    }
    groups.sort_by_key(|group| match group[0].api {
        Api::Http => 0,
        Api::Rest => 1,
        Api::Alb => 2,
        Api::Url => 3,
    });
    groups
}

/// A service that is not served yet.
pub struct Http {
    settings: Settings,
    health_check: Option<(String, Duration)>,
    routes: Routes,
}

/// Which requests invoke which function.
enum Routes {
    /// All of them the only function. Without any texts all requests do.
    Given(Vec<String>),
    OfProject(Vec<Route>),
}

impl Http {
    /// # Errors
    /// An option is not one of the service, or a route is none.
    fn new(given: WebArguments) -> Result<Http, ToolError> {
        let settings = Settings::new(&given).map_err(ToolError::Usage)?;
        web_server::check_routes(given.api, &given.routes).map_err(ToolError::Usage)?;
        let health_check = given.health_check.map(|path| (path, given.health_check_interval));
        Ok(Http { settings, health_check, routes: Routes::Given(given.routes) })
    }

    /// The service of these routes, which have the same API and stage. It has those of the options that are its own.
    fn of_routes(given: &WebArguments, routes: Vec<Route>) -> Result<Http, ToolError> {
        let (api, stage) = (routes[0].api, routes[0].stage.clone());
        let (is_gateway, is_alb) = (matches!(api, Api::Http | Api::Rest), api == Api::Alb);
        let mode = |streams| if streams { InvokeMode::ResponseStream } else { InvokeMode::Buffered };
        let own = WebArguments {
            api,
            stage,
            invoke_mode: if api == Api::Url { mode(routes[0].streams) } else { InvokeMode::Buffered },
            multi_value_headers: given.multi_value_headers && is_alb,
            binary_media_types: if api == Api::Rest { given.binary_media_types.clone() } else { Vec::new() },
            integration_timeout: given.integration_timeout.filter(|_| is_gateway),
            ..WebArguments::default()
        };
        let settings = Settings::new(&own).map_err(ToolError::Usage)?;
        let health_check = given.health_check.clone().filter(|_| is_alb);
        let health_check = health_check.map(|path| (path, given.health_check_interval));
        Ok(Http { settings, health_check, routes: Routes::OfProject(routes) })
    }

    /// Where it is, and what its routes invoke.
    pub fn places(&self, address: SocketAddr) -> Vec<String> {
        let stage = self.settings.stage.as_ref().map_or(String::new(), |stage| format!("/{stage}"));
        let service = self.settings.service.name();
        let Routes::OfProject(routes) = &self.routes else { return vec![format!("http://{address} is {service}")] };
        if let (Api::Url, [route]) = (self.settings.api, routes.as_slice()) {
            return vec![format!("http://{address} is {service} of {}", route.function)];
        }
        let line = |route: &Route| {
            let path = if route.path.starts_with('/') { format!("{stage}{}", route.path) } else { route.path.clone() };
            format!("  {} {path} invokes {}", route.method.as_deref().unwrap_or("ANY"), route.function)
        };
        [format!("http://{address}{stage} is {service}")].into_iter().chain(routes.iter().map(line)).collect()
    }

    /// For the journal.
    pub fn note(&self, address: SocketAddr) -> Value {
        json!({"address": address.to_string(), "service": self.settings.service.name(), "stage": self.settings.stage})
    }

    /// What tells it from other services of a project: the API, its stage, and of a function URL the function.
    fn key(&self) -> (Api, Option<String>, Option<String>) {
        let Settings { api, stage, .. } = &self.settings;
        let function = match &self.routes {
            Routes::OfProject(routes) if *api == Api::Url => routes.first().map(|route| route.function.clone()),
            Routes::OfProject(_) | Routes::Given(_) => None,
        };
        (*api, stage.clone(), function)
    }

    fn router(&self, callees: &[Callee]) -> Result<Router<Target>, ToolError> {
        let (settings, Some(first)) = (&self.settings, callees.first()) else {
            return Ok(Router::new(self.settings.api, Vec::new()));
        };
        let routes = match &self.routes {
            Routes::Given(texts) => {
                let target = Target { callee: first.clone(), service: settings.service, mode: settings.mode };
                web_server::routes(settings, texts, &target)
            }
            Routes::OfProject(routes) => of_project(routes, callees),
        };
        Ok(Router::new(settings.api, routes.map_err(ToolError::Usage)?))
    }
}

/// What the services have in common.
pub struct Common {
    pub guard: Guard,
    pub page: Option<Rc<Page>>,
    pub console: Rc<Console>,
    pub journal: Rc<Journal>,
}

/// The services that are served.
pub struct Services {
    common: Common,
    all: RefCell<Vec<Running>>,
}

struct Running {
    key: (Api, Option<String>, Option<String>),
    places: Vec<String>,
    address: SocketAddr,
    server: Rc<WebServer>,
    tasks: Vec<JoinHandle<()>>,
}

impl Services {
    pub fn new(common: Common) -> Services {
        Services { common, all: RefCell::default() }
    }

    /// Serves one more. A GET invokes a function, so that on a loopback address no other address is accepted. Returns where it
    /// is, and what its routes invoke.
    ///
    /// # Errors
    /// A route is none.
    pub fn serve(
        &self,
        http: Http,
        (listener, address): (TcpListener, SocketAddr),
        callees: &[Callee],
    ) -> Result<Vec<String>, ToolError> {
        let Common { guard, page, console, journal } = &self.common;
        let (router, key) = (RefCell::new(Rc::new(http.router(callees)?)), http.key());
        let (places, note) = (http.places(address), http.note(address));
        let Http { settings, health_check, .. } = http;
        let guard = Guard { is_loopback_only: address.ip().is_loopback(), ..guard.clone() };
        let guard = page::guarded(guard, address, page.is_some());
        let region = callees.first().map_or(String::new(), |callee| callee.function.region.clone());
        let (port, console, page) = (address.port(), console.clone(), page.clone());
        let server = Rc::new(WebServer { settings, router, console, region, port, page });
        let check = health_check.map(|(path, interval)| spawn_local(health::check(server.clone(), path, interval)));
        let accepting = spawn_local(web_server::serve(listener, Rc::new(guard), server.clone()));
        let tasks = check.into_iter().chain([accepting]).collect();
        self.all.borrow_mut().push(Running { key, places: places.clone(), address, server, tasks });
        journal.note("http", || note);
        Ok(places)
    }

    /// Serves these from now on, which a project's file describes: one that is served already has new routes, and keeps its
    /// port. New ones have the next ports. Says what differs.
    ///
    /// # Errors
    /// A route is none, or a port cannot be had. Then all is as it was, but for new services before that.
    pub fn change(&self, all: Vec<Http>, callees: &[Callee], host: IpAddr) -> Result<(), ToolError> {
        let routers: Result<Vec<_>, _> = all.iter().map(|http| http.router(callees)).collect();
        let (mut kept, mut new) = (Vec::new(), Vec::new());
        for (http, router) in all.into_iter().zip(routers?) {
            match self.all.borrow().iter().position(|running| running.key == http.key()) {
                Some(at) => kept.push((at, http, router)),
                None => new.push((self.next_listener(host, new.len())?, http)),
            }
        }
        let before = self.all.take();
        let mut before: Vec<Option<Running>> = before.into_iter().map(Some).collect();
        for (at, http, router) in kept {
            let Some(mut running) = before.get_mut(at).and_then(Option::take) else { continue };
            *running.server.router.borrow_mut() = Rc::new(router);
            let places = http.places(running.address);
            if places != running.places {
                self.say(&places);
            }
            running.places = places;
            self.all.borrow_mut().push(running);
        }
        before.into_iter().flatten().for_each(|gone| self.end(&gone));
        for (listening, http) in new {
            let places = self.serve(http, listening, callees)?;
            self.say(&places);
        }
        Ok(())
    }

    /// At the port after the last one, or at any if that is taken.
    fn next_listener(&self, host: IpAddr, after: usize) -> Result<(TcpListener, SocketAddr), ToolError> {
        let last = self.all.borrow().iter().map(|running| running.address.port()).max();
        let next = usize::from(last.unwrap_or(PORT - 1)) + 1 + after;
        let listen = |port: u16| {
            let listener = std::net::TcpListener::bind((host, port))?;
            listener.set_nonblocking(true)?;
            let listener = TcpListener::from_std(listener)?;
            let address = listener.local_addr()?;
            Ok((listener, address))
        };
        let port = u16::try_from(next).unwrap_or(0);
        listen(port).or_else(|_| listen(0)).map_err(|why| ToolError::Port(SocketAddr::new(host, port), why))
    }

    /// Nothing more is accepted. Connections that are open get no route.
    fn end(&self, gone: &Running) {
        gone.tasks.iter().for_each(JoinHandle::abort);
        *gone.server.router.borrow_mut() = Rc::new(Router::new(gone.key.0, Vec::new()));
        if let Some(place) = gone.places.first() {
            self.say(&[format!("no more: {place}")]);
        }
    }

    fn say(&self, places: &[String]) {
        places.iter().for_each(|place| self.common.console.say(&format!("open-runtime: {place}")));
    }
}

fn of_project(routes: &[Route], callees: &[Callee]) -> Result<Vec<WebRoute<Target>>, String> {
    let mut targets = Vec::new();
    for route in routes {
        let Some(callee) = callees.iter().find(|callee| callee.function.name == route.function) else { continue };
        let mode = if route.streams { InvokeMode::ResponseStream } else { InvokeMode::Buffered };
        let service = Service::new(route.api, route.payload);
        targets.push(web_route(route, Target { callee: callee.clone(), service, mode })?);
    }
    Ok(targets)
}

fn web_route<T>(route: &Route, target: T) -> Result<WebRoute<T>, String> {
    let method = route.method.as_deref().unwrap_or("ANY");
    WebRoute::new(route.api, method, &route.path, target).map_err(|bad| format!("{}: {bad}", route.function))
}

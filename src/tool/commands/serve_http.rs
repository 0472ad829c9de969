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
use crate::tool_error::ToolError;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::spawn_local;

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

    /// Serves it. A GET invokes a function, so that on a loopback address no other address is accepted.
    ///
    /// # Errors
    /// A route is none.
    pub fn serve(
        self,
        (listener, address): (TcpListener, SocketAddr),
        guard: &Guard,
        callees: &[Callee],
        page: Option<Rc<Page>>,
        console: Rc<Console>,
    ) -> Result<(), ToolError> {
        let Http { settings, health_check, routes } = self;
        let guard = Guard { is_loopback_only: address.ip().is_loopback(), ..guard.clone() };
        let guard = page::guarded(guard, address, page.is_some());
        let Some(first) = callees.first() else { return Ok(()) };
        let region = first.function.region.clone();
        let routes = match routes {
            Routes::Given(texts) => {
                let target = Target { callee: first.clone(), service: settings.service, mode: settings.mode };
                web_server::routes(&settings, &texts, &target)
            }
            Routes::OfProject(routes) => of_project(&routes, callees),
        };
        let router = Router::new(settings.api, routes.map_err(ToolError::Usage)?);
        let server = Rc::new(WebServer { settings, router, console, region, port: address.port(), page });
        if let Some((path, interval)) = health_check {
            spawn_local(health::check(server.clone(), path, interval));
        }
        spawn_local(web_server::serve(listener, Rc::new(guard), server));
        Ok(())
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

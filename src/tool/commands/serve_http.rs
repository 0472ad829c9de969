//! `open-runtime serve --http`: the port on which a service in front of the function listens.

use super::page;
use crate::apis::functions::Callee;
use crate::apis::web::health;
use crate::apis::web::router::Router;
use crate::apis::web::server::{self as web_server, Target, WebServer};
use crate::apis::web::service::{Settings, WebArguments};
use crate::http::guard::Guard;
use crate::page::Page;
use crate::report::console::Console;
use crate::tool_error::ToolError;
use std::net::SocketAddr;
use std::rc::Rc;
use tokio::net::TcpListener;
use tokio::task::spawn_local;

/// A service that is not served yet.
pub struct Http {
    settings: Settings,
    given: WebArguments,
}

impl Http {
    /// # Errors
    /// An option is not one of the service, or a route is none.
    pub fn new(given: WebArguments) -> Result<Http, ToolError> {
        let settings = Settings::new(&given).map_err(ToolError::Usage)?;
        web_server::check_routes(given.api, &given.routes).map_err(ToolError::Usage)?;
        Ok(Http { settings, given })
    }

    /// In a sentence: "the HTTP API".
    pub fn name(&self) -> &'static str {
        self.settings.service.name()
    }

    /// Serves it. A GET invokes the function, so that on a loopback address no other address is accepted.
    ///
    /// # Errors
    /// A route is none.
    pub fn serve(
        self,
        (listener, address): (TcpListener, SocketAddr),
        guard: &Guard,
        callee: Callee,
        page: Option<Rc<Page>>,
        console: Rc<Console>,
    ) -> Result<(), ToolError> {
        let Http { settings, given } = self;
        let guard = Guard { is_loopback_only: address.ip().is_loopback(), ..guard.clone() };
        let guard = page::guarded(guard, address, page.is_some());
        let region = callee.function.region.clone();
        let target = Target { callee, service: settings.service, mode: settings.mode };
        let routes = web_server::routes(&settings, &given.routes, &target).map_err(ToolError::Usage)?;
        let router = Router::new(settings.api, routes);
        let server = Rc::new(WebServer { settings, router, console, region, port: address.port(), page });
        if let Some(path) = given.health_check {
            spawn_local(health::check(server.clone(), path, given.health_check_interval));
        }
        spawn_local(web_server::serve(listener, Rc::new(guard), server));
        Ok(())
    }
}

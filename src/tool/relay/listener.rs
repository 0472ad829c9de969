//! The relay: a port for functions, a port for debuggers, and how to attach a debugger.

use super::admission::Admission;
use super::pairing::{DEBUGGER, FUNCTION, Pairing};
use crate::http::guard::Guard;
use crate::http::server;
use crate::model::function::Function;
use crate::model::ids;
use crate::tool_error::ToolError;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::spawn_local;

/// The timeout of a function that is debugged: Lambda's longest.
const DEBUG_TIMEOUT: Duration = Duration::from_secs(900);

/// Two listeners, and the connections that wait for a partner.
pub struct Relay {
    for_debuggers: (TcpListener, SocketAddr),
    for_functions: (TcpListener, SocketAddr),
    token: String,
    pairing: Rc<Pairing>,
}

impl Relay {
    /// Listens. Where a port is 0, the kernel chooses one.
    ///
    /// # Errors
    /// It cannot listen.
    pub async fn listen(
        debuggers: SocketAddr,
        functions: SocketAddr,
        allow_host: Vec<String>,
    ) -> Result<Relay, ToolError> {
        let for_debuggers = server::listen(debuggers).await.map_err(|why| ToolError::Port(debuggers, why))?;
        let for_functions = server::listen(functions).await.map_err(|why| ToolError::Port(functions, why))?;
        let token = ids::uuid();
        let guard = Guard { allowed_hosts: allow_host, allowed_origins: Some("devtools://"), ..Guard::default() };
        let admissions = [Admission::Debuggers { guard, token: token.clone() }, Admission::Functions];
        let pairing = Rc::new(Pairing::new(admissions));
        Ok(Relay { for_debuggers, for_functions, token, pairing })
    }

    /// The address to which functions connect.
    pub fn for_functions(&self) -> SocketAddr {
        self.for_functions.1
    }

    /// Tells the user how to attach a debugger.
    pub fn instructions(&self) -> String {
        let (address, token) = (self.for_debuggers.1, &self.token);
        let (host, port) = (address.ip(), address.port());
        format!(
            "open-runtime: open this in Chrome:\n  \
             devtools://devtools/bundled/inspector.html?ws={address}/{token}\n\
             open-runtime: or have this in VS Code's launch.json:\n  \
             {{\"type\": \"node\", \"request\": \"attach\", \"name\": \"function\", \"address\": \"{host}\", \"port\": {port}}}\n\
             open-runtime: for Python and Perl run this, or attach debugpy to that host and port:\n  \
             nc {host} {port}\n\
             open-runtime: for Ruby run this:\n  \
             rdbg --attach {host} {port}\n\
             open-runtime: for PHP run this, where your editor listens for Xdebug:\n  \
             socat TCP:{host}:{port} TCP:127.0.0.1:9003"
        )
    }

    /// Accepts connections and pairs them, for ever.
    pub async fn serve(self, is_quiet: bool) {
        loop {
            let (side, stream) = tokio::select! {
                stream = server::accept(&self.for_debuggers.0) => (DEBUGGER, stream),
                stream = server::accept(&self.for_functions.0) => (FUNCTION, stream),
            };
            spawn_local(self.pairing.clone().receive(side, stream, is_quiet));
        }
    }
}

/// Starts a relay, and prints how to attach a debugger to it. Returns the function with what makes it wait for that
/// debugger.
///
/// # Errors
/// The relay cannot listen.
pub async fn debugged(mut function: Function, port: u16, allow_host: Vec<String>) -> Result<Function, ToolError> {
    let for_debuggers = (Ipv4Addr::LOCALHOST, port).into();
    let relay = Relay::listen(for_debuggers, (Ipv4Addr::LOCALHOST, 0).into(), allow_host).await?;
    eprintln!("{}", relay.instructions());
    function.timeout = DEBUG_TIMEOUT;
    function.debugger = Some(format!("{}/break", relay.for_functions()));
    spawn_local(relay.serve(true));
    Ok(function)
}

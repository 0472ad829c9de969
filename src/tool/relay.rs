//! `open-runtime debug-relay`: functions and debuggers both connect to it, and it brings them together in the order in which
//! they came. Knows nothing of what they say to each other.

use crate::function::Function;
use crate::http::server;
use crate::reactor::{local, stop_signal};
use crate::trouble::Trouble;
use crate::variables;
use clap::Args;
use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;
use tokio::io::copy;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::spawn_local;
use tokio::time::timeout;

pub const HELP: &str = "\
Whoever can reach either port while a function is debugged can run code in that function, or pose as
one: let only the function and yourself reach them. What passes through is not encrypted.
";

/// Lambda's longest, for whoever is at a breakpoint.
const DEBUG_TIMEOUT: Duration = Duration::from_secs(900);

/// As socat has it.
const LAST_WORDS: Duration = Duration::from_millis(500);

#[derive(Args)]
pub struct RelayArguments {
    /// Port for debuggers; 0 lets the kernel choose
    #[arg(long, value_name = "P", default_value_t = 9999)]
    port: u16,

    /// Port for functions, which their events name; 0 lets the kernel choose
    #[arg(long, value_name = "P", default_value_t = 4444)]
    function_port: u16,

    /// Address for debuggers
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    host: IpAddr,

    /// Address for functions
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0")]
    function_host: IpAddr,
}

/// Relays until SIGINT or SIGTERM.
///
/// # Errors
/// It cannot listen.
pub fn run(arguments: RelayArguments) -> Result<ExitCode, Trouble> {
    local(async {
        let stop = stop_signal().map_err(|why| Trouble::Io("wait for signals", why))?;
        let for_debuggers = (arguments.host, arguments.port).into();
        let for_functions = (arguments.function_host, arguments.function_port).into();
        let relay = Relay::listen(for_debuggers, for_functions).await?;
        eprintln!("open-runtime: functions connect to {}\n{}", relay.for_functions(), relay.instructions());
        tokio::select! {
            () = relay.serve(false) => {}
            () = stop => {}
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// The same function with a debugger, whose relay runs beside it and says how to attach one.
///
/// # Errors
/// The relay cannot listen.
pub async fn debugged(mut function: Function, port: u16) -> Result<Function, Trouble> {
    let relay = Relay::listen_locally(port).await?;
    eprintln!("{}", relay.instructions());
    function.timeout = DEBUG_TIMEOUT;
    function.variables.push((variables::DEBUGGER.to_owned(), format!("{}/break", relay.for_functions())));
    spawn_local(relay.serve(true));
    Ok(function)
}

/// Two ports, and who waits at them.
pub struct Relay {
    debuggers: Side,
    functions: Side,
}

struct Side {
    listener: TcpListener,
    address: SocketAddr,
    waiting: VecDeque<TcpStream>,
}

impl Relay {
    async fn listen(for_debuggers: SocketAddr, for_functions: SocketAddr) -> Result<Relay, Trouble> {
        Ok(Relay { debuggers: Side::listen(for_debuggers).await?, functions: Side::listen(for_functions).await? })
    }

    /// For debuggers and functions on this machine alone. Where a port is 0, the kernel chooses.
    ///
    /// # Errors
    /// It cannot listen.
    pub async fn listen_locally(for_debuggers: u16) -> Result<Relay, Trouble> {
        Relay::listen((Ipv4Addr::LOCALHOST, for_debuggers).into(), (Ipv4Addr::LOCALHOST, 0).into()).await
    }

    /// Where functions connect to.
    pub fn for_functions(&self) -> SocketAddr {
        self.functions.address
    }

    /// How to attach a debugger.
    pub fn instructions(&self) -> String {
        let address = self.debuggers.address;
        let (host, port) = (address.ip(), address.port());
        format!(
            "open-runtime: open this in Chrome:\n  \
             devtools://devtools/bundled/inspector.html?ws={address}/function\n\
             open-runtime: or have this in VS Code's launch.json:\n  \
             {{\"type\": \"node\", \"request\": \"attach\", \"name\": \"function\", \"address\": \"{host}\", \"port\": {port}}}\n\
             open-runtime: for Python run this, or attach debugpy to that host and port:\n  \
             nc {host} {port}"
        )
    }

    /// Pairs whoever comes, for ever.
    pub async fn serve(mut self, is_quiet: bool) {
        loop {
            let (side, accepted) = tokio::select! {
                accepted = self.debuggers.listener.accept() => (&mut self.debuggers, accepted),
                accepted = self.functions.listener.accept() => (&mut self.functions, accepted),
            };
            match accepted {
                Ok((stream, _)) => side.waiting.push_back(stream),
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await, // no descriptors are left, say
            }
            self.debuggers.forget_gone().await;
            self.functions.forget_gone().await;
            self.pair(is_quiet);
        }
    }

    fn pair(&mut self, is_quiet: bool) {
        while !self.debuggers.waiting.is_empty()
            && let Some(function) = self.functions.waiting.pop_front()
            && let Some(debugger) = self.debuggers.waiting.pop_front()
        {
            if !is_quiet {
                eprintln!("open-runtime: a function and a debugger have met");
            }
            spawn_local(join(function, debugger));
        }
    }
}

impl Side {
    async fn listen(address: SocketAddr) -> Result<Side, Trouble> {
        let (listener, address) = server::listen(address).await.map_err(|why| Trouble::Port(address, why))?;
        Ok(Side { listener, address, waiting: VecDeque::new() })
    }

    /// Drops those that have hung up while they waited.
    async fn forget_gone(&mut self) {
        let mut waiting = VecDeque::new();
        for stream in self.waiting.drain(..) {
            let looked = timeout(Duration::from_millis(1), stream.peek(&mut [0])).await;
            if matches!(looked, Err(_) | Ok(Ok(1..))) {
                waiting.push_back(stream);
            }
        }
        self.waiting = waiting;
    }
}

/// Ends both connections when one side has ended, and the other one has had the time to say its last words.
async fn join(mut function: TcpStream, mut debugger: TcpStream) {
    let _ = function.set_nodelay(true).and_then(|()| debugger.set_nodelay(true)); // slower, otherwise
    let (mut from_function, mut to_function) = function.split();
    let (mut from_debugger, mut to_debugger) = debugger.split();
    let inwards = copy(&mut from_debugger, &mut to_function);
    let outwards = copy(&mut from_function, &mut to_debugger);
    tokio::pin!(inwards, outwards);
    tokio::select! {
        _ = &mut inwards => { let _ = timeout(LAST_WORDS, outwards).await; }
        _ = &mut outwards => { let _ = timeout(LAST_WORDS, inwards).await; }
    }
}

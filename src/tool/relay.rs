//! `open-runtime debug-relay`: functions and debuggers both connect to it, and it brings them together in the order in which
//! they came. Knows nothing of what they say to each other, but for the first words, by which web pages are turned away.

use crate::function::Function;
use crate::greeting::{Door, LONGEST, TurnedAway};
use crate::http::guard::Guard;
use crate::http::server;
use crate::ids;
use crate::reactor::{local, stop_signal};
use crate::trouble::Trouble;
use crate::variables;
use clap::Args;
use std::cell::{Cell, RefCell};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::spawn_local;
use tokio::time::{sleep, timeout};

pub const HELP: &str = "\
Whoever can reach either port while a function is debugged can run code in that function, or pose as
one: let only the function and yourself reach them. What passes through is not encrypted. Debuggers
of Node.js need the token in the URL that is printed; what a web page may have sent is refused.
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

    /// A name that debuggers may know this machine by; without any they ask by IP address or as localhost
    #[arg(long, value_name = "NAME")]
    allow_host: Vec<String>,

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
        let relay = Relay::listen(for_debuggers, for_functions, arguments.allow_host).await?;
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
pub async fn debugged(mut function: Function, port: u16, allow_host: Vec<String>) -> Result<Function, Trouble> {
    let for_debuggers = (Ipv4Addr::LOCALHOST, port).into();
    let relay = Relay::listen(for_debuggers, (Ipv4Addr::LOCALHOST, 0).into(), allow_host).await?;
    eprintln!("{}", relay.instructions());
    function.timeout = DEBUG_TIMEOUT;
    function.variables.push((variables::DEBUGGER.to_owned(), format!("{}/break", relay.for_functions())));
    spawn_local(relay.serve(true));
    Ok(function)
}

/// Who sends a request has begun to by then.
const FIRST_WORDS: Duration = Duration::from_millis(300);

/// So many may wait on each side. When more come, one that has said nothing goes, the oldest first.
const MOST_WAITING: usize = 100;

/// Two ports, and who waits at them.
pub struct Relay {
    for_debuggers: (TcpListener, SocketAddr),
    for_functions: (TcpListener, SocketAddr),
    token: String,
    lobby: Rc<Lobby>,
}

impl Relay {
    /// Where a port is 0, the kernel chooses.
    async fn listen(debuggers: SocketAddr, functions: SocketAddr, allow_host: Vec<String>) -> Result<Relay, Trouble> {
        let for_debuggers = server::listen(debuggers).await.map_err(|why| Trouble::Port(debuggers, why))?;
        let for_functions = server::listen(functions).await.map_err(|why| Trouble::Port(functions, why))?;
        let token = ids::uuid();
        let guard = Guard { names: allow_host, origins: Some("devtools://"), ..Guard::default() };
        let doors = [Door::Debuggers { guard, token: token.clone() }, Door::Functions];
        let lobby = Rc::new(Lobby { doors, waiting: RefCell::default(), count: Cell::new(0) });
        Ok(Relay { for_debuggers, for_functions, token, lobby })
    }

    /// Where functions connect to.
    pub fn for_functions(&self) -> SocketAddr {
        self.for_functions.1
    }

    /// How to attach a debugger.
    pub fn instructions(&self) -> String {
        let (address, token) = (self.for_debuggers.1, &self.token);
        let (host, port) = (address.ip(), address.port());
        format!(
            "open-runtime: open this in Chrome:\n  \
             devtools://devtools/bundled/inspector.html?ws={address}/{token}\n\
             open-runtime: or have this in VS Code's launch.json:\n  \
             {{\"type\": \"node\", \"request\": \"attach\", \"name\": \"function\", \"address\": \"{host}\", \"port\": {port}}}\n\
             open-runtime: for Python run this, or attach debugpy to that host and port:\n  \
             nc {host} {port}"
        )
    }

    /// Pairs whoever comes, for ever.
    pub async fn serve(self, is_quiet: bool) {
        loop {
            let (side, stream) = tokio::select! {
                stream = server::accept(&self.for_debuggers.0) => (DEBUGGER, stream),
                stream = server::accept(&self.for_functions.0) => (FUNCTION, stream),
            };
            spawn_local(self.lobby.clone().receive(side, stream, is_quiet));
        }
    }
}

const DEBUGGER: usize = 0;
const FUNCTION: usize = 1;

/// Who waits for whom.
struct Lobby {
    doors: [Door; 2],
    waiting: RefCell<[Vec<Waiting>; 2]>,
    count: Cell<u64>,
}

struct Waiting {
    id: u64,
    has_spoken: bool,
    /// It has had the time to send a request, and has not: a terminal, which waits for pdb's prompt.
    is_patient: bool,
    call: oneshot::Sender<Call>,
}

/// To whom one goes, or who comes.
enum Call {
    Go(oneshot::Sender<Guest>),
    Await(oneshot::Receiver<Guest>),
}

/// A connection, and what it has said so far.
struct Guest {
    stream: TcpStream,
    said: Vec<u8>,
    is_admitted: bool,
}

impl Lobby {
    /// From the connection to its end.
    async fn receive(self: Rc<Self>, side: usize, stream: TcpStream, is_quiet: bool) {
        let (id, called) = self.enter(side);
        let mut guest = Guest { stream, said: Vec::new(), is_admitted: false };
        let call = self.wait(side, id, &mut guest, called).await;
        self.waiting.borrow_mut()[side].retain(|waiting| waiting.id != id);
        match call {
            Some(Call::Go(to)) => drop(to.send(guest)), // if the other one has gone, this one is closed
            Some(Call::Await(function)) => {
                let Ok(function) = function.await else { return };
                if !is_quiet {
                    eprintln!("open-runtime: a function and a debugger have met");
                }
                join(&self.doors, function, guest).await;
            }
            None => {}
        }
    }

    fn enter(&self, side: usize) -> (u64, oneshot::Receiver<Call>) {
        let (call, called) = oneshot::channel();
        let id = self.count.get();
        self.count.set(id + 1);
        self.add(side, Waiting { id, has_spoken: false, is_patient: false, call });
        self.pair();
        (id, called)
    }

    fn add(&self, side: usize, newcomer: Waiting) {
        let waiting = &mut self.waiting.borrow_mut()[side];
        if waiting.len() >= MOST_WAITING {
            waiting.remove(waiting.iter().position(|waiting| !waiting.has_spoken).unwrap_or(0));
        }
        waiting.push(newcomer);
    }

    /// None if it may not come in, has gone, or had to make room.
    async fn wait(&self, side: usize, id: u64, guest: &mut Guest, mut called: oneshot::Receiver<Call>) -> Option<Call> {
        let patient = sleep(FIRST_WORDS);
        tokio::pin!(patient);
        loop {
            let listened = tokio::select! {
                biased;
                call = &mut called => return call.ok(),
                listened = self.listen(side, guest) => listened,
                () = &mut patient, if !patient.is_elapsed() => {
                    self.note(side, id, |waiting| waiting.is_patient = true);
                    continue;
                }
            };
            match listened {
                Ok(()) => self.note(side, id, |waiting| waiting.has_spoken = true),
                Err(TurnedAway(answer)) => {
                    let _ = guest.stream.write_all(answer.as_bytes()).await; // it may have gone
                    return None;
                }
            }
        }
    }

    /// Until it may come in; after that, until it says more.
    async fn listen(&self, side: usize, guest: &mut Guest) -> Result<(), TurnedAway> {
        let Guest { stream, said, is_admitted } = guest;
        if !*is_admitted {
            self.doors[side].hear(stream, said).await?;
            *is_admitted = true;
        } else if said.len() >= LONGEST {
            std::future::pending::<()>().await; // the rest waits in the socket
        } else if !matches!(stream.read_buf(said).await, Ok(1..)) {
            return Err(TurnedAway(String::new())); // it has hung up
        }
        Ok(())
    }

    fn note(&self, side: usize, id: u64, note: impl Fn(&mut Waiting)) {
        self.waiting.borrow_mut()[side].iter_mut().filter(|waiting| waiting.id == id).for_each(note);
        self.pair();
    }

    /// Whoever has said nothing yet gets only a partner that has: pdb speaks first, for all others the debugger does.
    fn pair(&self) {
        let [debuggers, functions] = &mut *self.waiting.borrow_mut();
        let fits = |debugger: &Waiting| {
            functions.iter().position(|other| debugger.has_spoken || other.has_spoken && debugger.is_patient)
        };
        let met = debuggers.iter().enumerate().find_map(|(debugger, waiting)| Some((debugger, fits(waiting)?)));
        let Some((debugger, function)) = met else { return };
        let (debugger, function) = (debuggers.remove(debugger), functions.remove(function));
        let (go, come) = oneshot::channel();
        let _ = function.call.send(Call::Go(go)); // whoever has gone meanwhile closes the other one
        let _ = debugger.call.send(Call::Await(come));
    }
}

/// Ends both connections when one side has ended, and the other one has had the time to say its last words.
async fn join(doors: &[Door; 2], mut function: Guest, mut debugger: Guest) {
    let _ = function.stream.set_nodelay(true).and_then(|()| debugger.stream.set_nodelay(true)); // slower, otherwise
    let (mut from_function, mut to_function) = function.stream.split();
    let (mut from_debugger, mut to_debugger) = debugger.stream.split();
    let inwards = async {
        if !debugger.is_admitted {
            doors[DEBUGGER].hear(&mut from_debugger, &mut debugger.said).await.ok()?;
        }
        to_function.write_all(&debugger.said).await.ok()?;
        copy(&mut from_debugger, &mut to_function).await.ok()
    };
    let outwards = async {
        if !function.is_admitted {
            doors[FUNCTION].hear(&mut from_function, &mut function.said).await.ok()?;
        }
        to_debugger.write_all(&function.said).await.ok()?;
        copy(&mut from_function, &mut to_debugger).await.ok()
    };
    tokio::pin!(inwards, outwards);
    tokio::select! {
        _ = &mut inwards => { let _ = timeout(LAST_WORDS, outwards).await; }
        _ = &mut outwards => { let _ = timeout(LAST_WORDS, inwards).await; }
    }
}

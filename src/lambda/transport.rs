//! How ureq reaches the Runtime API: one TCP connection, head and body of a request in one write, and a wait for the answer
//! that notices SIGTERM and looks after the children.
//!
//! ureq's own transport cannot be interrupted while it waits. Its transport traits are outside of its semver promise, so Cargo.toml
//! pins its version.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};
use ureq::{Error, Timeout};

use super::buffers::PieceBuffers;
use crate::child::children::SharedChildren;
use crate::error::Fatal;
use crate::os::deadline::Deadline;
use crate::os::signals::Signals;
use crate::os::sys;
use crate::os::wait::{self, Source, WaitEnd};

/// How long connecting may take. The Runtime API is on the same machine, or on one nearby.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// A connection is not asked whether it is still open this soon after an answer: two system calls per invocation.
const JUST_USED: Duration = Duration::from_millis(1);

/// The error kind of a wait that was abandoned: SIGTERM came, or a child cannot be kept alive. Not `Interrupted`,
/// which std retries for ever.
const ABANDONED: ErrorKind = ErrorKind::Other;

/// What a wait of ureq looks after, and how long it may take. ureq has timeouts of its own, which have to be asked for with a copy
/// of its settings for each request: they are not used.
pub struct Watch {
    signals: Signals,
    runtime: Mutex<Option<SharedChildren>>,
    deadline: Mutex<Deadline>,
    fatal: Mutex<Option<Fatal>>,
}

impl Watch {
    /// Watches the signals alone.
    pub fn new(signals: Signals) -> Arc<Watch> {
        let deadline = Mutex::new(Deadline::NEVER);
        Arc::new(Watch { signals, runtime: Mutex::default(), deadline, fatal: Mutex::default() })
    }

    /// Runs `call`. Its waits look after the children, and SIGTERM ends them with an error.
    ///
    /// # Errors
    /// [`Fatal::CrashLoop`] if a child cannot be kept alive.
    pub fn during<T>(&self, runtime: &SharedChildren, call: impl FnOnce() -> T) -> Result<T, Fatal> {
        *lock(&self.runtime) = Some(runtime.clone());
        let result = call();
        *lock(&self.runtime) = None;
        lock(&self.fatal).take().map_or(Ok(result), Err)
    }

    /// Runs `call`, whose waits end at the deadline with [`Error::Timeout`].
    pub fn until<T>(&self, deadline: Deadline, call: impl FnOnce() -> T) -> T {
        *lock(&self.deadline) = deadline;
        let result = call();
        *lock(&self.deadline) = Deadline::NEVER;
        result
    }

    /// The signals.
    pub fn signals(&self) -> Signals {
        self.signals
    }

    /// Whether SIGTERM has been noticed.
    pub fn is_terminating(&self) -> bool {
        self.signals.is_terminating()
    }

    /// Waits until the socket is readable.
    fn wait_for(&self, socket: &TcpStream) -> io::Result<()> {
        let deadline = *lock(&self.deadline);
        if deadline.has_passed() {
            return Err(ErrorKind::TimedOut.into()); // also when bytes come all the time
        }
        let runtime = lock(&self.runtime).clone();
        let end = match runtime {
            Some(runtime) => runtime.get().wait_for(Some(socket.as_fd()), deadline).map_err(|fatal| {
                *lock(&self.fatal) = Some(fatal);
                io::Error::from(ABANDONED)
            })?,
            None => self.wait_alone(Source::readable(socket.as_fd()), deadline)?,
        };
        match end {
            WaitEnd::Ready => Ok(()),
            WaitEnd::Terminated => Err(ABANDONED.into()),
            WaitEnd::TimedOut => Err(ErrorKind::TimedOut.into()),
        }
    }

    /// Waits for the socket alone. SIGTERM shortens this wait but does not end it, because the answer is needed.
    fn wait_alone(&self, socket: Source, deadline: Deadline) -> io::Result<WaitEnd> {
        let mut sources = [socket, Source::readable(self.signals.termination())];
        loop {
            let in_time = wait::for_any(&mut sources, deadline.or(self.signals.shutdown_deadline()))?;
            let [socket, termination] = &mut sources;
            if socket.is_ready() || !in_time {
                return Ok(if in_time { WaitEnd::Ready } else { WaitEnd::TimedOut });
            }
            self.signals.notice_termination();
            *termination = Source::readable(None); // its pipe stays readable, and would end every further wait at once
        }
    }
}

/// ureq requires `Debug` and does not use it. A derived one would bring the texts of all the fields into the binary.
impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

/// The lock of a mutex that only one thread ever takes.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens connections to the Runtime API.
#[derive(Debug)]
pub struct Dialer {
    /// Where it is.
    pub address: Address,
    /// What each connection looks after.
    pub watch: Arc<Watch>,
}

impl Connector for Dialer {
    type Out = Connection;

    fn connect(&self, _: &ConnectionDetails, _: Option<()>) -> Result<Option<Connection>, Error> {
        Ok(Some(Connection::open(self.address, Arc::clone(&self.watch))?))
    }
}

/// Resolves nothing: [`Dialer`] knows the address.
#[derive(Debug)]
pub struct NoNames;

impl Resolver for NoNames {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        Ok(self.empty())
    }
}

/// Where the Runtime API is: an IP address and a port, or `localhost` and a port. Other names are not resolved: a resolver is
/// 24 KB, and the API is on the same machine.
#[derive(Clone, Copy, Debug)]
pub struct Address(SocketAddr);

impl Address {
    /// # Errors
    /// [`ErrorKind::InvalidInput`] for a name.
    pub fn parse(authority: &str) -> io::Result<Address> {
        let numeric = authority.replacen("localhost:", "127.0.0.1:", 1);
        numeric.parse().map(Address).map_err(|_| {
            io::Error::new(
                ErrorKind::InvalidInput,
                format!("{authority} is neither localhost nor an IP address, with a port"),
            )
        })
    }
}

/// A connection that does not block. That it failed may be known only when it is written to. Blocks for at most 2 s.
///
/// # Errors
/// Those of connect(2).
pub fn connect(address: Address) -> io::Result<TcpStream> {
    let socket = sys::start_to_connect(&address.0)?;
    let in_time = wait::for_any(&mut [Source::writable(socket.as_fd())], Deadline::after(CONNECT_TIMEOUT))?;
    if in_time { Ok(socket) } else { Err(ErrorKind::TimedOut.into()) }
}

/// One TCP connection.
#[derive(Debug)]
pub struct Connection {
    socket: TcpStream,
    buffers: PieceBuffers,
    watch: Arc<Watch>,
    used_at: Instant,
}

impl Connection {
    fn open(address: Address, watch: Arc<Watch>) -> io::Result<Connection> {
        let socket = connect(address)?;
        socket.set_nodelay(true)?; // or the last piece of a large response waits for the acknowledgement of the one before
        Ok(Connection { socket, buffers: PieceBuffers::default(), watch, used_at: Instant::now() })
    }

    /// Writes what is pending.
    fn flush(&mut self) -> io::Result<()> {
        let deadline = *lock(&self.watch.deadline);
        let mut written = 0;
        while let Some(rest @ [_, ..]) = self.buffers.pending().get(written..) {
            match self.socket.write(rest) {
                Ok(bytes) => written += bytes,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let socket = Source::writable(self.socket.as_fd());
                    if self.watch.wait_alone(socket, deadline)? == WaitEnd::TimedOut {
                        return Err(ErrorKind::TimedOut.into());
                    }
                }
                // It does not read any more, but may have answered: it refuses a response that is too large before its end.
                Err(error) if matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => break,
                Err(error) => return Err(error),
            }
        }
        self.buffers.flushed();
        Ok(())
    }

    fn read(&mut self) -> io::Result<usize> {
        loop {
            self.watch.wait_for(&self.socket)?;
            match self.socket.read(self.buffers.input_append_buf()) {
                Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => {}
                other => return other,
            }
        }
    }
}

impl Transport for Connection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    /// Keeps the head until the body comes, for one write instead of two.
    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), Error> {
        if self.buffers.append_output(amount) {
            return Ok(());
        }
        self.flush().map_err(error)
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, Error> {
        self.flush().map_err(error)?;
        let bytes = self.read().map_err(error)?;
        self.buffers.input_appended(bytes);
        self.used_at = Instant::now();
        Ok(bytes > 0)
    }

    /// ureq asks after each answer, when nothing can be wrong yet, and before each request, when the Runtime API may have closed
    /// the connection. A response that is written to a closed connection is lost without an error. No server closes one that was
    /// used a moment ago.
    fn is_open(&mut self) -> bool {
        if self.used_at.elapsed() < JUST_USED {
            return true;
        }
        let now = Deadline::after(Duration::ZERO);
        matches!(wait::for_any(&mut [Source::readable(self.socket.as_fd())], now), Ok(false))
    }
}

fn error(error: io::Error) -> Error {
    if error.kind() == ErrorKind::TimedOut { Error::Timeout(Timeout::Global) } else { Error::Io(error) }
}

//! How ureq reaches the Runtime API: one TCP connection, head and body of a request in one write, and a wait for the answer
//! that notices SIGTERM and looks after the language runtime.
//!
//! ureq's own transport cannot be interrupted while it waits. Its transport traits are outside of its semver promise, so Cargo.toml
//! pins its version.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ArrayVec, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::time::Duration as UreqDuration;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};
use ureq::{Error, Timeout};

use super::buffers::PieceBuffers;
use crate::child::language_runtime::SharedRuntime;
use crate::error::Fatal;
use crate::os::deadline::Deadline;
use crate::os::signals::Signals;
use crate::os::sys;
use crate::os::wait::{self, Source, WaitEnd};

/// How long connecting may take. The Runtime API is on the same machine, or on one nearby.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// The error kind of a wait that was abandoned: SIGTERM came, or the language runtime cannot be kept alive. Not `Interrupted`,
/// which std retries for ever.
const ABANDONED: ErrorKind = ErrorKind::Other;

/// What a wait of ureq looks after.
pub struct Watch {
    signals: Signals,
    runtime: Mutex<Option<SharedRuntime>>,
    fatal: Mutex<Option<Fatal>>,
}

impl Watch {
    /// Watches the signals alone.
    pub fn new(signals: Signals) -> Arc<Watch> {
        Arc::new(Watch { signals, runtime: Mutex::default(), fatal: Mutex::default() })
    }

    /// Runs `call`. Its waits look after the language runtime, and SIGTERM ends them with an error.
    ///
    /// # Errors
    /// [`Fatal::CrashLoop`] if the language runtime cannot be kept alive.
    pub fn during<T>(&self, runtime: &SharedRuntime, call: impl FnOnce() -> T) -> Result<T, Fatal> {
        *lock(&self.runtime) = Some(runtime.clone());
        let result = call();
        *lock(&self.runtime) = None;
        lock(&self.fatal).take().map_or(Ok(result), Err)
    }

    /// Whether SIGTERM has been noticed.
    pub fn is_terminating(&self) -> bool {
        self.signals.is_terminating()
    }

    /// Waits until the socket is readable, within the deadline.
    fn wait_for(&self, socket: &TcpStream, deadline: Deadline) -> io::Result<()> {
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
pub struct Dialer(pub Arc<Watch>);

impl Connector for Dialer {
    type Out = Connection;

    fn connect(&self, details: &ConnectionDetails, _: Option<()>) -> Result<Option<Connection>, Error> {
        Ok(Some(Connection::open(&details.addrs, Arc::clone(&self.0))?))
    }
}

/// Takes addresses, and `localhost`. Other names are not resolved: a resolver is 24 KB, and the API is on the same machine.
#[derive(Debug)]
pub struct Addresses;

impl Resolver for Addresses {
    fn resolve(&self, uri: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let authority = uri.authority().map(|authority| authority.as_str()).unwrap_or_default();
        let address = address(authority).map_err(Error::Io)?;
        let mut addresses = ArrayVec::from_fn(|_| address);
        addresses.push(address);
        Ok(addresses)
    }
}

/// A connection to the Runtime API beside ureq's. Blocks for at most 2 s.
///
/// # Errors
/// Those of connect(2), and [`ErrorKind::InvalidInput`] for a name.
pub fn dial(authority: &str) -> io::Result<TcpStream> {
    connect(&address(authority)?)
}

/// A connection that does not block. That it failed may be known only when it is written to.
fn connect(address: &SocketAddr) -> io::Result<TcpStream> {
    let socket = sys::start_to_connect(address)?;
    let in_time = wait::for_any(&mut [Source::writable(socket.as_fd())], Deadline::after(CONNECT_TIMEOUT))?;
    if in_time { Ok(socket) } else { Err(ErrorKind::TimedOut.into()) }
}

fn address(authority: &str) -> io::Result<SocketAddr> {
    let numeric = authority.replacen("localhost:", "127.0.0.1:", 1);
    numeric.parse().map_err(|_| {
        io::Error::new(
            ErrorKind::InvalidInput,
            format!("{authority} is neither localhost nor an IP address, with a port"),
        )
    })
}

/// One TCP connection.
#[derive(Debug)]
pub struct Connection {
    socket: TcpStream,
    buffers: PieceBuffers,
    watch: Arc<Watch>,
    was_just_used: bool,
}

impl Connection {
    fn open(addresses: &[SocketAddr], watch: Arc<Watch>) -> io::Result<Connection> {
        let address = addresses.first().ok_or(ErrorKind::NotFound)?;
        let socket = connect(address)?;
        socket.set_nodelay(true)?; // or the last piece of a large response waits for the acknowledgement of the one before
        Ok(Connection { socket, buffers: PieceBuffers::default(), watch, was_just_used: false })
    }

    /// Writes what is pending.
    fn flush(&mut self, deadline: Deadline) -> io::Result<()> {
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

    fn read(&mut self, deadline: Deadline) -> io::Result<usize> {
        loop {
            self.watch.wait_for(&self.socket, deadline)?;
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
    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.was_just_used = true;
        if self.buffers.append_output(amount) {
            return Ok(());
        }
        self.flush(deadline(timeout)).map_err(error)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.was_just_used = true;
        let deadline = deadline(timeout);
        self.flush(deadline).map_err(error)?;
        let bytes = self.read(deadline).map_err(error)?;
        self.buffers.input_appended(bytes);
        Ok(bytes > 0)
    }

    /// ureq asks after each answer, when nothing can be wrong yet, and before each request, when the Runtime API may have closed
    /// the connection. A response that is written to a closed connection is lost without an error.
    fn is_open(&mut self) -> bool {
        if std::mem::take(&mut self.was_just_used) {
            return true;
        }
        let now = Deadline::after(Duration::ZERO);
        matches!(wait::for_any(&mut [Source::readable(self.socket.as_fd())], now), Ok(false))
    }
}

fn deadline(timeout: NextTimeout) -> Deadline {
    match timeout.after {
        UreqDuration::Exact(after) => Deadline::after(after),
        UreqDuration::NotHappening => Deadline::NEVER,
    }
}

fn error(error: io::Error) -> Error {
    if error.kind() == ErrorKind::TimedOut { Error::Timeout(Timeout::Global) } else { Error::Io(error) }
}

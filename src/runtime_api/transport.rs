//! How ureq reaches the Runtime API: one TCP connection, head and body of a request in one write, and a wait for the answer
//! that does not miss SIGTERM, nor what becomes of the language runtime meanwhile.
//!
//! ureq's own transport cannot be woken while it waits. These traits are outside of ureq's semver promise, which is why
//! Cargo.toml pins it.

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

use crate::deadline::Deadline;
use crate::error::Fatal;
use crate::language_runtime::{LanguageRuntime, Woke};
use crate::signals::Signals;
use crate::wait::{self, Source};

/// Room for one read or write, in bytes, at first; it is doubled where there is much to move.
const PIECE: usize = 16 << 10;

/// Room for the first write: ureq gives up on a head that does not fit, and X-Ray's cause alone may have 64 KiB. Pages that
/// nobody writes to cost nothing.
const FIRST_OUTPUT: usize = 128 << 10;

/// As far as it is doubled.
const LARGEST_PIECE: usize = 512 << 10;

/// How long a connection may take: the Runtime API is on the same machine, or on one nearby.
const CONNECT: Duration = Duration::from_secs(2);

/// How a wait ends that SIGTERM, or the end of the language runtime, makes pointless. (`Interrupted`, which would be the word
/// for it, makes std try again, and for ever.)
const GIVEN_UP: ErrorKind = ErrorKind::Other;

/// The language runtime, to be looked after while ureq waits. There is one thread: the mutex is for ureq's bounds alone.
pub type SharedRuntime = Arc<Mutex<LanguageRuntime>>;

/// What is looked after while ureq waits.
pub struct Watch {
    signals: Signals,
    runtime: Mutex<Option<SharedRuntime>>,
    fatal: Mutex<Option<Fatal>>,
}

impl Watch {
    /// Nothing but the signals, so far.
    pub fn new(signals: Signals) -> Arc<Watch> {
        Arc::new(Watch { signals, runtime: Mutex::default(), fatal: Mutex::default() })
    }

    /// Runs `call`. Meanwhile the language runtime is looked after, and SIGTERM ends the wait with an error.
    ///
    /// # Errors
    /// What has become of the language runtime, if it cannot be kept alive.
    pub fn during<T>(&self, runtime: &SharedRuntime, call: impl FnOnce() -> T) -> Result<T, Fatal> {
        *lock(&self.runtime) = Some(Arc::clone(runtime));
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
        let woke = match runtime {
            Some(runtime) => lock(&runtime).wait_for(Some(socket.as_fd()), deadline).map_err(|fatal| {
                *lock(&self.fatal) = Some(fatal);
                io::Error::from(GIVEN_UP)
            })?,
            None => self.wait_alone(Source::readable(socket.as_fd()), deadline)?,
        };
        match woke {
            Woke::Ready => Ok(()),
            Woke::Terminated => Err(GIVEN_UP.into()),
            Woke::TimedOut => Err(ErrorKind::TimedOut.into()),
        }
    }

    /// Waits for the socket alone. SIGTERM does not end it, for an answer is worth waiting for, but shortens it.
    fn wait_alone(&self, socket: Source, deadline: Deadline) -> io::Result<Woke> {
        let mut sources = [socket, Source::readable(self.signals.termination())];
        loop {
            let in_time = wait::for_any(&mut sources, deadline.or(self.signals.shutdown_deadline()))?;
            let [socket, termination] = &mut sources;
            if socket.is_ready() || !in_time {
                return Ok(if in_time { Woke::Ready } else { Woke::TimedOut });
            }
            self.signals.notice_termination();
            *termination = Source::readable(None);
        }
    }
}

/// ureq asks for `Debug` and never uses it; deriving it would bring in the texts of all that is watched.
impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

/// The lock of a mutex that only one thread ever takes.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
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

/// Addresses need no look-up, and `localhost` is known. Other names are not looked up: that is 24 KB of resolver, for an API
/// which is on the same machine.
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

/// A connection to the Runtime API that ureq knows nothing of. Blocks for at most 2 s.
///
/// # Errors
/// Those of connect(2), and [`ErrorKind::InvalidInput`] for a name.
pub fn dial(authority: &str) -> io::Result<TcpStream> {
    TcpStream::connect_timeout(&address(authority)?, CONNECT)
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
        let socket = TcpStream::connect_timeout(address, CONNECT)?;
        socket.set_nonblocking(true)?;
        socket.set_nodelay(true)?; // the last piece of a large response does not wait for a reply to the one before
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
                    if self.watch.wait_alone(socket, deadline)? == Woke::TimedOut {
                        return Err(ErrorKind::TimedOut.into());
                    }
                }
                // It reads no more, but may have answered before: a response that is too large is refused before its end.
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

    /// The head waits for the body: one write instead of two.
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

    /// Asked after each answer, when nothing can be wrong yet, and before each request, when the Runtime API may have closed
    /// the connection: an answer that is written to a closed one is lost, and nobody knows.
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

/// Buffers that grow with what goes through them, and let several pieces of output go out together.
#[derive(Debug, Default)]
struct PieceBuffers {
    input: Vec<u8>,
    consumed: usize,
    filled: usize,
    made_progress: bool,
    output: Vec<u8>,
    pending: usize,
}

impl PieceBuffers {
    fn pending(&self) -> &[u8] {
        self.output.get(..self.pending).unwrap_or_default()
    }

    /// Takes `amount` more bytes of [`output`](Buffers::output) as pending. False if they must be flushed now.
    fn append_output(&mut self, amount: usize) -> bool {
        self.pending += amount;
        self.output.len() - self.pending >= PIECE / 2
    }

    /// Cleared pages come from the kernel for nothing; `resize` would clear them byte by byte.
    fn enlarge_input(&mut self) {
        let mut larger = vec![0; (self.input.len() * 2).max(PIECE)];
        if let Some(start) = larger.get_mut(..self.filled) {
            start.copy_from_slice(self.input.get(..self.filled).unwrap_or_default());
        }
        self.input = larger;
    }

    fn flushed(&mut self) {
        let is_much = self.pending > self.output.len() / 2 && self.output.len() < LARGEST_PIECE;
        if is_much {
            self.output = vec![0; self.output.len() * 2];
        }
        self.pending = 0;
    }
}

impl Buffers for PieceBuffers {
    fn output(&mut self) -> &mut [u8] {
        if self.output.is_empty() {
            self.output = vec![0; FIRST_OUTPUT];
        }
        self.output.get_mut(self.pending..).unwrap_or_default()
    }

    fn input(&self) -> &[u8] {
        self.input.get(self.consumed..self.filled).unwrap_or_default()
    }

    /// Room is always made: a head of any size can be read whole.
    fn input_append_buf(&mut self) -> &mut [u8] {
        if self.consumed > 0 {
            self.input.copy_within(self.consumed..self.filled, 0);
            self.filled -= self.consumed;
            self.consumed = 0;
        }
        if self.input.len() - self.filled < PIECE / 2 {
            self.enlarge_input();
        }
        self.input.get_mut(self.filled..).unwrap_or_default()
    }

    fn input_appended(&mut self, amount: usize) {
        self.filled += amount;
        if self.filled == self.input.len() && self.input.len() < LARGEST_PIECE {
            self.enlarge_input();
        }
    }

    fn input_consume(&mut self, amount: usize) {
        self.made_progress = amount > 0;
        self.consumed = (self.consumed + amount).min(self.filled);
    }

    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        self.output(); // makes room
        (&mut [], self.output.get_mut(self.pending..).unwrap_or_default())
    }

    fn can_use_input(&self) -> bool {
        self.made_progress && self.consumed < self.filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_input(bytes: usize) -> PieceBuffers {
        let mut buffers = PieceBuffers::default();
        buffers.input_append_buf();
        buffers.input_appended(bytes);
        buffers
    }

    #[test]
    fn input_can_be_used_when_the_last_look_took_some_and_left_some() {
        let mut buffers = with_input(3);
        buffers.input_consume(0);
        assert!(!buffers.can_use_input());
        buffers.input_consume(1);
        assert!(buffers.can_use_input());
        buffers.input_consume(2);
        assert!(!buffers.can_use_input());
    }

    #[test]
    fn room_for_input_is_doubled_when_it_was_filled_and_never_runs_out() {
        let room = |bytes| with_input(bytes).input_append_buf().len();
        assert_eq!(room(PIECE / 2), PIECE / 2);
        assert_eq!(room(PIECE / 2 + 1), 2 * PIECE - (PIECE / 2 + 1));
        assert_eq!(with_input(PIECE - 1).input.len(), PIECE);
        assert_eq!(with_input(PIECE).input.len(), 2 * PIECE);
    }

    #[test]
    fn output_is_held_back_while_there_is_room_and_grows_where_much_goes_out() {
        let mut buffers = PieceBuffers::default();
        assert_eq!(buffers.output().len(), FIRST_OUTPUT);
        assert!(buffers.append_output(FIRST_OUTPUT - PIECE / 2));
        assert!(!buffers.append_output(1));
        buffers.flushed();
        assert_eq!(buffers.output().len(), 2 * FIRST_OUTPUT);
        buffers.append_output(FIRST_OUTPUT);
        buffers.flushed();
        assert_eq!(buffers.output().len(), 2 * FIRST_OUTPUT);
    }
}

//! Pairs functions with debuggers in the order in which they connect, and relays what they send.

use super::admission::{Admission, MAX_START, Refused};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

/// How long the second direction may go on when the first has ended. socat has the same.
const DRAIN_LIMIT: Duration = Duration::from_millis(500);

/// A debugger that sends first has begun by then.
const FIRST_BYTES_LIMIT: Duration = Duration::from_millis(300);

/// The most connections that wait on each side. When one more comes, the oldest that has sent nothing is closed.
const MAX_WAITING: usize = 100;

/// The sides, as indexes.
pub const DEBUGGER: usize = 0;
pub const FUNCTION: usize = 1;

/// The connections that wait for a partner.
pub struct Pairing {
    /// Of both sides, as `waiting`.
    admissions: [Admission; 2],
    waiting: RefCell<[Vec<Waiting>; 2]>,
    count: Cell<u64>,
}

struct Waiting {
    id: u64,
    has_sent: bool,
    /// It has had the time to send something, and has not: it is a terminal that waits for pdb's prompt.
    waits_for_prompt: bool,
    matched: oneshot::Sender<Match>,
}

/// Which side takes the other's connection: a function's is sent to the debugger's task, which relays.
enum Match {
    SendTo(oneshot::Sender<Peer>),
    ReceiveFrom(oneshot::Receiver<Peer>),
}

/// A connection, and what it has sent so far.
struct Peer {
    stream: TcpStream,
    received: Vec<u8>,
    is_admitted: bool,
}

impl Pairing {
    pub fn new(admissions: [Admission; 2]) -> Pairing {
        Pairing { admissions, waiting: RefCell::default(), count: Cell::new(0) }
    }

    /// Takes care of a connection from its start to its end.
    pub async fn receive(self: Rc<Self>, side: usize, stream: TcpStream, is_quiet: bool) {
        let (id, matched) = self.enter(side);
        let mut peer = Peer { stream, received: Vec::new(), is_admitted: false };
        let matched = self.wait(side, id, &mut peer, matched).await;
        self.waiting.borrow_mut()[side].retain(|waiting| waiting.id != id);
        match matched {
            Some(Match::SendTo(to)) => drop(to.send(peer)), // if the debugger has gone, this one is closed
            Some(Match::ReceiveFrom(function)) => {
                let Ok(function) = function.await else { return };
                if !is_quiet {
                    eprintln!("open-runtime: a function and a debugger are connected");
                }
                forward(&self.admissions, function, peer).await;
            }
            None => {}
        }
    }

    fn enter(&self, side: usize) -> (u64, oneshot::Receiver<Match>) {
        let (sender, matched) = oneshot::channel();
        let id = self.count.get();
        self.count.set(id + 1);
        self.add(side, Waiting { id, has_sent: false, waits_for_prompt: false, matched: sender });
        self.pair();
        (id, matched)
    }

    fn add(&self, side: usize, new: Waiting) {
        let waiting = &mut self.waiting.borrow_mut()[side];
        if waiting.len() >= MAX_WAITING {
            waiting.remove(waiting.iter().position(|waiting| !waiting.has_sent).unwrap_or(0));
        }
        waiting.push(new);
    }

    /// Waits for a partner. None if the connection is refused, is closed by its peer, or has to make room for another.
    async fn wait(
        &self,
        side: usize,
        id: u64,
        peer: &mut Peer,
        mut matched: oneshot::Receiver<Match>,
    ) -> Option<Match> {
        let first_bytes = sleep(FIRST_BYTES_LIMIT);
        tokio::pin!(first_bytes);
        loop {
            let read = tokio::select! {
                biased;
                matched = &mut matched => return matched.ok(),
                read = self.read(side, peer) => read,
                () = &mut first_bytes, if !first_bytes.is_elapsed() => {
                    self.update(side, id, |waiting| waiting.waits_for_prompt = true);
                    continue;
                }
            };
            match read {
                Ok(()) => self.update(side, id, |waiting| waiting.has_sent = true),
                Err(Refused(answer)) => {
                    let _ = peer.stream.write_all(answer.as_bytes()).await; // it may have gone
                    return None;
                }
            }
        }
    }

    /// Reads until the connection is admitted. After that, until more has come.
    async fn read(&self, side: usize, peer: &mut Peer) -> Result<(), Refused> {
        let Peer { stream, received, is_admitted } = peer;
        if !*is_admitted {
            self.admissions[side].read_start(stream, received).await?;
            *is_admitted = true;
        } else if received.len() >= MAX_START {
            std::future::pending::<()>().await; // the rest waits in the socket
        } else if !matches!(stream.read_buf(received).await, Ok(1..)) {
            return Err(Refused(String::new())); // the peer has closed it
        }
        Ok(())
    }

    fn update(&self, side: usize, id: u64, update: impl Fn(&mut Waiting)) {
        self.waiting.borrow_mut()[side].iter_mut().filter(|waiting| waiting.id == id).for_each(update);
        self.pair();
    }

    /// Pairs the first two that fit. At least one of them must have sent something: with pdb the function sends first,
    /// with all others the debugger. Without this rule a connection that will never send anything could take a partner
    /// from another.
    fn pair(&self) {
        let [debuggers, functions] = &mut *self.waiting.borrow_mut();
        let fits = |debugger: &Waiting| {
            functions.iter().position(|other| debugger.has_sent || other.has_sent && debugger.waits_for_prompt)
        };
        let pair = debuggers.iter().enumerate().find_map(|(debugger, waiting)| Some((debugger, fits(waiting)?)));
        let Some((debugger, function)) = pair else { return };
        let (debugger, function) = (debuggers.remove(debugger), functions.remove(function));
        let (sender, receiver) = oneshot::channel();
        let _ = function.matched.send(Match::SendTo(sender)); // if either has gone, the other is closed
        let _ = debugger.matched.send(Match::ReceiveFrom(receiver));
    }
}

/// Relays both directions. When one has ended, the other has `DRAIN_LIMIT` to end, then both connections are closed.
async fn forward(admissions: &[Admission; 2], mut function: Peer, mut debugger: Peer) {
    // without this they are slower
    let _ = function.stream.set_nodelay(true).and_then(|()| debugger.stream.set_nodelay(true));
    let (mut from_function, mut to_function) = function.stream.split();
    let (mut from_debugger, mut to_debugger) = debugger.stream.split();
    let inwards = async {
        if !debugger.is_admitted {
            admissions[DEBUGGER].read_start(&mut from_debugger, &mut debugger.received).await.ok()?;
        }
        to_function.write_all(&debugger.received).await.ok()?;
        copy(&mut from_debugger, &mut to_function).await.ok()
    };
    let outwards = async {
        if !function.is_admitted {
            admissions[FUNCTION].read_start(&mut from_function, &mut function.received).await.ok()?;
        }
        to_debugger.write_all(&function.received).await.ok()?;
        copy(&mut from_function, &mut to_debugger).await.ok()
    };
    tokio::pin!(inwards, outwards);
    tokio::select! {
        _ = &mut inwards => { let _ = timeout(DRAIN_LIMIT, outwards).await; }
        _ = &mut outwards => { let _ = timeout(DRAIN_LIMIT, inwards).await; }
    }
}

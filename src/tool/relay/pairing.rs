//! Joins functions and their debuggers in the order in which they connect.

use super::admission::{Admission, MAX_START, Refused};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

/// As socat has it.
const DRAIN_LIMIT: Duration = Duration::from_millis(500);

/// Who sends a request has begun to by then.
const FIRST_BYTES_LIMIT: Duration = Duration::from_millis(300);

/// So many may wait on each side. When more come, one that has sent nothing goes, the oldest first.
const MAX_WAITING: usize = 100;

pub const DEBUGGER: usize = 0;
pub const FUNCTION: usize = 1;

/// Who waits for whom.
pub struct Pairing {
    admissions: [Admission; 2],
    waiting: RefCell<[Vec<Waiting>; 2]>,
    count: Cell<u64>,
}

struct Waiting {
    id: u64,
    has_sent: bool,
    /// It has had the time to send a request, and has not: a terminal, which waits for pdb's prompt.
    waits_for_prompt: bool,
    call: oneshot::Sender<Match>,
}

/// To whom one goes, or who comes.
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

    /// From the connection to its end.
    pub async fn receive(self: Rc<Self>, side: usize, stream: TcpStream, is_quiet: bool) {
        let (id, called) = self.enter(side);
        let mut peer = Peer { stream, received: Vec::new(), is_admitted: false };
        let call = self.wait(side, id, &mut peer, called).await;
        self.waiting.borrow_mut()[side].retain(|waiting| waiting.id != id);
        match call {
            Some(Match::SendTo(to)) => drop(to.send(peer)), // if the other one has gone, this one is closed
            Some(Match::ReceiveFrom(function)) => {
                let Ok(function) = function.await else { return };
                if !is_quiet {
                    eprintln!("open-runtime: a function and a debugger have met");
                }
                forward(&self.admissions, function, peer).await;
            }
            None => {}
        }
    }

    fn enter(&self, side: usize) -> (u64, oneshot::Receiver<Match>) {
        let (call, called) = oneshot::channel();
        let id = self.count.get();
        self.count.set(id + 1);
        self.add(side, Waiting { id, has_sent: false, waits_for_prompt: false, call });
        self.pair();
        (id, called)
    }

    fn add(&self, side: usize, newcomer: Waiting) {
        let waiting = &mut self.waiting.borrow_mut()[side];
        if waiting.len() >= MAX_WAITING {
            waiting.remove(waiting.iter().position(|waiting| !waiting.has_sent).unwrap_or(0));
        }
        waiting.push(newcomer);
    }

    /// None if it may not come in, has gone, or had to make room.
    async fn wait(&self, side: usize, id: u64, peer: &mut Peer, mut called: oneshot::Receiver<Match>) -> Option<Match> {
        let patient = sleep(FIRST_BYTES_LIMIT);
        tokio::pin!(patient);
        loop {
            let listened = tokio::select! {
                biased;
                call = &mut called => return call.ok(),
                listened = self.listen(side, peer) => listened,
                () = &mut patient, if !patient.is_elapsed() => {
                    self.note(side, id, |waiting| waiting.waits_for_prompt = true);
                    continue;
                }
            };
            match listened {
                Ok(()) => self.note(side, id, |waiting| waiting.has_sent = true),
                Err(Refused(answer)) => {
                    let _ = peer.stream.write_all(answer.as_bytes()).await; // it may have gone
                    return None;
                }
            }
        }
    }

    /// Until it may come in; after that, until it says more.
    async fn listen(&self, side: usize, peer: &mut Peer) -> Result<(), Refused> {
        let Peer { stream, received, is_admitted } = peer;
        if !*is_admitted {
            self.admissions[side].read_start(stream, received).await?;
            *is_admitted = true;
        } else if received.len() >= MAX_START {
            std::future::pending::<()>().await; // the rest waits in the socket
        } else if !matches!(stream.read_buf(received).await, Ok(1..)) {
            return Err(Refused(String::new())); // it has hung up
        }
        Ok(())
    }

    fn note(&self, side: usize, id: u64, note: impl Fn(&mut Waiting)) {
        self.waiting.borrow_mut()[side].iter_mut().filter(|waiting| waiting.id == id).for_each(note);
        self.pair();
    }

    /// Whoever has sent nothing yet gets only a partner that has: pdb speaks first, for all others the debugger does.
    fn pair(&self) {
        let [debuggers, functions] = &mut *self.waiting.borrow_mut();
        let fits = |debugger: &Waiting| {
            functions.iter().position(|other| debugger.has_sent || other.has_sent && debugger.waits_for_prompt)
        };
        let met = debuggers.iter().enumerate().find_map(|(debugger, waiting)| Some((debugger, fits(waiting)?)));
        let Some((debugger, function)) = met else { return };
        let (debugger, function) = (debuggers.remove(debugger), functions.remove(function));
        let (go, come) = oneshot::channel();
        let _ = function.call.send(Match::SendTo(go)); // whoever has gone meanwhile closes the other one
        let _ = debugger.call.send(Match::ReceiveFrom(come));
    }
}

/// Ends both connections when one side has ended, and the other one has had the time to say its last words.
async fn forward(admissions: &[Admission; 2], mut function: Peer, mut debugger: Peer) {
    let _ = function.stream.set_nodelay(true).and_then(|()| debugger.stream.set_nodelay(true)); // slower, otherwise
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

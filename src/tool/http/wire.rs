//! A server's connection that can be broken at a given byte of the answer.

use super::connection_limit::ConnectionSlot;
use super::spelling::Listening;
use std::cell::Cell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Where the answer is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakPoint {
    /// Before its first byte.
    Now,
    /// After this many bytes of its head.
    Head(usize),
    /// After this many bytes of its body, as sent.
    Body(usize),
}

/// How the connection breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Break {
    pub at: BreakPoint,
    /// Closed with RST, not with FIN.
    pub is_reset: bool,
}

/// Plans the break of one connection. Must be called before the answer is given to hyper.
#[derive(Clone, Default)]
pub struct Breaker(Rc<Cell<Option<Break>>>);

impl Breaker {
    pub fn plan(&self, planned: Break) {
        self.0.set(Some(planned));
    }
}

/// A connection. hyper does not know of the break, and writes as usual.
pub struct Wire {
    tcp: TcpStream,
    breaker: Breaker,
    sent: Sent,
    slot: Rc<ConnectionSlot>,
    /// None: nobody asks how names are written.
    listening: Option<Listening>,
}

impl Wire {
    pub fn new(tcp: TcpStream, slot: Rc<ConnectionSlot>) -> (Wire, Breaker) {
        let _ = tcp.set_nodelay(true); // without it the connection is slower
        let breaker = Breaker::default();
        (Wire { tcp, breaker: breaker.clone(), sent: Sent::default(), slot, listening: None }, breaker)
    }

    /// Keeps the heads of requests.
    pub fn listen(&mut self) -> Listening {
        self.listening.get_or_insert_default().clone()
    }

    /// How many of these bytes may be sent. None if no break is planned.
    fn allowance(&self, bytes: &[u8]) -> Option<usize> {
        let place = self.breaker.0.get()?.at;
        let mut sent = self.sent;
        Some(bytes.iter().take_while(|byte| !sent.has_reached(place) && sent.add(**byte)).count())
    }

    fn has_reached_the_break(&self) -> bool {
        self.breaker.0.get().is_some_and(|planned| self.sent.has_reached(planned.at))
    }
}

/// How much of the answer has been sent since a break was planned.
#[derive(Clone, Copy, Default)]
struct Sent {
    head: usize,
    body: usize,
    /// How many bytes of CR LF CR LF, the end of the head, were just sent.
    matched: usize,
}

impl Sent {
    /// Counts a byte. Returns true, so that an iterator's condition can call it.
    fn add(&mut self, byte: u8) -> bool {
        const END: &[u8] = b"\r\n\r\n";
        if self.matched == END.len() {
            self.body += 1;
            return true;
        }
        self.head += 1;
        self.matched = match byte {
            byte if byte == END[self.matched] => self.matched + 1,
            b'\r' => 1,
            _ => 0,
        };
        true
    }

    fn has_reached(&self, place: BreakPoint) -> bool {
        match place {
            BreakPoint::Now => true,
            BreakPoint::Head(bytes) => self.head >= bytes,
            BreakPoint::Body(bytes) => self.matched == 4 && self.body >= bytes,
        }
    }
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "broken on purpose")
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let Some(allowed) = self.allowance(bytes) else {
            return Pin::new(&mut self.tcp).poll_write(context, bytes);
        };
        if allowed == 0 {
            return Poll::Ready(Err(broken()));
        }
        let written = ready!(Pin::new(&mut self.tcp).poll_write(context, &bytes[..allowed]))?;
        bytes[..written].iter().for_each(|byte| {
            self.sent.add(*byte);
        });
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.breaker.0.get().is_none() {
            return Pin::new(&mut self.tcp).poll_write_vectored(context, slices);
        }
        let first = slices.iter().find(|slice| !slice.is_empty());
        self.poll_write(context, first.map_or(&[], |slice| slice))
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.has_reached_the_break() {
            return Poll::Ready(Err(broken())); // hyper then drops this, which closes the connection
        }
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(context)
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.tcp).poll_read(context, buffer);
        if let Some(heard) = buffer.filled().get(before..).filter(|heard| !heard.is_empty()) {
            self.slot.head_begins();
            if let Some(listening) = self.listening.as_ref().filter(|_| !self.slot.is_busy()) {
                listening.add(heard);
            }
        }
        read
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.breaker.0.get().is_some_and(|planned| planned.is_reset) {
            let _ = self.tcp.set_zero_linger(); // so that closing sends RST; if this fails, FIN is sent
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(bytes: &[u8]) -> Sent {
        let mut sent = Sent::default();
        bytes.iter().for_each(|byte| {
            sent.add(*byte);
        });
        sent
    }

    #[test]
    fn head_and_body_are_told_apart() {
        let sent = sent(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody");
        assert_eq!((sent.head, sent.body), (25, 4));
        assert!(sent.has_reached(BreakPoint::Body(4)));
        assert!(!sent.has_reached(BreakPoint::Body(5)));
    }

    #[test]
    fn an_empty_body_begins_after_the_head() {
        assert!(!sent(b"HTTP/1.1 200 OK\r\n\r").has_reached(BreakPoint::Body(0)));
        assert!(sent(b"HTTP/1.1 200 OK\r\n\r\n").has_reached(BreakPoint::Body(0)));
    }
}

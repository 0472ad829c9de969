//! Listening, and serving connections.

use super::connection_limit::ConnectionSlot;
use super::guard::Guard;
use super::reply::{NoAnswer, Reply};
use super::wire::{Breaker, Wire};
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// Port 0 lets the kernel choose.
///
/// # Errors
/// Those of bind(2).
pub async fn listen(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// The next connection. Waits for hours if need be.
pub async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((tcp, _)) => return tcp,
            // out of descriptors, or the peer gave up: neither is helped by trying at once
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

/// Serves one connection until either side closes it. Header names go out as Lambda writes them, `Lambda-Runtime-…`.
/// What the guard refuses is not answered by anyone else.
pub async fn serve<Answer>(
    tcp: TcpStream,
    slot: Rc<ConnectionSlot>,
    guard: &Guard,
    answer: impl Fn(Request<Incoming>, Breaker) -> Answer,
) where
    Answer: Future<Output = Result<Reply, NoAnswer>>,
{
    let _ = tcp.set_nodelay(true); // only speed is at stake
    let (wire, breaker) = Wire::new(tcp, slot.clone());
    let service = service_fn(|request: Request<Incoming>| {
        let allowed = guard.check(request.uri(), request.headers());
        let answer = allowed.map(|()| answer(request, breaker.clone()));
        slot.request_begins();
        let slot = &slot;
        async move {
            let reply = match answer {
                Ok(answer) => answer.await.map(Reply::framed),
                Err(foreign) => Ok(Reply::forbidden(&foreign).framed()),
            };
            slot.request_ends();
            reply
        }
    });
    let connection = http1::Builder::new().title_case_headers(true).serve_connection(TokioIo::new(wire), service);
    tokio::select! {
        _ = connection => {} // a broken connection is the peer's affair, or our own purpose
        () = slot.must_close_now() => {}
    }
}

//! Listens, and serves connections.

use super::connection_limit::ConnectionSlot;
use super::guard::Guard;
use super::reply::{NoAnswer, Reply};
use super::spelling::Spelling;
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

/// Listens. With port 0 the kernel chooses one. Returns the address, too.
///
/// # Errors
/// Those of bind(2).
pub async fn listen(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Waits for the next connection, for hours if need be.
pub async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((tcp, _)) => return tcp,
            // out of descriptors, or the client has gone: trying again at once would not help
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

/// Serves one connection until either side closes it. Header names go out as Lambda writes them, `Lambda-Runtime-…`.
/// `answer` sees no request that the guard refuses.
pub async fn serve<Answer>(
    tcp: TcpStream,
    slot: Rc<ConnectionSlot>,
    guard: &Guard,
    answer: impl Fn(Request<Incoming>, Breaker) -> Answer,
) where
    Answer: Future<Output = Result<Reply, NoAnswer>>,
{
    let (wire, breaker) = Wire::new(tcp, slot.clone());
    serve_wire(wire, &slot, guard, |request| answer(request, breaker.clone())).await;
}

/// Likewise, and `answer` is told how the client writes the names of headers.
pub async fn serve_spelled<Answer>(
    tcp: TcpStream,
    slot: Rc<ConnectionSlot>,
    guard: &Guard,
    answer: impl Fn(Request<Incoming>, Spelling) -> Answer,
) where
    Answer: Future<Output = Result<Reply, NoAnswer>>,
{
    let (mut wire, _) = Wire::new(tcp, slot.clone());
    let listening = wire.listen();
    serve_wire(wire, &slot, guard, |request| answer(request, listening.take())).await;
}

async fn serve_wire<Answer>(
    wire: Wire,
    slot: &Rc<ConnectionSlot>,
    guard: &Guard,
    answer: impl Fn(Request<Incoming>) -> Answer,
) where
    Answer: Future<Output = Result<Reply, NoAnswer>>,
{
    let service = service_fn(|request: Request<Incoming>| {
        let allowed = guard.check(request.uri(), request.headers());
        let answer = allowed.map(|()| answer(request));
        let busy = slot.request_begins();
        async move {
            match answer {
                Ok(answer) => answer.await.map(|reply| reply.framed(busy)),
                Err(page) => Ok(Reply::forbidden(&page).framed(busy)),
            }
        }
    });
    let connection = http1::Builder::new().title_case_headers(true).serve_connection(TokioIo::new(wire), service);
    tokio::select! {
        biased; // as the slot asks
        _ = connection => {} // the client broke the connection, or a fault did
        () = slot.must_close_now() => {}
    }
}

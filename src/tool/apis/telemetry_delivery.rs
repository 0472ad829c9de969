//! Delivers telemetry to its subscribers. A subscriber that is slow, or is not there, holds up nothing else.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/telemetry-api.html#telemetry-api-destination>

use crate::model::environment::Environment;
use crate::model::telemetry::{Batch, Destination, Subscriber};
use crate::report::logs::Logs;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use sha2::{Digest, Sha256};
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::spawn_local;
use tokio::time::{sleep, timeout};

/// So long a subscriber may take for a batch. Then it gets it again.
const DELIVERY_LIMIT: Duration = Duration::from_secs(10);

/// The waits between attempts.
const FIRST_RETRY: Duration = Duration::from_millis(20);
const LAST_RETRY: Duration = Duration::from_secs(1);

/// Lambda's reason in `platform.logsDropped`.
const TOO_SLOW: &str = "Consumer seems to have fallen behind as it has not acknowledged receipt of logs.";

/// Delivers batch after batch, each until the subscriber has taken it, until the environment is over.
pub async fn run(environment: Rc<Environment>, subscriber: Rc<Subscriber>, logs: Rc<Logs>) {
    let mut peer = Peer::default();
    let over = environment.until_over();
    let deliveries = async {
        loop {
            let batch = subscriber.next().await;
            deliver(&mut peer, &subscriber, &batch).await;
            if let Some(dropped) = subscriber.delivered() {
                let (records, name) = (dropped.records, &subscriber.name);
                logs.say(&format!("open-runtime: extension {name} is too slow: it has missed {records} events"));
                environment.telemetry.logs_dropped(dropped, TOO_SLOW);
            }
        }
    };
    tokio::select! {
        () = deliveries => {}
        () = over => {}
    }
}

async fn deliver(peer: &mut Peer, subscriber: &Subscriber, batch: &Batch) {
    let mut wait = FIRST_RETRY;
    while !matches!(timeout(DELIVERY_LIMIT, peer.send(subscriber, batch)).await, Ok(Ok(()))) {
        *peer = Peer::default();
        sleep(wait).await;
        wait = (wait * 2).min(LAST_RETRY);
    }
}

/// The connection to a subscriber, if there is one.
#[derive(Default)]
struct Peer {
    http: Option<SendRequest<Full<Bytes>>>,
    tcp: Option<TcpStream>,
}

type SendError = Box<dyn std::error::Error>;

impl Peer {
    async fn send(&mut self, subscriber: &Subscriber, batch: &Batch) -> Result<(), SendError> {
        match &subscriber.subscription.destination {
            Destination::Http { port, path, host } => self.post(*port, path, host, array(batch)).await,
            Destination::Tcp { port } => self.write(*port, &lines(batch)).await,
        }
    }

    /// Posts a batch. Any answer below 400 takes it.
    async fn post(&mut self, port: u16, path: &str, host: &str, body: Bytes) -> Result<(), SendError> {
        let request = Request::post(path)
            .header(HOST, format!("{host}:{port}"))
            .header(CONTENT_TYPE, "application/json")
            .header("sequence-id", STANDARD.encode(Sha256::digest(&body)))
            .body(Full::new(body))?;
        let sender = match self.http.take().filter(|sender| !sender.is_closed()) {
            Some(sender) => sender,
            None => connect(port).await?,
        };
        let sender = self.http.insert(sender);
        sender.ready().await?;
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        answer.into_body().collect().await?;
        if status.is_client_error() || status.is_server_error() { Err(status.as_str().into()) } else { Ok(()) }
    }

    async fn write(&mut self, port: u16, lines: &[u8]) -> Result<(), SendError> {
        if self.tcp.is_none() {
            self.tcp = Some(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?);
        }
        if let Some(tcp) = &mut self.tcp {
            tcp.write_all(lines).await?;
        }
        Ok(())
    }
}

async fn connect(port: u16) -> Result<SendRequest<Full<Bytes>>, SendError> {
    let tcp = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    tcp.set_nodelay(true)?;
    let (sender, connection) = http1::handshake(TokioIo::new(tcp)).await?;
    spawn_local(async move {
        let _ = connection.await; // the sender tells
    });
    Ok(sender)
}

/// The events as a JSON array.
fn array(batch: &Batch) -> Bytes {
    let mut text = Vec::with_capacity(batch.iter().map(|event| event.len() + 1).sum::<usize>() + 2);
    text.push(b'[');
    for (index, event) in batch.iter().enumerate() {
        if index > 0 {
            text.push(b',');
        }
        text.extend_from_slice(event);
    }
    text.push(b']');
    text.into()
}

/// An event a line.
fn lines(batch: &Batch) -> Vec<u8> {
    batch.iter().flat_map(|event| [event.as_ref(), b"\n"]).flatten().copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_an_array_or_lines() {
        let batch = [Bytes::from_static(b"{}"), Bytes::from_static(b"1")].to_vec();
        assert_eq!(array(&batch), "[{},1]");
        assert_eq!(lines(&batch), b"{}\n1\n");
        assert_eq!(array(&Batch::new()), "[]");
    }
}

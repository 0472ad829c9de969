//! Tells browsers what happens while it happens, as server-sent events. A browser that reads slowly holds up nobody: what it
//! misses is made good by a new `hello`. One that reads nothing is left.
//!
//! Source: <https://html.spec.whatwg.org/multipage/server-sent-events.html>

use super::shown::{Shown, refused};
use super::view;
use crate::http::reply::{NoAnswer, Reply};
use crate::report::event::Event;
use crate::report::history::Subscription;
use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderMap};
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::spawn_local;
use tokio::time::timeout;

/// So many browsers can look at the same time.
const MAX_VIEWERS: usize = 16;

/// After so much silence a comment is sent: it fails if the browser has gone.
const SILENCE: Duration = Duration::from_secs(15);

/// A browser that takes nothing for so long is left. It connects again when it can.
const SEND_LIMIT: Duration = Duration::from_secs(30);

/// A browser whose connection broke tries again after so many milliseconds.
const RETRY_MS: u32 = 500;

type Parts = mpsc::Sender<Result<Bytes, NoAnswer>>;

/// One of those who look. Dropping it makes room for another.
struct Viewer(Rc<Cell<usize>>);

impl Viewer {
    fn new(count: &Rc<Cell<usize>>) -> Option<Viewer> {
        (count.get() < MAX_VIEWERS).then(|| {
            count.set(count.get() + 1);
            Viewer(count.clone())
        })
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// The answer to a browser that wants to be told. One that connects again names the last invocation that it saw end, in a
/// header if the connection broke, and in the query if its page closed it.
pub fn tell(shown: &Rc<Shown>, headers: &HeaderMap, query: Option<&str>) -> Reply {
    let Some(viewer) = Viewer::new(&shown.viewers) else {
        let message = format!("{MAX_VIEWERS} browsers look already: close one of them");
        return refused(StatusCode::SERVICE_UNAVAILABLE, &message);
    };
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).filter(|id| !id.is_empty());
    let last = last.or_else(|| view::after(query)).map(str::to_owned);
    let (parts, body) = mpsc::channel(1);
    let shown = shown.clone();
    spawn_local(async move {
        let events = shown.hub.subscribe(); // before `hello` is made, so that nothing is missed in between
        let _ = tell_all(&shown, events, last, parts).await; // it has gone
        drop(viewer);
    });
    Reply::in_parts(StatusCode::OK, body).with(CONTENT_TYPE, "text/event-stream")
}

/// The browser has gone, or takes nothing.
struct Gone;

async fn tell_all(shown: &Shown, mut events: Subscription, last: Option<String>, parts: Parts) -> Result<(), Gone> {
    send(&parts, format!("retry: {RETRY_MS}\n\n")).await?;
    send(&parts, hello(shown, last.as_deref())).await?;
    loop {
        let next = tokio::select! {
            next = timeout(SILENCE, events.next()) => next,
            () = parts.closed() => return Err(Gone),
        };
        match next.as_ref().map(Option::as_deref) {
            Ok(Some(Event::Missed(_))) => send(&parts, hello(shown, None)).await?,
            Ok(Some(event)) => send(&parts, message(event)).await?,
            Ok(None) => return Ok(()),
            Err(_) => send(&parts, ": nothing happens\n\n".to_owned()).await?,
        }
    }
}

async fn send(parts: &Parts, text: String) -> Result<(), Gone> {
    timeout(SEND_LIMIT, parts.send(Ok(Bytes::from(text)))).await.map_err(|_| Gone)?.map_err(|_| Gone)
}

fn hello(shown: &Shown, last: Option<&str>) -> String {
    let newest = shown.hub.records().last().map_or(String::new(), |record| format!("id: {}\n", record.request_id));
    format!("{newest}event: hello\ndata: {}\n\n", view::json(&shown.hub, &(shown.functions)(), last))
}

/// JSON has no line feed, so that it is one line of data.
fn message(event: &Event) -> String {
    let id = match event {
        Event::InvocationEnded(record) => format!("id: {}\n", record.request_id),
        _ => String::new(),
    };
    format!("{id}event: {}\ndata: {}\n\n", event.name(), event.json())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_so_many_viewers_and_for_another_when_one_has_gone() {
        let count = Rc::new(Cell::new(0));
        let mut viewers: Vec<_> = (0..MAX_VIEWERS).filter_map(|_| Viewer::new(&count)).collect();
        assert!(viewers.len() == MAX_VIEWERS && Viewer::new(&count).is_none());
        viewers.pop();
        assert!(Viewer::new(&count).is_some());
    }
}

//! Admits a connection to the relay, or refuses it, by the first bytes that it sends.
//!
//! Web pages can connect to every port of this machine. What they send begins like an HTTP request, or with the bytes
//! of TLS or TURN. A debugger of Node.js sends an HTTP request, too: it must pass the guard, and its path must be the
//! token. A debugger that speaks to debugpy begins with `Content-Length:`, one that speaks to pdb with a line of
//! Python, and one that speaks to Xdebug with a command that ends with NUL.

use crate::http::guard::Guard;
use crate::http::request_head;
use hyper::header::{HOST, UPGRADE};
use serde_json::json;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::{Instant, timeout_at};

/// The longest first line, and the longest head of a request, in bytes.
pub const MAX_START: usize = 1 << 16;

/// From the first byte to the end of the first line, or to the end of the head.
const START_LIMIT: Duration = Duration::from_secs(10);

/// Which connections one port admits.
pub enum Admission {
    /// Requests that pass the guard and have this token as their path, and all that is not HTTP.
    Debuggers { guard: Guard, token: String },
    /// All that is not HTTP.
    Functions,
}

/// The connection is refused, with this HTTP answer. It is empty if the peer does not speak HTTP.
pub struct Refused(pub String);

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Http,
    Text,
    Binary,
}

impl Admission {
    /// Reads until it is known whether the connection is admitted. Waits for the first byte for hours if need be.
    ///
    /// # Errors
    /// It is refused, or the peer has closed it.
    pub async fn read_start(&self, from: &mut (impl AsyncRead + Unpin), received: &mut Vec<u8>) -> Result<(), Refused> {
        let no_answer = || Refused(String::new());
        if received.is_empty() {
            read_more(from, received).await.map_err(|_| no_answer())?;
        }
        let limit = Instant::now() + START_LIMIT;
        let kind = loop {
            match kind_of(received) {
                Some(kind) => break kind,
                None => timeout_at(limit, read_more(from, received))
                    .await
                    .map_err(|_| no_answer())?
                    .map_err(|_| no_answer())?,
            }
        };
        match kind {
            Kind::Text => return Ok(()),
            Kind::Binary => return Err(no_answer()),
            Kind::Http => {}
        }
        while !request_head::is_whole(received) && received.len() < MAX_START {
            timeout_at(limit, read_more(from, received)).await.map_err(|_| no_answer())?.map_err(|_| no_answer())?;
        }
        self.check_request(received)
    }

    fn check_request(&self, head: &[u8]) -> Result<(), Refused> {
        let Admission::Debuggers { guard, token } = self else {
            return Err(answer("403 Forbidden", "this port is for functions, which send no HTTP requests"));
        };
        let Some((uri, headers)) = request_head::parse(head) else {
            return Err(answer("400 Bad Request", "this is not a request that a debugger sends"));
        };
        guard.check(&uri, &headers).map_err(|page| answer("403 Forbidden", &page.to_string()))?;
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
        let is_upgrade = headers.get(UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"));
        match uri.path() {
            path if is_upgrade && path.strip_prefix('/') == Some(token) => Ok(()),
            _ if is_upgrade => Err(answer("403 Forbidden", "use the URL that open-runtime prints: it holds a token")),
            "/json" | "/json/list" => Err(answer("200 OK", &targets(host, token))),
            "/json/version" => Err(answer("200 OK", r#"{"Browser": "node.js", "Protocol-Version": "1.1"}"#)),
            _ => Err(answer("404 Not Found", "this is the port of a debugger")),
        }
    }
}

/// The list of targets, for debuggers that know only host and port.
fn targets(host: &str, token: &str) -> String {
    let address = format!("{host}/{token}");
    let frontend = format!("devtools://devtools/bundled/inspector.html?ws={address}");
    json!([{
        "description": "node.js instance", "type": "node", "title": "function", "url": "file://", "id": token,
        "devtoolsFrontendUrl": frontend, "webSocketDebuggerUrl": format!("ws://{address}"),
    }])
    .to_string()
}

fn answer(status: &str, body: &str) -> Refused {
    let kind = if body.starts_with(['[', '{']) { "application/json" } else { "text/plain" };
    let length = body.len();
    Refused(format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}; charset=UTF-8\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    ))
}

async fn read_more(from: &mut (impl AsyncRead + Unpin), received: &mut Vec<u8>) -> io::Result<()> {
    match from.read_buf(received).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

/// What the peer speaks. None: more bytes are needed to tell.
fn kind_of(received: &[u8]) -> Option<Kind> {
    let first = *received.first()?;
    if first.is_ascii_control() && !b"\t\r\n\x1b".contains(&first) {
        return Some(Kind::Binary);
    }
    if let Some(end) = received.iter().position(|byte| b"\n\0".contains(byte)) {
        return Some(if request_head::is_request_line(&received[..end]) { Kind::Http } else { Kind::Text });
    }
    let mut word = received.iter().take_while(|byte| **byte != b' ');
    if !word.all(|byte| byte.is_ascii_alphabetic() || *byte == b'-') {
        return Some(Kind::Text);
    }
    (received.len() >= MAX_START).then_some(Kind::Binary)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(received: &str) -> Result<(), String> {
        let guard = Guard { allowed_origins: Some("devtools://"), ..Guard::default() };
        Admission::Debuggers { guard, token: "t".to_owned() }
            .check_request(received.as_bytes())
            .map_err(|Refused(why)| why)
    }

    fn attach(path: &str, headers: &str) -> Result<(), String> {
        checked(&format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:9\r\nUpgrade: websocket\r\n{headers}\r\n"))
    }

    #[test]
    fn requests_are_told_from_what_other_debuggers_send() {
        assert_eq!(kind_of(b""), None);
        assert_eq!(kind_of(b"GET / HT"), None);
        assert_eq!(kind_of(b"GET / HTTP/1.1\r\n"), Some(Kind::Http));
        assert_eq!(kind_of(b"post /x HTTP/1.0\n"), Some(Kind::Http));
        for text in [&b"Content-Length: 1"[..], b"p secret\n", b"n\r\n", b"> /task/f.py(1)", b"\x1b[A", b"run -i 1\0"] {
            assert_eq!(kind_of(text), Some(Kind::Text));
        }
        assert_eq!(kind_of(b"\x16\x03\x01\n!import os\n"), Some(Kind::Binary));
        assert_eq!(kind_of(&[b'a'; MAX_START]), Some(Kind::Binary));
    }

    #[test]
    fn a_debugger_needs_the_token_and_no_origin_of_a_page() {
        assert_eq!(attach("/t", ""), Ok(()));
        assert_eq!(attach("/t", "Origin: devtools://devtools\r\n"), Ok(()));
        for (path, headers) in [
            ("/x", ""),
            ("/", ""),
            ("/tt", ""),
            ("/t", "Origin: http://evil.example\r\n"),
            ("/t", "Host: evil.example\r\n"),
        ] {
            assert!(attach(path, headers).is_err_and(|why| why.starts_with("HTTP/1.1 403")), "{path} {headers}");
        }
        assert!(
            checked("POST /t HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").is_err_and(|why| why.starts_with("HTTP/1.1 404"))
        );
        assert!(checked("GET /t HTTP/1.1\r\nno header\r\n\r\n").is_err_and(|why| why.starts_with("HTTP/1.1 400")));
    }

    #[test]
    fn debuggers_are_told_the_token_and_pages_are_not() {
        let asked = |headers: &str| checked(&format!("GET /json/list HTTP/1.1\r\n{headers}\r\n")).err().unwrap();
        assert!(asked("Host: localhost:9\r\n").contains("\"webSocketDebuggerUrl\":\"ws://localhost:9/t\""));
        assert!(!asked("Host: evil.example:9\r\n").contains("webSocketDebuggerUrl"));
        assert!(!asked("Host: localhost:9\r\nSec-Fetch-Site: cross-site\r\n").contains("webSocketDebuggerUrl"));
    }
}

//! One fault, and what it does to a request and its answer.

use crate::http::reply::{NoAnswer, Reply};
use crate::http::wire::{Break, BreakPoint, Breaker};
use crate::model::time;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CONTENT_LENGTH, HeaderName, HeaderValue, TRANSFER_ENCODING};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// `reset: mid-header` cuts the head off after this many bytes.
const MID_HEADER: usize = 24;

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Reset {
    BeforeReading,
    AfterReading,
    MidHeader,
    MidBody,
    /// Of a response that is streamed.
    MidRequest,
}

/// `true`: one chunk with the whole body; a number: chunks of this many bytes.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged)]
enum Chunked {
    Is(bool),
    Of(usize),
}

/// What happens. `open-runtime serve --help` explains the members.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    status: Option<u16>,
    body: Option<String>,
    body_base64: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, Option<String>>,
    deadline_ms: Option<i64>,
    delay_ms: Option<u64>,
    chunked: Option<Chunked>,
    truncate: Option<usize>,
    #[serde(default)]
    close_after: bool,
    reset: Option<Reset>,
    #[serde(default)]
    swallow: bool,
    after_bytes: Option<u64>,
    pause_ms: Option<u64>,
    #[serde(default)]
    hang_up: bool,
}

/// What ends a response that is streamed before its end.
pub enum Cut {
    Answer(Reply),
    /// The connection ends, with RST or with FIN. (The kernel sends RST, too, if bytes have come that nobody read.)
    HangUp {
        is_reset: bool,
    },
}

impl Fault {
    /// Checks that it can be sent.
    ///
    /// # Errors
    /// What cannot be sent.
    pub fn check(&self) -> Result<(), String> {
        if let Some(status) = self.status {
            StatusCode::from_u16(status).map_err(|why| format!("status {status}: {why}"))?;
        }
        if let Some(text) = &self.body_base64 {
            STANDARD.decode(text).map_err(|why| format!("bodyBase64: {why}"))?;
        }
        for (name, value) in &self.headers {
            check_header(name, value.as_deref()).map_err(|why| format!("header {name}: {why}"))?;
        }
        let hangs_up = self.hang_up || self.resets(Reset::MidRequest);
        let acts_early = hangs_up || self.status.is_some() || self.pause_ms.is_some();
        if self.after_bytes.is_some() && !acts_early {
            return Err("afterBytes needs status, pauseMs, hangUp or reset: mid-request".to_owned());
        }
        Ok(())
    }

    pub fn resets(&self, place: Reset) -> bool {
        self.reset == Some(place)
    }

    pub fn swallows(&self) -> bool {
        self.swallow
    }

    /// So many bytes of a streamed response are read before the fault acts.
    pub fn after_bytes(&self) -> u64 {
        self.after_bytes.unwrap_or(0)
    }

    /// For so long nothing more of a streamed response is read.
    pub fn pause(&self) -> Option<Duration> {
        self.pause_ms.map(Duration::from_millis)
    }

    /// How a streamed response ends after these bytes. None: it goes on to its end.
    pub fn cut(&self) -> Option<Cut> {
        if self.resets(Reset::MidRequest) {
            return Some(Cut::HangUp { is_reset: true });
        }
        if self.hang_up {
            return Some(Cut::HangUp { is_reset: false });
        }
        self.after_bytes.and_then(|_| self.instead()).map(Cut::Answer)
    }

    /// The answer in place of the API's, if there is one. Then the request has no effect.
    pub fn instead(&self) -> Option<Reply> {
        let status = StatusCode::from_u16(self.status?).ok()?;
        Some(Reply::new(status, self.raw_body().unwrap_or_default()))
    }

    /// Changes an answer.
    pub fn change(&self, mut reply: Reply) -> Reply {
        reply.body = self.raw_body().unwrap_or(reply.body);
        if let Some(ms) = self.deadline_ms {
            let deadline = (time::now_ms() + ms).to_string();
            reply = reply.with(HeaderName::from_static("lambda-runtime-deadline-ms"), &deadline);
        }
        for (name, value) in &self.headers {
            let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else {
                continue;
            }; // checked
            match value.as_deref().map(header_value) {
                Some(Ok(value)) => drop(reply.headers.insert(name, value)),
                Some(Err(_)) => {} // checked
                None => drop(reply.headers.remove(name)),
            }
        }
        reply.chunk = match self.chunked {
            None => reply.chunk,
            Some(Chunked::Is(true)) => Some(usize::MAX),
            Some(Chunked::Is(false)) => None,
            Some(Chunked::Of(bytes)) => Some(bytes),
        };
        reply
    }

    /// Does what comes between a request that has been read and its answer.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn act_after_reading(&self, breaker: &Breaker) -> Result<(), NoAnswer> {
        if self.resets(Reset::AfterReading) {
            breaker.plan(Break { at: BreakPoint::Now, is_reset: true });
            return Err(NoAnswer);
        }
        if self.swallows() {
            return std::future::pending().await; // ends with the connection
        }
        if let Some(delay) = self.delay_ms {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        Ok(())
    }

    /// Plans how the connection breaks. To be called with the final answer.
    pub fn plan_break(&self, reply: &Reply, breaker: &Breaker) {
        let (is_reset, at) = match self.reset {
            Some(Reset::BeforeReading | Reset::AfterReading) => (true, Some(BreakPoint::Now)),
            Some(Reset::MidHeader) => (true, Some(BreakPoint::Head(MID_HEADER))),
            Some(Reset::MidBody) => (true, Some(BreakPoint::Body(reply.body.len() / 2))),
            Some(Reset::MidRequest) => (true, None),
            None if self.close_after => (false, Some(BreakPoint::Body(sent_length(reply)))),
            None => (false, self.truncate.map(BreakPoint::Body)),
        };
        if let Some(at) = at {
            breaker.plan(Break { at, is_reset });
        }
    }

    fn raw_body(&self) -> Option<Bytes> {
        let decoded = self.body_base64.as_ref().and_then(|text| STANDARD.decode(text).ok());
        decoded.map(Bytes::from).or_else(|| self.body.clone().map(Bytes::from))
    }
}

fn check_header(name: &str, value: Option<&str>) -> Result<(), String> {
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|why| why.to_string())?;
    if name == CONTENT_LENGTH || name == TRANSFER_ENCODING {
        return Err("use truncate or chunked for it".to_owned());
    }
    value.map_or(Ok(()), |value| header_value(value).map(|_| ()))
}

/// How many bytes are sent for a body, with the sizes and ends of its chunks.
fn sent_length(reply: &Reply) -> usize {
    let length = reply.body.len();
    let Some(chunk) = reply.chunk.filter(|_| length > 0) else {
        return length; // an empty body is not sent in chunks
    };
    let overhead = |size: usize| format!("{size:X}").len() + 4;
    let chunk = chunk.clamp(1, length);
    let (whole, rest) = (length / chunk, length % chunk);
    length + whole * overhead(chunk) + if rest > 0 { overhead(rest) } else { 0 } + "0\r\n\r\n".len()
}

/// Each character stands for the byte of its number, so that any byte can be sent.
fn header_value(text: &str) -> Result<HeaderValue, String> {
    let bytes: Result<Vec<u8>, _> = text.chars().map(|each| u8::try_from(u32::from(each))).collect();
    let bytes = bytes.map_err(|_| "a character above \\u00ff is not a byte".to_owned())?;
    HeaderValue::from_bytes(&bytes).map_err(|why| why.to_string())
}

/// The names of its members, for the journal. null if it does nothing.
pub fn describe(fault: &Fault) -> Value {
    let members = [
        ("status", fault.status.is_some()),
        ("body", fault.body.is_some() || fault.body_base64.is_some()),
        ("headers", !fault.headers.is_empty()),
        ("deadlineMs", fault.deadline_ms.is_some()),
        ("delayMs", fault.delay_ms.is_some()),
        ("chunked", fault.chunked.is_some()),
        ("truncate", fault.truncate.is_some()),
        ("closeAfter", fault.close_after),
        ("reset", fault.reset.is_some()),
        ("swallow", fault.swallow),
        ("afterBytes", fault.after_bytes.is_some()),
        ("pauseMs", fault.pause_ms.is_some()),
        ("hangUp", fault.hang_up),
    ];
    let happened: Vec<_> = members.iter().filter(|(_, is_set)| *is_set).map(|(name, _)| *name).collect();
    if happened.is_empty() { Value::Null } else { happened.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_set_emptied_removed_and_any_byte() {
        let fault = r#"{"headers":{"A":"","B":null,"C":"\u00ff"}}"#;
        let reply = Reply::accepted().with(HeaderName::from_static("b"), "x");
        let headers = serde_json::from_str::<Fault>(fault).unwrap().change(reply).headers;
        assert_eq!(headers["a"], "");
        assert!(!headers.contains_key("b"));
        assert_eq!(headers["c"].as_bytes(), b"\xff");
    }

    #[test]
    fn the_length_of_chunks_on_the_wire_is_known() {
        let mut reply = Reply::new(StatusCode::OK, "0123456789");
        assert_eq!(sent_length(&reply), 10);
        reply.chunk = Some(4);
        let sent = "4\r\n0123\r\n4\r\n4567\r\n2\r\n89\r\n0\r\n\r\n";
        assert_eq!(sent_length(&reply), sent.len());
    }
}

//! The line of a call, as bootstrap writes it.

use crate::model::time::now_ms;
use std::sync::atomic::{AtomicU32, Ordering};

pub const ARN: &str = "arn:aws:lambda:eu-west-1:123456789012:function:hello";

/// The time that a call has if the claim does not say.
const TIME_MS: u64 = 60_000;

/// No id comes twice, so that a late answer is told from the next one.
static NEXT: AtomicU32 = AtomicU32::new(1);

pub struct Call {
    pub id: String,
    event: Vec<u8>,
    /// Names and values of JSON.
    context: Vec<(&'static str, String)>,
}

impl Call {
    /// With the members of each invocation. The event is JSON without line feeds, or is meant not to be.
    pub fn new(event: impl AsRef<[u8]>) -> Call {
        let call = Call::bare(event).with("deadlineMs", in_ms(TIME_MS));
        call.with("functionArn", format!("\"{ARN}\""))
    }

    /// With nothing in the context but the id.
    pub fn bare(event: impl AsRef<[u8]>) -> Call {
        let id = format!("c0ffee00-{:08}", NEXT.fetch_add(1, Ordering::Relaxed));
        Call { id, event: event.as_ref().to_vec(), context: Vec::new() }
    }

    /// With another id.
    pub fn named(mut self, id: &str) -> Call {
        self.id = id.to_owned();
        self
    }

    /// With a member of the context, in place of one of the same name.
    pub fn with(mut self, name: &'static str, json: impl ToString) -> Call {
        let json = json.to_string();
        match self.context.iter_mut().find(|(known, _)| *known == name) {
            Some((_, value)) => *value = json,
            None => self.context.push((name, json)),
        }
        self
    }

    pub fn with_time_left(self, ms: u64) -> Call {
        self.with("deadlineMs", in_ms(ms))
    }

    /// With the offer to stream.
    pub fn streamed(self) -> Call {
        self.with("stream", true)
    }

    /// With the line feed at its end.
    pub fn line(&self) -> Vec<u8> {
        let mut line = format!("{{\"id\":\"{}\",\"event\":", self.id).into_bytes();
        line.extend_from_slice(&self.event);
        line.extend_from_slice(format!(",\"context\":{{\"requestId\":\"{}\"", self.id).as_bytes());
        for (name, value) in &self.context {
            line.extend_from_slice(format!(",\"{name}\":{value}").as_bytes());
        }
        line.extend_from_slice(b"}}\n");
        line
    }
}

/// The time so many milliseconds from now, in milliseconds since 1970.
fn in_ms(ms: u64) -> u64 {
    now_ms().unsigned_abs() + ms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_has_the_members_in_the_order_of_bootstrap() {
        let call = Call::bare("[1]").named("a").with("deadlineMs", 1).with("traceId", "\"t\"").with("deadlineMs", 2);
        let line = r#"{"id":"a","event":[1],"context":{"requestId":"a","deadlineMs":2,"traceId":"t"}}"#;
        assert_eq!(String::from_utf8(call.line()).unwrap(), format!("{line}\n"));
    }

    #[test]
    fn no_id_comes_twice() {
        assert_ne!(Call::new("1").id, Call::new("1").id);
    }
}

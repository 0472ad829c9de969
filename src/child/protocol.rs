//! The language-runtime protocol, version 1: what the lines on STDIN and STDOUT of the language runtime say. Pure: bytes in,
//! bytes out. `runtimes/README.md` describes it for authors.

use std::borrow::Cow;
use std::ops::Range;

use crate::cloudevents::formats::base64;
use crate::cloudevents::json::text::{append_number, read_text};
use crate::cloudevents::json::{NotJson, Reason, read_members};
use crate::error::LambdaError;
use crate::invocation::Invocation;
use crate::json_line::{on_one_line, push_json};
use crate::settings::debug::Target;

/// The version that this bootstrap speaks.
pub const VERSION: u64 = 1;

/// `{"ready":{…}}`: the handler is loaded.
#[derive(Debug, PartialEq)]
pub struct Ready {
    /// The version of this protocol.
    pub protocol: u64,
    /// How many calls may be open at once.
    pub concurrency: usize,
    /// Whether it runs hooks of SnapStart.
    pub has_hooks: bool,
}

impl Ready {
    /// None if the value has another form, or a member twice.
    fn read(value: &[u8]) -> Option<Ready> {
        let (mut protocol, mut concurrency, mut has_hooks) = (None, None, false);
        let mut is_sound = value.first() == Some(&b'{');
        read_members(value, &mut |name, value, _| {
            let known = match name {
                b"protocol" => &mut protocol,
                b"concurrency" => &mut concurrency,
                b"hooks" => return has_hooks = value == b"true",
                _ => return,
            };
            is_sound &= known.replace(number(value)).is_none();
        })
        .ok()?;
        let concurrency = concurrency.unwrap_or(Some(1))?;
        is_sound.then_some(Ready { protocol: protocol??, concurrency: usize::try_from(concurrency).ok()?, has_hooks })
    }
}

fn number(value: &[u8]) -> Option<u64> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// What is wrong with a line that says nothing.
pub const NO_MESSAGE: &str = "a JSON object without ready, response or error";

/// What a line from the language runtime, or from a middleware, means.
#[derive(Debug)]
pub enum Message<'a> {
    /// The handler is loaded.
    Ready(Ready),
    /// The Init phase failed.
    InitError(LambdaError),
    /// The handler, or a hook, answered the call of this id. The range is that of the response in the line. With `is_output` it is
    /// what goes on instead of the input of a hook; the range is empty if that goes on as it is.
    Response { id: Cow<'a, str>, response: Range<usize>, is_output: bool },
    /// The handler, or a hook, failed in the call of this id.
    Error { id: Cow<'a, str>, error: LambdaError },
    /// The handler's answer to the call of this id comes in parts, and this is one.
    Part { id: Cow<'a, str>, part: Part<'a> },
}

/// A part of an answer that is a stream.
#[derive(Debug, PartialEq)]
pub enum Part<'a> {
    /// The first one: what the response is, in JSON.
    Head(&'a str),
    /// Bytes of its body.
    Bytes(Cow<'a, [u8]>),
    /// So many bytes of its body follow the line, as they are.
    BytesFollow(usize),
    /// The last one: it is complete.
    End,
}

impl Message<'_> {
    /// # Errors
    /// Why the line is not a message. The reason does not quote the line, because it may hold customers' data.
    pub fn parse(bytes: &[u8]) -> Result<Message<'_>, String> {
        let mut line = Line::default();
        let mut misfit = None;
        let read = read_members(bytes, &mut |name, value, is_ascii| {
            if line.take(name, value, is_ascii).is_none() {
                misfit.get_or_insert(place(value, bytes).end);
            }
        });
        let wrong = |what, at| format!("{what} (a line of {} bytes, wrong at byte {at})", bytes.len());
        match (read, misfit) {
            (Err(NotJson { reason: Reason::End, position }), _) => Err(wrong("half a JSON text", position)),
            (Err(NotJson { position, .. }), _) => Err(wrong("no JSON", position + 1)),
            (Ok(()), Some(at)) => Err(wrong("JSON of another form", at)),
            (Ok(()), None) => line.message(bytes),
        }
    }
}

/// The members of a line from the language runtime. A response or an error may well be `null`; for the others that is as if they
/// were absent.
#[derive(Default)]
struct Line<'a> {
    id: Option<Option<Cow<'a, str>>>,
    response: Option<&'a [u8]>,
    output: Option<&'a [u8]>,
    error: Option<&'a str>,
    ready: Option<Option<Ready>>,
    part: Option<Part<'a>>,
}

impl<'a> Line<'a> {
    /// Returns `None` if the member is there already, or if its value has another form.
    fn take(&mut self, name: &[u8], value: &'a [u8], is_ascii: bool) -> Option<()> {
        let text = || Some(value).filter(|value| is_ascii || std::str::from_utf8(value).is_ok());
        let is_new = match name {
            b"id" => self.id.replace(unless_null(value, read_text)?).is_none(),
            b"response" => self.response.replace(text()?).is_none(),
            b"output" => self.output.replace(text()?).is_none(),
            b"error" => self.error.replace(std::str::from_utf8(value).ok()?).is_none(),
            b"ready" => self.ready.replace(unless_null(value, Ready::read)?).is_none(),
            b"stream" | b"chunk" | b"base64" | b"bytes" | b"end" => self.part.replace(part(name, value)?).is_none(),
            _ => true,
        };
        is_new.then_some(())
    }

    fn message(self, bytes: &[u8]) -> Result<Message<'a>, String> {
        match (self.id.flatten(), self.ready.flatten(), self.response, self.error) {
            // A line with an id is an answer, whatever else it has: a handler in shell may print any members.
            (None, Some(ready), ..) => Ok(Message::Ready(ready)),
            (Some(id), _, Some(response), _) => {
                Ok(Message::Response { id, response: place(response, bytes), is_output: false })
            }
            (Some(id), _, None, Some(error)) => Ok(Message::Error { id, error: LambdaError::parse(error) }),
            (Some(id), ..) if let Some(part) = self.part => Ok(Message::Part { id, part }),
            (Some(id), ..) => {
                let response = self.output.map_or(0..0, |output| place(output, bytes));
                Ok(Message::Response { id, response, is_output: true })
            }
            (None, None, _, Some(error)) => Ok(Message::InitError(LambdaError::parse(error))),
            _ if bytes.trim_ascii_start().starts_with(b"{") => Err(NO_MESSAGE.to_owned()),
            _ => Err("JSON that is not an object".to_owned()),
        }
    }
}

/// `Some(None)` for `null`, and `None` if the value has another form.
fn unless_null<'a, T>(value: &'a [u8], read: impl FnOnce(&'a [u8]) -> Option<T>) -> Option<Option<T>> {
    if value == b"null" { Some(None) } else { read(value).map(Some) }
}

/// Reads a part of a stream. `None` if it has another form.
fn part<'a>(name: &[u8], value: &'a [u8]) -> Option<Part<'a>> {
    let text = read_text(value);
    match name {
        b"stream" => std::str::from_utf8(value).ok().map(Part::Head),
        b"bytes" => number(value).and_then(|count| count.try_into().ok()).map(Part::BytesFollow),
        b"base64" => base64::decode(text?.as_bytes()).map(|bytes| Part::Bytes(bytes.into())),
        b"chunk" => Some(Part::Bytes(match text? {
            Cow::Borrowed(text) => text.as_bytes().into(),
            Cow::Owned(text) => text.into_bytes().into(),
        })),
        _ => (value == b"true").then_some(Part::End),
    }
}

/// Where a part of a text stands in it.
fn place(part: &[u8], text: &[u8]) -> Range<usize> {
    let start = part.as_ptr().addr() - text.as_ptr().addr();
    start..start + part.len()
}

/// One call of the handler.
#[derive(Debug)]
pub struct Call<'a> {
    /// Its answer has the same id.
    pub id: String,
    /// What the handler gets, a CloudEvent for example, in parts: a large event is not copied.
    pub event: [Cow<'a, [u8]>; 3],
}

impl<'a> Call<'a> {
    /// Only parts with line breaks are copied, to replace those by blanks.
    pub fn new(id: String, event: [&'a [u8]; 3]) -> Call<'a> {
        Call { id, event: event.map(on_one_line) }
    }
}

/// The part of a call's line before the event, or before the input of a hook.
pub fn call_prefix(id: &str, hook: Option<&str>) -> Vec<u8> {
    let mut head = Vec::with_capacity(64);
    push_json(&mut head, "{\"id\":", id);
    if let Some(hook) = hook {
        push_json(&mut head, ",\"hook\":", hook);
    }
    head.extend_from_slice(if hook.is_some() { b",\"input\":" } else { b",\"event\":" });
    head
}

/// The part of a call's line after the event: the context, and the end. What bootstrap vouches for comes before what the caller
/// chose. `deadline_ms` is when the handler must be done, in milliseconds since 1970. With `may_stream` the answer may be a stream.
pub fn call_suffix(
    invocation: &Invocation,
    deadline_ms: Option<u64>,
    debugger: Option<&Target>,
    may_stream: bool,
) -> Vec<u8> {
    let mut tail = Vec::with_capacity(512); // a context without the caller's parts
    push_json(&mut tail, ",\"context\":{\"requestId\":", &invocation.request_id);
    if let Some(deadline_ms) = deadline_ms {
        tail.extend_from_slice(b",\"deadlineMs\":");
        append_number(deadline_ms, &mut tail);
    }
    let strings = [
        (",\"functionArn\":", &invocation.function_arn),
        (",\"traceId\":", &invocation.trace_id),
        (",\"tenantId\":", &invocation.tenant_id),
    ];
    for (name, value) in strings {
        if let Some(value) = value {
            push_json(&mut tail, name, value);
        }
    }
    if let Some(Target { host, port, stops_at_first_line }) = debugger {
        push_json(&mut tail, ",\"debug\":{\"host\":", host);
        tail.extend_from_slice(format!(",\"port\":{port},\"break\":{stops_at_first_line}}}").as_bytes());
    }
    if may_stream {
        tail.extend_from_slice(b",\"stream\":true,\"bytes\":true");
    }
    let caller = [(",\"clientContext\":", &invocation.client_context), (",\"identity\":", &invocation.identity)];
    for (name, value) in caller {
        if let Some(value) = value {
            tail.extend_from_slice(name.as_bytes());
            push_without_context(&mut tail, value.as_bytes());
        }
    }
    tail.extend_from_slice(b"}}\n");
    tail
}

/// The last `,"context":{` of a line begins the context that bootstrap wrote: a language runtime that does not parse JSON
/// searches for it. So the caller's *valid* JSON gets a blank behind each member name `"context"`. A string cannot contain that
/// text, because its quotes would be escaped.
fn push_without_context(line: &mut Vec<u8>, json: &[u8]) {
    const NAME: &[u8] = b"\"context\":";
    let mut rest = json;
    while let Some((byte, behind)) = rest.split_first() {
        match rest.strip_prefix(NAME) {
            Some(behind) => {
                line.extend_from_slice(b"\"context\" :");
                rest = behind;
            }
            None => {
                line.push(*byte);
                rest = behind;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_says_how_many_calls_may_be_open() {
        let line = br#"{"ready":{"protocol":1,"name":"nodejs","version":"20","concurrency":64}}"#;
        let Message::Ready(ready) = Message::parse(line).unwrap() else { panic!("not ready") };
        assert_eq!(ready, Ready { protocol: 1, concurrency: 64, has_hooks: false });
        let Message::Ready(ready) = Message::parse(br#"{"ready":{"protocol":1}}"#).unwrap() else {
            panic!("not ready")
        };
        assert_eq!(ready.concurrency, 1);
    }

    #[test]
    fn ready_says_whether_there_are_hooks() {
        for (hooks, expected) in [("true", true), ("false", false), ("1", false), ("null", false)] {
            let line = format!(r#"{{"ready":{{"protocol":1,"hooks":{hooks}}}}}"#);
            let Message::Ready(ready) = Message::parse(line.as_bytes()).unwrap() else { panic!("not ready") };
            assert_eq!(ready.has_hooks, expected, "{hooks}");
        }
    }

    #[test]
    fn the_answer_to_a_call_is_not_taken_for_ready() {
        let line = br#"{"id":"a","response":1,"ready":{"protocol":1,"concurrency":9}}"#;
        assert!(matches!(Message::parse(line), Ok(Message::Response { .. })));
        assert!(matches!(Message::parse(br#"{"id":"a","ready":{"protocol":1}}"#), Ok(Message::Response { .. })));
    }

    #[test]
    fn a_response_keeps_its_digits_and_may_be_null() {
        let line = br#"{"id":"a","response":{"n":12345678901234567890.10,"n":1E2}}"#;
        let Message::Response { id, response, .. } = Message::parse(line).unwrap() else { panic!("no response") };
        assert_eq!(id, "a");
        assert_eq!(&line[response], br#"{"n":12345678901234567890.10,"n":1E2}"#);
        assert!(matches!(Message::parse(br#"{"id":"a","response":null}"#), Ok(Message::Response { .. })));
    }

    #[test]
    fn an_output_may_be_null_and_may_be_left_out() {
        for (line, output) in [(r#"{"id":"a","output":null}"#, "null"), (r#"{"id":"a"}"#, "")] {
            let message = Message::parse(line.as_bytes()).unwrap();
            let Message::Response { response, is_output: true, .. } = message else { panic!("no output") };
            assert_eq!(line.as_bytes().get(response), Some(output.as_bytes()));
        }
        let line = br#"{"id":"a","output":1,"response":2}"#;
        assert!(matches!(Message::parse(line), Ok(Message::Response { is_output: false, .. })));
    }

    #[test]
    fn an_error_without_an_id_is_an_init_error() {
        let line = br#"{"error":{"errorType":"E","errorMessage":"m","stackTrace":["a"]}}"#;
        let Message::InitError(error) = Message::parse(line).unwrap() else { panic!("no error") };
        assert_eq!((error.error_type.as_str(), error.error_message.as_str()), ("E", "m"));
        assert_eq!(error.stack_trace.unwrap(), r#"["a"]"#);
    }

    #[test]
    fn an_error_of_another_form_is_an_error_still() {
        for error in ["null", "3", "{}", r#"{"errorType":3}"#, "[1]"] {
            let line = format!(r#"{{"id":"a","error":{error}}}"#);
            assert!(matches!(Message::parse(line.as_bytes()), Ok(Message::Error { .. })), "{error}");
        }
    }

    #[test]
    fn a_line_has_one_form() {
        for line in [
            r#"{"id":"a","id":"a","response":1}"#,
            r#"{"id":"a","response":1,"response":1}"#,
            r#"{"id":"a","error":{},"error":{}}"#,
            r#"{"id":["a"],"response":1}"#,
            r#"{"id":"\ud83d","response":1}"#,
            r#"{"ready":[1,1]}"#,
            r#"{"ready":{}}"#,
            r#"{"ready":{"protocol":"1"}}"#,
            r#"{"ready":{"protocol":1.0}}"#,
            r#"{"ready":{"protocol":-1}}"#,
            r#"{"ready":{"protocol":1,"protocol":1}}"#,
            r#"{"ready":{"protocol":1,"concurrency":null}}"#,
            r#"{"ready":{"protocol":1},"ready":{"protocol":1}}"#,
        ] {
            let why = Message::parse(line.as_bytes()).unwrap_err();
            assert!(why.starts_with("JSON of another form (a line of "), "{line}: {why}");
        }
        assert!(Message::parse(br#"{"id":null,"ready":null,"error":1}"#).is_ok());
    }

    #[test]
    fn escapes_in_a_line_are_read() {
        let line = br#"{"\u0069d":"a\n\u0062","response":1}"#;
        assert!(matches!(Message::parse(line), Ok(Message::Response { id, .. }) if id == "a\nb"));
    }

    #[test]
    fn where_a_line_stops_to_be_json_is_told() {
        for (line, why) in [
            (&b"hello"[..], "no JSON (a line of 5 bytes, wrong at byte 1)"),
            (b"{\"id\":\"a", "half a JSON text (a line of 8 bytes, wrong at byte 8)"),
            (b"{\"id\":1}", "JSON of another form (a line of 8 bytes, wrong at byte 7)"),
            (b"{}{", "no JSON (a line of 3 bytes, wrong at byte 3)"),
            (b"3", "JSON that is not an object"),
            (b" {\"a\":1}", NO_MESSAGE),
        ] {
            assert_eq!(Message::parse(line).unwrap_err(), why);
        }
    }

    #[test]
    fn unknown_members_are_ignored() {
        assert!(Message::parse(br#"{"id":"a","response":1,"more":[{}]}"#).is_ok());
    }

    #[test]
    fn what_is_no_message_is_described_and_not_quoted() {
        for line in [
            "secret",
            r#"{"secret":1}"#,
            r#"["secret",1,null,null]"#,
            r#"{"id":"secret"#,
            r#"["secret"]"#,
            "",
            r#"{"id":3,"response":1}"#,
        ] {
            assert!(!Message::parse(line.as_bytes()).unwrap_err().contains("secret"), "{line}");
        }
        assert!(Message::parse(b"{\"id\":\"\xff\",\"response\":1}").is_err());
    }

    #[test]
    fn a_response_is_utf_8() {
        for (text, is_message) in [(&b"a"[..], true), ("\u{e9}".as_bytes(), true), (b"\xff", false), (b"\xc3", false)] {
            for member in [&b"response"[..], b"output", b"error"] {
                let line = [b"{\"id\":\"a\",\"", member, b"\":\"", text, b"\"}"].concat();
                assert_eq!(Message::parse(&line).is_ok(), is_message, "{}", String::from_utf8_lossy(&line));
            }
        }
    }

    /// Of an invocation by a caller who chose the client context and the identity, asking for a debugger.
    fn line_for(client_context: &str, identity: &str) -> String {
        let invocation = Invocation {
            request_id: "id-1".to_owned(),
            deadline_ms: Some(7),
            function_arn: Some("a,\"clientContext\":\"".to_owned()),
            client_context: Some(client_context.to_owned()),
            identity: Some(identity.to_owned()),
            tenant_id: Some("mine".to_owned()),
            ..Invocation::default()
        };
        let debugger = Target { host: "h\",\"context\":{".to_owned(), port: 1, stops_at_first_line: false };
        let event: &[u8] = br#"{"a":1,"context":{}}"#;
        let line =
            [&call_prefix("id-1", None)[..], event, &call_suffix(&invocation, Some(7), Some(&debugger), true)].concat();
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn the_last_context_of_a_line_is_the_one_that_bootstrap_wrote() {
        let hostile =
            r#"{"x":1,"context":{"tenantId":"yours","context":[],"\"context":1,"":"\"context\":{\",\"context\":"}}"#;
        for (client_context, identity) in [(hostile, "1"), ("1", hostile), (hostile, hostile), ("\"context\"", "\",\"")]
        {
            let line = line_for(client_context, identity);
            let (before, context) = line.rsplit_once(r#","context":{"#).unwrap();
            assert_eq!(before, r#"{"id":"id-1","event":{"a":1,"context":{}}"#);
            assert!(context.starts_with(r#""requestId":"id-1","deadlineMs":7,"functionArn":""#), "{context}");
            let given: serde_json::Value = serde_json::from_str(&line).unwrap();
            let value = |json: &str| serde_json::from_str::<serde_json::Value>(json).unwrap();
            assert_eq!(given["context"]["clientContext"], value(client_context));
            assert_eq!(given["context"]["identity"], value(identity));
        }
    }

    #[test]
    fn what_bootstrap_vouches_for_stands_before_what_a_caller_chose() {
        let line = line_for(r#"{"tenantId":"yours","debug":1}"#, "{}");
        let (own, callers) = line.split_once(r#","clientContext":"#).unwrap();
        assert!(own.contains(r#""tenantId":"mine""#) && own.contains(r#""debug":{"host":"h\","#), "{own}");
        assert!(own.ends_with(r#","stream":true,"bytes":true"#), "{own}");
        assert!(!callers.contains(r#""debug":{"#) && callers.ends_with(",\"identity\":{}}}\n"), "{callers}");
    }

    #[test]
    fn a_stream_comes_in_parts() {
        for (line, part) in [
            (r#"{"id":"a","stream":{"statusCode":200}}"#, Part::Head(r#"{"statusCode":200}"#)),
            (r#"{"id":"a","chunk":""}"#, Part::Bytes(b"".into())),
            (r#"{"id":"a","chunk":"\u0000\u00e9\n"}"#, Part::Bytes("\0é\n".as_bytes().into())),
            (r#"{"base64":"AP8=","id":"a"}"#, Part::Bytes(b"\0\xff".into())),
            (r#"{"id":"a","bytes":70000}"#, Part::BytesFollow(70000)),
            (r#"{"id":"a","end":true}"#, Part::End),
        ] {
            let Message::Part { id, part: read } = Message::parse(line.as_bytes()).unwrap() else { panic!("{line}") };
            assert_eq!((&*id, read), ("a", part), "{line}");
        }
    }

    #[test]
    fn an_answer_is_not_taken_for_a_part_of_a_stream() {
        let line = br#"{"id":"a","response":1,"stream":{}}"#;
        assert!(matches!(Message::parse(line), Ok(Message::Response { is_output: false, .. })));
        let line = br#"{"id":"a","chunk":"x","error":{}}"#;
        assert!(matches!(Message::parse(line), Ok(Message::Error { .. })));
    }

    #[test]
    fn a_part_of_another_form_is_refused() {
        for line in [
            r#"{"id":"a","chunk":1}"#,
            r#"{"id":"a","chunk":"\ud83d"}"#,
            r#"{"id":"a","base64":"A"}"#,
            r#"{"id":"a","base64":null}"#,
            r#"{"id":"a","bytes":-1}"#,
            r#"{"id":"a","bytes":"1"}"#,
            r#"{"id":"a","bytes":1,"chunk":"x"}"#,
            r#"{"id":"a","end":false}"#,
            r#"{"id":"a","chunk":"x","end":true}"#,
            r#"{"chunk":"x"}"#,
        ] {
            assert!(Message::parse(line.as_bytes()).is_err(), "{line}");
        }
    }
}

//! The two kinds of failure: [`InvocationError`] is posted to the Runtime API, and [`Fatal`] ends bootstrap.

use std::borrow::Cow;
use std::fmt;
use std::io;

use crate::bounded::{bounded, push_stack};
use crate::cloudevents::json::text::read_text;
use crate::cloudevents::json::{Document, Value};
use crate::json_line::push_json;
use crate::os::process::{CannotStart, End};

/// What a stack has in addition if it was cut, in bytes.
const CUT_STACK: usize = 32;

/// Init or one invocation failed. Posted to the Runtime API, which tells the caller.
#[derive(Debug)]
pub enum InvocationError {
    /// An environment variable of ours is invalid.
    Variable { name: &'static str, value: String, allowed: &'static str },
    /// `LAMBDA_TASK_ROOT` cannot be entered.
    TaskRoot { path: String, cause: io::Error },
    /// No language runtime was found in any of these places.
    NoLanguageRuntime { wanted: String, searched: Vec<String> },
    /// The managed runtime is one for compiled handlers, and nobody has added a language runtime for them.
    CompiledHandler { runtime: &'static str },
    /// The handler's name does not say which function of which file.
    MalformedHandlerName { handler: String },
    /// The handler's file could be run by several language runtimes.
    AmbiguousHandler { handler: String, files: Vec<String> },
    /// An executable could not be started.
    CannotStart(CannotStart),
    /// A middleware's name is invalid, or there is no such executable.
    NoMiddleware { name: String, why: String },
    /// The language runtime, or a resident middleware, speaks another version of the protocol.
    Protocol { version: u64 },
    /// The handler, or the language runtime, reported this error.
    Handler(Box<LambdaError>),
    /// The language runtime ended before it had answered.
    RuntimeExit { how: String },
    /// The language runtime wrote something to STDOUT that is not a message of the protocol.
    RuntimeGarbage { why: String },
    /// Reading from or writing to the language runtime failed.
    RuntimePipe { cause: io::Error },
    /// The deadline came first.
    Timeout { seconds: u64, missing: String, stack_trace: Option<String> },
    /// SIGTERM ended the execution environment before the invocation was done.
    Terminated,
    /// A middleware failed.
    Middleware { name: String, hook: &'static str, why: String },
    /// A resident middleware failed, in this hook if it was in one.
    Resident { name: String, hook: &'static str, cause: Box<InvocationError> },
    /// The event, or the response, is not JSON.
    NotJson { what: &'static str, why: String },
    /// The response cannot be sent as a stream.
    NotStreamable { why: &'static str },
    /// The handler answered one record with `batchItemFailures`.
    OwnBatchItemFailures,
    /// An invariant of bootstrap is broken.
    Internal { what: &'static str },
    /// Records of a batch failed.
    Batch { summary: String, first: Box<InvocationError> },
}

impl InvocationError {
    /// The `errorType` that Lambda and the caller see.
    pub fn error_type(&self) -> &str {
        use InvocationError::*;
        match self {
            Variable { .. } => "Runtime.InvalidConfiguration",
            TaskRoot { .. } => "Runtime.InvalidTaskRoot",
            NoLanguageRuntime { .. } | CompiledHandler { .. } => "Runtime.NoLanguageRuntime",
            MalformedHandlerName { .. } => "Runtime.MalformedHandlerName",
            AmbiguousHandler { .. } => "Runtime.AmbiguousHandler",
            CannotStart(_) => "Runtime.InvalidEntrypoint",
            NoMiddleware { .. } => "Runtime.NoMiddleware",
            Protocol { .. } => "Runtime.InvalidProtocol",
            Handler(error) => &error.error_type,
            RuntimeExit { .. } | RuntimeGarbage { .. } | RuntimePipe { .. } => "Runtime.ExitError",
            Timeout { .. } => "Function.Timeout",
            Terminated => "Runtime.Shutdown",
            Middleware { .. } | Resident { .. } => "Function.MiddlewareFailed",
            NotJson { what: "event", .. } => "Runtime.UnmarshalError",
            NotJson { .. } | NotStreamable { .. } => "Runtime.MarshalError",
            OwnBatchItemFailures => "Function.BatchItemFailures",
            Internal { .. } => "Runtime.Internal",
            Batch { first, .. } => first.error_type(),
        }
    }

    /// The kind of child that failed.
    pub fn child(&self) -> &'static str {
        if matches!(self, InvocationError::Resident { .. }) { "a middleware" } else { "the language runtime" }
    }

    /// What happened. A handler's message may have megabytes, and is not copied.
    pub fn message(&self) -> Cow<'_, str> {
        match self {
            InvocationError::Handler(error) => Cow::Borrowed(&error.error_message),
            other => Cow::Owned(other.to_string()),
        }
    }

    /// The language's own stack trace, if it sent one: a JSON array of strings.
    pub fn stack_trace(&self) -> Option<&str> {
        match self {
            InvocationError::Handler(error) => error.stack_trace.as_deref(),
            InvocationError::Timeout { stack_trace, .. } => stack_trace.as_deref(),
            InvocationError::Batch { first: cause, .. } | InvocationError::Resident { cause, .. } => {
                cause.stack_trace()
            }
            _ => None,
        }
    }

    /// The stack as the language prints it. In some languages it begins with the message.
    pub fn full_stack(&self) -> Option<&str> {
        match self {
            InvocationError::Handler(error) => error.trace.as_deref().or(self.stack_trace()),
            InvocationError::Batch { first: cause, .. } | InvocationError::Resident { cause, .. } => cause.full_stack(),
            other => other.stack_trace(),
        }
    }

    /// The error object of the Runtime API.
    ///
    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-invokeerror>
    pub fn to_json(&self) -> Vec<u8> {
        let mut json = Vec::new();
        push_json(&mut json, "{\"errorType\":", self.error_type());
        push_json(&mut json, ",\"errorMessage\":", &self.message());
        json.extend_from_slice(b",\"stackTrace\":");
        json.extend_from_slice(self.stack_trace().unwrap_or("[]").as_bytes());
        if let InvocationError::Handler(error) = self {
            error.push_other_members(&mut json);
        }
        json.push(b'}');
        json
    }

    /// The same in at most `room` bytes, which must be some thousand: if it is longer, it has only the members that every error has,
    /// and the ends of the message and of the stack are cut.
    pub fn to_short_json(&self, room: usize) -> Vec<u8> {
        let mut json = self.to_json();
        for share in [2, 4, 16, 64] {
            if json.len() <= room {
                break; // a character takes up to six bytes in JSON, so that the first share can be too long
            }
            json.clear();
            push_json(&mut json, "{\"errorType\":", &bounded(&self.error_type(), room / 32));
            push_json(&mut json, ",\"errorMessage\":", &bounded(&self.message(), room / share));
            json.extend_from_slice(b",\"stackTrace\":");
            let left = room.saturating_sub(json.len() + CUT_STACK);
            push_stack(&mut json, self.stack_trace().unwrap_or("[]"), left);
            json.push(b'}');
        }
        json
    }
}

impl InvocationError {
    /// An error of a child, which may be called `it`.
    fn fmt_of_child(&self, f: &mut fmt::Formatter<'_>, child: &str) -> fmt::Result {
        match self {
            InvocationError::Protocol { version } => {
                write!(f, "{child} speaks version {version} of the protocol, this bootstrap version 1")
            }
            InvocationError::RuntimeExit { how } => write!(f, "{child} {how}"),
            InvocationError::RuntimeGarbage { why } => {
                write!(f, "{child} was killed: its STDOUT carried no message of the protocol: {why}")
            }
            InvocationError::RuntimePipe { cause } => write!(f, "cannot talk to {child}: {cause}"),
            other => fmt::Display::fmt(other, f),
        }
    }
}

/// What failed in a resident middleware. Of an error that it reported itself, the message is told if `with_message`.
pub fn fmt_resident(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    hook: &str,
    cause: &InvocationError,
    with_message: bool,
) -> fmt::Result {
    let (before, behind) = if hook.is_empty() { ("", "") } else { (" in its ", " hook") };
    write!(f, "middleware {name} failed{before}{hook}{behind}: ")?;
    if matches!(cause, InvocationError::Handler(_)) {
        f.write_str(cause.error_type())?;
        if !with_message {
            return Ok(());
        }
        f.write_str(": ")?;
    }
    cause.fmt_of_child(f, "it")
}

impl From<CannotStart> for InvocationError {
    fn from(error: CannotStart) -> InvocationError {
        InvocationError::CannotStart(error)
    }
}

impl fmt::Display for InvocationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use InvocationError::*;
        match self {
            Variable { name, value, allowed } => {
                write!(f, "the environment variable {name} is \"{value}\", but must be {allowed}")
            }
            TaskRoot { path, cause } => write!(f, "cannot enter LAMBDA_TASK_ROOT {path}: {cause}"),
            NoLanguageRuntime { wanted, searched } => fmt_no_language_runtime(f, wanted, searched),
            CompiledHandler { runtime } => write!(
                f,
                "no language runtime for the compiled handlers of the managed runtime {runtime}; remove AWS_LAMBDA_EXEC_WRAPPER \
                 from this function, or add a layer with runtimes/{runtime}/language-runtime"
            ),
            MalformedHandlerName { handler } => {
                write!(f, "the handler \"{handler}\" is not of the form file.function, like handler.hello")
            }
            AmbiguousHandler { handler, files } => write!(
                f,
                "the handler {handler} may be in any of {}; name its language runtime in SLSRUNTIME",
                files.join(", ")
            ),
            CannotStart(error) => error.fmt(f),
            NoMiddleware { name, why } => write!(f, "SLSMIDDLEWARES names \"{name}\", {why}"),
            Handler(error) => f.write_str(&error.error_message),
            Protocol { .. } | RuntimeExit { .. } | RuntimeGarbage { .. } | RuntimePipe { .. } => {
                self.fmt_of_child(f, "the language runtime")
            }
            Timeout { seconds, missing, .. } => write!(f, "Task timed out after {seconds}.00 seconds: {missing}"),
            Terminated => f.write_str("the execution environment was shut down before the invocation was done"),
            Middleware { name, hook, why } => write!(f, "middleware {name} failed in its {hook} hook: {why}"),
            Resident { name, hook, cause } => fmt_resident(f, name, hook, cause, true),
            NotJson { what, why } => write!(f, "the {what} is not JSON: {why}"),
            NotStreamable { why } => write!(f, "the response cannot be sent as a stream: {why}"),
            OwnBatchItemFailures => f.write_str("the handler answered a record with batchItemFailures"),
            Internal { what } => write!(f, "a fault of bootstrap, which should be reported: {what}"),
            Batch { summary, first } => write!(f, "{summary}; first: {}: {first}", first.error_type()),
        }
    }
}

fn fmt_no_language_runtime(f: &mut fmt::Formatter<'_>, wanted: &str, searched: &[String]) -> fmt::Result {
    let searched = searched.join(", ");
    write!(
        f,
        "no language runtime for {wanted}; looked for {searched}; compile TypeScript, rename a file with a dot before its \
         extension, or set SLSRUNTIME to the language, like nodejs or python"
    )
}

/// An error as a handler reports it.
#[derive(Debug, Default)]
pub struct LambdaError {
    /// The language's own name for it.
    pub error_type: String,
    /// What happened.
    pub error_message: String,
    /// In JSON: an array of strings, as a rule.
    pub stack_trace: Option<String>,
    /// The stack trace with the message, as AWS's client for Node.js sends it.
    pub trace: Option<String>,
    /// The other members as JSON, each with a comma before it.
    pub more: String,
}

impl LambdaError {
    /// Reads an error object, which is valid JSON. If members are missing or have another type, the rest is kept.
    pub fn parse(error: &str) -> LambdaError {
        let mut read = LambdaError { error_type: "Error".to_owned(), ..LambdaError::default() };
        match Document::parse(error.as_bytes()) {
            Ok(document) if document.root().first() == b'{' => {
                document.root().members().for_each(|(name, value)| read.take(name, value));
            }
            _ => read.error_message = text(error.as_bytes()),
        }
        read
    }

    /// If a known member comes twice, the last one counts.
    fn take(&mut self, name: &[u8], value: Value<'_, '_>) {
        let own = || String::from_utf8_lossy(value.raw());
        match name {
            b"errorType" | b"errorMessage" | b"stackTrace" | b"trace" if value.is_null() => {}
            b"errorType" => self.error_type = text(value.raw()),
            b"errorMessage" => self.error_message = text(value.raw()),
            b"stackTrace" => self.stack_trace = Some(own().into_owned()),
            b"trace" => self.trace = Some(own().into_owned()),
            _ if name.contains(&b'\\') => {} // with escapes it could spell one of the above
            _ => self.more.extend([",\"", &String::from_utf8_lossy(name), "\":", &own()]),
        }
    }

    fn push_other_members(&self, json: &mut Vec<u8>) {
        if let Some(trace) = &self.trace {
            json.extend_from_slice(b",\"trace\":");
            json.extend_from_slice(trace.as_bytes());
        }
        json.extend_from_slice(self.more.as_bytes());
    }
}

/// The text of a JSON string. Of any other JSON, and of a string with half a surrogate pair, it is the JSON itself.
pub fn text(json: &[u8]) -> String {
    match read_text(json) {
        Some(text) => text.into_owned(),
        None => String::from_utf8_lossy(json).trim_matches('"').to_owned(),
    }
}

/// `Lambda-Runtime-Function-Error-Type`. Lambda keeps it only if it has the form `Runtime.Xyz` or `Function.Xyz`, of letters.
pub fn header_error_type(error_type: &str) -> String {
    let (category, reason) = match error_type.split_once('.') {
        Some((category @ ("Runtime" | "Function"), reason)) => (category, reason),
        _ => ("Function", error_type),
    };
    let own_name = reason.rsplit(['.', ':', '\\', '/']).next().unwrap_or(reason); // `botocore.errorfactory.NoSuchKey`
    let letters: String = own_name.chars().filter(char::is_ascii_alphabetic).collect();
    format!("{category}.{}", if letters.is_empty() { "Error" } else { &letters })
}

/// bootstrap cannot go on. The error is logged, and the exit status is 1.
#[derive(Debug)]
pub enum Fatal {
    /// This is not a Lambda execution environment.
    NoRuntimeApi { is: &'static str },
    /// A system call of ours failed.
    System { what: &'static str, cause: io::Error },
    /// The Runtime API did not answer, or its answer is not usable.
    RuntimeApi { call: &'static str, why: String },
    /// Init failed; it has been reported.
    Init(InvocationError),
    /// Init failed, and reporting that failed too.
    Unreported { error: InvocationError, why: String },
    /// The language runtime, or a resident middleware, has died too often.
    CrashLoop(InvocationError),
    /// The handler could not be loaded in a slot, while others serve: Lambda is not told.
    SlotInit(InvocationError),
    /// Init failed in a slot; it has been reported, and logged.
    Told,
    /// All slots have died too often; the last one so.
    Slots { how: End },
}

impl fmt::Display for Fatal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fatal::NoRuntimeApi { is } => write!(
                f,
                "AWS_LAMBDA_RUNTIME_API is {is}: this program is started by AWS Lambda, or by open-runtime on your machine"
            ),
            Fatal::System { what, cause } => write!(f, "cannot {what}: {cause}"),
            Fatal::RuntimeApi { call, why } => write!(f, "Runtime API: {call} failed: {why}"),
            Fatal::Init(error) => write!(f, "Init failed: {}: {error}", error.error_type()),
            Fatal::Unreported { error, why } => {
                write!(f, "Init failed: {}: {error}; and Lambda could not be told: {why}", error.error_type())
            }
            Fatal::SlotInit(error) => write!(f, "Init failed in a slot: {}: {error}", error.error_type()),
            Fatal::Told => f.write_str("Init failed in a slot, which has told Lambda"),
            Fatal::Slots { how } => write!(f, "no slot can be kept alive: the last one {how}"),
            Fatal::CrashLoop(error) => {
                write!(f, "{} cannot be kept alive: {}: {error}", error.child(), error.error_type())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_types_go_out_in_the_form_that_lambda_keeps() {
        for (own, header) in [
            ("ValueError", "Function.ValueError"),
            ("Runtime.ExitError", "Runtime.ExitError"),
            ("Function.Timeout", "Function.Timeout"),
            ("botocore.exceptions.NoSuchKey", "Function.NoSuchKey"),
            ("MyApp::Errors::NotFound", "Function.NotFound"),
            ("Error 42\r\nX-y", "Function.ErrorXy"),
            ("", "Function.Error"),
            ("エラー", "Function.Error"),
            ("Runtime.", "Runtime.Error"),
        ] {
            assert_eq!(header_error_type(own), header);
        }
    }

    #[test]
    fn an_error_of_a_handler_is_read_as_far_as_it_can_be() {
        for (error, error_type, error_message) in [
            (r#"{"errorType":"E","errorMessage":"m"}"#, "E", "m"),
            (r#"{"errorType":"E","errorMessage":{"a":[3]}}"#, "E", r#"{"a":[3]}"#),
            (r#"{"errorType":"E","errorMessage":"cut \ud83d"}"#, "E", r"cut \ud83d"),
            (r#"{"errorType":null,"errorMessage":3}"#, "Error", "3"),
            (r#"{"stackTrace":3}"#, "Error", ""),
            (r#""it broke""#, "Error", "it broke"),
            (r#"["E","m",[]]"#, "Error", r#"["E","m",[]]"#),
        ] {
            let read = LambdaError::parse(error);
            assert_eq!((read.error_type.as_str(), read.error_message.as_str()), (error_type, error_message), "{error}");
        }
    }

    #[test]
    fn the_other_members_of_an_error_are_kept() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let given = format!(
            r#"{{"trace":["E: m"],"requestId":"r","errorType":"lost","errorType":"E","a":{{"b":[1.50]}},"deep":{deep},"stackTrace":null}}"#
        );
        let read = LambdaError::parse(&given);
        let json = String::from_utf8(InvocationError::Handler(read.into()).to_json()).unwrap();
        let expected =
            r#"{"errorType":"E","errorMessage":"","stackTrace":[],"trace":["E: m"],"requestId":"r","a":{"b":[1.50]}"#;
        assert_eq!(json, format!("{expected},\"deep\":{deep}}}"));
    }

    #[test]
    fn a_member_cannot_be_named_twice_by_escapes() {
        let error = r#"{"errorType":"E","error\u0054ype":"F","trace":["E"]}"#;
        let json = InvocationError::Handler(LambdaError::parse(error).into()).to_json();
        assert_eq!(json, br#"{"errorType":"E","errorMessage":"","stackTrace":[],"trace":["E"]}"#);
    }

    #[test]
    fn an_error_is_the_object_of_the_runtime_api() {
        let error = InvocationError::RuntimeExit { how: "exited with status 3".to_owned() };
        let json: serde_json::Value = serde_json::from_slice(&error.to_json()).unwrap();
        assert_eq!(json["errorType"], "Runtime.ExitError");
        assert_eq!(json["errorMessage"], "the language runtime exited with status 3");
        assert_eq!(json["stackTrace"], serde_json::json!([]));
    }

    #[test]
    fn an_error_that_is_too_long_keeps_its_type_and_fills_the_room() {
        let room = 4_100;
        let error = |error_type: &str, message: &str| {
            let (error_type, error_message) = (error_type.to_owned(), message.to_owned());
            InvocationError::Handler(LambdaError { error_type, error_message, ..LambdaError::default() }.into())
        };
        let short = error("E", "m").to_short_json(room);
        assert_eq!(short, error("E", "m").to_json());
        for message in ["m", "\u{1}"] {
            let json = error("TooLongError", &message.repeat(9_000)).to_short_json(room);
            assert!(json.starts_with(br#"{"errorType":"TooLongError","errorMessage":""#));
            assert!(json.len() <= room && json.len() > room / 3, "{} bytes", json.len());
        }
        let long_type = error(&"T".repeat(9_000), "m").to_short_json(room);
        assert!(long_type.len() <= room && long_type.len() > room / 40, "{} bytes", long_type.len());
    }

    #[test]
    fn a_stack_is_that_of_the_cause() {
        let stack = || Some(r#"["at f"]"#.to_owned());
        let timeout = || InvocationError::Timeout { seconds: 3, missing: "it".to_owned(), stack_trace: stack() };
        let batch = InvocationError::Batch { summary: "2 records failed".to_owned(), first: timeout().into() };
        let resident = InvocationError::Resident { name: "m".to_owned(), hook: "before", cause: timeout().into() };
        let handler = LambdaError { stack_trace: stack(), ..LambdaError::default() };
        for error in [timeout(), batch, resident, InvocationError::Handler(handler.into())] {
            assert_eq!((error.stack_trace(), error.full_stack()), (Some(r#"["at f"]"#), Some(r#"["at f"]"#)));
        }
        assert_eq!(InvocationError::Terminated.stack_trace(), None);
    }

    #[test]
    fn what_a_middleware_says_of_itself_is_told_only_where_it_may_be() {
        let handler = |message: &str| LambdaError {
            error_type: "E".to_owned(),
            error_message: message.to_owned(),
            ..LambdaError::default()
        };
        struct Told<'a>(&'a str, &'a InvocationError, bool);
        impl fmt::Display for Told<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt_resident(f, "m", self.0, self.1, self.2)
            }
        }
        let reported = InvocationError::Handler(handler("secret").into());
        let exited = InvocationError::RuntimeExit { how: "exited with status 3".to_owned() };
        for (hook, error, with_message, expected) in [
            ("", &reported, false, "middleware m failed: E"),
            ("before", &reported, false, "middleware m failed in its before hook: E"),
            ("before", &reported, true, "middleware m failed in its before hook: E: secret"),
            ("", &exited, false, "middleware m failed: it exited with status 3"),
            ("after", &exited, true, "middleware m failed in its after hook: it exited with status 3"),
        ] {
            assert_eq!(Told(hook, error, with_message).to_string(), expected);
        }
    }

    #[test]
    fn what_ends_the_environment_says_why() {
        let exited = || InvocationError::RuntimeExit { how: "exited with status 3".to_owned() };
        for (fatal, expected) in [
            (
                Fatal::NoRuntimeApi { is: "not set" },
                "AWS_LAMBDA_RUNTIME_API is not set: this program is started by AWS Lambda, or by open-runtime on your machine",
            ),
            (Fatal::RuntimeApi { call: "next", why: "it is gone".to_owned() }, "Runtime API: next failed: it is gone"),
            (Fatal::Init(exited()), "Init failed: Runtime.ExitError: the language runtime exited with status 3"),
            (
                Fatal::Unreported { error: exited(), why: "it is gone".to_owned() },
                "Init failed: Runtime.ExitError: the language runtime exited with status 3; and Lambda could not be told: it is gone",
            ),
            (
                Fatal::SlotInit(exited()),
                "Init failed in a slot: Runtime.ExitError: the language runtime exited with status 3",
            ),
            (Fatal::Told, "Init failed in a slot, which has told Lambda"),
            (
                Fatal::CrashLoop(exited()),
                "the language runtime cannot be kept alive: Runtime.ExitError: the language runtime exited with status 3",
            ),
        ] {
            assert_eq!(fatal.to_string(), expected);
        }
    }
}

//! The log on stderr: bootstrap's own lines, and the error of each failed invocation, in the same form for every language. It
//! never has an event, a response, a header's value or the environment, and nothing is logged when all is well.

use std::fmt::{self, Display};
use std::io::Write as _;

use crate::bounded::{bounded, push_stack};
use crate::cloudevents::append_timestamp;
use crate::error::{Fatal, InvocationError, fmt_resident};
use crate::invocation::Invocation;
use crate::json_line::push_json;
use crate::os::deadline::unix_ms;

/// A longer message is cut, in bytes. Even if each byte of it takes six in JSON, a line with such a message and such a stack fits
/// into the 256 KiB that CloudWatch Logs took of an event for years.
const MAX_MESSAGE: usize = 24 << 10;

/// A longer stack is cut, in bytes of JSON.
const MAX_STACK: usize = 32 << 10;

/// A longer type of an error is cut, in bytes.
const MAX_TYPE: usize = 1 << 10;

/// How important a line is. By default those from [`Level::Warn`] on are logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// bootstrap cannot go on.
    Fatal,
    /// Something failed.
    Error,
    /// Something is not as it should be.
    Warn,
    /// What happens in each invocation.
    Debug,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Level::Fatal => "FATAL",
            Level::Error => "ERROR",
            Level::Warn => "WARN",
            Level::Debug => "DEBUG",
        }
    }
}

/// Where and how bootstrap logs.
#[derive(Clone, Copy, Debug)]
pub struct Log {
    /// Less important lines are left out.
    pub level: Level,
    /// `AWS_LAMBDA_LOG_FORMAT=JSON`: one JSON object per line.
    pub is_json: bool,
    /// `SLSLOGERRORS=type`: of an error from handlers, language runtimes or middlewares, only the type is logged.
    pub types_only: bool,
    /// A longer line is cut, in bytes. Several slots write to one pipe, which keeps lines of 4096 bytes whole.
    pub longest: usize,
}

impl Default for Log {
    fn default() -> Log {
        Log { level: Level::Warn, is_json: false, types_only: false, longest: usize::MAX }
    }
}

/// What failed, in the terms of AWS's client for Node.js.
#[derive(Clone, Copy, Debug)]
pub enum Failed<'a> {
    /// The Init phase.
    Init,
    /// This invocation.
    Invoke(&'a Invocation),
    /// The record of that number, from 1, in the batch of this invocation.
    Record(&'a Invocation, usize),
}

impl Log {
    /// Logs a message about an invocation, or about the execution environment.
    #[cold]
    #[inline(never)]
    pub fn write(self, level: Level, request_id: Option<&str>, message: &dyn Display) {
        if level > self.level {
            return;
        }
        print(&self.message_line(level, request_id, message));
    }

    fn message_line(self, level: Level, request_id: Option<&str>, message: &dyn Display) -> Vec<u8> {
        let room = MAX_MESSAGE.min(self.longest / 8); // a character takes up to six bytes in JSON
        let message = bounded(message, room).replace(char::is_control, " ");
        if self.is_json { json_line(level, request_id, &message) } else { text_line(request_id, &message) }
    }

    /// See [`write`](Log::write).
    #[cold]
    #[inline(never)]
    pub fn warn(self, request_id: Option<&str>, message: &dyn Display) {
        self.write(Level::Warn, request_id, message);
    }

    /// Logs what failed, and its error.
    #[cold]
    #[inline(never)]
    pub fn failure(self, failed: Failed<'_>, error: &InvocationError) {
        if Level::Error > self.level {
            return;
        }
        print(&self.fitting_failure_line(failed, error));
    }

    fn fitting_failure_line(self, failed: Failed<'_>, error: &InvocationError) -> Vec<u8> {
        let mut line = self.failure_line(failed, error, 0);
        for halvings in 1..9 {
            if line.len() > self.longest {
                line = self.failure_line(failed, error, halvings);
            }
        }
        line
    }

    /// What is long in it is cut to its limit, halved so often.
    fn failure_line(self, failed: Failed<'_>, error: &InvocationError, halvings: u32) -> Vec<u8> {
        let (what, invocation, record) = match failed {
            Failed::Init => ("Init", None, None),
            Failed::Invoke(invocation) => ("Invoke", Some(invocation), None),
            Failed::Record(invocation, number) => ("Record", Some(invocation), Some(number)),
        };
        let request_id = invocation.map(|invocation| &*invocation.request_id);
        let (mut line, mut json) = (Vec::new(), b"{".to_vec());
        if self.is_json {
            push_start(&mut json, Level::Error, request_id);
            if let Some(tenant) = invocation.and_then(|invocation| invocation.tenant_id.as_deref()) {
                push_json(&mut json, ",\"tenantId\":", tenant);
            }
            json.push(b',');
        } else {
            push_now(&mut line);
            line.extend_from_slice(format!("\t{}\tERROR\t{what} Error \t", request_id.unwrap_or("-")).as_bytes());
        }
        self.push_error(&mut json, error, halvings);
        if let Some(number) = record {
            json.extend_from_slice(format!(",\"record\":{number}").as_bytes());
        }
        json.extend_from_slice(b"}\n");
        push_printable(&mut line, &json);
        line
    }

    fn push_error(self, json: &mut Vec<u8>, error: &InvocationError, halvings: u32) {
        push_json(json, "\"errorType\":", &bounded(&error.error_type(), MAX_TYPE >> halvings));
        if let Some(told) = self.of(error) {
            push_json(json, ",\"errorMessage\":", &bounded(&told, MAX_MESSAGE >> halvings));
        }
        if !self.types_only {
            json.extend_from_slice(if self.is_json { b",\"stackTrace\":" } else { b",\"stack\":" });
            push_stack(json, error.full_stack().unwrap_or("[]"), MAX_STACK >> halvings);
        }
    }

    /// What the log may say of an error beside its type.
    pub fn of(self, error: &InvocationError) -> Option<Told<'_>> {
        let is_secret = self.types_only && matches!(error, InvocationError::Handler(_));
        (!is_secret).then_some(Told { log: self, error })
    }

    /// Logs why bootstrap ends.
    #[cold]
    #[inline(never)]
    pub fn fatal(self, fatal: &Fatal) {
        match fatal {
            Fatal::Init(error) | Fatal::SlotInit(error) => self.failure(Failed::Init, error),
            Fatal::Told => {}
            Fatal::Unreported { error, why } => {
                self.failure(Failed::Init, error);
                self.write(Level::Fatal, None, &format_args!("Lambda could not be told that Init failed: {why}"));
            }
            Fatal::CrashLoop(error) => {
                let (error_type, told) = (error.error_type(), self.of(error));
                let (colon, told): (_, &dyn Display) = told.as_ref().map_or(("", &""), |told| (": ", told));
                let child = error.child();
                self.write(
                    Level::Fatal,
                    None,
                    &format_args!("{child} cannot be kept alive: {error_type}{colon}{told}"),
                );
            }
            other => self.write(Level::Fatal, None, other),
        }
    }
}

/// What the log may say of an error.
pub struct Told<'a> {
    log: Log,
    error: &'a InvocationError,
}

impl Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.error {
            InvocationError::Batch { summary, first } => {
                write!(f, "{summary}; first: {}", first.error_type())?;
                self.log.of(first).map_or(Ok(()), |told| write!(f, ": {told}"))
            }
            InvocationError::Resident { name, hook, cause } => fmt_resident(f, name, hook, cause, !self.log.types_only),
            error => Display::fmt(error, f),
        }
    }
}

/// One write, so that lines of other processes do not come between. If it fails, there is no place to say so.
fn print(line: &[u8]) {
    let _ = std::io::stderr().write_all(line);
}

fn text_line(request_id: Option<&str>, message: &str) -> Vec<u8> {
    match request_id {
        Some(id) => format!("bootstrap: RequestId: {id} {message}\n"),
        None => format!("bootstrap: {message}\n"),
    }
    .into_bytes()
}

/// Lambda's own members: <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html>
fn json_line(level: Level, request_id: Option<&str>, message: &str) -> Vec<u8> {
    let mut line = b"{".to_vec();
    push_start(&mut line, level, request_id);
    push_json(&mut line, ",\"message\":", &format!("bootstrap: {message}"));
    line.extend_from_slice(b"}\n");
    line
}

fn push_start(json: &mut Vec<u8>, level: Level, request_id: Option<&str>) {
    json.extend_from_slice(b"\"timestamp\":\"");
    push_now(json);
    push_json(json, "\",\"level\":", level.name());
    if let Some(id) = request_id {
        push_json(json, ",\"requestId\":", id);
    }
}

fn push_now(line: &mut Vec<u8>) {
    append_timestamp(unix_ms(), line);
}

/// Appends a JSON text and its line feed without any other control character. Outside of strings those can only be white space;
/// in strings JSON allows U+007F to U+009F.
fn push_printable(line: &mut Vec<u8>, json: &[u8]) {
    for character in String::from_utf8_lossy(json).chars() {
        match character {
            '\t' | '\r' => line.push(b' '),
            '\u{7f}'..='\u{9f}' => line.extend_from_slice(format!("\\u{:04x}", u32::from(character)).as_bytes()),
            _ => line.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::LambdaError;

    #[test]
    fn a_failure_that_is_too_long_is_cut_until_it_fits() {
        let log = Log { longest: 4_096, ..Log::default() };
        let stack = Some(format!("[{}]", vec![r#""at f""#; 9_000].join(",")));
        let error = InvocationError::Handler(
            LambdaError {
                error_type: "T".repeat(9_000),
                error_message: "m".repeat(900_000),
                stack_trace: stack,
                ..LambdaError::default()
            }
            .into(),
        );
        let lengths: Vec<usize> =
            (0..9).map(|halvings| log.failure_line(Failed::Init, &error, halvings).len()).collect();
        assert!(lengths.is_sorted_by(|longer, shorter| longer > shorter), "{lengths:?}");
        assert!(lengths.last().is_some_and(|shortest| *shortest < log.longest), "{lengths:?}");
        for fitting in lengths {
            let of = |longest| Log { longest, ..log }.fitting_failure_line(Failed::Init, &error).len();
            assert_eq!(of(fitting), fitting);
            assert!(of(fitting - 1) < fitting || fitting < log.longest);
        }
    }

    #[test]
    fn a_message_that_is_too_long_is_cut_until_it_fits() {
        for is_json in [false, true] {
            let log = Log { longest: 4_096, is_json, ..Log::default() };
            for (message, shortest) in [("m", 500), ("\"", 500), ("\u{2028}", 200)] {
                let line = log.message_line(Level::Warn, Some("r"), &message.repeat(9_000));
                assert!(line.len() <= log.longest && line.len() > shortest, "{} bytes", line.len());
            }
        }
    }

    #[test]
    fn of_a_secret_error_the_type_alone_is_told() {
        let handler =
            || InvocationError::Handler(LambdaError::parse(r#"{"errorType":"E","errorMessage":"secret"}"#).into());
        let resident = InvocationError::Resident { name: "m".to_owned(), hook: "", cause: handler().into() };
        let batch = InvocationError::Batch { summary: "1 of 2 records failed".to_owned(), first: handler().into() };
        for (types_only, of_resident, of_batch) in [
            (false, "middleware m failed: E: secret", "1 of 2 records failed; first: E: secret"),
            (true, "middleware m failed: E", "1 of 2 records failed; first: E"),
        ] {
            let log = Log { types_only, ..Log::default() };
            assert_eq!(log.of(&resident).unwrap().to_string(), of_resident);
            assert_eq!(log.of(&batch).unwrap().to_string(), of_batch);
            assert_eq!(log.of(&handler()).map(|told| told.to_string()), (!types_only).then(|| "secret".to_owned()));
        }
    }

    /// The lines of a message and of two failures, with their points in time as `NOW`.
    fn lines(log: Log) -> [String; 3] {
        let invocation =
            Invocation { request_id: "r".to_owned(), tenant_id: Some("t".to_owned()), ..Invocation::default() };
        let error = || {
            InvocationError::Handler(
                LambdaError::parse(r#"{"errorType":"E","errorMessage":"m","stackTrace":["f"]}"#).into(),
            )
        };
        let lines = [
            log.message_line(Level::Warn, Some("r"), &"told"),
            log.fitting_failure_line(Failed::Record(&invocation, 2), &error()),
            log.fitting_failure_line(Failed::Init, &error()),
        ];
        lines.map(|line| {
            let line = String::from_utf8(line).unwrap();
            let Some(at) = line.find("20") else { return line };
            let (now, rest) = line.get(at..).unwrap().split_at("2026-01-02T03:04:05.678Z".len());
            assert!(crate::cloudevents::formats::time::is_rfc3339(now.as_bytes()), "{line}");
            format!("{}NOW{rest}", line.get(..at).unwrap())
        })
    }

    #[test]
    fn a_line_has_the_members_and_the_columns_that_lambda_knows() {
        let log = Log::default();
        assert_eq!(
            lines(log),
            [
                "bootstrap: RequestId: r told\n",
                "NOW\tr\tERROR\tRecord Error \t{\"errorType\":\"E\",\"errorMessage\":\"m\",\"stack\":[\"f\"],\"record\":2}\n",
                "NOW\t-\tERROR\tInit Error \t{\"errorType\":\"E\",\"errorMessage\":\"m\",\"stack\":[\"f\"]}\n",
            ]
        );
        assert_eq!(
            lines(Log { is_json: true, types_only: true, ..log }),
            [
                r#"{"timestamp":"NOW","level":"WARN","requestId":"r","message":"bootstrap: told"}"#,
                r#"{"timestamp":"NOW","level":"ERROR","requestId":"r","tenantId":"t","errorType":"E","record":2}"#,
                r#"{"timestamp":"NOW","level":"ERROR","errorType":"E"}"#,
            ]
            .map(|line| format!("{line}\n"))
        );
        let [_, _, failure] = lines(Log { is_json: true, ..log });
        assert!(failure.ends_with("\"errorMessage\":\"m\",\"stackTrace\":[\"f\"]}\n"), "{failure}");
    }

    #[test]
    fn a_line_has_no_control_character_but_its_line_feed() {
        let mut line = Vec::new();
        push_printable(&mut line, "{\t\"a\":\r\"\u{7f}\u{9f}\u{a0}\"}\n".as_bytes());
        assert_eq!(String::from_utf8(line).unwrap(), "{ \"a\": \"\\u007f\\u009f\u{a0}\"}\n");
    }
}

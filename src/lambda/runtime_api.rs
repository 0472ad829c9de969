//! The Runtime API and the Extensions API of Lambda: the requests, and what the answers mean. One connection, blocking.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::io::{self, Read};
use std::time::{Duration, Instant};

use ureq::http::header::{CONTENT_TYPE, HOST, HeaderName, USER_AGENT};
use ureq::http::uri::{Authority, PathAndQuery, Scheme};
use ureq::http::{self, HeaderMap, HeaderValue, Method, Request, StatusCode, Uri};
use ureq::{Agent, Body, Error};

use super::transport::{self, Address, Dialer, NoNames, Watch};
use super::upload::{self, Broken, Upload};
use crate::child::children::SharedChildren;
use crate::child::exchange::{Exchange, OpenStream};
use crate::child::supervised::Supervised;
use crate::cloudevents::json;
use crate::error::{Fatal, InvocationError, header_error_type};
use crate::invocation::Invocation;
use crate::lambda::extension::{self, Extension};
use crate::lambda::xray;
use crate::log::{Level, Log};
use crate::os::deadline::{Deadline, unix_ms};
use crate::os::signals::Signals;
use crate::response::Response;
use crate::streaming::Head;

/// How long the Runtime API may take to accept a response or an error.
const POST_TIMEOUT: Duration = Duration::from_secs(10);

/// How long registering as an extension may take. It runs while the interpreter boots.
const REGISTER_TIMEOUT: Duration = Duration::from_secs(1);

/// Attempts at GET /next in a row when the connection breaks before an invocation has come. A wait of at least [`IDLE_AFTER`]
/// resets the count.
const MAX_ATTEMPTS: u32 = 3;

/// A connection that breaks after a wait this long was idle, and was closed for that.
const IDLE_AFTER: Duration = Duration::from_millis(500);

/// The pause between two attempts.
const RETRY_DELAY: Duration = Duration::from_millis(100);

/// No event is larger, in bytes: Lambda's own limit is 6 MB, and those of emulators are similar.
const MAX_EVENT: u64 = 1 << 28;

/// A longer invocation id, in bytes, is not sent back: it must fit into the head of a request.
const MAX_ECHO: usize = 16 << 10;

const CLIENT_CONTEXT: &str = "lambda-runtime-client-context";
const IDENTITY: &str = "lambda-runtime-cognito-identity";

/// The headers of an event, in the order that [`invocation`] reads them.
const HEADERS: [&str; 8] = [
    "lambda-runtime-aws-request-id",
    "lambda-runtime-deadline-ms",
    "lambda-runtime-invoked-function-arn",
    "lambda-runtime-trace-id",
    CLIENT_CONTEXT,
    IDENTITY,
    "lambda-runtime-aws-tenant-id",
    "lambda-runtime-invocation-id",
];

/// Headers of a request beside its content type: names in small letters, and values.
type Headers = Vec<(&'static str, String)>;

/// What `/runtime/invocation/next` brought.
#[derive(Debug)]
pub enum Next {
    /// An event.
    Invocation(Box<Invocation>),
    /// SIGTERM came first.
    Terminated,
}

/// What Lambda said to an error that ends the start of an environment.
#[derive(Debug)]
pub enum Told {
    /// It has it.
    Accepted,
    /// Status 403: it has another one already. This is what ends bootstrap if nobody else can have reported one.
    KnownBefore(Fatal),
}

impl Told {
    /// Why bootstrap ends with this error, of which Lambda was told.
    pub fn ends_with(told: Result<Told, Fatal>, error: InvocationError) -> Fatal {
        match told {
            Ok(Told::Accepted) => Fatal::Init(error),
            Ok(Told::KnownBefore(fatal)) | Err(fatal) => Fatal::Unreported { error, why: fatal.to_string() },
        }
    }
}

/// The Runtime API of this execution environment.
#[derive(Debug)]
pub struct RuntimeApi {
    agent: Agent,
    authority: Authority,
    address: Address,
    next: Uri,
    headers: HeaderMap,
    watch: std::sync::Arc<Watch>,
    log: Log,
}

impl RuntimeApi {
    /// `authority` is `AWS_LAMBDA_RUNTIME_API`, a host and a port. Connects when the first call is made.
    ///
    /// # Errors
    /// [`Fatal::RuntimeApi`] if it is another.
    pub fn new(authority: &str, signals: Signals, log: Log) -> Result<RuntimeApi, Fatal> {
        let failed = |why: String| Fatal::RuntimeApi { call: "connecting to AWS_LAMBDA_RUNTIME_API", why };
        let address = Address::parse(authority).map_err(|error| failed(error.to_string()))?;
        let authority: Authority =
            authority.parse().map_err(|error: http::uri::InvalidUri| failed(error.to_string()))?;
        let next = uri(&authority, PathAndQuery::from_static("/2018-06-01/runtime/invocation/next"));
        let watch = Watch::new(signals);
        let config = Agent::config_builder()
            .proxy(None) // ureq's default reads HTTP_PROXY: events must not go through a proxy
            .http_status_as_error(false)
            .max_redirects(0)
            .max_idle_age(Duration::from_secs(u64::MAX / 4)) // Lambda may freeze an environment for hours
            .max_response_header_size(1 << 20)
            .user_agent("")
            .accept("")
            .accept_encoding("")
            .build();
        let agent = Agent::with_parts(config, Dialer { address, watch: watch.clone() }, NoNames);
        let host = HeaderValue::from_str(authority.as_str()).map_err(|error| failed(error.to_string()))?;
        let user_agent = HeaderValue::from_static(concat!("open-runtime/", env!("CARGO_PKG_VERSION")));
        let headers = HeaderMap::from_iter([(HOST, host), (USER_AGENT, user_agent)]); // or ureq writes them anew for each request
        Ok(RuntimeApi { agent, authority, address, next, headers, watch, log })
    }

    /// Waits for the next invocation, and looks after the children meanwhile. Blocks for hours: Lambda freezes the
    /// environment in between, and forbids a timeout on this call.
    ///
    /// # Errors
    /// [`Fatal::RuntimeApi`] if the API cannot be reached, or its answer has no request id; [`Fatal::CrashLoop`].
    ///
    /// Source: GET /runtime/invocation/next, <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-next>
    pub fn next(&self, runtime: &SharedChildren) -> Result<Next, Fatal> {
        let failed = |why: String| Fatal::RuntimeApi { call: "GET /runtime/invocation/next", why };
        let mut attempt = 1;
        while !self.watch.is_terminating() {
            let asked = Instant::now();
            match self.watch.during(runtime, || self.ask(self.next.clone()))? {
                Ok((headers, event)) => {
                    let invocation = invocation(&headers, event, self.log).map_err(failed)?;
                    return Ok(Next::Invocation(Box::new(invocation)));
                }
                Err(_) if self.watch.is_terminating() => {}
                Err(Failure::Broken(_)) if asked.elapsed() >= IDLE_AFTER => attempt = 1, // an idle connection was closed
                Err(Failure::Broken(why)) if attempt < MAX_ATTEMPTS => {
                    // Asking again is safe: Lambda hands out an invocation until it is answered.
                    self.log.warn(None, &format_args!("asking for the next invocation again: {why}"));
                    runtime.get().wait_for(None, Deadline::after(RETRY_DELAY))?;
                    attempt += 1;
                }
                Err(failure) => return Err(failed(failure.to_string())),
            }
        }
        Ok(Next::Terminated)
    }

    /// What ureq's builders make too, which check all parts again and move them with each.
    fn request<B>(&self, method: Method, uri: Uri, body: B) -> Request<B> {
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = self.headers.clone();
        request
    }

    #[inline(never)]
    fn ask(&self, uri: Uri) -> Result<(HeaderMap, Vec<u8>), Failure> {
        let mut response = self.agent.run(self.request(Method::GET, uri, ()))?;
        let said = response.body().content_length().unwrap_or_default().min(MAX_EVENT);
        let mut event = Vec::with_capacity(usize::try_from(said).unwrap_or_default());
        response.body_mut().with_config().limit(MAX_EVENT).reader().read_to_end(&mut event).map_err(Error::from)?;
        match response.status() {
            StatusCode::OK => Ok((response.into_parts().0.headers, event)),
            status => Err(Failure::Refused(format!("HTTP status {}", status.as_u16()))),
        }
    }

    /// Registers bootstrap as an internal extension, so that SIGTERM comes, and looks after the children meanwhile. A
    /// refusal is logged and is not an error, because the function works without. Blocks for at most 1 s.
    ///
    /// # Errors
    /// [`Fatal::CrashLoop`].
    ///
    /// Source: POST /extension/register, <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html#extensions-registration-api-a>
    pub fn register(&self, runtime: &SharedChildren) -> Result<Option<Extension>, Fatal> {
        let deadline = Deadline::after(REGISTER_TIMEOUT);
        let registered = self.watch.during(runtime, || self.watch.until(deadline, || self.ask_to_register()))?;
        let extension = registered.and_then(|identifier| Ok(self.park(identifier)?));
        if let Err(failure) = &extension
            && !self.watch.is_terminating()
        {
            let consequence = "so Lambda may end this environment without SIGTERM";
            self.log.warn(None, &format_args!("cannot register as an extension, {consequence}: {failure}"));
        }
        Ok(extension.ok())
    }

    #[inline(never)]
    fn park(&self, identifier: String) -> io::Result<Extension> {
        Extension::park(transport::connect(self.address)?, self.authority.as_str(), identifier)
    }

    /// Asks for the next event on a new connection, because the old one may not have lasted over a snapshot. The old one stays open: if
    /// it has lasted, Lambda refuses the second request, and takes the end of the first for a crash. `None` if it cannot be asked.
    pub fn park_again(&self, extension: &Extension) -> Option<Extension> {
        self.park(extension.identifier.clone()).ok()
    }

    /// The same API with no connection yet.
    ///
    /// # Errors
    /// As [`new`](RuntimeApi::new).
    pub fn reopened(&self) -> Result<RuntimeApi, Fatal> {
        RuntimeApi::new(self.authority.as_str(), self.watch.signals(), self.log)
    }

    /// Waits until Lambda has taken a snapshot of this environment and restored it, and looks after the children meanwhile. Blocks for
    /// days: Lambda forbids a timeout on this call. False if SIGTERM came first.
    ///
    /// # Errors
    /// [`Fatal::RuntimeApi`]; [`Fatal::CrashLoop`].
    pub fn wait_for_restore(&self, runtime: &SharedChildren) -> Result<bool, Fatal> {
        let call = "GET /runtime/restore/next";
        let path = uri(&self.authority, PathAndQuery::from_static("/2018-06-01/runtime/restore/next"));
        match self.watch.during(runtime, || self.ask(path))? {
            Ok(_) => Ok(true),
            Err(_) if self.watch.is_terminating() => Ok(false),
            Err(failure) => Err(Fatal::RuntimeApi { call, why: failure.to_string() }),
        }
    }

    fn ask_to_register(&self) -> Result<String, Failure> {
        let url = uri(&self.authority, PathAndQuery::from_static("/2020-01-01/extension/register"));
        let mut request = self.request(Method::POST, url, &b"{\"events\":[]}"[..]);
        request
            .headers_mut()
            .insert(HeaderName::from_static("lambda-extension-name"), HeaderValue::from_static(extension::NAME));
        let mut response = self.agent.run(request)?;
        let _ = response.body_mut().read_to_vec(); // the header says it all
        match response.headers().get("lambda-extension-identifier").and_then(text) {
            Some(identifier) if response.status().is_success() => Ok(identifier),
            _ => Err(Failure::Refused(format!("HTTP status {}", response.status().as_u16()))),
        }
    }

    /// Delivers a response. Blocks for at most 10 s, or for the time that SIGTERM leaves.
    ///
    /// # Errors
    /// [`Fatal::RuntimeApi`] on status 500, which asks a runtime to exit, and if the response could not be delivered: when bootstrap
    /// exits, Lambda fails the invocation if it does not have the response. Other refusals are logged.
    ///
    /// Source: POST /runtime/invocation/{id}/response,
    /// <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-response>
    pub fn respond(&self, invocation: &Invocation, response: &Response) -> Result<(), Fatal> {
        self.answer(invocation, "response", response.json(), Vec::new())
    }

    /// Delivers a response while the handler makes it. Blocks until the stream is over, which the limits of its call see to, and then as
    /// [`respond`](RuntimeApi::respond) does. Returns how the stream failed, if it did: Lambda knows already.
    ///
    /// # Errors
    /// As [`respond`](RuntimeApi::respond).
    #[inline(never)] // it is rare
    pub fn stream(
        &self,
        invocation: &Invocation,
        head: &Head,
        stream: OpenStream,
        runtime: &mut Supervised,
    ) -> Result<Option<Box<InvocationError>>, Fatal> {
        let call = "POST /runtime/invocation/{id}/response, as a stream,";
        let calls = stream.calls();
        let mut exchange = Exchange::resume(&calls, stream);
        let mut failure = None;
        let sent = self.begin_upload(invocation, head).map_err(Broken::from).and_then(|mut upload| {
            upload.run(runtime, &mut exchange)?;
            failure = runtime.end_stream(&mut exchange);
            Ok(upload.finish(failure.as_deref(), POST_TIMEOUT)?)
        });
        match sent {
            Ok(status) => self.check(call, &invocation.request_id, status).map(|()| failure),
            Err(Broken::Refused(status)) => {
                self.check(call, &invocation.request_id, status)?;
                runtime.drain(&mut exchange);
                Ok(runtime.end_stream(&mut exchange))
            }
            Err(Broken::Connection(broken)) => {
                self.undelivered(invocation, call, "response", broken.to_string()).map(|()| None)
            }
        }
    }

    #[inline(never)]
    fn begin_upload(&self, invocation: &Invocation, head: &Head) -> io::Result<Upload> {
        let echo = invocation.invocation_id.as_deref();
        let request = [
            "POST /2018-06-01/runtime/invocation/",
            &invocation.request_id,
            "/response HTTP/1.1\r\nHost: ",
            self.authority.as_str(),
            "\r\nContent-Type: ",
            &head.content_type,
            echo.map_or("", |_| "\r\nLambda-Runtime-Invocation-Id: "),
            echo.unwrap_or_default(),
            upload::HEADERS,
        ];
        Upload::open(self.address, self.watch.signals(), request.concat(), &head.prelude)
    }

    /// Reports that the invocation failed. Blocks and fails as [`respond`](RuntimeApi::respond) does.
    ///
    /// Source: POST /runtime/invocation/{id}/error,
    /// <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-invokeerror>
    pub fn fail(&self, invocation: &Invocation, error: &InvocationError) -> Result<(), Fatal> {
        self.answer(invocation, "error", &error.to_json(), error_headers(header_error_type(error.error_type()), error))
    }

    fn answer(
        &self,
        invocation: &Invocation,
        kind: &'static str,
        body: &[u8],
        mut headers: Headers,
    ) -> Result<(), Fatal> {
        let path = ["/2018-06-01/runtime/invocation/", &invocation.request_id, "/", kind].concat();
        headers.extend(invocation.invocation_id.iter().map(|id| ("lambda-runtime-invocation-id", id.clone())));
        let what = if kind == "error" {
            "POST /runtime/invocation/{id}/error"
        } else {
            "POST /runtime/invocation/{id}/response"
        };
        match self.post(&path, body, &headers) {
            Ok(response) => self.check(what, &invocation.request_id, response.status().as_u16()),
            Err(failure) => self.undelivered(invocation, what, kind, failure.to_string()),
        }
    }

    fn undelivered(&self, invocation: &Invocation, call: &'static str, kind: &str, why: String) -> Result<(), Fatal> {
        let told = format_args!("{call} failed, and Lambda may not have the {kind}: {why}");
        self.log.write(Level::Error, Some(&invocation.request_id), &told);
        if self.watch.is_terminating() {
            return Ok(());
        }
        // Asking for the next invocation could bring this one again, and its handler would run twice.
        Err(Fatal::RuntimeApi { call, why })
    }

    fn check(&self, call: &'static str, request_id: &str, status: u16) -> Result<(), Fatal> {
        let meaning = match status {
            200..=299 => return Ok(()),
            400 | 403 => "Lambda does not wait for it",
            410 => "the invocation has timed out",
            413 => "it is larger than Lambda allows, which Lambda has told the caller",
            500.. => return Err(Fatal::RuntimeApi { call, why: format!("HTTP status {status}") }),
            _ => "which is not expected here",
        };
        self.log.warn(Some(request_id), &format_args!("{call} was refused with HTTP status {status}: {meaning}"));
        Ok(())
    }

    /// Reports that the Init phase failed. Blocks for at most 10 s.
    ///
    /// # Errors
    /// [`Fatal::RuntimeApi`].
    ///
    /// Source: POST /runtime/init/error, <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-initerror>
    pub fn fail_init(&self, error: &InvocationError) -> Result<Told, Fatal> {
        self.fail_init_as(&header_error_type(error.error_type()), error)
    }

    /// The same, with this type in place of the error's own, which stays in the body.
    ///
    /// # Errors
    /// [`Fatal::RuntimeApi`].
    pub fn fail_init_as(&self, error_type: &str, error: &InvocationError) -> Result<Told, Fatal> {
        self.fail_start("POST /runtime/init/error", error_type, error)
    }

    /// Reports that a hook failed after a snapshot was restored. Blocks for at most 10 s.
    ///
    /// # Errors
    /// [`Fatal::RuntimeApi`].
    pub fn fail_restore(&self, error: &InvocationError) -> Result<Told, Fatal> {
        self.fail_start("POST /runtime/restore/error", "Runtime.AfterRestoreError", error)
    }

    #[inline(never)]
    fn fail_start(&self, call: &'static str, error_type: &str, error: &InvocationError) -> Result<Told, Fatal> {
        let failed = |why| Fatal::RuntimeApi { call, why };
        let path = ["/2018-06-01", call.strip_prefix("POST ").unwrap_or(call)].concat();
        match self.post(&path, &error.to_json(), &error_headers(error_type.to_owned(), error)) {
            Ok(response) if response.status().is_success() => Ok(Told::Accepted),
            Ok(response) => {
                let status = response.status();
                let fatal = failed(format!("HTTP status {}", status.as_u16()));
                if status == StatusCode::FORBIDDEN { Ok(Told::KnownBefore(fatal)) } else { Err(fatal) }
            }
            Err(failure) => Err(failed(failure.to_string())),
        }
    }

    /// Posts, and once more if the connection broke before there was an answer. It is not known then whether Lambda has the first,
    /// but Lambda takes one answer to an invocation and refuses a second.
    fn post(&self, path: &str, body: &[u8], headers: &Headers) -> Result<http::Response<Body>, Failure> {
        match self.post_once(path, body, headers) {
            Err(Failure::Broken(why)) if !self.watch.is_terminating() => {
                self.log.write(Level::Debug, None, &format_args!("posting again: {why}"));
                self.post_once(path, body, headers)
            }
            other => other,
        }
    }

    fn post_once(&self, path: &str, body: &[u8], headers: &Headers) -> Result<http::Response<Body>, Failure> {
        let path = PathAndQuery::try_from(path).map_err(|error| Error::Http(error.into()))?;
        let mut request = self.request(Method::POST, uri(&self.authority, path), body);
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).map_err(|error| Error::Http(error.into()))?;
            request.headers_mut().insert(HeaderName::from_static(name), value);
        }
        self.watch.until(Deadline::after(POST_TIMEOUT), || {
            let mut response = self.agent.run(request)?;
            let _ = response.body_mut().read_to_vec(); // to its end, so that the connection can be used again; the status says it all
            Ok(response)
        })
    }
}

/// Nothing is parsed again, and little is copied.
fn uri(authority: &Authority, path: PathAndQuery) -> Uri {
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(authority.clone());
    parts.path_and_query = Some(path);
    Uri::from_parts(parts).unwrap_or_default() // it has all three, which is the only condition
}

/// Reads the headers that came with an event. Invalid ones are left out, with a warning.
///
/// # Errors
/// Why there is no invocation without the request id.
pub fn invocation(headers: &HeaderMap, event: Vec<u8>, log: Log) -> Result<Invocation, String> {
    let mut found = <[Option<String>; 8]>::default();
    for (name, value) in headers {
        let index = HEADERS.iter().position(|header| *header == name.as_str());
        if let Some(slot) = index.and_then(|index| found.get_mut(index)).filter(|slot| slot.is_none()) {
            *slot = text(value);
        }
    }
    let [request_id, deadline_ms, function_arn, trace_id, client_context, identity, tenant_id, invocation_id] = found;
    let request_id = request_id.ok_or("the answer has no request id")?;
    let is_step = matches!(request_id.as_str(), "." | ".."); // a step of a path, which would lead the answer's URL elsewhere
    if is_step || !request_id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
        return Err("the request id has characters that a request id cannot have".to_owned());
    }
    let deadline_ms = deadline_ms.and_then(|ms| ms.parse().ok());
    if deadline_ms.is_none() {
        log.warn(Some(&request_id), &"came without a deadline: nothing limits its time");
    }
    Ok(Invocation {
        deadline_ms,
        deadline: deadline_ms.map_or(Deadline::NEVER, Deadline::at_unix_ms),
        function_arn,
        trace_id,
        client_context: json_header(client_context, CLIENT_CONTEXT, &request_id, log),
        identity: json_header(identity, IDENTITY, &request_id, log),
        tenant_id,
        invocation_id: invocation_id.filter(|id| id.is_ascii() && id.len() <= MAX_ECHO), // otherwise it cannot be sent back
        received_ms: unix_ms(),
        request_id,
        event,
    })
}

/// A header that holds a JSON text. Anything else is left out, with a warning, because the invocation can do without.
fn json_header(value: Option<String>, name: &str, request_id: &str, log: Log) -> Option<String> {
    let value = value?;
    if json::validate(value.as_bytes()).is_err() {
        log.warn(Some(request_id), &format_args!("the header {name} is not JSON and was left out"));
        return None;
    }
    Some(value)
}

/// The headers of an error. Lambda keeps the type if it has the form of Lambda's own, and passes the cause to X-Ray.
fn error_headers(error_type: String, error: &InvocationError) -> Headers {
    let mut headers = vec![("lambda-runtime-function-error-type", error_type)];
    headers.extend(xray::cause(error).map(|cause| ("lambda-runtime-function-xray-error-cause", cause)));
    headers
}

/// A header's value. An empty one counts as absent. Bytes that are not UTF-8 are replaced.
fn text(value: &HeaderValue) -> Option<String> {
    let text = String::from_utf8(value.as_bytes().to_vec());
    let text = text.unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    (!text.is_empty()).then_some(text)
}

/// Why a call has no answer.
enum Failure {
    /// It did not come in time.
    Late,
    /// The connection broke, or could not be made.
    Broken(String),
    /// There is an answer, but it is not usable.
    Refused(String),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Broken(error.to_string())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        match error {
            Error::Io(error) => error.into(),
            Error::Timeout(_) => Failure::Late,
            other => Failure::Refused(other.to_string()),
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Failure::Late => "no answer in time",
            Failure::Broken(why) | Failure::Refused(why) => why,
        })
    }
}

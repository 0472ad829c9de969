//! `open-runtime invoke`: one Init, one invocation.

use super::given_event::{self, EventSource};
use super::given_functions::{self, FunctionOrProject, Given};
use super::page::TimelineArguments;
use super::printed_stream::StreamPrinter;
use super::progress::told;
use super::record_arguments::{RecordArguments, Secrets};
use super::stdout;
use super::watching::{self, WatchArguments};
use crate::event_loop::{run_local, stop_signal};
use crate::faults::Faults;
use crate::lambda::phases::{INIT_LIMIT, Lambda};
use crate::lambda::platform::{Options, Platform};
use crate::model::arguments::{DebugArguments, StreamArguments};
use crate::model::failure::Failure;
use crate::model::function::Function;
use crate::model::ids;
use crate::model::invocation::{Invocation, Response};
use crate::model::streaming::{self, PartReceiver};
use crate::project::Package;
use crate::relay::debugged;
use crate::report::history::Hub;
use crate::report::journal::Journal;
use crate::tool_error::ToolError;
use crate::watch::{self, Places, Seen, Watch};
use bytes::Bytes;
use clap::Args;
use std::path::PathBuf;
use std::pin::Pin;
use std::process::ExitCode;
use std::rc::Rc;

const INIT_FAILED: u8 = 3;
const TIMED_OUT: u8 = 4;
/// 128 + SIGINT, as in a shell.
const INTERRUPTED: u8 = 130;

pub const HELP: &str = "\
A response that is streamed is printed as it comes, without a line feed after it. Of an HTTP response
the body is printed, and with -i the head before it. If the stream breaks off, stderr says why.

Exit status:
  0  the function answered
  1  function error: the error is on stdout, as Lambda's Invoke API returns it
  2  usage: wrong options, or an event that is not JSON
  3  Init failed: an error, an exit, or more than 10 s. (Lambda would run Init once more, within
     the invocation.)
  4  bootstrap did not answer within the timeout (its own error Function.Timeout is a function error)
  5  open-runtime itself failed; for example, there is no bootstrap

Try it with:
  open-runtime invoke handler.hello -d '{\"name\": \"Ada\"}'
  open-runtime event sqs | open-runtime invoke handler.hello --timeout 10 --env TABLE=orders -
  open-runtime invoke handler.hello --json --quiet | jq .timing
  open-runtime invoke --function hello    (of open-runtime.toml, serverless.yml or template.yaml)
";

/// The command line.
#[derive(Args)]
pub struct InvokeArguments {
    #[command(flatten)]
    pub function: FunctionOrProject,

    /// Which function of the project's file; without it, the only one
    #[arg(long = "function", value_name = "NAME")]
    pub name: Option<String>,

    #[command(flatten)]
    pub debugger: DebugArguments,

    #[command(flatten)]
    pub watching: WatchArguments,

    #[command(flatten)]
    pub streaming: StreamArguments,

    #[command(flatten)]
    pub records: RecordArguments,

    /// `-` reads the event from stdin, without a time limit. Without -, -d and -f, stdin is read if it is a pipe or a
    /// file
    #[arg(value_name = "-", value_parser = ["-"])]
    pub stdin: Option<String>,

    /// The event: JSON, or @FILE. Default: {}
    #[arg(short, long = "data", value_name = "JSON", conflicts_with_all = ["file", "stdin"])]
    pub data: Option<String>,

    /// A file with the event
    #[arg(short, long, value_name = "FILE", conflicts_with = "stdin")]
    pub file: Option<PathBuf>,

    /// Print the head of a streamed HTTP response, too: JSON on a line before the body
    #[arg(short, long)]
    pub include: bool,

    /// Print the record of the invocation, as JSON on a line, in place of the response: event, response or error, log and times
    #[arg(long, conflicts_with = "include")]
    pub json: bool,

    #[command(flatten)]
    pub timeline: TimelineArguments,
}

impl InvokeArguments {
    fn event(&self) -> EventSource<'_> {
        match (&self.data, &self.file) {
            (Some(data), _) => {
                data.strip_prefix('@').map_or(EventSource::Text(data), |file| EventSource::File(file.as_ref()))
            }
            (None, Some(file)) => EventSource::File(file),
            (None, None) if self.stdin.is_some() => EventSource::File("-".as_ref()),
            (None, None) => EventSource::Unspecified,
        }
    }
}

/// Runs the command. Takes as long as Init and the invocation do.
///
/// # Errors
/// The tool itself failed. How the function ended is in the exit status.
pub fn run(mut arguments: InvokeArguments) -> Result<ExitCode, ToolError> {
    check(&mut arguments)?;
    let event = given_event::read(&arguments.event()).map_err(ToolError::Usage)?;
    let InvokeArguments { function, name, debugger, mut watching, streaming, include, json, records, timeline, .. } =
        arguments;
    let (is_quiet, again) = (function.one.quiet, Again { arguments: function, name });
    let (mut function, files, packages) = again.read()?;
    function.is_watched = watching.is_wanted();
    watching.written = [&records.record, &timeline.timeline].into_iter().flatten().cloned().collect();
    let journal = Rc::new(Journal::open(None).map_err(|why| ToolError::Io("open the journal", why))?);
    let (faults, limits) = (Faults::default(), streaming.limits());
    let secrets = Rc::new(Secrets::new(&records.redaction, function.variables.iter()));
    let hub = hub_for(&records, json, &secrets)?;
    let timeline = timeline.open(&hub, &secrets)?;
    let options = Options {
        init_limit: INIT_LIMIT,
        runtime_api_port: 0,
        invoke_api: None,
        faults,
        limits,
        journal,
        hub,
        is_quiet,
    };
    let done = run_local(async {
        let function = match debugger.port() {
            Some(port) => debugged(function, port, Vec::new()).await?,
            None => function,
        };
        let stop = stop_signal()?;
        let platform = Platform::new(options).map_err(|why| ToolError::Io("start a local Lambda", why))?;
        let printed = if json { Printed::Record } else { Printed::Response { head: include } };
        let (mut runs, name) = (Runs { platform, event, printed, stop: Box::pin(stop) }, function.name.clone());
        let status = runs.all(function, Watched { arguments: watching, files, again, secrets }).await;
        runs.platform.hub.finish_records();
        timeline.map_or(Ok(()), |file| file.write(&runs.platform.hub, &[name]))?;
        status.map(ExitCode::from)
    });
    drop(packages); // only now: the function's folder may be in them
    done
}

/// What clap does not see, as `-` may be in the handler's place.
fn check(arguments: &mut InvokeArguments) -> Result<(), ToolError> {
    if arguments.function.one.handler.as_deref() == Some("-") {
        arguments.stdin = arguments.function.one.handler.take(); // of a function of a project
    }
    let (handler, name) = (&arguments.function.one.handler, &arguments.name);
    if handler.is_some() && name.is_some() {
        return Err(ToolError::Usage(
            "cannot use --function with a handler: it names a function of a project's file".to_owned(),
        ));
    }
    if arguments.stdin.is_some() && (arguments.data.is_some() || arguments.file.is_some()) {
        return Err(ToolError::Usage(
            "cannot read the event from stdin and from --data or --file: give one".to_owned(),
        ));
    }
    Ok(())
}

/// The function of this name, or the only one.
fn chosen(given: Given, name: Option<&str>) -> Result<(Function, Vec<PathBuf>, Vec<Package>), ToolError> {
    let names: Vec<String> = given.functions.iter().map(|given| given.function.name.clone()).collect();
    let mut functions = given.functions.into_iter().map(|given| given.function);
    let found = match name {
        Some(name) => functions.find(|function| function.is_named(name)),
        None if names.len() == 1 => functions.next(),
        None => None,
    };
    let function = found.ok_or_else(|| {
        let why = name.map_or("which function?".to_owned(), |name| format!("there is no function {name}:"));
        ToolError::Usage(format!("{why} give --function with one of {}", names.join(", ")))
    })?;
    Ok((function, given.files, given.packages))
}

/// The hub, which writes and keeps records if they are wanted.
fn hub_for(records: &RecordArguments, is_kept: bool, secrets: &Secrets) -> Result<Rc<Hub>, ToolError> {
    let hub = Rc::new(Hub::default());
    if let Some(recorder) = records.open(secrets)? {
        hub.record_to(recorder);
    }
    if is_kept {
        hub.keep_records();
    }
    Ok(hub)
}

/// What stdout gets.
#[derive(Clone, Copy, PartialEq)]
enum Printed {
    /// `head`: with the head of an HTTP response that is streamed.
    Response {
        head: bool,
    },
    Record,
}

/// Invocations with the same event.
struct Runs {
    platform: Rc<Platform>,
    event: Bytes,
    printed: Printed,
    stop: Pin<Box<dyn Future<Output = ()>>>,
}

impl Runs {
    async fn all(&mut self, function: Function, watched: Watched) -> Result<u8, ToolError> {
        match watched.arguments.is_wanted() {
            true => self.after_each_change(function, watched).await,
            false => self.one(Rc::new(function), None).await,
        }
    }

    /// Invokes the function, and again after each change, until Ctrl-C.
    async fn after_each_change(&mut self, function: Function, mut watched: Watched) -> Result<u8, ToolError> {
        let (mut places, mut watcher) = watched.start(&function).await;
        let (mut function, mut cause, mut packages) = (Rc::new(function), None, Vec::new());
        loop {
            if self.one(function.clone(), cause.as_deref()).await? == INTERRUPTED {
                return Ok(INTERRUPTED);
            }
            let files = tokio::select! {
                files = next_change(&mut watcher, &self.platform) => files,
                () = &mut self.stop => return Ok(INTERRUPTED),
            };
            let changed = watching::change(&files, &places.task_root);
            match watched.read_again(&function, &files) {
                Ok((again, of_project)) => {
                    watched.secrets.learn(&again.variables, &self.platform.hub);
                    function = Rc::new(again);
                    if let Some(unpacked) = of_project {
                        packages.extend(unpacked); // the former ones stay: what was started in them may still run
                        (places, watcher) = watched.start(&function).await;
                    }
                }
                Err(why) => self.platform.console.say(&format!("open-runtime: {changed}, but {why}")),
            }
            cause = Some(changed);
        }
    }

    /// Invokes the function in an environment of its own. Returns the exit status. The report has the cause, if it is a
    /// change.
    async fn one(&mut self, function: Rc<Function>, cause: Option<&str>) -> Result<u8, ToolError> {
        let (stream, parts) = streaming::channel();
        let invocation = Rc::new(Invocation {
            request_id: ids::uuid(),
            event: self.event.clone(),
            function_arn: function.arn(None),
            trace_id: ids::trace_id(),
            stream: (self.printed != Printed::Record).then_some(stream),
            ..Invocation::default()
        });
        let waiting = format!("waiting for the handler, for {} s at most", function.timeout.as_secs_f64());
        let lambda = Lambda::new(&self.platform, function).await;
        let mut lambda = lambda.map_err(|why| ToolError::Io("start a local Lambda", why))?;
        let output = Output::new(parts, self.printed);
        let status = tokio::select! {
            status = once(&mut lambda, invocation, output, (&waiting, cause)) => status,
            () = &mut self.stop => Ok(INTERRUPTED),
        };
        lambda.shut_down("the invocation is done").await;
        if self.printed == Printed::Record
            && let Some(record) = self.platform.hub.records().last()
        {
            write(record.json().as_bytes())?;
        }
        status
    }
}

/// How the function is found.
struct Again {
    arguments: FunctionOrProject,
    name: Option<String>,
}

impl Again {
    /// The function, the files that describe it, and what keeps its folders.
    fn read(&self) -> Result<(Function, Vec<PathBuf>, Vec<Package>), ToolError> {
        chosen(given_functions::load(self.arguments.clone())?, self.name.as_deref())
    }
}

/// What is watched, and how the function is read again.
struct Watched {
    arguments: WatchArguments,
    files: Vec<PathBuf>,
    again: Again,
    secrets: Rc<Secrets>,
}

impl Watched {
    async fn start(&self, function: &Function) -> (Places, Watch) {
        let places = self.arguments.places(function);
        let watch = watch::start(vec![places.clone()], self.files.clone(), self.arguments.method()).await;
        (places, watch)
    }

    /// The function after a change of these files, and what keeps its folders if the project's file is among them.
    ///
    /// # Errors
    /// What describes it cannot be used.
    fn read_again(
        &mut self,
        function: &Function,
        changed: &[PathBuf],
    ) -> Result<(Function, Option<Vec<Package>>), String> {
        if !changed.iter().any(|file| self.files.contains(file)) {
            let again = function.with_variables_read_again().map_err(|why| why.to_string())?;
            return Ok((again, None));
        }
        let (mut again, files, packages) = self.again.read().map_err(|why| why.to_string())?;
        again.is_watched = true;
        if function.debugger.is_some() {
            (again.debugger, again.timeout) = (function.debugger.clone(), function.timeout);
        }
        self.files = files;
        Ok((again, Some(packages)))
    }
}

/// Waits for a change, for hours if need be.
async fn next_change(watcher: &mut Watch, platform: &Platform) -> Vec<PathBuf> {
    loop {
        match watcher.next().await {
            Some(Seen::Changed(files)) => return files,
            Some(Seen::Note(text)) => platform.console.say(&format!("open-runtime: {text}")),
            Some(Seen::Touched | Seen::Unchanged) => {}
            None => std::future::pending().await, // the watcher has ended; Ctrl-C ends this, too
        }
    }
}

/// `waiting` is said if the handler takes its time. The report of Init has the cause, if it is a change.
async fn once(
    lambda: &mut Lambda,
    invocation: Rc<Invocation>,
    mut output: Output,
    (waiting, cause): (&str, Option<&str>),
) -> Result<u8, ToolError> {
    let request_id = invocation.request_id.clone();
    let outcome = match told("waiting for Init", lambda.init(cause)).await {
        Ok(_) => output.stream.print_during(told(waiting, lambda.invoke(invocation, false))).await?,
        Err(failure) => return output.print_init_error(&failure.body(&request_id)).map(|()| INIT_FAILED),
    };
    lambda.finish_invocation(&request_id, &outcome).await;
    match &outcome.result {
        Ok(Response::Whole { body, .. }) => output.print(body).map(|()| 0),
        Ok(Response::Streamed) => Ok(0),
        Err(failure) if output.stream.has_begun() => {
            let body = failure.body(&request_id);
            lambda.reporter().say(&format!("the stream broke off: {}", String::from_utf8_lossy(&body)));
            Ok(status_of(failure))
        }
        Err(failure) => output.print(&failure.body(&request_id)).map(|()| status_of(failure)),
    }
}

fn status_of(failure: &Failure) -> u8 {
    match failure {
        Failure::Timeout(_) => TIMED_OUT,
        Failure::InitTimeout(_) | Failure::RestoreTimeout(_) | Failure::InitReported(_) => INIT_FAILED,
        Failure::Reported(_) | Failure::Exit(_) | Failure::Extension(..) | Failure::BrokenOff(_) => 1,
        Failure::ResponseTooLarge(_) | Failure::InvalidResponseMode | Failure::InvalidEntrypoint(_) => 1,
        Failure::TruncatedResponse | Failure::InvalidStream(_) => 1,
        Failure::ExtensionExit(_) | Failure::ExtensionLaunch(_) | Failure::RuntimeUnavailable => 1,
    }
}

/// Writes to stdout: the response, as it comes if it is streamed, or nothing where the record follows.
struct Output {
    stream: StreamPrinter,
    printed: Printed,
}

impl Output {
    fn new(parts: PartReceiver, printed: Printed) -> Output {
        Output { stream: StreamPrinter::new(parts, printed == Printed::Response { head: true }), printed }
    }

    fn print(&self, response: &[u8]) -> Result<(), ToolError> {
        if self.printed == Printed::Record { Ok(()) } else { write(response) }
    }

    /// There is no invocation, and no record of it.
    fn print_init_error(&self, error: &[u8]) -> Result<(), ToolError> {
        match self.printed {
            Printed::Response { .. } => write(error),
            Printed::Record => write(&[b"{\"error\":", error, b"}"].concat()),
        }
    }
}

/// Writes the text and a line feed. Nothing else is written to stdout.
fn write(response: &[u8]) -> Result<(), ToolError> {
    let written = stdout::write(&[response, b"\n"]);
    written.map_err(|why| ToolError::Io("write the response to stdout", why))
}

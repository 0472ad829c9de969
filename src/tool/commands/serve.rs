//! `open-runtime serve`: keeps the function warm behind Lambda's Invoke API.

use crate::apis::invoke::{self, InvokeResult, Job, QUEUE};
use crate::event_loop::{run_local, stop_signal};
use crate::faults::Faults;
use crate::http::guard::Guard;
use crate::http::server;
use crate::lambda::phases::{Lambda, Options};
use crate::model::arguments::{DebugArguments, FunctionArguments, seconds};
use crate::model::function::Function;
use crate::relay::debugged;
use crate::report::journal::Journal;
use crate::tool_error::ToolError;
use clap::Args;
use serde_json::json;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::spawn_local;

pub const HELP: &str = "\
Invoke the function with:
  aws lambda invoke --endpoint-url http://127.0.0.1:9000 --function-name function \\
      --cli-binary-format raw-in-base64-out --payload '{}' /dev/stdout
  curl -d '{}' http://127.0.0.1:9000/2015-03-31/functions/function/invocations
(Version 1 of the AWS CLI does not have --cli-binary-format, and does not need it.)

Any function name or ARN will do. Invocations run one after another; at most 1000 wait. Unlike on
Lambda, failed asynchronous invocations are not retried, and external extensions are not started.
";

/// The command line.
#[derive(Args)]
pub struct ServeArguments {
    #[command(flatten)]
    pub function: FunctionArguments,

    #[command(flatten)]
    pub debugger: DebugArguments,

    /// Port of the Invoke API; 0 lets the kernel choose one, which is printed
    #[arg(long, value_name = "P", default_value_t = 9000)]
    pub port: u16,

    /// Address of the Invoke API. Anyone who can reach it can run the function
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub host: std::net::IpAddr,

    /// A name by which callers may reach this machine, besides IP addresses and localhost
    #[arg(long, value_name = "NAME")]
    pub allow_host: Vec<String>,

    #[command(flatten)]
    pub hooks: TestHooks,
}

/// Options for test suites of bootstrap and of language runtimes.
#[derive(Args)]
#[command(next_help_heading = "Test hooks")]
pub struct TestHooks {
    /// Scripted faults of the Runtime API
    ///
    /// A JSON list of {"on": ENDPOINT, "nth": N or "every", "do": {…}}.
    /// ENDPOINT: next, response, error, init-error, register, extension-next.
    /// At the N-th request to it, counted from 1 over the whole run, "do" happens.
    /// If several entries fit, the first one does. The members of "do" can be combined:
    ///
    ///   "status": N, "body": TEXT      the answer; the request has no other effect
    ///   "body": TEXT, "bodyBase64": B  for next: these bytes instead of the event
    ///   "headers": {NAME: TEXT}        "" is sent empty, null removes it, "\u00ff" is byte 0xff
    ///   "deadlineMs": N                Lambda-Runtime-Deadline-Ms is N ms from now
    ///   "delayMs": N                   waits before the request takes effect
    ///   "chunked": true, false or N    in chunks (of N bytes), or with Content-Length
    ///   "truncate": N                  closes after N bytes of the body
    ///   "closeAfter": true             closes the connection silently after the answer
    ///   "reset": "before-reading" or "after-reading" (the request has no effect),
    ///            "mid-header" or "mid-body" (it has had its effect)
    ///   "swallow": true                reads the request and never answers
    #[arg(long, value_name = "FILE", verbatim_doc_comment)]
    pub faults: Option<PathBuf>,

    /// Writes a line of JSON for each thing that happens. It holds events and responses: let nobody else read it
    #[arg(long, value_name = "FILE")]
    pub journal: Option<PathBuf>,

    /// Writes the port of the Invoke API to this file when it listens
    #[arg(long, value_name = "FILE")]
    pub port_file: Option<PathBuf>,

    /// Port of the Runtime API; 0 lets the kernel choose
    #[arg(long, value_name = "P", default_value_t = 0)]
    pub runtime_api_port: u16,

    /// Limit of the Init phase in seconds
    #[arg(long, value_name = "S", default_value = "10", value_parser = seconds)]
    pub init_limit: Duration,
}

/// Runs the command until SIGINT, SIGTERM or SIGHUP. Then it shuts down, and its exit status is 0.
///
/// # Errors
/// The tool could not do its work.
pub fn run(arguments: ServeArguments) -> Result<ExitCode, ToolError> {
    let ServeArguments { function, debugger, port, host, allow_host, hooks } = arguments;
    let options = options(&hooks, function.quiet)?;
    let function = Function::new(function).map_err(ToolError::Function)?;
    run_local(async move {
        let function = Rc::new(match debugger.debug {
            Some(port) => debugged(function, port, allow_host.clone()).await?,
            None => function,
        });
        let address = SocketAddr::new(host, port);
        let (listener, address) = server::listen(address).await.map_err(|why| ToolError::Port(address, why))?;
        serve(
            function,
            options,
            listener,
            Announcement { address, port_file: hooks.port_file.as_deref() },
            Guard { allowed_hosts: allow_host, ..Guard::default() },
        )
        .await
    })
}

fn options(hooks: &TestHooks, is_quiet: bool) -> Result<Options, ToolError> {
    let unusable = |path: &Path, why| ToolError::File("write the journal", path.to_owned(), why);
    let journal = hooks.journal.as_deref();
    let journal = Journal::open(journal).map_err(|why| unusable(journal.unwrap_or(Path::new("")), why))?;
    let faults = hooks.faults.as_deref().map_or(Ok(Faults::default()), |path| {
        Faults::read(path).map_err(|why| ToolError::Script(path.to_owned(), why))
    })?;
    let (init_limit, runtime_api_port, journal) = (hooks.init_limit, hooks.runtime_api_port, Rc::new(journal));
    Ok(Options { init_limit, runtime_api_port, faults, journal, is_quiet })
}

async fn serve(
    function: Rc<Function>,
    options: Options,
    listener: TcpListener,
    announcement: Announcement<'_>,
    guard: Guard,
) -> Result<ExitCode, ToolError> {
    let stop = stop_signal().map_err(|why| ToolError::Io("wait for signals", why))?;
    let journal = options.journal.clone();
    let lambda = Lambda::new(function.clone(), options).await;
    let mut lambda = lambda.map_err(|why| ToolError::Io("start a local Lambda", why))?;
    let name = function.name.clone();
    let (queue, jobs) = mpsc::channel(QUEUE);
    spawn_local(invoke::serve(listener, Rc::new(guard), function, queue));
    journal.note("listening", || json!({"address": announcement.address.to_string()}));
    announcement.write()?;
    if lambda.reporter().has_timeline() {
        let url = format!("http://{}", announcement.address);
        lambda
            .reporter()
            .say(&format!("{url} answers `aws lambda invoke --endpoint-url {url} --function-name {name}`"));
    }
    tokio::select! {
        () = serve_jobs(&mut lambda, jobs) => {}
        () = stop => {}
    }
    lambda.shut_down("open-runtime ends").await;
    journal.note("end", || json!({}));
    Ok(ExitCode::SUCCESS)
}

/// Tells scripts the address of the Invoke API.
struct Announcement<'a> {
    address: SocketAddr,
    port_file: Option<&'a Path>,
}

impl Announcement<'_> {
    /// The URL is the only line on stdout.
    fn write(&self) -> Result<(), ToolError> {
        let mut stdout = io::stdout().lock();
        let _ = writeln!(stdout, "http://{}", self.address).and_then(|()| stdout.flush()); // stdout may be closed
        let Some(path) = self.port_file else {
            return Ok(());
        };
        let unwritable = |why| ToolError::File("write the port file", path.to_owned(), why);
        let mut unfinished = path.as_os_str().to_owned();
        unfinished.push(".new");
        std::fs::write(&unfinished, format!("{}\n", self.address.port())).map_err(unwritable)?;
        // by a rename, so that the file is never seen half-written
        std::fs::rename(&unfinished, path).map_err(unwritable)
    }
}

/// Runs Init, then one invocation after another, for ever. A failed Init is tried again within the next invocation.
async fn serve_jobs(lambda: &mut Lambda, mut jobs: mpsc::Receiver<Job>) {
    if let Err(failure) = lambda.init().await {
        let (error_type, reason) = (failure.error_type(), failure.reason());
        lambda.reporter().say(&format!("Init failed: {error_type}: {reason}; trying again at the next invocation"));
    }
    loop {
        let job = tokio::select! {
            biased;
            job = jobs.recv() => job,
            () = lambda.watch_idle() => continue,
        };
        match job {
            Some(job) => run_job(lambda, job).await,
            None => return,
        }
    }
}

async fn run_job(lambda: &mut Lambda, job: Job) {
    let request_id = job.invocation.request_id.clone();
    let outcome = lambda.invoke(job.invocation, job.wants_log).await;
    let log = job.wants_log.then(|| lambda.reporter().log_tail(&request_id, &outcome));
    let (body, is_error) = match &outcome.result {
        Ok(response) => (response.clone(), false),
        Err(failure) => (failure.body(&request_id), true),
    };
    if let Some(caller) = job.caller {
        let _ = caller.send(InvokeResult { body, is_error, log }); // the caller may have gone
    }
    lambda.finish_invocation(&request_id, &outcome).await;
}

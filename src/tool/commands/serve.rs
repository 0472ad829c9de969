//! `open-runtime serve`: keeps the function warm behind Lambda's Invoke API.

use super::given_functions::{self, FunctionOrProject, Given, GivenFunction};
use super::page::{self, TimelineArguments, TimelineFile};
use super::record_arguments::{RecordArguments, Secrets};
use super::serve_http::{self, Common, Http, Services};
use super::served_project::{HowServed, ServedFunction, ServedProject};
use super::watching::{WatchArguments, Watching};
use crate::apis::functions::{Callee, Functions};
use crate::apis::invoke;
use crate::apis::web::service::WebArguments;
use crate::event_loop::{run_local, stop_signal};
use crate::faults::Faults;
use crate::http::guard::Guard;
use crate::http::server;
use crate::lambda::environments::Environments;
use crate::lambda::platform::{Options, Platform};
use crate::lambda::pool::PoolLimits;
use crate::model::arguments::{DebugArguments, StreamArguments, seconds};
use crate::model::streaming::StreamLimits;
use crate::relay::debugged;
use crate::report::journal::Journal;
use crate::tool_error::ToolError;
use clap::Args;
use serde_json::json;
use std::cell::RefCell;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::spawn_local;

pub const HELP: &str = "\
Try it with:
  open-runtime serve handler.hello --port 9000

Invoke the function with:
  aws lambda invoke --endpoint-url http://127.0.0.1:9000 --function-name function \\
      --cli-binary-format raw-in-base64-out --payload '{}' /dev/stdout
  curl -d '{}' http://127.0.0.1:9000/2015-03-31/functions/function/invocations
(Version 1 of the AWS CLI does not have --cli-binary-format, and does not need it.)

With --http 9001 there is a function URL, too, or what --api names: http, rest, alb. APIs have routes:
  open-runtime serve handler.hello --http 9001
  curl -N http://127.0.0.1:9001/path
  open-runtime serve handler.hello --http 9001 --api http --route 'GET /users/{id}'

See what happens, and send events, in a browser:
  http://127.0.0.1:9000/_open-runtime/

In a folder with open-runtime.toml, serverless.yml or template.yaml no handler is needed: all functions
of the file are served, by their names, and their routes from port 9001 on:
  open-runtime serve
  open-runtime serve --project ../shop/template.yaml --param Stage=dev

With a handler, any function name or ARN will do. Each of the invocations that run at the same time has an execution
environment of its own, up to --concurrency; the next ones get 429, as on Lambda. Asynchronous ones
wait, at most 1000. Unlike on Lambda, failed asynchronous invocations are not retried.
";

/// The command line.
#[derive(Args)]
pub struct ServeArguments {
    #[command(flatten)]
    pub function: FunctionOrProject,

    #[command(flatten)]
    pub debugger: DebugArguments,

    #[command(flatten)]
    pub watching: WatchArguments,

    #[command(flatten)]
    pub streaming: StreamArguments,

    #[command(flatten)]
    pub environments: EnvironmentArguments,

    /// Port of the Invoke API; 0 lets the kernel choose one, which is printed
    #[arg(long, value_name = "P", default_value_t = 9000)]
    pub port: u16,

    /// Address of the Invoke API and of --http. Anyone who can reach it can run the function
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub host: IpAddr,

    /// Serve HTTP on this port, too: each request is an invocation. 0 lets the kernel choose one
    #[arg(long, value_name = "P")]
    pub http: Option<u16>,

    /// A name by which callers may reach this machine, besides IP addresses and localhost
    #[arg(long, value_name = "NAME")]
    pub allow_host: Vec<String>,

    /// Do not show what happens at /_open-runtime/
    #[arg(long)]
    pub no_page: bool,

    #[command(flatten)]
    pub timeline: TimelineArguments,

    #[command(flatten)]
    pub web: WebArguments,

    #[command(flatten)]
    pub records: RecordArguments,

    #[command(flatten)]
    pub hooks: TestHooks,
}

/// How many execution environments there may be.
#[derive(Args)]
pub struct EnvironmentArguments {
    /// At most N execution environments of the function at the same time. Default: 10, and with --debug 1
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub concurrency: Option<u16>,

    /// Play Lambda Managed Instances: one execution environment, with up to --concurrency invocations at once
    #[arg(long, conflicts_with_all = ["snapstart", "managed", "debug", "debug_port", "watch", "watch_path", "watch_poll"])]
    pub managed_instances: bool,

    /// Shut an execution environment down that has had no invocation for S seconds
    #[arg(long, value_name = "S", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..))]
    pub idle_limit: u64,
}

impl EnvironmentArguments {
    fn limits(&self, is_debugged: bool) -> PoolLimits {
        let default = if is_debugged { 1 } else { CONCURRENCY };
        let concurrency = self.concurrency.unwrap_or(default).into();
        PoolLimits { concurrency, idle: Duration::from_secs(self.idle_limit) }
    }
}

/// How many execution environments there may be if the user does not say it.
const CONCURRENCY: u16 = 10;

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
    ///
    /// For a response that is streamed, these act after "afterBytes": N of its body (default 0):
    ///
    ///   "pauseMs": N                   reads nothing for N ms, then goes on
    ///   "status": N                    answers early, if there is "afterBytes"
    ///   "hangUp": true                 closes the connection
    ///   "reset": "mid-request"         closes the connection with RST
    ///
    /// The other members act at its end, when the caller has had the body.
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
    let ServeArguments { function, debugger, streaming, environments, port, host, http, records, .. } = arguments;
    let (allow_host, hooks, mut watching) = (arguments.allow_host, arguments.hooks, arguments.watching);
    let written = [&hooks.journal, &hooks.port_file, &records.record, &arguments.timeline.timeline];
    watching.written = written.into_iter().flatten().cloned().collect();
    let limits = environments.limits(debugger.port().is_some());
    let options = options(&hooks, streaming.limits(), function.one.quiet)?;
    let (Given { mut functions, is_project, files, packages, .. }, said) = read(function.clone())?;
    let managed_instances = environments.managed_instances.then_some(limits.concurrency);
    for GivenFunction { function, .. } in &mut functions {
        (function.managed_instances, function.is_watched) = (managed_instances, watching.is_wanted());
    }
    let variables = functions.iter().flat_map(|given| &given.function.variables);
    let secrets = Rc::new(Secrets::new(&records.redaction, variables));
    if let Some(recorder) = records.open(&secrets)? {
        options.hub.record_to(recorder);
    }
    let web = serve_http::all(arguments.web.clone(), &functions, http)?;
    let timeline = arguments.timeline.open(&options.hub, &secrets)?;
    let shown = Shown { has_page: !arguments.no_page, timeline };
    let how = HowServed { arguments: function, web: arguments.web, http, host, limits };
    let described = is_project.then_some(Described { how, files, said });
    let done = run_local(async move {
        if let Some(port) = debugger.port() {
            functions = vec![debug_one(functions, port, allow_host.clone()).await?];
        }
        let (invoke, http) = (listen(host, port).await?, listen_all(host, web).await?);
        let served =
            Served { functions, described, limits, options, watching, allow_host, invoke, http, shown, secrets };
        serve(served, hooks.port_file.as_deref()).await
    });
    drop(packages); // only now: the functions' folders are in them
    done
}

/// The functions, and what is said of them on stderr.
fn read(function: FunctionOrProject) -> Result<(Given, Vec<String>), ToolError> {
    let said = RefCell::new(Vec::new());
    let given = given_functions::load_saying(function, &|line| {
        eprintln!("open-runtime: {line}");
        said.borrow_mut().push(line.to_owned());
    });
    Ok((given?.with_some()?, said.take()))
}

/// Has the function wait for its debugger. There is one port for one function.
async fn debug_one(
    mut functions: Vec<GivenFunction>,
    port: u16,
    allowed_hosts: Vec<String>,
) -> Result<GivenFunction, ToolError> {
    let (Some(GivenFunction { function, routes }), true) = (functions.pop(), functions.is_empty()) else {
        let why = "cannot debug several functions at once: give a handler, or use `open-runtime invoke --function NAME --debug`";
        return Err(ToolError::Usage(why.to_owned()));
    };
    Ok(GivenFunction { function: debugged(function, port, allowed_hosts).await?, routes })
}

fn options(hooks: &TestHooks, limits: StreamLimits, is_quiet: bool) -> Result<Options, ToolError> {
    let unusable = |path: &Path, why| ToolError::File("write the journal", path.to_owned(), why);
    let journal = hooks.journal.as_deref();
    let journal = Journal::open(journal).map_err(|why| unusable(journal.unwrap_or(Path::new("")), why))?;
    let faults = hooks.faults.as_deref().map_or(Ok(Faults::default()), |path| {
        Faults::read(path).map_err(|why| ToolError::Script(path.to_owned(), why))
    })?;
    let (init_limit, runtime_api_port, journal) = (hooks.init_limit, hooks.runtime_api_port, Rc::new(journal));
    Ok(Options {
        init_limit,
        runtime_api_port,
        invoke_api: None,
        faults,
        limits,
        journal,
        hub: Rc::default(),
        is_quiet,
    })
}

/// A listener and its address.
type Listening = (TcpListener, SocketAddr);

async fn listen(host: IpAddr, port: u16) -> Result<Listening, ToolError> {
    let address = SocketAddr::new(host, port);
    server::listen(address).await.map_err(|why| ToolError::Port(address, why))
}

async fn listen_all(host: IpAddr, all: Vec<(u16, Http)>) -> Result<Vec<(Listening, Http)>, ToolError> {
    let mut listening = Vec::new();
    for (port, http) in all {
        listening.push((listen(host, port).await?, http));
    }
    Ok(listening)
}

/// Who sees what happens.
struct Shown {
    has_page: bool,
    timeline: Option<TimelineFile>,
}

/// What is served, and where.
struct Served {
    functions: Vec<GivenFunction>,
    /// None: they are not those of a project's file.
    described: Option<Described>,
    limits: PoolLimits,
    options: Options,
    watching: WatchArguments,
    allow_host: Vec<String>,
    invoke: Listening,
    http: Vec<(Listening, Http)>,
    shown: Shown,
    secrets: Rc<Secrets>,
}

/// The project's file, and what it says.
struct Described {
    how: HowServed,
    files: Vec<PathBuf>,
    said: Vec<String>,
}

async fn serve(served: Served, port_file: Option<&Path>) -> Result<ExitCode, ToolError> {
    let stop = stop_signal()?;
    let (journal, hub) = (served.options.journal.clone(), served.options.hub.clone());
    let cannot_start = |why| ToolError::Io("start a local Lambda", why);
    let invoke_api = Some(url_for_functions(served.invoke.1));
    let platform = Platform::new(Options { invoke_api, ..served.options }).map_err(cannot_start)?;
    if served.shown.has_page {
        hub.keep_records(); // before Init begins, so that it is shown
    }
    let (listener, address) = served.invoke;
    let (all, callees) = start_all(&platform, served.functions, served.limits, served.described.is_none()).await?;
    let (mut places, mut web) = (where_to_invoke(address, &callees), Vec::new());
    let functions = Rc::new(Functions::new(callees));
    let page = served.shown.has_page.then(|| page::page(&hub, &functions));
    let guard = Guard { allowed_hosts: served.allow_host, ..Guard::default() };
    let (console, common_journal) = (platform.console.clone(), journal.clone());
    let common = Common { guard: guard.clone(), page: page.clone(), console, journal: common_journal };
    let services = Rc::new(Services::new(common));
    for ((listener, address), http) in served.http {
        places.extend(services.serve(http, (listener, address), &functions.all())?);
        web.push(address);
    }
    let all = Rc::new(RefCell::new(all));
    let running = Running { platform: &platform, functions: &functions, services, all: &all };
    running.watch(served.watching, served.described, served.secrets).await;
    let of_page = || format!("http://{address}/_open-runtime/ shows what happens, and sends events");
    places.extend(page.is_some().then(of_page));
    let guard = page::guarded(guard, address, page.is_some());
    spawn_local(invoke::serve(listener, Rc::new(guard), functions.clone(), page));
    journal.note("listening", || json!({"address": address.to_string()}));
    Announcement { address, web, port_file }.write()?;
    if !platform.is_quiet {
        places.iter().for_each(|place| platform.console.say(&format!("open-runtime: {place}")));
    }
    stop.await;
    end(&platform, all.take()).await;
    journal.note("end", || json!({}));
    served.shown.timeline.map_or(Ok(()), |file| file.write(&hub, &page::names(&functions)))?;
    Ok(ExitCode::SUCCESS)
}

/// Ends the functions, and then what they were given.
async fn end(platform: &Platform, all: Vec<Environments>) {
    shut_down(all).await;
    platform.end().await;
    platform.hub.finish_records();
}

/// What runs the functions. The environments of a project, which may have many functions, are started on demand.
async fn start_all(
    platform: &Rc<Platform>,
    functions: Vec<GivenFunction>,
    limits: PoolLimits,
    warms_up: bool,
) -> Result<(Vec<Environments>, Vec<Callee>), ToolError> {
    let (mut all, mut callees) = (Vec::new(), Vec::new());
    for given in functions {
        let function = Rc::new(given.function);
        let environments = Environments::start(platform, &function, limits, warms_up).await;
        let environments = environments.map_err(|why| ToolError::Io("start a local Lambda", why))?;
        callees.push(Callee { function, invoker: environments.invoker() });
        all.push(environments);
    }
    Ok((all, callees))
}

/// The URL of the Invoke API on this machine.
fn url_for_functions(mut address: SocketAddr) -> String {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        IpAddr::V4(_) | IpAddr::V6(_) => {}
    }
    format!("http://{address}")
}

/// What is running.
struct Running<'a> {
    platform: &'a Rc<Platform>,
    functions: &'a Rc<Functions>,
    services: Rc<Services>,
    all: &'a Rc<RefCell<Vec<Environments>>>,
}

impl Running<'_> {
    /// Watches what it consists of, if that is wanted.
    async fn watch(self, arguments: WatchArguments, described: Option<Described>, secrets: Rc<Secrets>) {
        if !arguments.is_wanted() {
            return;
        }
        let Running { platform, functions, services, all } = self;
        let served = pools(&all.borrow(), functions);
        let project = described.map(|Described { how, files, said }| ServedProject {
            how,
            platform: platform.clone(),
            functions: functions.clone(),
            services,
            secrets: secrets.clone(),
            environments: all.clone(),
            files: RefCell::new(files),
            said: RefCell::new(said),
            served: RefCell::new(served.clone()),
            packages: RefCell::default(),
        });
        Watching { arguments, served, project, secrets, platform: platform.clone() }.start().await;
    }
}

/// Those that can be watched: Managed Instances cannot.
fn pools(all: &[Environments], functions: &Functions) -> Vec<ServedFunction> {
    let served = all.iter().zip(functions.all()).filter_map(|(environments, callee)| match environments {
        Environments::Pool(pool) => Some(ServedFunction { function: callee.function, pool: pool.clone() }),
        Environments::Managed(_) => None,
    });
    served.collect()
}

fn where_to_invoke(address: SocketAddr, callees: &[Callee]) -> Vec<String> {
    let invoke = format!("http://{address}");
    let how = |callee: &Callee| {
        let name = &callee.function.name;
        format!("{invoke} answers `aws lambda invoke --endpoint-url {invoke} --function-name {name}`")
    };
    callees.iter().map(how).collect()
}

/// Ends the environments of all functions at the same time.
async fn shut_down(all: Vec<Environments>) {
    let end = |environments: Environments| spawn_local(async move { environments.shut_down().await });
    let ending: Vec<_> = all.into_iter().map(end).collect();
    for environments in ending {
        let _ = environments.await; // a task that panicked has ended, too
    }
}

/// Tells scripts the address of the Invoke API, and of `--http`.
struct Announcement<'a> {
    address: SocketAddr,
    web: Vec<SocketAddr>,
    port_file: Option<&'a Path>,
}

impl Announcement<'_> {
    /// The URLs are the only lines on stdout.
    fn write(&self) -> Result<(), ToolError> {
        let mut stdout = io::stdout().lock();
        for address in [self.address].iter().chain(&self.web) {
            let _ = writeln!(stdout, "http://{address}"); // stdout may be closed
        }
        let _ = stdout.flush();
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

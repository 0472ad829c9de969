//! `open-runtime middleware`: runs one hook of one middleware as bootstrap does, for authors of middlewares.
//!
//! The hook gets the environment variables that a function gets. The library passes on the environment of this process.
//! So the command first executes itself again, with those variables.

use crate::model::arguments::{FunctionArguments, seconds};
use crate::model::event;
use crate::model::function::Function;
use crate::model::ids;
use crate::model::variables;
use crate::tool_error::ToolError;
use bytes::Bytes;
use clap::Args;
use open_runtime::child::children::wait_until_ready;
use open_runtime::error::{Fatal, InvocationError};
use open_runtime::invocation::Invocation;
use open_runtime::json_line::on_one_line;
use open_runtime::middleware::hook::{Hook, Running, Verdict};
use open_runtime::middleware::{Middleware, resident};
use open_runtime::os::deadline::{Deadline, unix_time};
use open_runtime::os::signals::Signals;
use open_runtime::os::wait::WaitEnd;
use open_runtime::settings::config;
use open_runtime::settings::lookup::is_executable;
use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::slice;
use std::time::{Duration, Instant};

const NOT_MET: u8 = 1;
const TIMED_OUT: u8 = 4;
/// 128 + SIGINT, as in a shell.
const INTERRUPTED: u8 = 130;

/// The address of Lambda's Runtime API. Nothing listens there.
const RUNTIME_API: &str = "127.0.0.1:9001";

pub const HELP: &str = "\
stdin is the hook's input. For before it is the event: a CloudEvent, if the event comes from AWS. For
after it is the response, for error the error object. stdout is what the hook printed, if that is valid.
The hook's status and time, and what bootstrap would do, are on stderr. If there is NAME.d/serve beside
the middleware NAME, that is started, runs one hook, and is stopped: it is resident.

Exit status:
  0  the hook keeps the contract
  1  it does not: the invocation would fail, or, for error, the error would stay as it is
  2  usage: wrong options, no executable, or an input that is not JSON
  4  the hook did not end within the timeout
  5  open-runtime itself failed

Try it with:
  echo '{\"foo\": \"bar\"}' | open-runtime middleware middlewares/log-duration before
";

/// The command line.
#[derive(Args)]
pub struct MiddlewareArguments {
    /// The middleware, an executable, or NAME where NAME.d/serve is one
    path: PathBuf,

    /// The hook: before, after or error
    #[arg(value_parser = hook)]
    hook: Hook,

    /// The timeout of the hook in seconds
    #[arg(long, value_name = "S", default_value = "3", value_parser = seconds)]
    timeout: Duration,

    /// An environment variable of the function; K alone takes its value from open-runtime's own environment
    #[arg(long = "env", short = 'e', value_name = "K=V")]
    variables: Vec<String>,

    /// The request id [default: a new one]
    #[arg(long, value_name = "ID")]
    request_id: Option<String>,

    /// The function's folder, LAMBDA_TASK_ROOT, in which the hook runs
    #[arg(long, value_name = "DIR", default_value = ".")]
    task_root: PathBuf,

    /// This process already has the environment of a function.
    #[arg(long, hide = true)]
    is_inside: bool,
}

fn hook(name: &str) -> Result<Hook, String> {
    let hooks = [Hook::Before, Hook::After, Hook::Error];
    hooks.into_iter().find(|hook| hook.name() == name).ok_or_else(|| "must be before, after or error".to_owned())
}

/// Runs the command. Takes as long as the hook does, up to its timeout.
///
/// # Errors
/// The tool itself failed. How the hook ended is in the exit status.
pub fn run(arguments: MiddlewareArguments) -> Result<ExitCode, ToolError> {
    if !arguments.is_inside {
        return restart_in_lambdas_environment(arguments);
    }
    let input = read_input().map_err(ToolError::Usage)?;
    run_hook(&arguments, &input)
}

/// Executes the same command in the environment that a function has. Returns only if that fails.
fn restart_in_lambdas_environment(arguments: MiddlewareArguments) -> Result<ExitCode, ToolError> {
    let executable = Middleware::at(arguments.path.clone(), "").executable();
    if !is_executable(&executable) {
        return Err(ToolError::Usage(format!("{} is not an executable file", executable.display())));
    }
    let cannot = |why| ToolError::Io("execute open-runtime again", why);
    let path = std::path::absolute(&arguments.path).map_err(cannot)?;
    let myself = std::env::current_exe().map_err(cannot)?;
    let mut again = Command::new(&myself);
    again.args(["middleware", "--is-inside", "--timeout", &arguments.timeout.as_secs_f64().to_string()]);
    again.args(["--request-id", &arguments.request_id.clone().unwrap_or_else(ids::uuid)]);
    again.arg("--").arg(path).arg(arguments.hook.name());
    let function = function(arguments, myself)?;
    again.current_dir(&function.task_root).env_clear().envs(variables::all(&function, RUNTIME_API, None));
    Err(cannot(again.exec()))
}

fn function(arguments: MiddlewareArguments, bootstrap: PathBuf) -> Result<Function, ToolError> {
    let arguments = FunctionArguments {
        handler: "handler.hello".to_owned(),
        timeout: arguments.timeout,
        memory: 128,
        variables: arguments.variables,
        task_root: arguments.task_root,
        bootstrap: Some(bootstrap), // any executable will do: it is not started
        function_name: "function".to_owned(),
        managed: None,
        snapstart: false,
        quiet: false,
    };
    Function::new(arguments).map_err(ToolError::Function)
}

/// Reads stdin, and puts it on one line, as bootstrap does for hooks.
fn read_input() -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    io::stdin().read_to_end(&mut bytes).map_err(|why| format!("cannot read stdin: {why}"))?;
    let input = event::checked(Bytes::from(bytes)).map_err(|why| format!("cannot use stdin as the input: {why}"))?;
    Ok(on_one_line(input.trim_ascii()).into_owned()) // without the line feed that editors put at the end
}

fn run_hook(arguments: &MiddlewareArguments, input: &[u8]) -> Result<ExitCode, ToolError> {
    let signals = Signals::install().map_err(|why| ToolError::Io("watch for signals", why))?;
    let name = arguments.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let middleware = Middleware::at(arguments.path.clone(), &name);
    let hook = HookRun { middleware: &middleware, hook: arguments.hook, invocation: invocation(arguments), signals };
    let (began, mut ready) = (Instant::now(), None);
    let result = if middleware.resident.is_some() { hook.resident(input, &mut ready) } else { hook.process(input) };
    let took = ready.unwrap_or(began).elapsed();
    let report = HookReport::new(arguments.hook, result);
    let ready = ready.map(|ready| ready - began);
    let written = report.write(&format!("{} hook of {name}", arguments.hook), ready, took);
    written.map(|()| ExitCode::from(report.exit)).map_err(|why| ToolError::Io("write what the hook printed", why))
}

/// One hook, and what it is run for.
struct HookRun<'a> {
    middleware: &'a Middleware,
    hook: Hook,
    invocation: Invocation,
    signals: Signals,
}

impl HookRun<'_> {
    /// By a process for this hook.
    fn process(&self, input: &[u8]) -> Result<Verdict, InvocationError> {
        let running = Running::start(self.middleware, self.hook, &self.invocation, self.invocation.deadline_ms)?;
        running.finish(input, self.invocation.deadline, self.signals)
    }

    /// By a process that serves all hooks, and that is stopped here after this one. `ready` is when it could take the hook.
    fn resident(&self, input: &[u8], ready: &mut Option<Instant>) -> Result<Verdict, InvocationError> {
        let Invocation { deadline, deadline_ms, .. } = self.invocation;
        let mut child = self.middleware.start(self.signals, config::log_from_env().0)?;
        match wait_until_ready(slice::from_mut(&mut child), deadline, self.signals) {
            Ok(WaitEnd::Ready) => *ready = Some(Instant::now()),
            Ok(WaitEnd::Terminated) => return Err(InvocationError::Terminated),
            Ok(WaitEnd::TimedOut) => {
                let (seconds, missing) = (self.invocation.timeout_seconds(), "the middleware was not ready".to_owned());
                return Err(InvocationError::Timeout { seconds, missing, stack_trace: None });
            }
            Err(Fatal::CrashLoop(error)) => return Err(error),
            Err(_) => return Err(InvocationError::Internal { what: "waiting for a middleware failed" }),
        }
        let name = &self.middleware.name;
        let verdict = resident::run(&mut child, name, self.hook, &self.invocation, input, (deadline, deadline_ms));
        self.signals.notice_termination(); // the limits of the Shutdown phase hold
        child.ask_to_stop();
        let _ = child.stop(); // it is killed next, whether or not it could be waited for
        verdict
    }
}

fn invocation(arguments: &MiddlewareArguments) -> Invocation {
    let deadline = Deadline::after(arguments.timeout);
    let now = unix_time();
    let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let own = |name| std::env::var(name).unwrap_or_default();
    let function = Function { name: own("AWS_LAMBDA_FUNCTION_NAME"), region: own("AWS_REGION"), ..Function::default() };
    Invocation {
        request_id: arguments.request_id.clone().unwrap_or_default(),
        deadline_ms: Some(milliseconds(now + arguments.timeout)),
        deadline,
        function_arn: Some(function.arn(None)),
        trace_id: Some(ids::trace_id()),
        received_ms: milliseconds(now),
        ..Invocation::default()
    }
}

/// What a hook did, and what bootstrap would do with that.
struct HookReport {
    output: Vec<u8>,
    /// The hook's exit status. `None` if `contract` says how it ended.
    status: Option<i32>,
    contract: String,
    exit: u8,
}

impl HookReport {
    fn new(hook: Hook, result: Result<Verdict, InvocationError>) -> HookReport {
        let met = |status, output, consequence| {
            let contract = format!("met: {consequence}");
            HookReport { output, status: Some(status), contract, exit: 0 }
        };
        match result {
            Ok(Verdict::Unchanged) => met(0, Vec::new(), unchanged(hook)),
            Ok(Verdict::Replaced(output)) => met(0, output, replaced(hook)),
            Ok(Verdict::Respond(output)) => {
                met(99, output, "the output is the response; later middlewares and the handler do not get the event")
            }
            Err(error) => HookReport::of_failure(hook, &error),
        }
    }

    fn of_failure(hook: Hook, error: &InvocationError) -> HookReport {
        let why = match error {
            InvocationError::Middleware { why, .. } => why.clone(),
            other => other.to_string(),
        };
        let consequence = match hook {
            Hook::Error => "the error stays as it is".to_owned(),
            Hook::Before | Hook::After => format!("the invocation fails with {}", error.error_type()),
        };
        let exit = match error {
            InvocationError::Timeout { .. } => TIMED_OUT,
            InvocationError::Terminated => INTERRUPTED,
            _ => NOT_MET,
        };
        HookReport { output: Vec::new(), status: None, contract: format!("not met: {why}; {consequence}"), exit }
    }

    /// Writes the output and a line feed to stdout, and the rest to stderr.
    fn write(&self, title: &str, ready: Option<Duration>, took: Duration) -> io::Result<()> {
        if !self.output.is_empty() {
            let mut stdout = io::stdout().lock();
            stdout.write_all(&self.output).and_then(|()| stdout.write_all(b"\n")).and_then(|()| stdout.flush())?;
        }
        eprintln!("open-runtime: {title}");
        let ms = |time: Duration| time.as_secs_f64() * 1000.0;
        if let Some(ready) = ready {
            eprintln!("  ready     {:.2} ms", ms(ready));
        }
        eprintln!("  time      {:.2} ms", ms(took));
        match (self.status, ready) {
            (None, _) => {}
            (Some(status), None) => eprintln!("  status    {status}\n  printed   {} bytes", self.output.len()),
            (Some(_), Some(_)) if self.output.is_empty() => eprintln!("  answered  nothing"),
            (Some(0), Some(_)) => eprintln!("  answered  output of {} bytes", self.output.len()),
            (Some(_), Some(_)) => eprintln!("  answered  a response of {} bytes", self.output.len()),
        }
        eprintln!("  contract  {}", self.contract);
        Ok(())
    }
}

fn unchanged(hook: Hook) -> &'static str {
    match hook {
        Hook::Before => "the event goes on as it is",
        Hook::After => "the response goes on as it is",
        Hook::Error => "the error stays as it is",
    }
}

fn replaced(hook: Hook) -> &'static str {
    match hook {
        Hook::Before => "the output goes on instead of the event",
        Hook::After => "the output goes on instead of the response",
        Hook::Error => "the output is the response, and the invocation has not failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_three_hooks() {
        assert_eq!(hook("after"), Ok(Hook::After));
        assert!(hook("during").is_err());
    }
}

//! `open-runtime middleware`: runs one hook of one middleware as bootstrap does, for authors of middlewares.
//!
//! The hook gets the environment variables that a function gets. The library passes on the environment of this process.
//! So the command first executes itself again, with those variables.

use super::hook_report::{HookReport, Times};
use super::nearest;
use crate::model::arguments::{FunctionArguments, seconds};
use crate::model::environment::Environment;
use crate::model::event;
use crate::model::function::Function;
use crate::model::given_variables::GivenVariables;
use crate::model::ids;
use crate::model::variables;
use crate::tool_error::ToolError;
use bytes::Bytes;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
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
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::rc::Rc;
use std::slice;
use std::time::{Duration, Instant};

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
  echo '{\"foo\": \"bar\"}' | open-runtime middleware middlewares/log-duration before --json
";

/// The command line.
#[derive(Args)]
pub struct MiddlewareArguments {
    /// The middleware, an executable, or NAME where NAME.d/serve is one
    path: PathBuf,

    /// The hook: before, after or error
    #[arg(value_parser = PossibleValuesParser::new(["before", "after", "error"]).try_map(|name| hook(&name)))]
    hook: Hook,

    /// The timeout of the hook in seconds
    #[arg(long, value_name = "S", default_value = "3", value_parser = seconds)]
    timeout: Duration,

    #[command(flatten)]
    variables: GivenVariables,

    /// The request id [default: a new one]
    #[arg(long, value_name = "ID")]
    request_id: Option<String>,

    /// The function's folder, LAMBDA_TASK_ROOT, in which the hook runs
    #[arg(long, value_name = "DIR", default_value = ".")]
    task_root: PathBuf,

    /// Print a record on stdout, as JSON on a line, in place of the output and of the report
    #[arg(long)]
    json: bool,

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
        let meant = similar(&arguments.path);
        return Err(ToolError::Usage(format!("{meant}{} is not an executable file", executable.display())));
    }
    let cannot = |why| ToolError::Io("execute open-runtime again", why);
    let path = std::path::absolute(&arguments.path).map_err(cannot)?;
    let myself = std::env::current_exe().map_err(cannot)?;
    let mut again = Command::new(&myself);
    again.args(["middleware", "--is-inside", "--timeout", &arguments.timeout.as_secs_f64().to_string()]);
    again.args(["--request-id", &arguments.request_id.clone().unwrap_or_else(ids::uuid)]);
    again.args(arguments.json.then_some("--json"));
    again.arg("--").arg(path).arg(arguments.hook.name());
    let function = function(arguments, myself)?;
    let environment = Environment::new(1, Rc::new(function), RUNTIME_API);
    again.current_dir(&environment.function.task_root).env_clear().envs(variables::all(&environment, None, None));
    Err(cannot(again.exec()))
}

/// A hint at a middleware in the same folder whose name is similar.
fn similar(path: &Path) -> String {
    let folder = path.parent().unwrap_or(Path::new(""));
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let names: Vec<_> = std::fs::read_dir(here).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    let names = names.iter().filter(|path| is_executable(&Middleware::at((*path).clone(), "").executable()));
    let names: Vec<_> =
        names.filter_map(|path| Some(folder.join(path.file_name()?).to_string_lossy().into_owned())).collect();
    nearest::hint(&path.to_string_lossy(), names.iter().map(String::as_str))
}

fn function(arguments: MiddlewareArguments, bootstrap: PathBuf) -> Result<Function, ToolError> {
    let arguments = FunctionArguments {
        handler: Some("handler.hello".to_owned()),
        timeout: arguments.timeout,
        memory: 128,
        variables: arguments.variables,
        task_root: arguments.task_root,
        bootstrap: Some(bootstrap), // any executable will do: it is not started
        function_name: "function".to_owned(),
        managed: None,
        snapstart: false,
        extensions: Vec::new(),
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
    let times = Times { ready: ready.map(|ready| ready - began), took };
    let written = if arguments.json { report.write_json(&name, times) } else { report.write(&name, times) };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_three_hooks() {
        assert_eq!(hook("after"), Ok(Hook::After));
        assert!(hook("during").is_err());
    }
}

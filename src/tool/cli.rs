//! The command line: one struct per command, and what the commands share.

use crate::map::{self, MapArguments};
use crate::middleware::{self, MiddlewareArguments};
use crate::relay::{self, RelayArguments};
use crate::sample::{self, EventArguments};
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::time::Duration;

/// A Lambda on this machine: starts the real bootstrap and plays the Runtime API, the Extensions API and the Invoke API.
#[derive(Parser)]
#[command(name = "open-runtime", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

/// What it can do. A new command is a line here, a struct below and a module of its own.
#[derive(Subcommand)]
pub enum Command {
    /// Invoke a handler once: the response goes to stdout, logs and timeline to stderr
    #[command(after_help = INVOKE_HELP)]
    Invoke(InvokeArguments),
    /// Keep the function warm and answer Lambda's Invoke API, for the AWS CLI and SDKs
    #[command(after_help = SERVE_HELP)]
    Serve(ServeArguments),
    /// Run one hook of one middleware as bootstrap would, for whoever writes one
    #[command(after_help = middleware::HELP)]
    Middleware(MiddlewareArguments),
    /// Print a sample event of a kind, ready for invoke
    #[command(after_help = sample::HELP)]
    Event(EventArguments),
    /// Print the CloudEvents that the handler would get for the event on stdin
    #[command(after_help = map::HELP)]
    Map(MapArguments),
    /// Bring functions that are debugged and their debuggers together, in place of socat
    #[command(after_help = relay::HELP)]
    DebugRelay(RelayArguments),
}

const INVOKE_HELP: &str = "\
Exit status:
  0  the function answered
  1  function error: the error is on stdout, as Lambda's Invoke API returns it
  2  usage: options that make no sense, or an event that is no JSON
  3  Init failed: an error, an exit, or more than 10 s. (Lambda would try Init once more within
     the invocation; one failure says enough here.)
  4  the timeout was over, and bootstrap had not answered (its own Function.Timeout is a function error)
  5  open-runtime itself could not do its work; there is no bootstrap, say
";

const SERVE_HELP: &str = "\
Ask it with:
  aws lambda invoke --endpoint-url http://127.0.0.1:9000 --function-name function \\
      --cli-binary-format raw-in-base64-out --payload '{}' /dev/stdout
  curl -d '{}' http://127.0.0.1:9000/2015-03-31/functions/function/invocations
(The AWS CLI of version 1 does not know --cli-binary-format, and does not need it.)

Any function name or ARN will do. Invocations wait for one another, 1000 at most. Unlike on Lambda,
failed asynchronous invocations are not tried again, and external extensions are not started.
";

/// The function: what would be its configuration on Lambda.
#[derive(Args)]
pub struct FunctionArguments {
    /// The handler, as on Lambda: file.function
    pub handler: String,

    /// Timeout of an invocation in seconds
    #[arg(long, value_name = "S", default_value = "3", value_parser = seconds)]
    pub timeout: Duration,

    /// Memory in MB, as the function is told. No process is limited to it here, but the heap of Node.js is to 90% of it
    #[arg(long, value_name = "MB", default_value_t = 128)]
    pub memory: u32,

    /// An environment variable of the function; K alone takes its value from the environment of open-runtime
    #[arg(long = "env", short = 'e', value_name = "K=V")]
    pub variables: Vec<String>,

    /// The function's folder, LAMBDA_TASK_ROOT
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub task_root: PathBuf,

    /// The bootstrap to run, rather than the one beside open-runtime or /opt/bootstrap
    #[arg(long, value_name = "PATH")]
    pub bootstrap: Option<PathBuf>,

    /// Play a managed runtime (nodejs22.x, python3.13 …) whose wrapper is Open Runtime: events come as AWS sends them
    #[arg(long, value_name = "RUNTIME", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub managed: Option<String>,

    /// The function's name
    #[arg(long, value_name = "NAME", default_value = "function")]
    pub function_name: String,

    /// No timeline on stderr: the function's own logs only
    #[arg(long, short)]
    pub quiet: bool,
}

#[derive(Args)]
pub struct InvokeArguments {
    #[command(flatten)]
    pub function: FunctionArguments,

    #[command(flatten)]
    pub debugger: DebugArguments,

    /// `-` reads the event from stdin, however long that takes. Without it, and without -d and -f, a pipe or a file on
    /// stdin is read, too
    #[arg(value_name = "-", value_parser = ["-"])]
    pub stdin: Option<String>,

    /// The event, JSON ({} without any), or @FILE
    #[arg(short, long = "data", value_name = "JSON", conflicts_with_all = ["file", "stdin"])]
    pub data: Option<String>,

    /// A file with the event
    #[arg(short, long, value_name = "FILE", conflicts_with = "stdin")]
    pub file: Option<PathBuf>,
}

/// For functions at a breakpoint.
#[derive(Args)]
pub struct DebugArguments {
    /// Wait for a debugger, whose URL is printed, and stop at the handler's first line. The timeout is 900 s then.
    /// The debugger's PORT is the kernel's choice, if you name none
    #[arg(long, value_name = "PORT", num_args = 0..=1, require_equals = true, default_missing_value = "0")]
    pub debug: Option<u16>,
}

#[derive(Args)]
pub struct ServeArguments {
    #[command(flatten)]
    pub function: FunctionArguments,

    #[command(flatten)]
    pub debugger: DebugArguments,

    /// Port of the Invoke API; 0 lets the kernel choose, and prints what it chose
    #[arg(long, value_name = "P", default_value_t = 9000)]
    pub port: u16,

    /// Address of the Invoke API. Anyone who can reach it can run the function
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub host: std::net::IpAddr,

    /// A name that callers may know this machine by; without any they ask by IP address or as localhost
    #[arg(long, value_name = "NAME")]
    pub allow_host: Vec<String>,

    #[command(flatten)]
    pub hooks: TestHooks,
}

/// For test suites of bootstraps and of language runtimes.
#[derive(Args)]
#[command(next_help_heading = "Test hooks")]
pub struct TestHooks {
    /// Scripted faults of the Runtime API
    ///
    /// A JSON list of {"on": ENDPOINT, "nth": N or "every", "do": {…}}.
    /// ENDPOINT: next, response, error, init-error, register, extension-next.
    /// The N-th request to it, counted from 1 over the whole run, does what "do" says;
    /// of several that fit, the first. The members of "do" can be combined:
    ///
    ///   "status": N, "body": TEXT      answered so, and not acted upon otherwise
    ///   "body": TEXT, "bodyBase64": B  for next: these bytes instead of the event
    ///   "headers": {NAME: TEXT}        "" is sent empty, null is left out, "\u00ff" is byte 0xff
    ///   "deadlineMs": N                Lambda-Runtime-Deadline-Ms is N ms from now
    ///   "delayMs": N                   waits before it acts
    ///   "chunked": true, false or N    in chunks (of N bytes), or with Content-Length
    ///   "truncate": N                  closes after N bytes of the body
    ///   "closeAfter": true             closes the connection silently after the answer
    ///   "reset": "before-reading" or "after-reading" (the request is lost),
    ///            "mid-header" or "mid-body" (it was acted upon)
    ///   "swallow": true                reads the request and never answers
    #[arg(long, value_name = "FILE", verbatim_doc_comment)]
    pub faults: Option<PathBuf>,

    /// Writes one JSON line per thing that happens (bodies included: keep it to yourself)
    #[arg(long, value_name = "FILE")]
    pub journal: Option<PathBuf>,

    /// Writes the Invoke API's port to this file once it listens
    #[arg(long, value_name = "FILE")]
    pub port_file: Option<PathBuf>,

    /// Port of the Runtime API; 0 lets the kernel choose
    #[arg(long, value_name = "P", default_value_t = 0)]
    pub runtime_api_port: u16,

    /// Limit of the Init phase in seconds
    #[arg(long, value_name = "S", default_value = "10", value_parser = seconds)]
    pub init_limit: Duration,
}

/// Seconds with an optional fraction, more than 0 and at most Lambda's 900.
pub fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds <= 900.0 => Ok(Duration::from_secs_f64(seconds)),
        _ => Err("not a number of seconds above 0 and up to 900".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn timeouts_are_above_0_and_up_to_900_seconds() {
        assert_eq!(seconds("0.25"), Ok(Duration::from_millis(250)));
        assert!(seconds("900").is_ok());
        assert!(["0", "-1", "901", "NaN", "3s", ""].iter().all(|text| seconds(text).is_err()));
    }
}

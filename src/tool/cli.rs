//! The command line: the list of commands.

use crate::commands::check::{self, CheckArguments};
use crate::commands::completions::{self, CompletionsArguments};
use crate::commands::debug_relay::{self, RelayArguments};
use crate::commands::event::{self, EventArguments};
use crate::commands::init::{self, InitArguments};
use crate::commands::invoke::{self, InvokeArguments};
use crate::commands::layer::{self, LayerArguments};
use crate::commands::man::{self, ManArguments};
use crate::commands::map::{self, MapArguments};
use crate::commands::middleware::{self, MiddlewareArguments};
use crate::commands::replay::{self, ReplayArguments};
use crate::commands::serve::{self, ServeArguments};
use crate::commands::test::{self, TestArguments};
use crate::tool_error::ToolError;
use clap::{CommandFactory, Parser, Subcommand};
use std::process::ExitCode;

/// A Lambda on this machine: runs the real bootstrap, and serves the Runtime API, the Extensions API and the Invoke API
#[derive(Parser)]
#[command(name = "open-runtime", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

/// A new command is a line here and in [`run`](Command::run), and a file in `commands`.
#[derive(Subcommand)]
pub enum Command {
    /// Begin a function: a handler, an event, a test, and what deploys it
    #[command(after_help = init::HELP)]
    Init(InitArguments),
    /// Invoke a handler once: the response goes to stdout, logs and timeline to stderr
    #[command(after_help = invoke::HELP)]
    Invoke(Box<InvokeArguments>),
    /// Keep the function warm and answer Lambda's Invoke API, for the AWS CLI and SDKs
    #[command(after_help = serve::HELP)]
    Serve(Box<ServeArguments>),
    /// Run recorded invocations again, and show what differs
    #[command(after_help = replay::HELP)]
    Replay(ReplayArguments),
    /// Run a folder of records as tests, and print TAP
    #[command(after_help = test::HELP)]
    Test(TestArguments),
    /// Check a language runtime against the protocol, and print TAP
    #[command(after_help = check::HELP)]
    Check(CheckArguments),
    /// Run one hook of a middleware as bootstrap does, to test it
    #[command(after_help = middleware::HELP)]
    Middleware(MiddlewareArguments),
    /// Print a sample event of a kind, to give to invoke
    #[command(after_help = event::HELP)]
    Event(EventArguments),
    /// Print the CloudEvents that the handler would get for the event on stdin
    #[command(after_help = map::HELP)]
    Map(MapArguments),
    /// Connect functions that are debugged with their debuggers; does the work of socat
    #[command(after_help = debug_relay::HELP)]
    DebugRelay(RelayArguments),
    /// Write the layer of Open Runtime, to deploy it with a function
    #[command(after_help = layer::HELP)]
    Layer(LayerArguments),
    /// Print a script by which a shell completes commands, options and kinds of events
    #[command(after_help = completions::HELP)]
    Completions(CompletionsArguments),
    /// Print the manual page, or write a page for each command
    #[command(after_help = man::HELP)]
    Man(ManArguments),
}

impl Command {
    /// Runs the command, and returns the exit status of open-runtime.
    ///
    /// # Errors
    /// Those of the command.
    pub fn run(self) -> Result<ExitCode, ToolError> {
        match self {
            Command::Init(arguments) => init::run(&arguments),
            Command::Invoke(arguments) => invoke::run(*arguments),
            Command::Serve(arguments) => serve::run(*arguments),
            Command::Replay(arguments) => replay::run(arguments),
            Command::Test(arguments) => test::run(arguments),
            Command::Check(arguments) => check::run(&arguments),
            Command::Middleware(arguments) => middleware::run(arguments),
            Command::Event(arguments) => event::run(&arguments),
            Command::Map(arguments) => map::run(arguments),
            Command::DebugRelay(arguments) => debug_relay::run(arguments),
            Command::Layer(arguments) => layer::run(&arguments),
            Command::Completions(arguments) => completions::run(&arguments, Cli::command()),
            Command::Man(arguments) => man::run(&arguments, Cli::command()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}

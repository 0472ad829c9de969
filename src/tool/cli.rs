//! The command line: which commands there are.

use crate::commands::debug_relay::{self, RelayArguments};
use crate::commands::event::{self, EventArguments};
use crate::commands::invoke::{self, InvokeArguments};
use crate::commands::map::{self, MapArguments};
use crate::commands::middleware::{self, MiddlewareArguments};
use crate::commands::serve::{self, ServeArguments};
use clap::{Parser, Subcommand};

/// A Lambda on this machine: starts the real bootstrap and plays the Runtime API, the Extensions API and the Invoke API.
#[derive(Parser)]
#[command(name = "open-runtime", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

/// What it can do. A new command is a line here and a module of its own.
#[derive(Subcommand)]
pub enum Command {
    /// Invoke a handler once: the response goes to stdout, logs and timeline to stderr
    #[command(after_help = invoke::HELP)]
    Invoke(InvokeArguments),
    /// Keep the function warm and answer Lambda's Invoke API, for the AWS CLI and SDKs
    #[command(after_help = serve::HELP)]
    Serve(ServeArguments),
    /// Run one hook of one middleware as bootstrap would, for whoever writes one
    #[command(after_help = middleware::HELP)]
    Middleware(MiddlewareArguments),
    /// Print a sample event of a kind, ready for invoke
    #[command(after_help = event::HELP)]
    Event(EventArguments),
    /// Print the CloudEvents that the handler would get for the event on stdin
    #[command(after_help = map::HELP)]
    Map(MapArguments),
    /// Bring functions that are debugged and their debuggers together, in place of socat
    #[command(after_help = debug_relay::HELP)]
    DebugRelay(RelayArguments),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}

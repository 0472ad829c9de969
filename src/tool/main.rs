//! `open-runtime`: the developer's tool, a Lambda on this machine.
//!
//! One module per command in `commands`, over the parts of a local
//! Lambda: `lambda` conducts, `environment` is one execution environment as its processes see it, `apis` speaks Lambda's
//! three HTTP APIs.
//!
//! Everything runs on one thread: state is shared through `Rc` and `RefCell`, and no borrow is held over an await.

mod apis;
mod cli;
mod commands;
mod event_loop;
mod faults;
mod http;
mod lambda;
mod model;
mod os;
mod relay;
mod report;
mod tool_error;

use clap::Parser;
use cli::{Cli, Command};
use commands::{debug_relay, event, invoke, map, middleware, serve};
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print(); // there is no other place to report that
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let done = match cli.command {
        Command::Invoke(arguments) => invoke::run(arguments),
        Command::Serve(arguments) => serve::run(arguments),
        Command::Middleware(arguments) => middleware::run(arguments),
        Command::Event(arguments) => event::run(&arguments),
        Command::Map(arguments) => map::run(arguments),
        Command::DebugRelay(arguments) => debug_relay::run(arguments),
    };
    done.unwrap_or_else(|error| {
        eprintln!("open-runtime: {error}");
        ExitCode::from(error.exit_status())
    })
}

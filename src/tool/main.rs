//! `open-runtime`: the developer's tool, a Lambda on this machine.
//!
//! To read it, begin with `commands/invoke.rs`, then `lambda/phases.rs`: Init, Invoke and Shutdown.
//! `model/environment.rs` is the state that the phases and the APIs share.
//!
//! Which module uses which others. There is no circle, and none between files of one module either; a test keeps it so.
//!
//! | module | what it is | uses |
//! | --- | --- | --- |
//! | `cli` | the command line | `commands` `tool_error` |
//! | `commands` | a file for each command | `apis` `check` `event_loop` `faults` `http` `lambda` `model` `os` `page` `project` `relay` `replay` `report` `tool_error` `watch` |
//! | `lambda` | Init, Invoke, Shutdown, and the processes | `apis` `faults` `http` `model` `os` `report` |
//! | `apis` | Lambda's HTTP APIs | `faults` `http` `model` `page` `report` |
//! | `page` | the page that shows what happens | `http` `model` `report` |
//! | `project` | the functions that a file describes | `model` |
//! | `check` | the conformance kit for language runtimes | `model` `os` |
//! | `watch` | noticing that code has changed | `model` `os` |
//! | `relay` | functions that are debugged, and their debuggers | `http` `model` `tool_error` |
//! | `replay` | records that are run again and compared | `model` `report` |
//! | `report` | log, timeline, journal, records | `model` `os` |
//! | `event_loop` | the single thread, and the signals that end it | `tool_error` |
//! | `tool_error` | the errors of the tool itself | `faults` `model` |
//! | `faults` | scripted faults | `http` `model` |
//! | `http` | HTTP/1.1 servers | `os` |
//! | `model` | what a Lambda consists of | `os` |
//! | `os` | what the kernel offers |  |
//!
//! Everything runs on one thread, but `report/recorder.rs` writes on one of its own, and `check/runner.rs` tries claims on several. State is shared through `Rc` and `RefCell`, and no borrow is held over an await.

mod apis;
mod check;
mod cli;
mod commands;
mod event_loop;
mod faults;
mod http;
mod lambda;
mod model;
mod os;
mod page;
mod project;
mod relay;
mod replay;
mod report;
mod tool_error;
mod watch;

use clap::Parser;
use cli::Cli;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print(); // there is no other place to report that
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    cli.command.run().unwrap_or_else(|error| {
        eprintln!("open-runtime: {error}");
        ExitCode::from(error.exit_status())
    })
}

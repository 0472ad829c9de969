//! `bootstrap`: what Lambda starts in an execution environment. Under other names it is `json`, a tool for handlers in shell, and the
//! language runtime for executable files.

use std::process::ExitCode;

use open_runtime::exec;
use open_runtime::json_command;
use open_runtime::settings::config;

fn main() -> ExitCode {
    if json_command::is_asked_for() {
        return json_command::run();
    }
    if exec::is_asked_for() {
        return exec::run();
    }
    match open_runtime::bootstrap::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(fatal) => {
            config::log_from_env().0.fatal(&fatal);
            ExitCode::from(open_runtime::supervisor::exit_status(&fatal))
        }
    }
}

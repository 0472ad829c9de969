//! `bootstrap`: what Lambda starts in an execution environment.

use std::process::ExitCode;

use open_runtime::settings::config;

fn main() -> ExitCode {
    match open_runtime::bootstrap::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(fatal) => {
            config::log_from_env().0.fatal(&fatal);
            ExitCode::from(open_runtime::supervisor::exit_status(&fatal))
        }
    }
}

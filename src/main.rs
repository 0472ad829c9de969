//! `bootstrap`: what Lambda starts in an execution environment.

use std::process::ExitCode;

use open_runtime::config;
use open_runtime::log::Level;

fn main() -> ExitCode {
    match open_runtime::bootstrap::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(fatal) => {
            config::log().unwrap_or_default().write(Level::Error, None, &fatal);
            ExitCode::FAILURE
        }
    }
}

//! `bootstrap`: what Lambda starts in an execution environment.

use std::process::ExitCode;

fn main() -> ExitCode {
    match open_runtime::bootstrap::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(fatal) => {
            eprintln!("bootstrap: {fatal}");
            ExitCode::FAILURE
        }
    }
}

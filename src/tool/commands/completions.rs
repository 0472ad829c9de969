//! `open-runtime completions`: prints a script by which a shell completes commands, options and the kinds of events.

use super::stdout;
use crate::tool_error::ToolError;
use clap::{Args, Command, ValueEnum};
use clap_complete::{Generator, Shell, generate};
use std::process::ExitCode;

pub const HELP: &str = "\
bash, in ~/.bashrc:
  eval \"$(open-runtime completions bash)\"

zsh, into a folder of $fpath:
  open-runtime completions zsh >~/.zfunc/_open-runtime

fish:
  open-runtime completions fish >~/.config/fish/completions/open-runtime.fish
";

/// The command line.
#[derive(Args)]
pub struct CompletionsArguments {
    /// The shell
    shell: KnownShell,
}

#[derive(Clone, Copy, ValueEnum)]
enum KnownShell {
    Bash,
    Zsh,
    Fish,
}

/// Runs the command, for this command line.
///
/// # Errors
/// stdout cannot be written.
pub fn run(arguments: &CompletionsArguments, command_line: Command) -> Result<ExitCode, ToolError> {
    let script = match arguments.shell {
        KnownShell::Bash => with_hyphen(script(Shell::Bash, command_line)),
        KnownShell::Zsh => script(Shell::Zsh, command_line),
        KnownShell::Fish => script(Shell::Fish, command_line),
    };
    let written = stdout::write(&[&script]);
    written.map(|()| ExitCode::SUCCESS).map_err(|why| ToolError::Io("write to stdout", why))
}

/// `generate` panics if its writer fails, and memory does not.
fn script(shell: impl Generator, mut command_line: Command) -> Vec<u8> {
    let mut script = Vec::new();
    generate(shell, &mut command_line, "open-runtime", &mut script);
    script
}

/// Gives the cases of bash's script the label that its loop looks for. clap_complete up to 4.6.12 spells the hyphen of the
/// program's name in two ways, so that nothing was completed behind a command: <https://github.com/clap-rs/clap/issues/6421>
fn with_hyphen(script: Vec<u8>) -> Vec<u8> {
    String::from_utf8_lossy(&script).replace("open__subcmd__runtime", "open__runtime").into_bytes()
}

//! `open-runtime man`: writes the manual, a page for the program and one for each command.

use crate::tool_error::ToolError;
use clap::{Args, Command};
use clap_mangen::Man;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub const HELP: &str = "\
To read a page:
  open-runtime man | man -l -

To install all pages, open-runtime.1, open-runtime-invoke.1 and so on:
  open-runtime man ~/.local/share/man/man1
";

/// The command line.
#[derive(Args)]
pub struct ManArguments {
    /// Write all pages into this folder, which is made if it is not there. Without it the page of the program goes to stdout
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

/// Runs the command, for this command line.
///
/// # Errors
/// The folder or stdout cannot be written.
pub fn run(arguments: &ManArguments, command_line: Command) -> Result<ExitCode, ToolError> {
    let mut command_line = command_line.disable_help_subcommand(true);
    command_line.build(); // gives each command its full name
    match &arguments.folder {
        Some(folder) => write_all(folder, command_line),
        None => print(&page(command_line)),
    }
    .map(|()| ExitCode::SUCCESS)
}

fn print(page: &Man) -> Result<(), ToolError> {
    let mut text = Vec::new();
    let written = page.render(&mut text).and_then(|()| io::stdout().lock().write_all(&text));
    written.map_err(|why| ToolError::Io("write the manual page to stdout", why))
}

fn write_all(folder: &Path, command_line: Command) -> Result<(), ToolError> {
    let unwritable = |why| ToolError::File("write manual pages into the folder", folder.to_owned(), why);
    fs::create_dir_all(folder).map_err(unwritable)?;
    for command in command_line.get_subcommands() {
        page(command.clone()).generate_to(folder).map_err(unwritable)?;
    }
    page(command_line).generate_to(folder).map(drop).map_err(unwritable)
}

/// The page has no date: the same sources make the same bytes.
fn page(command: Command) -> Man {
    Man::new(command).source(concat!("open-runtime ", env!("CARGO_PKG_VERSION"))).manual("Open Runtime")
}

//! `open-runtime layer`: writes the layer that is in the package of this program, so that a function can be deployed with it.

use crate::model::package;
use crate::tool_error::ToolError;
use clap::{Args, ValueEnum};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub const HELP: &str = "\
To deploy a function that open-runtime init has made:
  open-runtime layer arm64
  osls deploy

To publish it with the AWS CLI:
  open-runtime layer x86_64 --output layer.zip
  aws lambda publish-layer-version --layer-name open-runtime --compatible-architectures x86_64 \\
      --zip-file fileb://layer.zip
";

/// The command line.
#[derive(Args)]
pub struct LayerArguments {
    /// The machine on Lambda
    arch: Arch,

    /// The file to write [default: open-runtime-ARCH.zip]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Arch {
    #[value(name = "arm64", alias = "aarch64")]
    Arm64,
    #[value(name = "x86_64", alias = "amd64")]
    X86,
}

/// Runs the command: writes the file, or replaces it.
///
/// # Errors
/// There is no layer in the package, or the file cannot be written.
pub fn run(arguments: &LayerArguments) -> Result<ExitCode, ToolError> {
    let name = match arguments.arch {
        Arch::Arm64 => "open-runtime-arm64.zip",
        Arch::X86 => "open-runtime-x86_64.zip",
    };
    let output = arguments.output.clone().unwrap_or_else(|| PathBuf::from(name));
    copy(&find(name)?, &output).map_err(|why| ToolError::File("write the layer", output.clone(), why))?;
    eprintln!("open-runtime: wrote {}", output.display());
    Ok(ExitCode::SUCCESS)
}

fn find(name: &str) -> Result<PathBuf, ToolError> {
    let places: Vec<_> = package::folders().iter().map(|folder| folder.join(name)).collect();
    places.iter().find(|place| place.is_file()).cloned().ok_or_else(|| {
        let folders: Vec<_> =
            places.iter().filter_map(|place| place.parent()).map(|place| place.display().to_string()).collect();
        let why = format!(
            "it is in none of {}; build it with make, or install open-runtime from a package",
            folders.join(", ")
        );
        ToolError::File("find the layer", PathBuf::from(name), io::Error::new(io::ErrorKind::NotFound, why))
    })
}

/// By a rename, so that nobody sees a part of it. The copy gets the usual mode, not that of the package's file.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let mut unfinished = to.as_os_str().to_owned();
    unfinished.push(".new");
    fs::write(&unfinished, fs::read(from)?)?;
    fs::rename(&unfinished, to)
}

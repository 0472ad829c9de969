//! `open-runtime check`: tries the claims of the conformance kit against a language runtime, and prints TAP.
//!
//! Source: <https://testanything.org/tap-version-13-specification.html>

use super::nearest;
use super::stdout::say;
use crate::check::claim::Claim;
use crate::check::trial::Kit;
use crate::check::{end_all, runner, table};
use crate::os::sys;
use crate::tool_error::ToolError;
use clap::Args;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::available_parallelism;
use std::time::Duration;

const FAILED: u8 = 1;
/// 128 + SIGINT, as in a shell.
const INTERRUPTED: u8 = 130;

pub const HELP: &str = "\
A claim is a sentence about the protocol of runtimes/README.md. The command starts the language
runtime as bootstrap does, with a copy of RUNTIME_DIR/conformance as the task root, and tries each
claim. A failure shows the rule, what was sent, what came, and the log. A claim about something that
need not be offered is skipped if it is not. runtimes/README.md lists the functions of conformance/.

Examples:
  open-runtime check runtimes/lua
  open-runtime check runtimes/lua --only trace-id remaining-time
  open-runtime check --explain init-syntax-error

Exit status:
  0  all claims hold
  1  a claim does not hold
  2  usage: there is no language runtime or no handler, or no such claim
";

/// The command line.
#[derive(Args)]
pub struct CheckArguments {
    /// The folder with the executable language-runtime and the folder conformance
    #[arg(value_name = "RUNTIME_DIR", required_unless_present_any = ["list", "explain"])]
    pub folder: Option<PathBuf>,

    /// Only these claims
    #[arg(long, value_name = "CLAIM", num_args = 1..)]
    pub only: Vec<String>,

    /// Print the claims and the numbers of their rules
    #[arg(long)]
    pub list: bool,

    /// Print why a claim matters, and what usually breaks it
    #[arg(long, value_name = "CLAIM")]
    pub explain: Option<String>,

    /// How many claims are tried at once; default: two for each processor
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub jobs: Option<u16>,

    /// The longest wait for a line
    #[arg(long, value_name = "SECONDS", default_value = "20", value_parser = clap::value_parser!(u16).range(1..=600))]
    pub timeout: u16,
}

/// Runs the command.
///
/// # Errors
/// `ToolError::Usage`, and no processes can be watched.
pub fn run(arguments: &CheckArguments) -> Result<ExitCode, ToolError> {
    if arguments.list {
        table::all().for_each(|claim| say(&format!("{:<32} {:<8} {}\n", claim.name, claim.rule, claim.title)));
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(name) = &arguments.explain {
        let Claim { name, rule, title, why, .. } = find(name)?;
        say(&format!("{name}: {title}\nrule {rule} of runtimes/README.md\n\n{}\n", wrapped(why)));
        return Ok(ExitCode::SUCCESS);
    }
    let folder = arguments.folder.as_deref().unwrap_or(Path::new("."));
    let chosen: Vec<_> = match arguments.only.as_slice() {
        [] => table::all().collect(),
        names => names.iter().map(|name| find(name)).collect::<Result<_, _>>()?,
    };
    let kit = kit(folder, arguments)?;
    sys::adopt_orphans().map_err(|why| ToolError::Io("adopt orphans", why))?;
    for signal in [SIGHUP, SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, kit.is_stopped.clone())
            .map_err(|why| ToolError::Io("wait for signals", why))?;
    }
    let jobs = arguments.jobs.map_or_else(|| 2 * available_parallelism().map_or(1, usize::from), usize::from);
    let status = try_all(&kit, &chosen, jobs, !arguments.only.is_empty());
    end_all();
    Ok(ExitCode::from(status))
}

/// `is_few`: a few claims are tried even if no function can be called.
fn try_all(kit: &Kit, claims: &[&Claim], jobs: usize, is_few: bool) -> u8 {
    say(&format!("TAP version 13\n1..{}\n", claims.len()));
    if let Err(told) = if is_few { Ok(()) } else { runner::begins(kit) } {
        told.iter().for_each(|line| say(&format!("#   {line}\n")));
        say("Bail out! the language runtime does not become ready for handler.echoes\n");
        return FAILED;
    }
    let failed = runner::run(kit, claims, jobs, say);
    if kit.is_stopped.load(Ordering::Relaxed) {
        say("Bail out! interrupted\n");
        return INTERRUPTED;
    }
    if failed > 0 { FAILED } else { 0 }
}

fn find(name: &str) -> Result<&'static Claim, ToolError> {
    table::find(name).ok_or_else(|| {
        let hint = nearest::hint(name, table::all().map(|claim| claim.name));
        ToolError::Usage(format!("there is no claim {name:?}; {hint}`open-runtime check --list` prints all"))
    })
}

fn kit(folder: &Path, arguments: &CheckArguments) -> Result<Kit, ToolError> {
    let folder = folder.canonicalize().map_err(|why| ToolError::Usage(format!("{}: {why}", folder.display())))?;
    let (program, conformance) = (folder.join("language-runtime"), folder.join("conformance"));
    if !program.is_file() {
        return Err(ToolError::Usage(format!("there is no language runtime: {} is missing", program.display())));
    }
    let is_handler = |path: PathBuf| path.file_stem().is_some_and(|stem| stem == "handler");
    let mut entries = conformance.read_dir().into_iter().flatten().flatten();
    if !entries.any(|entry| is_handler(entry.path())) {
        let missing = format!("there are no handlers to call: {}/handler.EXTENSION is missing", conformance.display());
        return Err(ToolError::Usage(missing));
    }
    let limit = Duration::from_secs(arguments.timeout.into());
    Ok(Kit { program, conformance, limit, is_stopped: Arc::new(AtomicBool::new(false)) })
}

/// A paragraph in lines of at most 100 characters.
fn wrapped(text: &str) -> String {
    let mut lines = String::new();
    let mut length = 0;
    for word in text.split_whitespace() {
        let separator = if length == 0 {
            ""
        } else if length + word.len() < 100 {
            " "
        } else {
            "\n"
        };
        length = if separator == "\n" { word.len() } else { length + separator.len() + word.len() };
        lines.push_str(separator);
        lines.push_str(word);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paragraph_is_wrapped() {
        let text = "word ".repeat(50);
        let lines: Vec<_> = wrapped(&text).lines().map(str::len).collect();
        assert_eq!(lines, [99, 99, 49]);
    }

    #[test]
    fn each_claim_has_a_name_of_its_own_and_an_explanation() {
        let mut names: Vec<_> = table::all().map(|claim| claim.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), table::all().count());
        for Claim { name, rule, title, why, .. } in table::all() {
            assert!(
                name.chars().all(|each| each.is_ascii_lowercase() || each.is_ascii_digit() || each == '-'),
                "{name}"
            );
            let numbers = rule.split(' ').all(|rule| rule.split('.').count() == 2);
            assert!(numbers && !title.ends_with('.') && why.ends_with('.') && why.len() > 60, "{name}");
        }
    }
}

//! `open-runtime replay`: runs records again, and shows what differs.

use super::rerun::{self, NotRun, RerunArguments, Runner};
use super::rerun_function::RerunFunction;
use super::stdout::say;
use crate::event_loop::{run_local, stop_signal};
use crate::replay::compare::{Differences, differences};
use crate::replay::ignore;
use crate::replay::result::Difference;
use crate::report::timeline::{Style, printable};
use crate::tool_error::ToolError;
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const DIFFERS: u8 = 1;
const TROUBLE: u8 = 2;
/// 128 + SIGINT, as in a shell.
const INTERRUPTED: u8 = 130;

pub const HELP: &str = "\
Records are the files that `serve --record DIR` and `invoke --record DIR` write. The function gets
the same event, request id and context again, and its answer is compared with the recorded one. Give
it the same environment variables; records have only their names.

Examples:
  open-runtime serve app.handler --record records
  open-runtime replay records/*.json
  open-runtime replay --ignore 'response.**.createdAt' records/*.json
  open-runtime replay --update records/*.json

Exit status:
  0  all answers are the same, or were updated
  1  an answer differs
  2  a record cannot be read or run, or wrong options
";

/// The command line.
#[derive(Args)]
pub struct ReplayArguments {
    /// Records to run again
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,

    #[command(flatten)]
    pub function: RerunFunction,

    #[command(flatten)]
    pub rerun: RerunArguments,
}

/// How many records ended how.
#[derive(Default)]
struct Count {
    same: usize,
    differ: usize,
    updated: usize,
    not_run: usize,
}

/// Runs the command.
///
/// # Errors
/// None: what went wrong is printed, and is in the exit status.
pub fn run(arguments: ReplayArguments) -> Result<ExitCode, ToolError> {
    let ReplayArguments { files, function, rerun } = arguments;
    let status = run_local(async {
        let stop = stop_signal()?;
        let mut runner = Runner::new(function, &rerun)?;
        let status = tokio::select! {
            count = replay_all(&mut runner, &files, &rerun) => count.status(),
            () = stop => INTERRUPTED,
        };
        runner.end().await;
        Ok(status)
    });
    Ok(ExitCode::from(status.unwrap_or_else(|error: ToolError| {
        eprintln!("open-runtime: {error}");
        TROUBLE
    })))
}

async fn replay_all(runner: &mut Runner, files: &[PathBuf], arguments: &RerunArguments) -> Count {
    let (mut count, style) = (Count::default(), Style::of_stdout());
    for path in files {
        match replay(runner, path, arguments).await {
            Ok(Replayed::Same) => {
                count.same += 1;
                say(&format!("{} {}\n", style.green("same   "), shown(path)));
            }
            Ok(Replayed::Updated) => {
                count.updated += 1;
                say(&format!("{} {}\n", style.bold("updated"), shown(path)));
            }
            Ok(Replayed::Differs(found)) => {
                count.differ += 1;
                say(&format!("{} {}\n{}", style.red("differs"), shown(path), report(style, &found)));
            }
            Err(why) => {
                count.not_run += 1;
                eprintln!("open-runtime: cannot replay {}: {why}", shown(path));
            }
        }
    }
    if files.len() > 1 {
        say(&format!("{}\n", count.line()));
    }
    count
}

enum Replayed {
    Same,
    Updated,
    Differs(Differences),
}

async fn replay(runner: &mut Runner, path: &Path, arguments: &RerunArguments) -> Result<Replayed, String> {
    let saved = rerun::read(path).map_err(|why| match why {
        NotRun::NoRecord => "it is not a record: it has no event".to_owned(),
        NotRun::Wrong(why) => why,
    })?;
    let ran = runner.run(&saved).await?;
    let found = differences(&saved.expected, &ran.answer, &arguments.ignore);
    if found.told.is_empty() {
        return Ok(Replayed::Same);
    }
    if arguments.update {
        rerun::write(path, &saved, &ran, arguments)?;
        return Ok(Replayed::Updated);
    }
    if let Some(names) = ran.missing_variables(&saved) {
        eprintln!("open-runtime: {} was recorded with variables that --env does not set now: {names}", shown(path));
    }
    Ok(Replayed::Differs(found))
}

impl Count {
    fn status(&self) -> u8 {
        match self {
            Count { not_run: 1.., .. } => TROUBLE,
            Count { differ: 1.., .. } => DIFFERS,
            Count { .. } => 0,
        }
    }

    fn line(&self) -> String {
        let Count { same, differ, updated, not_run } = self;
        let parts = [(same, "the same"), (differ, "different"), (updated, "updated"), (not_run, "not run")];
        let parts = parts.iter().filter(|(count, _)| **count > 0).map(|(count, what)| format!("{count} {what}"));
        parts.collect::<Vec<_>>().join(", ")
    }
}

/// Three lines for each difference.
fn report(style: Style, found: &Differences) -> String {
    let mut text = String::new();
    for Difference { path, detail, expected, got } in &found.told {
        let detail = detail.as_ref().map_or(String::new(), |detail| format!(", {detail}"));
        text.push_str(&format!("  {}{detail}\n", printable(&ignore::show(path))));
        if expected.is_some() || got.is_some() {
            text.push_str(&format!("    expected {}\n", style.green(&rerun::shown(expected.as_deref()))));
            text.push_str(&format!("    got      {}\n", style.red(&rerun::shown(got.as_deref()))));
        }
    }
    if found.more > 0 {
        text.push_str(&format!("  and {} more\n", found.more));
    }
    text
}

fn shown(path: &Path) -> String {
    printable(&path.display().to_string())
}

//! `open-runtime test`: runs a folder of records as tests, and prints TAP.
//!
//! Source: <https://testanything.org/tap-version-13-specification.html>

use super::rerun::{self, NotRun, RerunArguments, Runner};
use super::rerun_function::RerunFunction;
use super::stdout::say;
use crate::event_loop::{run_local, stop_signal};
use crate::model::time::ms;
use crate::replay::compare::{Differences, differences};
use crate::replay::ignore;
use crate::replay::result::Difference;
use crate::tool_error::ToolError;
use clap::Args;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// The most lines of the function's log that are shown.
const MAX_LINES: usize = 100;

const FAILED: u8 = 1;
const TROUBLE: u8 = 2;
/// 128 + SIGINT, as in a shell.
const INTERRUPTED: u8 = 130;

pub const HELP: &str = "\
A test is a file with the name NAME.json: a record that --record wrote, or one written by hand, which
needs an event and a response or an error:

  {\"handler\": \"app.handler\",
   \"event\": {\"name\": \"Ada\"},
   \"response\": {\"message\": \"Hello, Ada!\", \"id\": \"[any]\"}}

\"[any]\" stands for any value, and within a text for any text. The output is TAP 13, for a person or
for a harness such as prove. If a test fails, it has the function's log. JSON that has neither event
nor answer is skipped.

Examples:
  open-runtime test
  open-runtime test tests --filter orders --handler app.handler
  open-runtime test --update
  prove --ext .json --exec 'open-runtime test' tests

Exit status:
  0  all tests pass
  1  a test fails
  2  there is no test, or the function cannot be run
";

/// The command line.
#[derive(Args)]
pub struct TestArguments {
    /// The folder with the tests, or one test
    #[arg(value_name = "FOLDER", default_value = "tests")]
    pub folder: PathBuf,

    /// Only tests whose file names hold this text
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,

    #[command(flatten)]
    pub function: RerunFunction,

    #[command(flatten)]
    pub rerun: RerunArguments,
}

/// Runs the command.
///
/// # Errors
/// None: what went wrong is printed, and is in the exit status.
pub fn run(arguments: TestArguments) -> Result<ExitCode, ToolError> {
    let TestArguments { folder, filter, function, rerun } = arguments;
    let status = run_local(async {
        let stop = stop_signal()?;
        let files = tests(&folder, filter.as_deref())?;
        let mut runner = Runner::new(function, &rerun)?;
        runner.hide_log();
        let status = tokio::select! {
            has_passed = test_all(&mut runner, &files, &rerun) => if has_passed { 0 } else { FAILED },
            () = stop => {
                say("Bail out! interrupted\n");
                INTERRUPTED
            }
        };
        runner.end().await;
        Ok(status)
    });
    Ok(ExitCode::from(status.unwrap_or_else(|error: ToolError| {
        say(&format!("Bail out! {}\n", one_line(&error.to_string())));
        eprintln!("open-runtime: {error}");
        TROUBLE
    })))
}

/// The tests, in the order of their names.
fn tests(folder: &Path, filter: Option<&str>) -> Result<Vec<PathBuf>, ToolError> {
    let unreadable = |why| ToolError::File("read the tests in", folder.to_owned(), why);
    if folder.is_file() {
        return Ok(vec![folder.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in folder.read_dir().map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let is_test = path.extension().is_some_and(|end| end == "json") && !file_name(&path).starts_with('.');
        if is_test && filter.is_none_or(|text| file_name(&path).contains(text)) {
            files.push(path);
        }
    }
    if files.is_empty() {
        let what = filter.map_or(String::new(), |text| format!(" with {text:?} in its name"));
        let folder = folder.display();
        return Err(ToolError::Usage(format!("there is no test{what} in {folder}: no file with the name NAME.json")));
    }
    files.sort();
    Ok(files)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// True if no test fails.
async fn test_all(runner: &mut Runner, files: &[PathBuf], arguments: &RerunArguments) -> bool {
    say(&format!("TAP version 13\n1..{}\n", files.len()));
    let mut has_passed = true;
    for (path, number) in files.iter().zip(1..) {
        let began = Instant::now();
        let tested = test(runner, path, arguments).await;
        has_passed &= !matches!(tested, Tested::Failed(_));
        say(&tested.lines(number, &file_name(path), began.elapsed()));
    }
    has_passed
}

enum Tested {
    Passed,
    Updated,
    Skipped,
    Failed(Why),
}

enum Why {
    /// With the function's log.
    Differs(Differences, Vec<String>),
    NotRun(String),
}

async fn test(runner: &mut Runner, path: &Path, arguments: &RerunArguments) -> Tested {
    let failed = |why| Tested::Failed(Why::NotRun(why));
    let saved = match rerun::read(path) {
        Ok(saved) => saved,
        Err(NotRun::NoRecord) => return Tested::Skipped,
        Err(NotRun::Wrong(why)) => return failed(why),
    };
    let ran = match runner.run(&saved).await {
        Ok(ran) => ran,
        Err(why) => return failed(why),
    };
    let found = differences(&saved.expected, &ran.answer, &arguments.ignore);
    if found.told.is_empty() {
        return Tested::Passed;
    }
    if !arguments.update {
        return Tested::Failed(Why::Differs(found, ran.log));
    }
    rerun::write(path, &saved, &ran, arguments).map_or_else(failed, |()| Tested::Updated)
}

impl Tested {
    /// The lines of TAP: the result, and a block of YAML. Its texts are quoted as in JSON, which is YAML, too.
    fn lines(&self, number: usize, name: &str, duration: Duration) -> String {
        let result = if matches!(self, Tested::Failed(_)) { "not ok" } else { "ok" };
        let directive = match self {
            Tested::Skipped => " # SKIP it is no record: it has neither event nor answer",
            Tested::Passed | Tested::Updated | Tested::Failed(_) => "",
        };
        let mut text = format!("{result} {number} - {}{directive}\n  ---\n", description(name));
        text.push_str(&format!("  duration_ms: {:.3}\n", ms(duration)));
        match self {
            Tested::Failed(why) => text.push_str(&why.lines()),
            Tested::Updated => text.push_str("  message: \"updated\"\n"),
            Tested::Passed | Tested::Skipped => {}
        }
        text.push_str("  ...\n");
        text
    }
}

impl Why {
    fn lines(&self) -> String {
        let (found, log) = match self {
            Why::NotRun(why) => return format!("  message: {}\n", quoted(why)),
            Why::Differs(found, log) => (found, log),
        };
        let count = found.told.len() + found.more;
        let what = if count == 1 { "1 difference".to_owned() } else { format!("{count} differences") };
        let mut text = format!("  message: {}\n  differences:\n", quoted(&what));
        for Difference { path, detail, expected, got } in &found.told {
            let detail = detail.as_ref().map_or(String::new(), |detail| format!(", {detail}"));
            text.push_str(&format!("    - path: {}\n", quoted(&format!("{}{detail}", ignore::show(path)))));
            text.push_str(&format!("      expected: {}\n", quoted(&rerun::shown(expected.as_deref()))));
            text.push_str(&format!("      got: {}\n", quoted(&rerun::shown(got.as_deref()))));
        }
        if !log.is_empty() {
            text.push_str("  log:\n");
        }
        for line in log.iter().take(MAX_LINES) {
            text.push_str(&format!("    - {}\n", quoted(&rerun::shown(Some(line)))));
        }
        text
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// The name of a test as TAP has it: `#` would begin a directive.
fn description(name: &str) -> String {
    one_line(name).replace('\\', "\\\\").replace('#', "\\#")
}

fn one_line(text: &str) -> String {
    text.chars().map(|each| if each.is_control() { ' ' } else { each }).collect()
}

//! The function: on Lambda this is its configuration.

use super::arguments::FunctionArguments;
use super::bootstrap_path;
use super::{ids, time};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// The account. AWS's emulator has the same.
pub const ACCOUNT: &str = "012345678912";
pub const VERSION: &str = "$LATEST";

/// What all execution environments of the function share.
#[derive(Default)]
pub struct Function {
    pub name: String,
    pub handler: String,
    pub timeout: Duration,
    pub memory_mb: u32,
    /// An absolute path.
    pub task_root: PathBuf,
    pub bootstrap: PathBuf,
    pub region: String,
    /// The managed runtime as whose wrapper bootstrap is started. Empty: as the wrapper of any.
    pub managed: Option<String>,
    /// The environment variables that the user gives.
    pub variables: Vec<(String, String)>,
}

/// The function cannot be run.
#[derive(Debug)]
pub enum Unusable {
    TaskRoot(PathBuf, std::io::Error),
    NotAFolder(PathBuf),
    Variable(String),
    Bootstrap(bootstrap_path::NotFound),
}

impl fmt::Display for Unusable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unusable::TaskRoot(path, why) => {
                write!(out, "cannot use {} as --task-root: {why}", path.display())
            }
            Unusable::NotAFolder(path) => write!(out, "cannot use {} as --task-root: not a folder", path.display()),
            Unusable::Variable(text) => {
                write!(out, "cannot set --env {text}: give it as NAME=VALUE, or as NAME of a variable that is set")
            }
            Unusable::Bootstrap(not_found) => not_found.fmt(out),
        }
    }
}

impl Function {
    /// Checks the arguments, and adds what they leave out.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn new(arguments: FunctionArguments) -> Result<Function, Unusable> {
        let root = arguments.task_root;
        let task_root = root.canonicalize().map_err(|why| Unusable::TaskRoot(root, why))?;
        if !task_root.is_dir() {
            return Err(Unusable::NotAFolder(task_root));
        }
        let own = |name: &str| std::env::var(name).ok();
        Ok(Function {
            name: arguments.function_name,
            handler: arguments.handler,
            timeout: arguments.timeout,
            memory_mb: arguments.memory,
            task_root,
            bootstrap: bootstrap_path::find(arguments.bootstrap).map_err(Unusable::Bootstrap)?,
            region: region(),
            managed: arguments.managed,
            variables: parse_all(&arguments.variables, &own)?,
        })
    }

    /// The function's ARN, with a version or an alias if one is given.
    pub fn arn(&self, qualifier: Option<&str>) -> String {
        let arn = format!("arn:aws:lambda:{}:{ACCOUNT}:function:{}", self.region, self.name);
        qualifier.map_or(arn.clone(), |qualifier| format!("{arn}:{qualifier}"))
    }
}

/// The region of the user's environment.
pub fn region() -> String {
    let own = |name| std::env::var(name).ok();
    own("AWS_REGION").or_else(|| own("AWS_DEFAULT_REGION")).unwrap_or_else(|| "us-east-1".to_owned())
}

/// A new name for a log stream, in Lambda's form, with today's date. Each execution environment has its own.
pub fn log_stream() -> String {
    let days = time::now_ms() / 86_400_000;
    let (year, month, day) = civil_date(days);
    format!("{year:04}/{month:02}/{day:02}/[{VERSION}]{}", ids::hex::<16>())
}

/// Year, month and day of a day that is counted from 1 January 1970. The calendar repeats every 400 years. Here a year begins
/// on 1 March, so that a leap day is its last day.
fn civil_date(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

fn parse_all(texts: &[String], own: &impl Fn(&str) -> Option<String>) -> Result<Vec<(String, String)>, Unusable> {
    texts.iter().map(|text| parse(text, own).ok_or_else(|| Unusable::Variable(text.clone()))).collect()
}

fn parse(text: &str, own: &impl Fn(&str) -> Option<String>) -> Option<(String, String)> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, value.to_owned()),
        None => (text, own(text)?),
    };
    (!name.is_empty()).then(|| (name.to_owned(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_gregorian() {
        assert_eq!(civil_date(0), (1970, 1, 1));
        assert_eq!(civil_date(11_016), (2000, 2, 29));
        assert_eq!(civil_date(20_780), (2026, 11, 23));
    }

    #[test]
    fn a_variable_has_a_value_or_takes_it_from_our_environment() {
        let own = |name: &str| (name == "HAVE").then(|| "mine".to_owned());
        assert_eq!(parse("A=b=c", &own), Some(("A".to_owned(), "b=c".to_owned())));
        assert_eq!(parse("HAVE", &own), Some(("HAVE".to_owned(), "mine".to_owned())));
        assert_eq!(parse("LACK", &own), None);
        assert_eq!(parse("=x", &own), None);
    }
}

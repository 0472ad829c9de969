//! The function: on Lambda this is its configuration.

use super::arguments::FunctionArguments;
use super::bootstrap_path;
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
    /// It has SnapStart.
    pub snapstart: bool,
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
            snapstart: arguments.snapstart,
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
    fn a_variable_has_a_value_or_takes_it_from_our_environment() {
        let own = |name: &str| (name == "HAVE").then(|| "mine".to_owned());
        assert_eq!(parse("A=b=c", &own), Some(("A".to_owned(), "b=c".to_owned())));
        assert_eq!(parse("HAVE", &own), Some(("HAVE".to_owned(), "mine".to_owned())));
        assert_eq!(parse("LACK", &own), None);
        assert_eq!(parse("=x", &own), None);
    }
}

//! The functions that one file describes: `open-runtime.toml`, `serverless.yml`, or the template of AWS SAM. Reads files;
//! starts nothing, and knows nothing of the event loop.
//!
//! To read it, begin with `file.rs`. `cloudformation` evaluates intrinsic functions, `serverless` the variables of the
//! Serverless Framework. `package.rs` makes folders of what the file names.

mod cloudformation;
mod file;
mod hints;
mod members;
mod node;
mod open_runtime;
mod package;
mod paths;
mod resolve;
mod serverless;
#[cfg(test)]
mod test;
mod unzip;
mod yaml;

pub use file::{find, read, read_beside};
pub use hints::hints;
pub use package::Package;

use crate::model::route::Route;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// What a file describes.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Project {
    /// The region that it names.
    pub region: Option<String>,
    pub functions: Vec<FunctionSpec>,
    /// What of it does not hold here.
    pub warnings: Vec<Warning>,
}

/// A function as the file describes it.
#[derive(Debug, PartialEq, Eq)]
pub struct FunctionSpec {
    /// Its name in the file: the key of `functions`, or the logical id of the resource.
    pub id: String,
    /// Its name on Lambda.
    pub name: String,
    pub handler: String,
    /// `nodejs22.x`, `provided.al2023` …
    pub runtime: String,
    pub code: Code,
    pub variables: Vec<(String, String)>,
    pub timeout: Duration,
    pub memory_mb: u32,
    /// Folders and zip files, in their order.
    pub layers: Vec<PathBuf>,
    pub snapstart: bool,
    pub routes: Vec<Route>,
}

impl FunctionSpec {
    /// The function brings its own runtime, or takes ours.
    pub fn is_provided(&self) -> bool {
        self.runtime.starts_with("provided")
    }
}

/// The function's code.
#[derive(Debug, PartialEq, Eq)]
pub enum Code {
    /// A folder or a zip file.
    Path(PathBuf),
    /// The text of the one file.
    Inline(String),
}

/// Something in the file that does not hold here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The functions, or what else the file names so.
    pub subjects: Vec<String>,
    /// The member, such as `Environment.TABLE`.
    pub member: String,
    pub value: String,
    /// Why, and what is done instead.
    pub why: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Warning { subjects, member, value, why } = self;
        match subjects.as_slice() {
            [first, second, third, fourth, others @ ..] if !others.is_empty() => {
                write!(out, "{first}, {second}, {third}, {fourth} and {} others", others.len())?;
            }
            few => out.write_str(&few.join(", "))?,
        }
        write!(out, ": {member}: {value}: {why}")
    }
}

/// What the file does not say: the user's choices, and where it is.
pub struct Settings<'a> {
    pub region: String,
    pub account: &'a str,
    /// `--param NAME=VALUE`.
    pub parameters: Vec<(String, String)>,
    /// Open-runtime's own environment variables.
    pub environment: &'a dyn Fn(&str) -> Option<String>,
    /// Reads a file, which is within the project's folder.
    pub read: &'a dyn Fn(&std::path::Path) -> Result<Option<String>, String>,
    /// The project's folder, an absolute path.
    pub folder: PathBuf,
}

impl Settings<'_> {
    /// The ARN of a function of this name.
    fn function_arn(&self, name: &str) -> String {
        format!("arn:aws:lambda:{}:{}:function:{name}", self.region, self.account)
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().rev().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }
}

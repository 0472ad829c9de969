//! The function: on Lambda this is its configuration.

use super::arguments::FunctionArguments;
use super::given_variables::{BadVariable, GivenVariables};
use super::own_environment::{Own, own_environment};
use super::{aws_credentials, bootstrap_path};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// The account. AWS's emulator has the same.
pub const ACCOUNT: &str = "012345678912";
pub const VERSION: &str = "$LATEST";

/// What all execution environments of the function share.
#[derive(Clone, Default, PartialEq)]
pub struct Function {
    /// Its name in a project's file, by which callers may name it, too.
    pub id: Option<String>,
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
    /// It runs on Lambda Managed Instances, with so many invocations at once in its environment.
    pub managed_instances: Option<usize>,
    /// Folders with external extensions. Of files with the same name, that of the last folder counts.
    pub extensions: Vec<PathBuf>,
    /// The folders of the layers, in their order.
    pub layers: Vec<PathBuf>,
    /// The environment variables that the user gives.
    pub variables: Vec<(String, String)>,
    /// How they were given. None: by a project's file.
    pub given: Option<GivenVariables>,
    /// Its code is watched, and may change twice in a second.
    pub is_watched: bool,
    /// The address of the debugger for every invocation, as bootstrap gets it.
    pub debugger: Option<String>,
}

/// The function cannot be run.
#[derive(Debug)]
pub enum Unusable {
    NoHandler,
    TaskRoot(PathBuf, std::io::Error),
    NotAFolder(PathBuf),
    Variable(BadVariable),
    Extensions(PathBuf, std::io::Error),
    Bootstrap(bootstrap_path::NotFound),
}

impl fmt::Display for Unusable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unusable::NoHandler => write!(out, "give a handler: file.function"),
            Unusable::TaskRoot(path, why) => {
                write!(out, "cannot use {} as --task-root: {why}", path.display())
            }
            Unusable::NotAFolder(path) => write!(out, "cannot use {} as --task-root: not a folder", path.display()),
            Unusable::Variable(bad) => bad.fmt(out),
            Unusable::Extensions(path, why) => {
                write!(out, "cannot use {} as --extensions: {why}", path.display())
            }
            Unusable::Bootstrap(not_found) => not_found.fmt(out),
        }
    }
}

impl Function {
    /// True if callers may mean it by this name.
    pub fn is_named(&self, name: &str) -> bool {
        self.name == name || self.id.as_deref() == Some(name)
    }

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
        let own = own_environment();
        let is_profile_used = arguments.variables.pass_aws_credentials;
        Ok(Function {
            id: None,
            name: arguments.function_name,
            handler: arguments.handler.ok_or(Unusable::NoHandler)?,
            timeout: arguments.timeout,
            memory_mb: arguments.memory,
            task_root,
            bootstrap: bootstrap_path::find(arguments.bootstrap).map_err(Unusable::Bootstrap)?,
            region: region_of(&own, is_profile_used),
            managed: arguments.managed,
            snapstart: arguments.snapstart,
            managed_instances: None,
            extensions: extension_folders(arguments.extensions)?,
            layers: Vec::new(),
            variables: arguments.variables.read(&own).map_err(Unusable::Variable)?,
            given: Some(arguments.variables),
            is_watched: false,
            debugger: None,
        })
    }

    /// True if its log is JSON, as its configuration says.
    pub fn logs_json(&self) -> bool {
        let is_json =
            |(name, value): &(String, String)| name == "AWS_LAMBDA_LOG_FORMAT" && value.eq_ignore_ascii_case("json");
        self.managed_instances.is_some() || self.variables.iter().any(is_json)
    }

    /// How Lambda starts its environments, in its words.
    pub fn initialization_type(&self) -> &'static str {
        match (self.managed_instances, self.snapstart) {
            (Some(_), _) => "lambda-managed-instances",
            (None, true) => "snap-start",
            (None, false) => "on-demand",
        }
    }

    /// The same function, with what is in the files with variables now.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn with_variables_read_again(&self) -> Result<Function, BadVariable> {
        let own = own_environment();
        let read = self.given.as_ref().map(|given| given.read(&own)).transpose()?;
        let variables = read.unwrap_or_else(|| self.variables.clone());
        Ok(Function { variables, ..self.clone() })
    }

    /// The function's ARN, with a version or an alias if one is given.
    pub fn arn(&self, qualifier: Option<&str>) -> String {
        let arn = format!("arn:aws:lambda:{}:{ACCOUNT}:function:{}", self.region, self.name);
        qualifier.map_or(arn.clone(), |qualifier| format!("{arn}:{qualifier}"))
    }
}

/// The region of the user's environment.
pub fn region() -> String {
    region_of(&own_environment(), false)
}

/// The same. If the function gets the user's credentials, that of the profile will do.
fn region_of(own: &Own, is_profile_used: bool) -> String {
    let named = ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().find_map(|name| own.get(*name).cloned());
    let of_profile = || is_profile_used.then(|| aws_credentials::region_of_profile(own)).flatten();
    named.or_else(of_profile).unwrap_or_else(|| "us-east-1".to_owned())
}

/// Absolute paths of folders with extensions.
///
/// # Errors
/// The first that cannot be read.
pub fn extension_folders(folders: Vec<PathBuf>) -> Result<Vec<PathBuf>, Unusable> {
    let usable = |folder: PathBuf| {
        let canonical = folder.canonicalize().and_then(|path| path.read_dir().map(|_| path));
        canonical.map_err(|why| Unusable::Extensions(folder, why))
    };
    folders.into_iter().map(usable).collect()
}

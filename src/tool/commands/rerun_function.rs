//! Which function a record is run with: the one that the command line describes, with the handler and the name of the
//! record where it gives none; or the one of a project's file that has the name.

use super::given_functions::{self, FunctionOrProject, Given, ProjectArguments};
use crate::model::arguments::{FunctionArguments, seconds};
use crate::model::function::Function;
use crate::model::given_variables::GivenVariables;
use crate::replay::saved::Saved;
use crate::tool_error::ToolError;
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// The command line.
#[derive(Args)]
pub struct RerunFunction {
    /// The handler, as on Lambda: file.function. Default: the one in the record
    #[arg(long)]
    handler: Option<String>,

    /// Timeout of an invocation in seconds. Default: 3
    #[arg(long, value_name = "S", value_parser = seconds)]
    timeout: Option<Duration>,

    /// Memory in MB, as the function is told. Default: 128
    #[arg(long, value_name = "MB")]
    memory: Option<u32>,

    #[command(flatten)]
    variables: GivenVariables,

    /// The function's folder, LAMBDA_TASK_ROOT. Default: this one
    #[arg(long, value_name = "DIR")]
    task_root: Option<PathBuf>,

    /// The bootstrap to run, in place of the one beside open-runtime or /opt/bootstrap
    #[arg(long, value_name = "PATH")]
    bootstrap: Option<PathBuf>,

    /// Run as the wrapper of a managed runtime (nodejs22.x, python3.13 …): events come as AWS sends them
    #[arg(long, value_name = "RUNTIME", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    managed: Option<String>,

    /// Play SnapStart: after Init the environment is restored from a snapshot, as the runtime sees it
    #[arg(long)]
    snapstart: bool,

    /// A folder with extensions, as /opt/extensions on Lambda: each file in it is started before the runtime. Can be given
    /// several times
    #[arg(long, value_name = "DIR")]
    extensions: Vec<PathBuf>,

    /// The function's name. Default: the one in the record
    #[arg(long, value_name = "NAME")]
    function_name: Option<String>,

    /// Run the functions of this file, open-runtime.toml, serverless.yml or a template of AWS SAM: each record has the name
    /// of its function
    #[arg(long, value_name = "FILE", conflicts_with_all = ["handler", "memory", "task_root", "managed", "snapstart", "function_name"])]
    project: Option<PathBuf>,
}

/// Finds the function of each record.
pub struct Functions {
    /// Without handler and name, if the records have them. None: they are those of the project.
    described: Option<Function>,
    project: Option<Given>,
    /// In place of those of the project.
    timeout: Option<Duration>,
}

impl Functions {
    /// # Errors
    /// The function cannot be run.
    pub fn new(arguments: RerunFunction) -> Result<Functions, ToolError> {
        let (project, timeout) = (arguments.project, arguments.timeout);
        let one = FunctionArguments {
            handler: arguments.handler,
            timeout: arguments.timeout.unwrap_or(DEFAULT_TIMEOUT),
            memory: arguments.memory.unwrap_or(DEFAULT_MEMORY_MB),
            variables: arguments.variables,
            task_root: arguments.task_root.unwrap_or_else(|| PathBuf::from(".")),
            bootstrap: arguments.bootstrap,
            managed: arguments.managed,
            snapstart: arguments.snapstart,
            extensions: arguments.extensions,
            function_name: arguments.function_name.unwrap_or_default(),
            quiet: true,
        };
        if project.is_some() {
            let project = ProjectArguments { project, ..ProjectArguments::default() };
            let project = given_functions::load(FunctionOrProject { one, project })?;
            return Ok(Functions { described: None, project: Some(project), timeout });
        }
        let one = FunctionArguments { handler: Some(one.handler.unwrap_or_default()), ..one };
        let described = Function::new(one).map_err(ToolError::Function)?;
        Ok(Functions { described: Some(described), project: None, timeout })
    }

    /// # Errors
    /// Neither the command line nor the record has a handler, or the project has no such function.
    pub fn of(&self, saved: &Saved) -> Result<Function, String> {
        let Some(mut function) = self.described.clone() else {
            let mut function = self.of_project(saved)?;
            function.timeout = self.timeout.unwrap_or(function.timeout);
            return Ok(function);
        };
        if function.handler.is_empty() {
            function.handler = saved.handler.clone().ok_or("it names no handler; give one with --handler")?;
        }
        if function.name.is_empty() {
            function.name = saved.function.clone().unwrap_or_else(|| "function".to_owned());
        }
        Ok(function)
    }
}

impl Functions {
    /// The function of the project that has the record's name or, if it names none, the only one.
    fn of_project(&self, saved: &Saved) -> Result<Function, String> {
        let all = self.project.as_ref().map(|project| project.functions.as_slice()).unwrap_or_default();
        let found = match (&saved.function, all) {
            (None, [only]) => Some(only),
            (None, _) => return Err("it names no function, and the project's file has several".to_owned()),
            (Some(name), all) => all.iter().find(|given| given.function.is_named(name)),
        };
        let name = saved.function.as_deref().unwrap_or_default();
        let found = found.ok_or_else(|| format!("the project's file has no function with its name, {name}"))?;
        Ok(found.function.clone())
    }
}

/// Those of `invoke`.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(3);
const DEFAULT_MEMORY_MB: u32 = 128;

//! Which function a record is run with: the one that the command line describes, with the handler and the name of the
//! record where it gives none; or the one of a project's file that has the name or, if the record has none, the handler.

use super::given_functions::{self, FunctionOrProject, Given, GivenFunction, ProjectArguments};
use crate::model::arguments::{FunctionArguments, seconds};
use crate::model::function::Function;
use crate::model::given_variables::GivenVariables;
use crate::project;
use crate::replay::saved::Saved;
use crate::tool_error::ToolError;
use clap::Args;
use std::path::{Path, PathBuf};
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
    /// of its function. Default: the file of this folder, if none of the options that describe one function is given
    #[arg(long, value_name = "FILE", conflicts_with_all = OF_ONE)]
    project: Option<PathBuf>,

    /// A parameter of the project's file, such as stage=prod
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = given_functions::parameter, conflicts_with_all = OF_ONE)]
    parameters: Vec<(String, String)>,
}

/// The options that describe one function, and so no project's.
const OF_ONE: [&str; 6] = ["handler", "memory", "task_root", "managed", "snapstart", "function_name"];

/// Finds the function of each record.
pub struct Functions {
    /// Without handler and name, if the records have them. None: a project is named, and no other function will do.
    described: Option<Function>,
    project: Option<Given>,
    /// In place of those of the project.
    timeout: Option<Duration>,
}

impl Functions {
    /// # Errors
    /// The function cannot be run.
    pub fn new(arguments: RerunFunction) -> Result<Functions, ToolError> {
        let timeout = arguments.timeout;
        let (project, is_named) = (arguments.project(), arguments.project.is_some());
        let must_be = is_named || !arguments.parameters.is_empty();
        let project = match project {
            Some(project) if must_be => Some(load(&arguments, project, true)?.with_some()?),
            Some(project) => load(&arguments, project, false).map_err(|why| say_unused(&why)).ok(),
            None => None,
        };
        let described = if is_named { None } else { Some(arguments.described()?) };
        Ok(Functions { described, project, timeout })
    }

    /// # Errors
    /// Neither the command line nor the record has a handler, or the project has no such function.
    pub fn of(&self, saved: &Saved) -> Result<Function, String> {
        let all = self.project.as_ref().map_or(&[][..], |project| &project.functions);
        match (of_project(saved, all), &self.described) {
            (Ok(function), _) => Ok(Function { timeout: self.timeout.unwrap_or(function.timeout), ..function.clone() }),
            (Err(_), Some(described)) => of_record(saved, described.clone()),
            (Err(why), None) => Err(why),
        }
    }
}

impl RerunFunction {
    /// The project's file that is named, or that of this folder unless the command line describes a function.
    fn project(&self) -> Option<ProjectArguments> {
        let describes = self.handler.is_some() || self.function_name.is_some() || self.task_root.is_some();
        let describes = describes || self.memory.is_some() || self.managed.is_some() || self.snapstart;
        let is_there = || project::find(Path::new("")).is_ok();
        let is_wanted = self.project.is_some() || !self.parameters.is_empty() || (!describes && is_there());
        let (project, parameters) = (self.project.clone(), self.parameters.clone());
        is_wanted.then_some(ProjectArguments { project, parameters })
    }

    fn described(self) -> Result<Function, ToolError> {
        let mut one = self.one();
        one.handler.get_or_insert_default();
        Function::new(one).map_err(ToolError::Function)
    }

    fn one(&self) -> FunctionArguments {
        FunctionArguments {
            handler: self.handler.clone(),
            timeout: self.timeout.unwrap_or(DEFAULT_TIMEOUT),
            memory: self.memory.unwrap_or(DEFAULT_MEMORY_MB),
            variables: self.variables.clone(),
            task_root: self.task_root.clone().unwrap_or_else(|| PathBuf::from(".")),
            bootstrap: self.bootstrap.clone(),
            managed: self.managed.clone(),
            snapstart: self.snapstart,
            extensions: self.extensions.clone(),
            function_name: self.function_name.clone().unwrap_or_default(),
            quiet: true,
        }
    }
}

/// What does not hold here is said if the user has named the file.
fn load(arguments: &RerunFunction, project: ProjectArguments, is_named: bool) -> Result<Given, ToolError> {
    let say = |line: &str| {
        if is_named {
            eprintln!("open-runtime: {line}");
        }
    };
    given_functions::load_saying(FunctionOrProject { one: arguments.one(), project }, &say)
}

fn say_unused(why: &ToolError) {
    eprintln!("open-runtime: {why}; each record is run by the handler in it");
}

/// The function of the project that has the record's name. If it names none: the one with its handler, or the only one.
fn of_project<'a>(saved: &Saved, all: &'a [GivenFunction]) -> Result<&'a Function, String> {
    let all: Vec<&Function> = all.iter().map(|given| &given.function).collect();
    if let Some(name) = &saved.function {
        let found = all.into_iter().find(|function| function.is_named(name));
        return found.ok_or_else(|| format!("the project's file has no function with its name, {name}"));
    }
    let has_handler = |function: &&Function| saved.handler.as_ref().is_none_or(|handler| *handler == function.handler);
    let fitting: Vec<&Function> = all.into_iter().filter(has_handler).collect();
    match (fitting.as_slice(), &saved.handler) {
        ([only], _) => Ok(only),
        ([], Some(handler)) => Err(format!("the project's file has no function with its handler, {handler}")),
        (_, Some(handler)) => Err(format!("it names no function, and the project's file has several with {handler}")),
        (_, None) => Err("it names no function, and the project's file has several".to_owned()),
    }
}

/// The function of the command line, with the handler and the name of the record where it gives none.
fn of_record(saved: &Saved, mut function: Function) -> Result<Function, String> {
    if function.handler.is_empty() {
        function.handler = saved.handler.clone().ok_or("it names no handler; give one with --handler")?;
    }
    if function.name.is_empty() {
        function.name = saved.function.clone().unwrap_or_else(|| "function".to_owned());
    }
    Ok(function)
}

/// Those of `invoke`.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(3);
const DEFAULT_MEMORY_MB: u32 = 128;

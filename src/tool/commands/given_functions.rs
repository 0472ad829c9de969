//! The functions that a command runs: the one whose handler is given, or those of a project's file.

use crate::model::arguments::FunctionArguments;
use crate::model::bootstrap_path;
use crate::model::function::{ACCOUNT, Function, Unusable, extension_folders, region};
use crate::model::own_environment::own_environment;
use crate::model::route::Route;
use crate::project::{self, FunctionSpec, Package, Project, Settings};
use crate::tool_error::ToolError;
use clap::{Arg, Args};
use std::cell::RefCell;
use std::path::{Path, PathBuf};

/// One function, or the file that describes several.
#[derive(Args, Clone)]
#[command(mut_args(needs_handler))]
pub struct FunctionOrProject {
    #[command(flatten)]
    pub one: FunctionArguments,

    #[command(flatten)]
    pub project: ProjectArguments,
}

/// What describes one function has no sense for those of a file.
fn needs_handler(argument: Arg) -> Arg {
    match argument.get_id().as_str() {
        "timeout" | "memory" | "task_root" | "managed" | "snapstart" | "function_name" => argument.requires("handler"),
        _ => argument,
    }
}

/// Which file describes the functions.
#[derive(Args, Clone, Default)]
pub struct ProjectArguments {
    /// A file with functions: open-runtime.toml, serverless.yml, or a template of AWS SAM. Without a handler and without
    /// this, it is looked for in this folder
    #[arg(long, value_name = "FILE", conflicts_with = "handler")]
    pub project: Option<PathBuf>,

    /// A parameter of the project's file, such as stage=prod
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parameter, conflicts_with = "handler")]
    pub parameters: Vec<(String, String)>,
}

/// # Errors
/// It has no `=`.
pub fn parameter(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("it is not NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// The functions, and what keeps their folders.
pub struct Given {
    pub functions: Vec<GivenFunction>,
    /// They are those of a project's file.
    pub is_project: bool,
    /// The project's file, as the user names it.
    pub file: PathBuf,
    /// Absolute paths: of the project's file, which is the first, of files that it includes, and of those with variables. They need
    /// not exist.
    pub files: Vec<PathBuf>,
    /// To be kept as long as the functions run.
    pub packages: Vec<Package>,
}

/// A function, and how requests by HTTP reach it.
pub struct GivenFunction {
    pub function: Function,
    pub routes: Vec<Route>,
}

/// The functions. What of a project's file does not hold here is said on stderr.
///
/// # Errors
/// There is neither a handler nor a file, the file is malformed, or no function can be run.
pub fn load(arguments: FunctionOrProject) -> Result<Given, ToolError> {
    load_saying(arguments, &|line| eprintln!("open-runtime: {line}"))?.with_some()
}

/// Likewise, but what does not hold here is said by `say`, and there may be no function.
///
/// # Errors
/// There is neither a handler nor a file, or the file is malformed.
pub fn load_saying(arguments: FunctionOrProject, say: &dyn Fn(&str)) -> Result<Given, ToolError> {
    let FunctionOrProject { one: arguments, project } = arguments;
    if arguments.handler.is_some() {
        let function = Function::new(arguments).map_err(ToolError::Function)?;
        let functions = vec![GivenFunction { function, routes: Vec::new() }];
        return Ok(Given {
            functions,
            is_project: false,
            file: PathBuf::new(),
            files: Vec::new(),
            packages: Vec::new(),
        });
    }
    let file = file(project.project.as_deref(), say)?;
    let (described, mut files) = read(&file, &project.parameters)?;
    let shown = file.display();
    for warning in &described.warnings {
        say(&format!("{shown}: {warning}"));
    }
    let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
    files.extend(arguments.variables.env_file.iter().map(absolute));
    let mut given = Given { functions: Vec::new(), is_project: true, file: file.clone(), files, packages: Vec::new() };
    let making = Making::new(&arguments, described.region.clone(), say).map_err(ToolError::Function)?;
    for function in described.functions {
        making.add(function, &mut given);
    }
    Ok(given)
}

impl Given {
    /// # Errors
    /// There is no function.
    pub fn with_some(self) -> Result<Given, ToolError> {
        match self.functions.as_slice() {
            [] => Err(ToolError::Usage(format!("{} has no function that can be run here", self.file.display()))),
            [..] => Ok(self),
        }
    }
}

/// The file that is named, or that of this folder. Others in the folder are told.
fn file(named: Option<&Path>, say: &dyn Fn(&str)) -> Result<PathBuf, ToolError> {
    let folder = match named {
        Some(path) if !path.is_dir() => return Ok(path.to_owned()),
        Some(folder) => folder,
        None => Path::new(""),
    };
    let found = project::find(folder).map_err(|why| ToolError::Usage(why.to_string()))?;
    if let [first, others @ ..] = found.as_slice() {
        for other in others {
            say(&format!("{} is used, and {} is not: name it with --project", first.display(), other.display()));
        }
    }
    Ok(found.into_iter().next().unwrap_or_default())
}

/// What the file describes, and the names of the files that were read for it.
fn read(file: &Path, parameters: &[(String, String)]) -> Result<(Project, Vec<PathBuf>), ToolError> {
    let parent = file.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
    let folder = parent.canonicalize().map_err(|why| ToolError::File("find the folder of", file.to_owned(), why))?;
    let own = own_environment();
    let files = RefCell::new(vec![folder.join(file.file_name().unwrap_or_default())]);
    let settings = Settings {
        region: region(),
        account: ACCOUNT,
        parameters: parameters.to_vec(),
        environment: &|name| own.get(name).cloned(),
        read: &|inner| {
            files.borrow_mut().push(folder.join(inner));
            project::read_beside(&folder, inner)
        },
        folder: folder.clone(),
    };
    let described = project::read(file, &settings).map_err(|why| ToolError::Usage(why.to_string()))?;
    Ok((described, files.take()))
}

/// What the functions of a project have in common.
struct Making<'a> {
    say: &'a dyn Fn(&str),
    bootstrap: PathBuf,
    region: String,
    variables: Vec<(String, String)>,
    extensions: Vec<PathBuf>,
}

impl<'a> Making<'a> {
    fn new(
        arguments: &FunctionArguments,
        region_of_file: Option<String>,
        say: &'a dyn Fn(&str),
    ) -> Result<Making<'a>, Unusable> {
        let variables = arguments.variables.read(&own_environment()).map_err(Unusable::Variable)?;
        let bootstrap = bootstrap_path::find(arguments.bootstrap.clone()).map_err(Unusable::Bootstrap)?;
        let extensions = extension_folders(arguments.extensions.clone())?;
        Ok(Making { say, bootstrap, region: region_of_file.unwrap_or_else(region), variables, extensions })
    }

    /// Adds a function, or says why it cannot be run.
    fn add(&self, spec: FunctionSpec, given: &mut Given) {
        let not_served = |why: &str| (self.say)(&format!("function {}: {why}; it is not served", spec.id));
        if given.functions.iter().any(|other| other.function.name == spec.name) {
            return not_served(&format!("another function has the name {}, too", spec.name));
        }
        let package = match Package::new(&spec, &self.bootstrap) {
            Ok(package) => package,
            Err(why) => return not_served(&why.to_string()),
        };
        for hint in project::hints(&spec, &package) {
            (self.say)(&format!("function {}: {hint}", spec.id));
        }
        let managed = (!spec.is_provided()).then(|| spec.runtime.clone());
        let of_layers = package.layers.iter().map(|layer| layer.join("extensions")).filter(|folder| folder.is_dir());
        let extensions = of_layers.chain(self.extensions.iter().cloned()).collect();
        let variables = [spec.variables, package.variables.clone(), self.variables.clone()].concat();
        let function = Function {
            id: Some(spec.id),
            name: spec.name,
            handler: spec.handler,
            timeout: spec.timeout,
            memory_mb: spec.memory_mb,
            task_root: package.task_root.clone(),
            bootstrap: package.bootstrap.clone().unwrap_or_else(|| self.bootstrap.clone()),
            region: self.region.clone(),
            managed,
            snapstart: spec.snapstart,
            managed_instances: None,
            extensions,
            layers: package.layers.clone(),
            variables,
            ..Function::default()
        };
        given.functions.push(GivenFunction { function, routes: spec.routes });
        given.packages.push(package);
    }
}

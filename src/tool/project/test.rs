//! Projects for tests: in the folder /project, which need not be there.

use super::{FunctionSpec, Project, Settings, file};
use std::path::{Path, PathBuf};

/// What a file of this name has.
pub fn project(name: &str, text: &str) -> Project {
    project_with(name, text, &[], &[])
}

/// The same, with parameters and other files.
pub fn project_with(name: &str, text: &str, parameters: &[(&str, &str)], files: &[(&str, &str)]) -> Project {
    try_project(name, text, parameters, files).unwrap_or_else(|why| panic!("{why}\n{text}"))
}

pub fn try_project(
    name: &str,
    text: &str,
    parameters: &[(&str, &str)],
    files: &[(&str, &str)],
) -> Result<Project, String> {
    let read =
        |path: &Path| Ok(files.iter().find(|(name, _)| Path::new(name) == path).map(|(_, text)| (*text).to_owned()));
    let settings = Settings {
        region: "eu-west-1".to_owned(),
        account: "012345678912",
        parameters: parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        environment: &|name| (name == "SET").then(|| "from the environment".to_owned()),
        read: &read,
        folder: PathBuf::from("/project"),
    };
    file::parse(Path::new(name), text, &settings)
}

pub fn function<'a>(project: &'a Project, id: &str) -> &'a FunctionSpec {
    let found = project.functions.iter().find(|function| function.id == id);
    found.unwrap_or_else(|| panic!("no function {id} in {project:?}"))
}

pub fn warnings(project: &Project) -> Vec<String> {
    project.warnings.iter().map(ToString::to_string).collect()
}

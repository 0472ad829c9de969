//! What a function needs of this machine, and does not have.

use super::package::{Package, is_executable};
use super::{Code, FunctionSpec};
use std::env;
use std::path::Path;

/// The interpreters of managed runtimes, and where to get them.
const INTERPRETERS: [(&str, &str, &str); 3] = [
    ("nodejs", "node", "install Node.js, from https://nodejs.org or with a version manager"),
    ("python", "python3", "install Python, from https://python.org or with a version manager"),
    ("ruby", "ruby", "install Ruby, from https://ruby-lang.org or with a version manager"),
];

/// Runtimes whose handlers are compiled.
const COMPILED: [&str; 3] = ["java", "dotnet", "go1"];

/// What keeps the function from running, each with what to do.
pub fn hints(function: &FunctionSpec, package: &Package) -> Vec<String> {
    [
        no_interpreter(function),
        compiled(function, package),
        no_program(function, package),
        typescript(function, package),
    ]
    .into_iter()
    .flatten()
    .chain(package.left_out.iter().map(|layer| format!("layers: {layer}; the layer is left out")))
    .collect()
}

fn no_interpreter(function: &FunctionSpec) -> Option<String> {
    let runtime = &function.runtime;
    let (_, program, advice) = INTERPRETERS.iter().find(|(language, ..)| runtime.starts_with(language))?;
    let path = env::var_os("PATH").unwrap_or_default();
    let has_it = env::split_paths(&path).any(|folder| folder.join(program).is_file());
    (!has_it).then(|| format!("its runtime is {runtime}, and there is no {program} in PATH: {advice}"))
}

fn compiled(function: &FunctionSpec, package: &Package) -> Option<String> {
    let language = COMPILED.iter().find(|language| function.runtime.starts_with(*language))?;
    let in_layer = |layer: &std::path::PathBuf| layer.join("runtimes").join(language).is_dir();
    let runtime = &function.runtime;
    (!package.layers.iter().any(in_layer)).then(|| {
        format!("its runtime is {runtime}, for which Open Runtime has no language runtime: its Init will fail")
    })
}

/// On `provided` a handler without a function in it is the name of a program that must be built first.
fn no_program(function: &FunctionSpec, package: &Package) -> Option<String> {
    let is_program = function.is_provided() && !function.handler.contains('.') && package.bootstrap.is_none();
    let is_program = is_program && !is_executable(&package.task_root.join(&function.handler)); // which may be a handler
    let folder = package.task_root.display();
    is_program.then(|| {
        format!("there is no executable bootstrap in {folder}: build it first, and name the built file with --project")
    })
}

fn typescript(function: &FunctionSpec, package: &Package) -> Option<String> {
    if !function.runtime.starts_with("nodejs") || !matches!(function.code, Code::Path(_)) {
        return None;
    }
    let (stem, _) = function.handler.rsplit_once('.')?;
    let has = |extension: &str| is_file(&package.task_root, stem, extension);
    let is_source = ["ts", "mts", "cts", "tsx"].iter().any(|extension| has(extension));
    (is_source && !["js", "mjs", "cjs"].iter().any(|extension| has(extension))).then(|| {
        format!("{stem} is TypeScript, which Node.js does not load as a handler: build it first, and name the built file with --project (`sam build` writes .aws-sam/build/template.yaml)")
    })
}

fn is_file(root: &Path, stem: &str, extension: &str) -> bool {
    root.join(format!("{stem}.{extension}")).is_file()
}

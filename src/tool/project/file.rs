//! Finds a project's file, and reads it by its name.

use super::node::Node;
use super::{Project, Settings, Warning, cloudformation, open_runtime, serverless, yaml};
use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The names of a project's file. If a folder has several, the first one counts.
pub const NAMES: [&str; 7] = [
    "open-runtime.toml",
    "serverless.yml",
    "serverless.yaml",
    "serverless.json",
    "template.yaml",
    "template.yml",
    "template.json",
];

/// Files that the framework runs as programs.
const PROGRAMS: [&str; 4] = ["serverless.ts", "serverless.js", "serverless.cjs", "serverless.mjs"];

/// CloudFormation takes no larger template.
const MAX_BYTES: u64 = 1024 * 1024;

/// The project's file cannot be used.
#[derive(Debug)]
pub enum Unreadable {
    None(PathBuf),
    Program(PathBuf),
    Io(PathBuf, io::Error),
    Invalid(PathBuf, String),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unreadable::None(folder) => {
                let (folder, names) = (folder.display().to_string(), NAMES.join(", "));
                let folder = if folder.is_empty() { "this folder".to_owned() } else { folder };
                write!(
                    out,
                    "give a handler (file.function), or a project's file with --project: {folder} has none of {names}"
                )
            }
            Unreadable::Program(path) => write!(
                out,
                "cannot read {}: it is a program; write its result to a file with `sls print --format json >serverless.json`",
                path.display()
            ),
            Unreadable::Io(path, why) => write!(out, "cannot read {}: {why}", path.display()),
            Unreadable::Invalid(path, why) => write!(out, "cannot read the functions of {}: {why}", path.display()),
        }
    }
}

/// The project's files in a folder, the one that counts first.
///
/// # Errors
/// There is none.
pub fn find(folder: &Path) -> Result<Vec<PathBuf>, Unreadable> {
    let is_there = |name: &&&str| folder.join(name).is_file();
    let found: Vec<PathBuf> = NAMES.iter().filter(is_there).map(|name| folder.join(name)).collect();
    if found.is_empty() {
        return Err(match PROGRAMS.iter().find(is_there) {
            Some(name) => Unreadable::Program(folder.join(name)),
            None => Unreadable::None(folder.to_owned()),
        });
    }
    Ok(found)
}

/// Reads a project's file. What kind it is, is in its name or else in what it contains.
///
/// # Errors
/// It cannot be read, or it is malformed.
pub fn read(path: &Path, settings: &Settings<'_>) -> Result<Project, Unreadable> {
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    if matches!(extension.as_ref(), "ts" | "js" | "cjs" | "mjs") {
        return Err(Unreadable::Program(path.to_owned()));
    }
    let text = text_of(path).map_err(|why| Unreadable::Io(path.to_owned(), why))?;
    parse(path, &text, settings).map_err(|why| Unreadable::Invalid(path.to_owned(), why))
}

/// The same, of a text that is read.
///
/// # Errors
/// It is malformed.
pub fn parse(path: &Path, text: &str, settings: &Settings<'_>) -> Result<Project, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (root, repeats): (Node, _) = match path.extension().and_then(|extension| extension.to_str()) {
        Some("toml") => return open_runtime::read(text, settings),
        Some("json") => (serde_json::from_str(text).map_err(|why| why.to_string())?, Vec::new()),
        _ => yaml::parse_with_repeats(text)?,
    };
    let read = if root.get("Resources").is_some() { cloudformation::read } else { serverless::read };
    let mut project = read(&root, settings)?;
    project.warnings.extend(repeats.into_iter().map(|repeat| Warning {
        subjects: vec![format!("line {}", repeat.line)],
        member: repeat.name,
        value: "…".to_owned(),
        why: "this member is there twice; the last one counts".to_owned(),
    }));
    Ok(project)
}

/// The text of a file that the project's file names. None if there is no such file.
///
/// # Errors
/// It cannot be read, or it leads out of the folder by a link.
pub fn read_beside(folder: &Path, inner: &Path) -> Result<Option<String>, String> {
    let path = folder.join(inner);
    let (real, root) = match (path.canonicalize(), folder.canonicalize()) {
        (Err(why), _) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
        (Err(why), _) | (_, Err(why)) => return Err(why.to_string()),
        (Ok(real), Ok(root)) => (real, root),
    };
    if !real.starts_with(root) {
        return Err("a link leads out of the project's folder".to_owned());
    }
    text_of(&real).map(Some).map_err(|why| why.to_string())
}

fn text_of(path: &Path) -> io::Result<String> {
    if !path.metadata()?.is_file() {
        return Err(io::Error::other("it is not a file")); // a pipe might never end
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(io::Error::other("it is larger than 1 MB"));
    }
    String::from_utf8(bytes)
        .map_err(|why| io::Error::other(format!("it is not UTF-8 at byte {}", why.utf8_error().valid_up_to())))
}

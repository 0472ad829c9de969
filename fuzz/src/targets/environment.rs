//! The environment variables, and the names in them.
//!
//! Input: lines `NAME=value`; `\n` in a value is a line feed.

use std::collections::HashMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::{env, fs, process};

use open_runtime::error::InvocationError;
use open_runtime::log::Log;
use open_runtime::middleware;
use open_runtime::settings::config::{Config, read_log};
use open_runtime::settings::lookup;

use crate::targets::errors::can_be_told;

/// Each variable is read as it was written, or is an error that names it. No name leads out of the folders.
pub fn run(input: &[u8]) {
    let variables = read(input);
    let get = |name: &'static str| variables.get(name.as_bytes()).cloned();
    if let Err(error) = read_log(&mut Log::default(), &get) {
        is_of_a_variable(&error, &variables);
    }
    let mut config = match Config::read(&get) {
        Ok(config) => config,
        Err(error) => return is_of_a_variable(&error, &variables),
    };
    is_as_written(&config, &variables);
    let roots = [root().to_owned()];
    match middleware::find(&config.middlewares, &roots) {
        Ok(found) => found.iter().for_each(|one| assert_eq!(one.path.parent(), Some(&*root().join("middlewares")))),
        Err(error) => can_be_told(&error),
    }
    config.task_root = root().to_owned();
    if let Err(error) = lookup::language_runtime(&config, &roots) {
        can_be_told(&error);
    }
}

fn read(input: &[u8]) -> HashMap<Vec<u8>, OsString> {
    let line = |line: &[u8]| {
        let equals = line.iter().position(|&byte| byte == b'=')?;
        let value = line[equals + 1..].iter().copied().filter(|&byte| byte != 0).collect();
        Some((line[..equals].to_vec(), unescape(value)))
    };
    input.split(|&byte| byte == b'\n').filter_map(line).collect()
}

fn unescape(value: Vec<u8>) -> OsString {
    match String::from_utf8(value) {
        Ok(text) => text.replace("\\n", "\n").into(),
        Err(error) => OsString::from_vec(error.into_bytes()),
    }
}

fn is_of_a_variable(error: &InvocationError, variables: &HashMap<Vec<u8>, OsString>) {
    let InvocationError::Variable { name, .. } = error else { panic!("of no variable: {error}") };
    assert!(variables.contains_key(name.as_bytes()) || *name == "_HANDLER");
    can_be_told(error);
}

/// An invalid value never becomes a silent default.
fn is_as_written(config: &Config, variables: &HashMap<Vec<u8>, OsString>) {
    let text = |name: &str| variables.get(name.as_bytes())?.to_str().map(str::trim).filter(|text| !text.is_empty());
    assert_eq!(Some(config.handler.as_str()), text("_HANDLER"));
    assert_eq!(config.runtime.as_deref(), text("SLSRUNTIME"));
    let grace_ms = text("SLSGRACE").map_or(250, |grace| grace.parse().expect("a number"));
    assert!(config.grace_ms == grace_ms && grace_ms <= 900_000);
    assert_eq!(config.overlap, text("SLSOVERLAP") == Some("on"));
    assert_eq!(config.events.report, text("SLSBATCH") == Some("report"));
    let events = [
        ("raw", config.events.raw),
        ("wrap", config.events.wrap),
        ("unwrap", config.events.unwrap),
        ("batch", config.events.batch),
    ];
    for (name, is_on) in events {
        assert_eq!(is_on, items(text("SLSEVENTS")).any(|item| item == name), "{name}");
    }
    assert!(items(text("SLSMIDDLEWARES")).eq(config.middlewares.iter().map(String::as_str)));
}

fn items(list: Option<&str>) -> impl Iterator<Item = &str> {
    list.unwrap_or_default().split(',').map(str::trim).filter(|item| !item.is_empty())
}

/// A folder with one middleware and one language runtime.
fn root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        let root = env::temp_dir().join(format!("open-runtime-fuzz.{}", process::id()));
        for (file, mode) in
            [("middlewares/test", 0o755), ("middlewares/plain", 0o644), ("runtimes/sh/language-runtime", 0o755)]
        {
            let path = root.join(file);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a temporary folder");
            fs::write(&path, "").expect("a temporary file");
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode");
        }
        root
    })
}

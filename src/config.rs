//! The environment, read once. What makes no sense is an error that names the variable: never a silent default.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use crate::cloudevents;
use crate::debug::{Permitted, Target};
use crate::error::{Fatal, InvocationError};
use crate::log::{Level, Log};
use crate::sys;

/// The longest `SLSGRACE`, in ms: the longest timeout that Lambda has.
const LONGEST_GRACE_MS: u64 = 900_000;

/// The value of a variable, if it is set: where the environment is read, and nowhere else.
pub type Variables<'a> = &'a dyn Fn(&'static str) -> Option<OsString>;

/// What the environment asks for.
#[derive(Debug)]
pub struct Config {
    /// `_HANDLER`, as the user wrote it.
    pub handler: String,
    /// `LAMBDA_TASK_ROOT`, where the user's code is; the current folder where it is not set, as under AWS's emulator.
    pub task_root: PathBuf,
    /// `SLSMIDDLEWARES`: names, in order.
    pub middlewares: Vec<String>,
    /// `SLSRUNTIME`: a name or a path.
    pub runtime: Option<String>,
    /// `AWS_LAMBDA_EXEC_WRAPPER`: a program that starts the language runtime, which is its first argument.
    pub wrapper: Option<String>,
    /// `SLSEVENTS` and `SLSBATCH`.
    pub events: cloudevents::Options,
    /// `SLSOVERLAP`: whether middlewares are started early.
    pub overlap: bool,
    /// `SLSGRACE`: from SIGTERM to the deadline.
    pub grace: Duration,
    /// `SLSDEBUG`: where debuggers may be that events ask for.
    pub debug: Permitted,
    /// `_OPEN_RUNTIME_DEBUG`: where the debugger of every invocation is, for `open-runtime invoke --debug`.
    pub debugger: Option<Target>,
    /// `_OPEN_RUNTIME_TIMELINE`: where open-runtime wants to know how long each step takes.
    pub timeline: Option<PathBuf>,
}

/// `AWS_LAMBDA_RUNTIME_API`: a host and a port.
///
/// # Errors
/// [`Fatal::NoRuntimeApi`].
pub fn runtime_api_address() -> Result<String, Fatal> {
    env::var("AWS_LAMBDA_RUNTIME_API").ok().filter(|address| !address.is_empty()).ok_or(Fatal::NoRuntimeApi)
}

/// `SLSLOG`, else `AWS_LAMBDA_LOG_LEVEL`, and `AWS_LAMBDA_LOG_FORMAT`.
///
/// # Errors
/// [`InvocationError::Variable`] for `SLSLOG` and `SLSLOGERRORS`; what Lambda sets is Lambda's. What can be understood is in the
/// log all the same: that error is logged, too.
pub fn log() -> (Log, Result<(), InvocationError>) {
    let mut log = Log::default();
    let understood = read_log(&mut log, &|name| env::var_os(name));
    (log, understood)
}

fn read_log(log: &mut Log, variables: Variables<'_>) -> Result<(), InvocationError> {
    log.is_json = text(variables, "AWS_LAMBDA_LOG_FORMAT")?.is_some_and(|format| format.eq_ignore_ascii_case("json"));
    log.types_only = match text(variables, "SLSLOGERRORS")?.as_deref() {
        None | Some("full") => false,
        Some("type") => true,
        Some(other) => return Err(variable("SLSLOGERRORS", other, "type or full")),
    };
    log.level = match text(variables, "SLSLOG")?.as_deref() {
        Some("error") => Level::Error,
        Some("warn") => Level::Warn,
        Some("debug" | "info") => Level::Debug,
        Some(other) => return Err(variable("SLSLOG", other, "error, warn, info or debug")),
        None => match text(variables, "AWS_LAMBDA_LOG_LEVEL")?.as_deref() {
            Some("FATAL") => Level::Fatal,
            Some("ERROR") => Level::Error,
            Some("DEBUG" | "TRACE") => Level::Debug,
            _ => Level::Warn,
        },
    };
    Ok(())
}

impl Config {
    /// # Errors
    /// [`InvocationError::Variable`].
    pub fn from_env() -> Result<Config, InvocationError> {
        Config::of(&|name| env::var_os(name))
    }

    /// The same, of these variables.
    ///
    /// # Errors
    /// As [`from_env`](Config::from_env).
    pub fn of(variables: Variables<'_>) -> Result<Config, InvocationError> {
        let handler = text(variables, "_HANDLER")?
            .ok_or_else(|| variable("_HANDLER", "", "the name of a handler, like file.function"))?;
        Ok(Config {
            handler,
            task_root: variables("LAMBDA_TASK_ROOT").map(PathBuf::from).unwrap_or_else(|| PathBuf::from(".")),
            middlewares: list(variables, "SLSMIDDLEWARES")?,
            runtime: text(variables, "SLSRUNTIME")?,
            wrapper: text(variables, "AWS_LAMBDA_EXEC_WRAPPER")?,
            events: events_of(variables)?,
            overlap: overlap(variables)?,
            grace: grace(variables)?,
            debug: debug(variables)?,
            debugger: text(variables, "_OPEN_RUNTIME_DEBUG")?.and_then(|target| Target::parse(&target)),
            timeline: variables("_OPEN_RUNTIME_TIMELINE").map(PathBuf::from),
        })
    }
}

impl Config {
    /// Makes the user's code the current folder, for the language runtime and the middlewares. From then on its path is absolute.
    ///
    /// # Errors
    /// [`InvocationError::TaskRoot`].
    pub fn enter_task_root(&mut self) -> Result<(), InvocationError> {
        let path = self.task_root.display().to_string();
        let entered = env::set_current_dir(&self.task_root).and_then(|()| env::current_dir());
        self.task_root = entered.map_err(|cause| InvocationError::TaskRoot { path, cause })?; // a relative one would now be wrong
        Ok(())
    }
}

/// `SLSEVENTS` and `SLSBATCH`.
///
/// # Errors
/// As [`Config::from_env`].
pub fn events_of(variables: Variables<'_>) -> Result<cloudevents::Options, InvocationError> {
    let mut options = cloudevents::Options::default();
    for mode in list(variables, "SLSEVENTS")? {
        match mode.as_str() {
            "raw" => options.raw = true,
            "wrap" => options.wrap = true,
            "unwrap" => options.unwrap = true,
            "batch" => options.batch = true,
            _ => return Err(variable("SLSEVENTS", &mode, "a list of raw, wrap, unwrap and batch")),
        }
    }
    options.report = match text(variables, "SLSBATCH")?.as_deref() {
        None | Some("fail") => false,
        Some("report") => true,
        Some(other) => return Err(variable("SLSBATCH", other, "fail or report")),
    };
    Ok(options)
}

fn overlap(variables: Variables<'_>) -> Result<bool, InvocationError> {
    match text(variables, "SLSOVERLAP")?.as_deref() {
        None | Some("off") => Ok(false),
        Some("on") => Ok(true),
        Some(other) => Err(variable("SLSOVERLAP", other, "on or off")),
    }
}

fn grace(variables: Variables<'_>) -> Result<Duration, InvocationError> {
    let Some(value) = text(variables, "SLSGRACE")? else { return Ok(Duration::from_millis(250)) };
    match value.parse() {
        Ok(ms) if ms <= LONGEST_GRACE_MS => Ok(Duration::from_millis(ms)),
        _ => Err(variable("SLSGRACE", &value, "a whole number of milliseconds from 0 to 900000")),
    }
}

fn debug(variables: Variables<'_>) -> Result<Permitted, InvocationError> {
    let items = list(variables, "SLSDEBUG")?;
    Permitted::new(items).map_err(|item| variable("SLSDEBUG", &item, "a list of host:port, host:* and *"))
}

/// A variable's value without blanks around it; an empty one is an absent one.
fn text(variables: Variables<'_>, name: &'static str) -> Result<Option<String>, InvocationError> {
    let Some(value) = variables(name) else { return Ok(None) };
    match value.into_string() {
        Ok(value) => Ok(Some(value.trim().to_owned()).filter(|value| !value.is_empty())),
        Err(value) => Err(variable(name, &value.to_string_lossy(), "text in UTF-8")),
    }
}

fn list(variables: Variables<'_>, name: &'static str) -> Result<Vec<String>, InvocationError> {
    let text = text(variables, name)?.unwrap_or_default();
    Ok(text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect())
}

fn variable(name: &'static str, value: &str, allowed: &'static str) -> InvocationError {
    InvocationError::Variable { name, value: value.to_owned(), allowed }
}

/// The variables of ours, of our language runtimes and of our middlewares.
const KNOWN: [&str; 16] = [
    "SLSBATCH",
    "SLSCOMPANIONS",
    "SLSDEADLINEMS",
    "SLSDEBUG",
    "SLSEVENTS",
    "SLSFUNCTIONARN",
    "SLSGRACE",
    "SLSLOG",
    "SLSLOGERRORS",
    "SLSMIDDLEWARES",
    "SLSOVERLAP",
    "SLSREQUESTID",
    "SLSRUNTIME",
    "SLSSTREAM",
    "SLSTENANTID",
    "SLSWRAPPER",
];

/// Warns of variables that look like ours, and are none.
#[inline(never)]
pub fn warn_of_unknown_variables(log: Log) {
    for variable in sys::environment().filter(|variable| variable.starts_with(b"SLS")) {
        let name = variable.split(|&byte| byte == b'=').next().unwrap_or_default();
        let name = &*String::from_utf8_lossy(name);
        if KNOWN.contains(&name) {
            continue;
        }
        match nearest(name) {
            Some(known) => {
                log.warn(None, &format_args!("nobody reads the environment variable {name}; is {known} meant?"))
            }
            None if name.starts_with("SLS_") => {} // the Serverless Framework's own
            None => {
                log.warn(None, &format_args!("nobody reads the environment variable {name}; see README.md for ours"))
            }
        }
    }
}

/// The known name from which it differs in one place, by two characters at most.
fn nearest(name: &str) -> Option<&'static str> {
    KNOWN.into_iter().find(|known| {
        let before = name.bytes().zip(known.bytes()).take_while(|(one, other)| one == other).count();
        let behind = name.bytes().rev().zip(known.bytes().rev()).take_while(|(one, other)| one == other).count();
        before + behind + 2 >= name.len().max(known.len()) && name.len().abs_diff(known.len()) <= 2
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_has_a_known_name_near_it() {
        for (name, known) in [
            ("SLSMIDDLEWARE", Some("SLSMIDDLEWARES")),
            ("SLSMIDLEWARES", Some("SLSMIDDLEWARES")),
            ("SLSEVENT", Some("SLSEVENTS")),
            ("SLS_EVENTS", Some("SLSEVENTS")),
            ("SLSLOGERROR", Some("SLSLOGERRORS")),
            ("SLSGARCE", Some("SLSGRACE")),
            ("SLSLOGLEVEL", None),
            ("SLS", None),
            ("SLS_ORG", None),
        ] {
            assert_eq!(nearest(name), known, "{name}");
        }
    }
}

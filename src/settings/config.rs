//! The environment variables, read once. An invalid value is an error that names the variable, and never a silent default.

use std::env::{self, VarError};
use std::ffi::{CStr, OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::cloudevents;
use crate::error::{Fatal, InvocationError};
use crate::log::{Level, Log};
use crate::os::sys;
use crate::settings::debug::{Permitted, Target};

/// The longest `SLSGRACE`, in ms: the longest timeout of Lambda.
const MAX_GRACE_MS: u64 = 900_000;

/// The values of `SLSEVENTS`.
const EVENTS: &str = "a comma-separated list of cloudevents, raw, wrap, unwrap and batch";

/// Looks up the value of a variable.
pub type Variables<'a> = &'a dyn Fn(&'static str) -> Option<OsString>;

/// What the environment variables say.
#[derive(Debug)]
pub struct Config {
    /// `_HANDLER`, as the user wrote it.
    pub handler: String,
    /// `LAMBDA_TASK_ROOT`: the folder with the user's code. The current folder if it is not set, as under AWS's emulator.
    pub task_root: PathBuf,
    /// `SLSMIDDLEWARES`: names, in order.
    pub middlewares: Vec<String>,
    /// `SLSRUNTIME`: a name or a path.
    pub runtime: Option<String>,
    /// A program that starts the language runtime, and the variable that names it: `SLSWRAPPER`, or `AWS_LAMBDA_EXEC_WRAPPER`
    /// if Lambda has not started it already.
    pub wrapper: Option<(&'static str, String)>,
    /// The language of the managed runtime, from `AWS_EXECUTION_ENV` or from the command that bootstrap wraps.
    pub managed: Option<String>,
    /// `NODE_PATH`, where Node.js looks for packages.
    pub node_path: OsString,
    /// `PYTHONPATH`, where Python does.
    pub python_path: OsString,
    /// `SLSEVENTS` and `SLSBATCH`.
    pub events: cloudevents::Options,
    /// Why events are mapped or not, for the log.
    pub events_because: &'static str,
    /// `SLSOVERLAP`: whether middlewares are started before their turn.
    pub overlap: bool,
    /// `SLSSTREAM`: which responses are streams.
    pub streams: Streams,
    /// `AWS_LAMBDA_INITIALIZATION_TYPE`: whether Lambda takes a snapshot at the end of Init.
    pub is_snapstart: bool,
    /// `SLSGRACE`: the time from the SIGTERM warning to the deadline.
    pub grace_ms: u64,
    /// `SLSDEBUG`: the debuggers that events may ask for.
    pub allowed_debuggers: Permitted,
    /// `_OPEN_RUNTIME_DEBUG`: the debugger of every invocation, for `open-runtime invoke --debug`.
    pub forced_debugger: Option<Target>,
    /// `_OPEN_RUNTIME_TIMELINE`: the file that open-runtime reads the time of each step from.
    pub timeline: Option<PathBuf>,
}

/// Which responses are sent as streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Streams {
    /// None: a handler is not told that it may.
    Off,
    /// Those that the handler streams.
    OfHandler,
    /// All of them, because the caller takes nothing else.
    All,
}

/// `AWS_LAMBDA_RUNTIME_API`: a host and a port.
///
/// # Errors
/// [`Fatal::NoRuntimeApi`].
pub fn runtime_api_address() -> Result<String, Fatal> {
    match env::var("AWS_LAMBDA_RUNTIME_API") {
        Ok(address) if !address.is_empty() => Ok(address),
        Err(VarError::NotUnicode(_)) => Err(Fatal::NoRuntimeApi { is: "not text in UTF-8" }),
        _ => Err(Fatal::NoRuntimeApi { is: "not set" }),
    }
}

/// What this process is in its execution environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It serves one invocation at a time.
    Alone,
    /// It starts so many slots, which serve one invocation at a time each.
    Supervisor(usize),
    /// It is one of them.
    Slot,
}

/// The name of a slot.
const SLOT: &str = "open-runtime-slot";

/// The largest `AWS_LAMBDA_MAX_CONCURRENCY`, which is Lambda's own limit.
const MAX_SLOTS: u64 = 1600;

/// What this process is, by its name and by `AWS_LAMBDA_MAX_CONCURRENCY`.
pub fn role() -> Role {
    match concurrency(&|name| env::var_os(name)) {
        1 => Role::Alone,
        _ if env::args_os().next().is_some_and(|name| name.as_bytes().starts_with(SLOT.as_bytes())) => Role::Slot,
        slots => Role::Supervisor(slots),
    }
}

/// The arguments for a slot. The first one also says whether bootstrap runs as a wrapper.
pub fn slot_arguments() -> Vec<OsString> {
    let name = if is_wrapper() { [SLOT, WRAPPER].join("/") } else { SLOT.to_owned() };
    [name.into()].into_iter().chain(env::args_os().skip(1)).collect()
}

/// `AWS_LAMBDA_MAX_CONCURRENCY`: how many invocations Lambda sends at once, which is 1 unless this is a Managed Instance.
#[inline(never)]
fn concurrency(variables: Variables<'_>) -> usize {
    let given = variables("AWS_LAMBDA_MAX_CONCURRENCY").and_then(|given| given.to_str()?.parse::<u64>().ok());
    given.unwrap_or(1).clamp(1, MAX_SLOTS) as usize
}

/// `_LAMBDA_TELEMETRY_LOG_FD_PROVIDER_SOCKET`: a socket that takes a log for each connection, on Managed Instances.
pub fn log_socket() -> Option<PathBuf> {
    env::var_os("_LAMBDA_TELEMETRY_LOG_FD_PROVIDER_SOCKET").map(PathBuf::from)
}

/// A pipe keeps a line of this many bytes whole when several processes write to it.
const WHOLE_LINE: usize = 4096;

/// `SLSLOG`, else `AWS_LAMBDA_LOG_LEVEL`, and `AWS_LAMBDA_LOG_FORMAT`.
///
/// # Errors
/// [`InvocationError::Variable`] for `SLSLOG` and `SLSLOGERRORS`, but not for the variables that Lambda sets. The log that comes with
/// it follows the valid ones, because the error is logged too.
pub fn log_from_env() -> (Log, Result<(), InvocationError>) {
    let mut log = Log::default();
    let understood = read_log(&mut log, &|name| env::var_os(name));
    (log, understood)
}

/// Reads the same from `variables`.
///
/// # Errors
/// As [`log_from_env`].
pub fn read_log(log: &mut Log, variables: Variables<'_>) -> Result<(), InvocationError> {
    log.is_json = text(variables, "AWS_LAMBDA_LOG_FORMAT")?.is_some_and(|format| format.eq_ignore_ascii_case("json"));
    if concurrency(variables) > 1 {
        log.is_json = true; // by its request id, a reader can tell which invocation a line belongs to
        log.longest =
            if variables("_LAMBDA_TELEMETRY_LOG_FD_PROVIDER_SOCKET").is_some() { usize::MAX } else { WHOLE_LINE };
    }
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

/// Marks the environment of a wrapper that bootstrap starts, so that bootstrap recognises itself if the wrapper starts it.
pub const WRAPPED: &str = "_OPEN_RUNTIME_WRAPPED";

/// The arguments, if a wrapper that bootstrap started has started bootstrap again: the command of the language runtime, if the
/// wrapper passed it on.
pub fn wrapped_command() -> Option<impl Iterator<Item = OsString>> {
    env::var_os(WRAPPED).map(|_| env::args_os().skip(1))
}

/// Names the language runtime that we start, in its environment.
pub const PROGRAM: &str = "_OPEN_RUNTIME_PROGRAM";

/// The language runtime that another bootstrap has started, if we are what has become of it.
pub fn started_as() -> Option<OsString> {
    env::var_os(PROGRAM)
}

impl Config {
    /// # Errors
    /// [`InvocationError::Variable`].
    pub fn from_env() -> Result<Config, InvocationError> {
        Config::read(&|name| env::var_os(name))
    }

    /// Reads the same from `variables`.
    ///
    /// # Errors
    /// As [`from_env`](Config::from_env).
    pub fn read(variables: Variables<'_>) -> Result<Config, InvocationError> {
        let handler = text(variables, "_HANDLER")?
            .ok_or_else(|| variable("_HANDLER", "", "the name of a handler, like file.function"))?;
        let is_wrapper = is_wrapper();
        Ok(Config {
            handler,
            task_root: variables("LAMBDA_TASK_ROOT").map(PathBuf::from).unwrap_or_else(|| PathBuf::from(".")),
            middlewares: list(variables, "SLSMIDDLEWARES")?,
            runtime: text(variables, "SLSRUNTIME")?,
            wrapper: wrapper(variables, is_wrapper)?,
            managed: managed(variables, is_wrapper)?,
            node_path: variables("NODE_PATH").unwrap_or_default(),
            python_path: variables("PYTHONPATH").unwrap_or_default(),
            events: events_from(variables, is_wrapper)?,
            events_because: match variables("SLSEVENTS") {
                Some(_) => "SLSEVENTS says so",
                None if is_wrapper => "this is the default on managed runtimes",
                None => "this is the default",
            },
            overlap: overlap(variables)?,
            streams: streams(variables)?,
            is_snapstart: text(variables, "AWS_LAMBDA_INITIALIZATION_TYPE")?.as_deref() == Some("snap-start"),
            grace_ms: grace_ms(variables)?,
            allowed_debuggers: allowed_debuggers(variables)?,
            forced_debugger: text(variables, "_OPEN_RUNTIME_DEBUG")?.and_then(|target| Target::parse(&target)),
            timeline: variables("_OPEN_RUNTIME_TIMELINE").map(PathBuf::from),
        })
    }
}

impl Config {
    /// Makes the folder with the user's code the current one, for the language runtime and the middlewares. Its path becomes
    /// absolute.
    ///
    /// # Errors
    /// [`InvocationError::TaskRoot`].
    pub fn enter_task_root(&mut self) -> Result<(), InvocationError> {
        let failed = |path: &Path, cause| InvocationError::TaskRoot { path: path.display().to_string(), cause };
        env::set_current_dir(&self.task_root).map_err(|cause| failed(&self.task_root, cause))?;
        if self.task_root.is_relative() {
            self.task_root = env::current_dir().map_err(|cause| failed(&self.task_root, cause))?;
        }
        Ok(())
    }
}

/// The name by which `AWS_LAMBDA_EXEC_WRAPPER` starts bootstrap.
const WRAPPER: &str = "open-runtime";

/// Whether bootstrap runs as `open-runtime`, the link that `AWS_LAMBDA_EXEC_WRAPPER` names on managed runtimes.
fn is_wrapper() -> bool {
    env::args_os().next().is_some_and(|name| Path::new(&name).file_name() == Some(OsStr::new(WRAPPER)))
}

fn wrapper(variables: Variables<'_>, is_wrapper: bool) -> Result<Option<(&'static str, String)>, InvocationError> {
    let own = text(variables, "SLSWRAPPER")?.map(|path| ("SLSWRAPPER", path));
    let others = text(variables, "AWS_LAMBDA_EXEC_WRAPPER")?.filter(|_| !is_wrapper); // otherwise it names bootstrap
    Ok(own.or(others.map(|path| ("AWS_LAMBDA_EXEC_WRAPPER", path))))
}

/// The language in `AWS_Lambda_nodejs22.x`, or in the command that bootstrap wraps, `/var/lang/bin/node …`: a folder in `runtimes`,
/// or the name of a runtime for compiled handlers.
fn managed(variables: Variables<'_>, is_wrapper: bool) -> Result<Option<String>, InvocationError> {
    let command = env::args_os().nth(1).filter(|_| is_wrapper).map(PathBuf::from);
    let command = command.as_deref().and_then(Path::file_name).and_then(OsStr::to_str);
    let given = text(variables, "AWS_EXECUTION_ENV")?;
    let name = given.as_deref().and_then(|name| name.strip_prefix("AWS_Lambda_")).or(command).unwrap_or_default();
    let letters = name.bytes().take_while(u8::is_ascii_alphabetic).count();
    let language = name.get(..letters).filter(|language| !language.is_empty());
    Ok(language.map(|language| if language == "node" { "nodejs" } else { language }.to_owned()))
}

/// `SLSEVENTS` and `SLSBATCH`. A function of a managed runtime gets AWS's events by default, because it was written for them.
///
/// # Errors
/// As [`Config::from_env`].
pub fn events_from(variables: Variables<'_>, is_wrapper: bool) -> Result<cloudevents::Options, InvocationError> {
    let mut options = cloudevents::Options::default();
    let modes = list(variables, "SLSEVENTS")?;
    let mut is_mapped = false;
    for mode in &modes {
        match mode.as_str() {
            "raw" => options.raw = true,
            "cloudevents" => is_mapped = true,
            "wrap" => options.wrap = true,
            "unwrap" => options.unwrap = true,
            "batch" => options.batch = true,
            _ => return Err(variable("SLSEVENTS", mode, EVENTS)),
        }
    }
    if options.raw && (is_mapped || options.wrap || options.unwrap) {
        return Err(variable("SLSEVENTS", &modes.join(","), "either raw, or any of the others: raw maps nothing"));
    }
    options.raw |= is_wrapper && modes.is_empty();
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

fn streams(variables: Variables<'_>) -> Result<Streams, InvocationError> {
    match text(variables, "SLSSTREAM")?.as_deref() {
        None => Ok(Streams::OfHandler),
        Some("on") => Ok(Streams::All),
        Some("off") => Ok(Streams::Off),
        Some(other) => Err(variable("SLSSTREAM", other, "on or off")),
    }
}

fn grace_ms(variables: Variables<'_>) -> Result<u64, InvocationError> {
    let Some(value) = text(variables, "SLSGRACE")? else { return Ok(250) };
    match value.parse() {
        Ok(ms) if ms <= MAX_GRACE_MS => Ok(ms),
        _ => Err(variable("SLSGRACE", &value, "a whole number of milliseconds from 0 to 900000")),
    }
}

fn allowed_debuggers(variables: Variables<'_>) -> Result<Permitted, InvocationError> {
    let items = list(variables, "SLSDEBUG")?;
    Permitted::new(items)
        .map_err(|item| variable("SLSDEBUG", &item, "a comma-separated list of host:port, host:* and *"))
}

/// A variable's value without blanks around it. An empty one counts as absent.
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

/// The variables of bootstrap, of its language runtimes and of its middlewares.
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

/// Warns of variables that look like ours but are not.
#[inline(never)]
pub fn warn_of_unknown_variables(log: Log) {
    for variable in sys::environment().map(CStr::to_bytes).filter(|variable| variable.starts_with(b"SLS")) {
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
            None => log.warn(
                None,
                &format_args!("nobody reads the environment variable {name}; docs/configuration.md has ours"),
            ),
        }
    }
}

/// The known name that differs from it in one place, by two characters at most.
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

    /// The variables of a function, with these.
    fn with<'a>(given: &'a [(&str, &str)]) -> impl Fn(&str) -> Option<OsString> + 'a {
        |wanted| given.iter().find(|(name, _)| *name == wanted).map(|(_, value)| OsString::from(value))
    }

    #[test]
    fn variables_say_what_is_logged() {
        let log = |given: &[(&str, &str)]| {
            let mut log = Log::default();
            read_log(&mut log, &with(given)).map(|()| log).map_err(|error| error.to_string())
        };
        for (name, value, level) in [
            ("SLSLOG", "error", Level::Error),
            ("SLSLOG", "warn", Level::Warn),
            ("SLSLOG", "info", Level::Debug),
            ("SLSLOG", "debug", Level::Debug),
            ("AWS_LAMBDA_LOG_LEVEL", "FATAL", Level::Fatal),
            ("AWS_LAMBDA_LOG_LEVEL", "ERROR", Level::Error),
            ("AWS_LAMBDA_LOG_LEVEL", "DEBUG", Level::Debug),
            ("AWS_LAMBDA_LOG_LEVEL", "TRACE", Level::Debug),
            ("AWS_LAMBDA_LOG_LEVEL", "any", Level::Warn),
            ("OTHER", "", Level::Warn),
        ] {
            assert!(log(&[(name, value)]).unwrap().level == level, "{name}={value}");
        }
        assert!(log(&[("SLSLOG", "error"), ("AWS_LAMBDA_LOG_LEVEL", "TRACE")]).unwrap().level == Level::Error);
        assert!(log(&[("SLSLOG", "loud")]).is_err());
        let only_types = |value| log(&[("SLSLOGERRORS", value)]).map(|log| log.types_only);
        assert_eq!((only_types("type"), only_types("full")), (Ok(true), Ok(false)));
        assert!(only_types("none").is_err());
    }

    #[test]
    fn several_slots_log_whole_lines_of_json() {
        let (socket, slots) = ("_LAMBDA_TELEMETRY_LOG_FD_PROVIDER_SOCKET", "AWS_LAMBDA_MAX_CONCURRENCY");
        for (given, is_json, longest) in [
            (&[][..], false, usize::MAX),
            (&[("AWS_LAMBDA_LOG_FORMAT", "JSON")], true, usize::MAX),
            (&[("AWS_LAMBDA_LOG_FORMAT", "Text")], false, usize::MAX),
            (&[(slots, "1"), (socket, "/s")], false, usize::MAX),
            (&[(slots, "2")], true, WHOLE_LINE),
            (&[(slots, "2"), (socket, "/s")], true, usize::MAX),
        ] {
            let mut log = Log::default();
            read_log(&mut log, &with(given)).unwrap();
            assert_eq!((log.is_json, log.longest), (is_json, longest), "{given:?}");
        }
        for (given, expected) in
            [("", 1), ("0", 1), ("1", 1), ("7", 7), ("1600", 1600), ("1601", 1600), ("-2", 1), ("x", 1)]
        {
            assert_eq!(concurrency(&with(&[(slots, given)])), expected, "{given}");
        }
    }

    #[test]
    fn variables_say_which_events_there_are() {
        let events = |given: &str, is_wrapper| {
            let options = events_from(&with(&[("SLSEVENTS", given)]), is_wrapper).ok()?;
            Some([options.raw, options.wrap, options.unwrap, options.batch, options.report])
        };
        for (given, is_wrapper, expected) in [
            ("", false, Some([false; 5])),
            ("", true, Some([true, false, false, false, false])),
            ("raw", false, Some([true, false, false, false, false])),
            ("raw,batch", true, Some([true, false, false, true, false])),
            ("cloudevents", true, Some([false; 5])),
            ("wrap", true, Some([false, true, false, false, false])),
            ("unwrap", false, Some([false, false, true, false, false])),
            ("wrap,unwrap,batch", false, Some([false, true, true, true, false])),
            ("raw,cloudevents", false, None),
            ("raw,wrap", false, None),
            ("raw,unwrap", false, None),
            ("all", false, None),
        ] {
            assert_eq!(events(given, is_wrapper), expected, "{given} {is_wrapper}");
        }
        let report = |given| events_from(&with(&[("SLSBATCH", given)]), false).map(|options| options.report).ok();
        assert_eq!([report("report"), report("fail"), report("ignore")], [Some(true), Some(false), None]);
    }

    #[test]
    fn the_wrapper_of_the_function_is_not_bootstrap() {
        let of_aws = [("AWS_LAMBDA_EXEC_WRAPPER", "/opt/w")];
        let path = |given: &[(&str, &str)], is_wrapper| wrapper(&with(given), is_wrapper).unwrap();
        assert_eq!(path(&of_aws, false), Some(("AWS_LAMBDA_EXEC_WRAPPER", "/opt/w".to_owned())));
        assert_eq!(path(&of_aws, true), None);
        let both = [("SLSWRAPPER", "/opt/mine"), of_aws[0]];
        assert_eq!(path(&both, true), Some(("SLSWRAPPER", "/opt/mine".to_owned())));
        for (given, is_wrapper, expected) in [
            ("AWS_Lambda_nodejs22.x", false, Some("nodejs")),
            ("AWS_Lambda_python3.13", true, Some("python")),
            ("AWS_Lambda_provided.al2023", false, Some("provided")),
            ("AWS_Lambda_3", false, None),
            ("other", false, None),
        ] {
            let found = managed(&with(&[("AWS_EXECUTION_ENV", given)]), is_wrapper).unwrap();
            assert_eq!(found.as_deref(), expected, "{given}");
        }
    }

    #[test]
    fn an_empty_variable_counts_as_absent() {
        for (value, expected) in [("", None), (" \t ", None), (" a b ", Some("a b"))] {
            assert_eq!(text(&with(&[("SLSRUNTIME", value)]), "SLSRUNTIME").unwrap().as_deref(), expected);
        }
    }

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
            ("SLSLOGSLSLOG", None),
            ("SLSEVXT", None),
        ] {
            assert_eq!(nearest(name), known, "{name}");
        }
    }
}

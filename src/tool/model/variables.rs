//! The environment variables of bootstrap: those that Lambda sets, and few of the user's own.
//!
//! The user's `PATH` is passed on to find interpreters, `HOME` because version managers need it, and `SLS…` because
//! bootstrap reads them. Everything else, credentials above all, is passed on only by `--env`.
//!
//! Not set: `AWS_EXECUTION_ENV`, which only managed runtimes have (`--managed=RUNTIME` sets it); `_X_AMZN_TRACE_ID`,
//! which the runtime sets for each invocation; `AWS_XRAY_…`, as there is no X-Ray daemon.
//!
//! Where the tool serves the Invoke API, `AWS_ENDPOINT_URL_LAMBDA` leads the AWS SDKs to it, so that a function can invoke
//! others, and itself. An SDK signs what it sends. For a function that has no credentials there are some that no account
//! has.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime>,
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>

use super::aws_credentials;
use super::environment::Environment;
use super::function::{Function, VERSION};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// The path to which bootstrap writes the timeline. Lambda does not set it.
pub const TIMELINE: &str = "_OPEN_RUNTIME_TIMELINE";

/// The address of the debugger for every invocation. Lambda does not set it.
const DEBUGGER: &str = "_OPEN_RUNTIME_DEBUG";

/// Both the id and the secret of a key that no account has.
const NO_KEY: &str = "open-runtime";

/// All of them. If a name comes twice, the later value holds. `invoke_api` is the URL of the Invoke API, if there is one.
pub fn all(environment: &Environment, invoke_api: Option<&str>, timeline: Option<&str>) -> Vec<(OsString, OsString)> {
    let function = &environment.function;
    let mut all: Vec<(OsString, OsString)> = own(std::env::vars_os(), bins_of(function)).collect();
    all.extend(given_by_lambda(environment, function).map(|(name, value)| (name.into(), value.into())));
    let home = std::env::var("HOME").ok();
    let for_sdks = invoke_api.map(|url| for_sdks(url, function, home));
    all.extend(for_sdks.into_iter().flatten().map(|(name, value)| (name.into(), value.into())));
    if let Some(concurrency) = function.managed_instances {
        all.push(("AWS_LAMBDA_MAX_CONCURRENCY".into(), concurrency.to_string().into()));
        all.push(("AWS_LAMBDA_LOG_FORMAT".into(), "json".into()));
    }
    if let Some(runtime) = &function.managed {
        all.push(("AWS_LAMBDA_EXEC_WRAPPER".into(), "/opt/open-runtime".into()));
        if !runtime.is_empty() {
            all.push(("AWS_EXECUTION_ENV".into(), format!("AWS_Lambda_{runtime}").into()));
        }
    }
    all.extend(timeline.map(|path| (TIMELINE.into(), path.into())));
    if function.is_watched {
        // the compiled code that Python keeps is told from the source by size and second alone
        all.push(("PYTHONDONTWRITEBYTECODE".into(), "1".into()));
    }
    all.extend(function.debugger.iter().map(|address| (DEBUGGER.into(), address.into())));
    all.extend(function.variables.iter().map(|(name, value)| (name.into(), value.into())));
    all
}

/// What Lambda keeps from external extensions, besides all that begins with `_`.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html#runtimes-extensions-registration-api-e>
const OF_THE_RUNTIME: [&str; 7] = [
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_XRAY_CONTEXT_MISSING",
    "AWS_XRAY_DAEMON_ADDRESS",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
];

/// Those of the function's variables that external extensions have, too.
pub fn for_extensions(all: &[(OsString, OsString)]) -> Vec<(OsString, OsString)> {
    let is_given =
        |name: &OsString| name.to_str().is_some_and(|name| !name.starts_with('_') && !OF_THE_RUNTIME.contains(&name));
    all.iter().filter(|(name, _)| is_given(name)).cloned().collect()
}

fn given_by_lambda(environment: &Environment, function: &Function) -> impl Iterator<Item = (&'static str, String)> {
    let root = function.task_root.display().to_string();
    let mut libraries =
        format!("/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:{root}:{root}/lib:/opt/lib");
    for layer in function.layers.iter().rev() {
        libraries += &format!(":{}", layer.join("lib").display());
    }
    [
        ("AWS_DEFAULT_REGION", function.region.clone()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", function.memory_mb.to_string()),
        ("AWS_LAMBDA_FUNCTION_NAME", function.name.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", VERSION.to_owned()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", function.initialization_type().to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", function.name)),
        ("AWS_LAMBDA_LOG_STREAM_NAME", environment.log_stream.clone()),
        ("AWS_LAMBDA_METADATA_API", environment.runtime_api.clone()),
        ("AWS_LAMBDA_METADATA_TOKEN", environment.metadata_token.clone()),
        ("AWS_LAMBDA_RUNTIME_API", environment.runtime_api.clone()),
        ("AWS_REGION", function.region.clone()),
        ("LAMBDA_RUNTIME_DIR", "/var/runtime".to_owned()),
        ("LAMBDA_TASK_ROOT", root),
        ("LANG", "en_US.UTF-8".to_owned()),
        ("LD_LIBRARY_PATH", libraries),
        ("TZ", ":UTC".to_owned()),
        ("_HANDLER", function.handler.clone()),
    ]
    .into_iter()
}

/// What the AWS SDKs need to invoke functions here.
fn for_sdks(invoke_api: &str, function: &Function, home: Option<String>) -> Vec<(&'static str, String)> {
    let mut variables = vec![("AWS_ENDPOINT_URL_LAMBDA", invoke_api.to_owned())];
    let home = home.map(|home| ("HOME".to_owned(), home));
    let seen = home.into_iter().chain(function.variables.iter().cloned()).collect();
    if aws_credentials::of(&seen).is_none() {
        variables.extend(["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].map(|name| (name, NO_KEY.to_owned())));
    }
    variables
}

fn own(
    ours: impl Iterator<Item = (OsString, OsString)>,
    bins: Vec<PathBuf>,
) -> impl Iterator<Item = (OsString, OsString)> {
    ours.filter_map(move |(name, value)| match name.to_str()? {
        "PATH" => Some((name, with_bins(&value, &bins))),
        "HOME" => Some((name, value)),
        other if other.starts_with("SLS") => Some((name, value)),
        _ => None,
    })
}

/// `PATH` and, as on Lambda, the folder for programs of layers; and those that are not in `/opt`.
fn with_bins(path: &OsStr, bins: &[PathBuf]) -> OsString {
    let mut path = path.to_owned();
    path.push(":/opt/bin");
    for bin in bins {
        path.push(":");
        path.push(bin);
    }
    path
}

/// Those of layers, of which the last one replaces the others on Lambda; and the folder with `json`, if it is beside
/// bootstrap.
fn bins_of(function: &Function) -> Vec<PathBuf> {
    let of_build = function.bootstrap.parent().map(|folder| folder.join("bin")).filter(|bin| bin.join("json").exists());
    function.layers.iter().rev().map(|layer| layer.join("bin")).chain(of_build).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_without_credentials_gets_some_that_no_account_has() {
        let names = |variables: &[(&str, &str)], home: &str| {
            let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let function = Function { variables, ..Function::default() };
            let given = for_sdks("http://127.0.0.1:9000", &function, Some(home.to_owned()));
            given.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        let all = ["AWS_ENDPOINT_URL_LAMBDA", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
        assert_eq!(names(&[("A", "b")], "/nowhere"), all);
        assert_eq!(names(&[("AWS_ACCESS_KEY_ID", "mine")], "/nowhere"), all[..1]);
        assert_eq!(names(&[("AWS_PROFILE", "mine")], "/nowhere"), all[..1]);
    }

    #[test]
    fn extensions_do_not_have_the_variables_of_the_runtime() {
        let all = ["_HANDLER", "LAMBDA_TASK_ROOT", "AWS_LAMBDA_RUNTIME_API", "MINE", TIMELINE];
        let given = for_extensions(&all.map(|name| (OsString::from(name), OsString::new())));
        let names: Vec<_> = given.iter().filter_map(|(name, _)| name.to_str()).collect();
        assert_eq!(names, ["AWS_LAMBDA_RUNTIME_API", "MINE"]);
    }

    #[test]
    fn only_what_is_needed_of_the_users_environment_is_passed_on() {
        let ours = [("PATH", "/bin"), ("HOME", "/h"), ("AWS_SECRET_ACCESS_KEY", "s"), ("SLSLOG", "info"), ("PS1", "$")];
        let passed: Vec<_> =
            own(ours.into_iter().map(|(name, value)| (name.into(), value.into())), vec!["/x/bin".into()]).collect();
        let expected = [("PATH", "/bin:/opt/bin:/x/bin"), ("HOME", "/h"), ("SLSLOG", "info")];
        assert_eq!(passed, expected.map(|(name, value)| (OsString::from(name), OsString::from(value))));
    }
}

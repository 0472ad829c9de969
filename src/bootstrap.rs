//! The program in prose: the Init, Invoke and Shutdown phases of an execution environment.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>

use std::ffi::OsStr;
use std::fs;
use std::io;

use crate::config::{self, Config};
use crate::error::{Fatal, InvocationError};
use crate::function::Function;
use crate::language_runtime::{LanguageRuntime, Launch, Woke};
use crate::log::{Failed, Level, Log};
use crate::lookup;
use crate::middleware;
use crate::process;
use crate::runtime_api::{Next, RuntimeApi, SharedRuntime, lock};
use crate::signals::Signals;
use crate::timeline::Timeline;

/// Serves one execution environment, until SIGTERM.
///
/// # Errors
/// [`Fatal`]. What Lambda must hear of it, it has heard.
pub fn run() -> Result<(), Fatal> {
    if let Some(command) = config::wrapped_command() {
        return Err(Fatal::System {
            what: "start the language runtime from its wrapper",
            cause: process::become_command(command, config::WRAPPED),
        });
    }
    if let Some(program) = config::started_as() {
        return refuse_to_run_in_ourselves(&program);
    }
    let signals = Signals::install().map_err(|cause| Fatal::System { what: "watch for signals", cause })?; // before the first fork: no SIGTERM is missed
    let address = config::runtime_api_address()?;
    let (log, understood) = config::log();
    let api = RuntimeApi::new(&address, signals, log);
    let (function, runtime) = understood.and_then(|()| start(signals, log)).map_err(|error| give_up(&api, error))?;
    let outcome = serve(&api, &function, &runtime);
    lock(&runtime).stop()?; // the Shutdown phase, however Invoke ended
    outcome
}

/// Tells the bootstrap that has started us as its language runtime, as a language runtime does, that this would have no end.
fn refuse_to_run_in_ourselves(program: &OsStr) -> Result<(), Fatal> {
    let why = "it starts bootstrap again, without end; set SLSRUNTIME to a language, like nodejs or python";
    let program = program.display().to_string();
    let error = InvocationError::CannotStart { program, cause: io::Error::other(why) };
    let line = [b"{\"error\":", &*error.to_json(), b"}\n"].concat();
    fs::write("/proc/self/fd/1", line).map_err(|cause| Fatal::System { what: "answer another bootstrap", cause })
}

/// Starts the language runtime, which boots while we get ready ourselves.
fn start(signals: Signals, log: Log) -> Result<(Function, SharedRuntime), InvocationError> {
    let mut config = Config::from_env()?;
    config.enter_task_root()?;
    if config.debug.is_unlimited() {
        log.warn(None, &"SLSDEBUG has *: whoever may send events to this function may run any code in it");
    }
    let form = if config.events.raw { "as AWS sends them" } else { "as CloudEvents" };
    log.write(Level::Debug, None, &format_args!("the handler gets events {form}: {}", config.events_because));
    let roots = lookup::roots(&config);
    let middlewares = middleware::find(&config.middlewares, &roots)?;
    let wrapper = lookup::wrapper(&config)?;
    let companions = middleware::companions(&middlewares)?.map(|folders| ("SLSCOMPANIONS", folders));
    let program = lookup::language_runtime(&config, &roots)?;
    let mut variables = vec![(config::PROGRAM, program.clone().into())];
    variables.extend(companions.into_iter().chain(wrapper.as_ref().map(|_| (config::WRAPPED, "1".into()))));
    let launch = Launch { program, handler: config.handler.clone(), variables, wrapper };
    let runtime = LanguageRuntime::start(launch, signals, log)?;
    config::warn_of_unknown_variables(log); // while the language runtime boots
    let timeline = Timeline::open(config.timeline.as_deref());
    Ok((Function { middlewares, config, signals, timeline, log }, runtime.into()))
}

/// The rest of the Init phase, and the Invoke phase. Ends on SIGTERM, or when this execution environment can serve no more.
fn serve(api: &RuntimeApi, function: &Function, runtime: &SharedRuntime) -> Result<(), Fatal> {
    let initialized = api.register(runtime).and_then(|extension| Ok((extension, lock(runtime).wait_until_ready()?)));
    match initialized {
        Ok((_extension, Woke::Ready)) => invoke(api, function, runtime), // the extension stays until the end
        Ok((_, Woke::Terminated | Woke::TimedOut)) => Ok(()),
        Err(Fatal::CrashLoop(error)) => Err(give_up(api, error)),
        Err(other) => Err(other),
    }
}

/// The Invoke phase: event by event.
fn invoke(api: &RuntimeApi, function: &Function, runtime: &SharedRuntime) -> Result<(), Fatal> {
    while let Next::Invocation(invocation) = api.next(runtime)? {
        match function.answer(&invocation, &mut lock(runtime)) {
            Ok(response) => api.respond(&invocation, &response)?,
            Err(error) => {
                function.log.failure(Failed::Invoke(&invocation), &error);
                api.fail(&invocation, &error)?;
            }
        }
        lock(runtime).revive()?;
    }
    Ok(())
}

/// Tells Lambda why the Init phase failed. Lambda starts a new execution environment when this one has ended.
fn give_up(api: &RuntimeApi, error: InvocationError) -> Fatal {
    match api.fail_init(&error) {
        Ok(()) => Fatal::Init(error),
        Err(fatal) => Fatal::Unreported { error, why: fatal.to_string() },
    }
}

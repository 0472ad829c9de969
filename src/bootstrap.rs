//! The program in prose: the Init, Invoke and Shutdown phases of an execution environment.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::child::children::{Children, SharedChildren};
use crate::child::exchange::OpenStream;
use crate::child::launch::Launch;
use crate::child::supervised::Supervised;
use crate::error::{Fatal, InvocationError};
use crate::function::{Answer, Function};
use crate::invocation::Invocation;
use crate::lambda::runtime_api::{Next, RuntimeApi, Told};
use crate::log::{Failed, Level, Log};
use crate::middleware;
use crate::middleware::chain::Middlewares;
use crate::os::process::{self, CannotStart};
use crate::os::signals::{SHUTDOWN_LIMIT, SLOT_LIMIT, Signals};
use crate::os::wait::WaitEnd;
use crate::settings::config::{self, Config, Role};
use crate::settings::lookup;
use crate::snapshot;
use crate::streaming::Head;
use crate::supervisor::{self, Slot};
use crate::timeline::Timeline;

/// Serves one execution environment, until SIGTERM.
///
/// # Errors
/// [`Fatal`]. Lambda has already been told what it must know.
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
    let role = config::role();
    let signals = Signals::install_for(shutdown_limit(role)) // before the first fork, so that no SIGTERM is missed
        .map_err(|cause| Fatal::System { what: "watch for signals", cause })?;
    let address = config::runtime_api_address()?;
    let (log, understood) = config::log_from_env();
    let api = RuntimeApi::new(&address, signals, log)?;
    if let Role::Supervisor(slots) = role {
        return supervisor::run(&api, slots, signals, log);
    }
    let slot = if role == Role::Slot { Some(Slot::join()?) } else { None };
    let (function, children) = understood
        .and_then(|()| start(signals, log))
        .map_err(|error| report_init_failure(&api, slot.as_ref(), log, error))?;
    let outcome = serve(&api, &function, &children, slot.as_ref());
    children.get().stop()?; // the Shutdown phase comes however Invoke ended
    outcome
}

/// Tells the bootstrap that has started us as its language runtime, as a language runtime does, that this would have no end.
fn refuse_to_run_in_ourselves(program: &OsStr) -> Result<(), Fatal> {
    let why = "it starts bootstrap again, without end; set SLSRUNTIME to a language, like nodejs or python";
    let error = InvocationError::from(CannotStart::new(Path::new(program), io::Error::other(why)));
    let line = [b"{\"error\":", &*error.to_json(), b"}\n"].concat();
    fs::write("/proc/self/fd/1", line).map_err(|cause| Fatal::System { what: "answer another bootstrap", cause })
}

/// Starts the language runtime and the resident middlewares, which boot while bootstrap gets ready.
fn start(signals: Signals, log: Log) -> Result<(Function, SharedChildren), InvocationError> {
    let mut config = Config::from_env()?;
    config.enter_task_root()?;
    if config.allowed_debuggers.is_unlimited() {
        log.warn(None, &"SLSDEBUG has *: anybody who may send events to this function may run any code in it");
    }
    let form = if config.events.raw { "as AWS sends them" } else { "as CloudEvents" };
    log.write(Level::Debug, None, &format_args!("the handler gets events {form}: {}", config.events_because));
    let roots = lookup::roots(&config);
    let mut middlewares = middleware::find(&config.middlewares, &roots)?;
    let wrapper = lookup::wrapper(&config)?;
    let companions = middleware::companions(&middlewares)?.map(|folders| ("SLSCOMPANIONS", folders));
    let program = lookup::language_runtime(&config, &roots)?;
    let grace_ms = config.grace_ms.to_string(); // checked here, so that language runtimes need no default of their own
    let mut variables = vec![(config::PROGRAM, program.clone().into()), ("SLSGRACE", grace_ms.into())];
    variables.extend(companions.into_iter().chain(wrapper.as_ref().map(|_| (config::WRAPPED, "1".into()))));
    let launch = Launch { program, handler: Some(config.handler.clone()), variables, wrapper };
    let runtime = Supervised::start(launch, None, signals, log)?;
    let mut children = vec![runtime];
    middleware::start_residents(&mut middlewares, &mut children, signals, log)?;
    config::warn_of_unknown_variables(log); // while they boot
    let timeline = Timeline::open(config.timeline.as_deref());
    let middlewares = Middlewares { in_order: middlewares, overlap: config.overlap, signals, timeline };
    let children = Children { all: children, signals };
    Ok((Function { middlewares, config, log }, SharedChildren::new(children)))
}

/// The rest of the Init phase, and the Invoke phase. Ends on SIGTERM, or when this execution environment cannot serve any more.
fn serve(api: &RuntimeApi, function: &Function, children: &SharedChildren, slot: Option<&Slot>) -> Result<(), Fatal> {
    let extension = if slot.is_some() { Ok(None) } else { api.register(children) }; // the supervisor has registered
    let booted = extension.and_then(|extension| Ok((extension, children.get().wait_until_ready()?)));
    let (extension, end) = match booted {
        Ok(booted) => booted, // the extension's connection stays open until Invoke has ended
        Err(Fatal::CrashLoop(error)) => return Err(report_init_failure(api, slot, function.log, error)),
        Err(other) => return Err(other),
    };
    match end {
        WaitEnd::Ready if function.config.is_snapstart && slot.is_none() => {
            match snapshot::pass(api, children, extension.as_ref())? {
                Some(restored) => invoke(&restored.api, function, children),
                None => Ok(()),
            }
        }
        WaitEnd::Ready => {
            slot.map_or(Ok(()), Slot::note_ready)?;
            invoke(api, function, children)
        }
        WaitEnd::Terminated | WaitEnd::TimedOut => Ok(()),
    }
}

/// The Invoke phase, event by event.
fn invoke(api: &RuntimeApi, function: &Function, children: &SharedChildren) -> Result<(), Fatal> {
    while let Next::Invocation(invocation) = api.next(children)? {
        let answer = function.answer(&invocation, &mut children.get().all); // its guard is dropped here, before Lambda is waited for
        match answer {
            Ok(Answer::Response(response)) => api.respond(&invocation, &response)?,
            Ok(Answer::Stream(head, stream)) => send_stream(api, function, children, &invocation, &head, *stream)?,
            Err(error) => {
                function.log.failure(Failed::Invoke(&invocation), &error);
                api.fail(&invocation, &error)?;
            }
        }
        children.get().ensure_started()?;
    }
    Ok(())
}

/// Sends a stream while the handler makes it.
#[inline(never)] // it is rare
fn send_stream(
    api: &RuntimeApi,
    function: &Function,
    children: &SharedChildren,
    invocation: &Invocation,
    head: &Head,
    stream: OpenStream,
) -> Result<(), Fatal> {
    let mut children = children.get(); // nothing waits for Lambda by another way meanwhile
    let Some(runtime) = children.all.first_mut() else { return Ok(()) }; // there is one, which made the stream
    let timeline = &function.middlewares.timeline;
    let sent = timeline.step(&invocation.request_id, "stream", &function.config.handler, || {
        api.stream(invocation, head, stream, runtime)
    })?;
    if let Some(error) = sent {
        function.conclude_failed_stream(invocation, &error, &mut children.all);
    }
    Ok(())
}

/// From SIGTERM to the end of everything.
fn shutdown_limit(role: Role) -> Duration {
    match role {
        Role::Slot => SLOT_LIMIT,
        Role::Alone | Role::Supervisor(_) => SHUTDOWN_LIMIT,
    }
}

/// Tells Lambda why the Init phase failed. Lambda starts a new execution environment when this one has ended.
fn report_init_failure(api: &RuntimeApi, slot: Option<&Slot>, log: Log, error: InvocationError) -> Fatal {
    if slot.is_some_and(Slot::is_any_ready) {
        return Fatal::SlotInit(error); // Lambda would end the environment, and the invocations of the other slots
    }
    match api.fail_init(&error) {
        Ok(said) if slot.is_some() => {
            if matches!(said, Told::Accepted) {
                log.failure(Failed::Init, &error);
            }
            Fatal::Told
        }
        told => Told::ends_with(told, error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_has_ended_before_its_supervisor_kills_it() {
        assert_eq!(shutdown_limit(Role::Alone), SHUTDOWN_LIMIT);
        assert_eq!(shutdown_limit(Role::Supervisor(2)), SHUTDOWN_LIMIT);
        assert!(shutdown_limit(Role::Slot) < SHUTDOWN_LIMIT);
    }
}

//! Init: from the start of the process to `ready`, or to an error.

use crate::check::claim::Claim;
use crate::check::line::Line;
use crate::check::problem::{Problem, Verdict, ensure, fails};
use crate::check::runtime::Runtime;
use crate::check::trial::Trial;
use serde_json::Value;
use std::time::Duration;

pub const CLAIMS: &[Claim] = &[
    Claim {
        name: "ready-comes-first",
        rule: "3.1",
        title: "the first line is `ready`",
        why: "bootstrap reads the first line as the outcome of Init. Any other line is an error, and the function cannot \
              start. The usual cause is an interpreter or a library that prints to STDOUT before the protocol has been moved \
              to a descriptor of its own.",
        test: ready_comes_first,
    },
    Claim {
        name: "ready-has-its-members",
        rule: "3.2",
        title: "`ready` has protocol 1, a name, a version, and a concurrency of at least 1 if it has one",
        why: "bootstrap refuses another protocol, and shows name and version in the log of Init. The concurrency is how many \
              calls it sends at once. A number that is sent as a text is the usual cause.",
        test: ready_has_its_members,
    },
    Claim {
        name: "ready-comes-once",
        rule: "3.1",
        title: "nothing follows `ready` before the first call",
        why: "A line without a call is an answer that nobody waits for: bootstrap takes it for a broken protocol and starts \
              another process. The usual cause is a loop that begins with `ready`.",
        test: ready_comes_once,
    },
    Claim {
        name: "top-level-code-runs-before-ready",
        rule: "3.1",
        title: "the handler's file is loaded, and its top-level code has run, before `ready`",
        why: "Lambda gives Init more of the processor than a small function gets, and does not bill the first call for it. A \
              language runtime that loads the file at the first call makes that call slow, and reports an error of the file \
              too late. The handler's file prints `top-level code`, which must be in the log.",
        test: top_level_code_runs_before_ready,
    },
    Claim {
        name: "works-in-the-task-root",
        rule: "1.1",
        title: "the working folder stays the task root",
        why: "bootstrap starts the language runtime in LAMBDA_TASK_ROOT, and functions open their files by relative names. The \
              usual cause is a `cd` of a start script.",
        test: works_in_the_task_root,
    },
    Claim {
        name: "handler-in-a-folder",
        rule: "3.6",
        title: "`folder/handler.echoes` is the function of a file in a folder",
        why: "Projects keep their code in folders such as src. The name before the last dot is a path from the task root.",
        test: handler_in_a_folder,
    },
    Claim {
        name: "init-malformed-name",
        rule: "3.4",
        title: "a name without a file or a function is Runtime.MalformedHandlerName",
        why: "It is the first mistake that people make, so the error must show the name that they have set. bootstrap \
              passes the type on to Lambda, whose console explains it.",
        test: malformed_name,
    },
    Claim {
        name: "init-missing-file",
        rule: "3.4",
        title: "a file that is missing is Runtime.ImportModuleError",
        why: "The message must name the file, so that a wrong path is told from a package that lacks it. bootstrap \
              reports it as the error of Init. A message that only says that there is no such module is the usual \
              fault.",
        test: missing_file,
    },
    Claim {
        name: "init-syntax-error",
        rule: "3.4",
        title: "a file that its language cannot read is Runtime.UserCodeSyntaxError",
        why: "conformance/broken has a syntax error. Its type tells a mistake in the file from a file that is missing. The \
              usual cause is one handler for all that can go wrong while a file is loaded.",
        test: syntax_error,
    },
    Claim {
        name: "init-no-such-function",
        rule: "3.4",
        title: "a function that the file does not have is Runtime.HandlerNotFound",
        why: "It must be found in Init. A language runtime that looks for the function at the first call says `ready` to a \
              function that cannot work.",
        test: no_such_function,
    },
    Claim {
        name: "init-exception",
        rule: "3.3",
        title: "top-level code that fails is one `error` line",
        why: "conformance/fails fails with the text `no pears` before it has a function. The caller and the log must learn \
              why. The usual cause is an exception that only the interpreter prints, on stderr, so that bootstrap sees no \
              more than an exit.",
        test: exception,
    },
    Claim {
        name: "init-exit",
        rule: "3.3 7.7",
        title: "top-level code that exits is no `ready`, and the status is not 0",
        why: "conformance/exits ends the process with status 3. Without `ready` bootstrap reports Runtime.ExitError. With it, \
              or with status 0, the function would seem to work.",
        test: exit,
    },
    Claim {
        name: "init-error-ends-the-process",
        rule: "3.3",
        title: "behind the `error` of Init nothing follows, and the process ends with another status than 0",
        why: "bootstrap reports the error, and then waits for the end of the process. One that lives on is killed, and what it \
              has in its exit handlers is lost.",
        test: error_ends_the_process,
    },
    Claim {
        name: "prints-in-init-are-log",
        rule: "6.1",
        title: "what top-level code prints is not in the protocol",
        why: "Libraries print when they are loaded. Such a line on STDOUT is an answer to bootstrap, and ends Init. Move the \
              protocol to other descriptors before user code is loaded.",
        test: prints_in_init,
    },
    Claim {
        name: "no-call-before-the-first",
        rule: "3.5",
        title: "the first call is the first that user code sees",
        why: "A language runtime may prepare in Init what makes the first call slow, but not by calling the handler: user code \
              would count, write or send something for an event that nobody has sent. The function `counts` returns how often \
              it was called.",
        test: no_call_before_the_first,
    },
];

/// In which the lines of a process that has nothing to do would come.
const SILENCE: Duration = Duration::from_millis(150);

fn ready_comes_first(trial: &Trial<'_>) -> Verdict {
    let line = Runtime::start(trial, "handler.echoes")?.line()?;
    ensure(line.names() == ["ready"], "the first line is not an object with the one member `ready`")
}

fn ready_has_its_members(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::start(trial, "handler.echoes")?;
    let mut line = runtime.line()?;
    while !line.has("ready") {
        line = runtime.line()?;
    }
    let ready = line.value("ready").unwrap_or_default();
    ensure(ready["protocol"] == 1, "`protocol` is not 1")?;
    for name in ["name", "version"] {
        ensure(ready[name].as_str().is_some_and(|text| !text.is_empty()), format!("`{name}` is not a text"))?;
    }
    let concurrency = ready.get("concurrency").map_or(Some(1), Value::as_u64);
    ensure(concurrency.is_some_and(|calls| calls >= 1), "`concurrency` is not a number of calls")
}

fn ready_comes_once(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "echoes")?;
    ensure(runtime.is_silent(SILENCE)?, "a line follows `ready` though there was no call")
}

fn top_level_code_runs_before_ready(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "echoes")?;
    ensure(runtime.log()?.contains("top-level code"), "the log does not have `top-level code` when `ready` has come")
}

fn works_in_the_task_root(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "echoes")?;
    runtime.respond("null")?;
    let folder = std::fs::read_link(format!("/proc/{}/cwd", runtime.pid)).unwrap_or_default();
    let root = runtime.root().canonicalize().unwrap_or_default();
    ensure(folder == root, format!("it works in {}, and the task root is {}", folder.display(), root.display()))
}

fn handler_in_a_folder(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::start(trial, "folder/handler.echoes")?;
    if let Some(error) = runtime.wait_until_ready()? {
        return fails(format!("folder/handler.echoes cannot be loaded: {error}"));
    }
    ensure(runtime.respond("\"there\"")? == "there", "the event did not come back")
}

fn malformed_name(trial: &Trial<'_>) -> Verdict {
    for name in ["handler", "handler.", ".echoes", ""] {
        let error = init_error(trial, name)?;
        ensure_type(&error, "Runtime.MalformedHandlerName")?;
        ensure_message(&error, name)?;
    }
    Ok(())
}

fn missing_file(trial: &Trial<'_>) -> Verdict {
    let error = init_error(trial, "folder/missing.echoes")?;
    ensure_type(&error, "Runtime.ImportModuleError")?;
    ensure_message(&error, "missing")
}

fn syntax_error(trial: &Trial<'_>) -> Verdict {
    ensure_type(&init_error(trial, "broken.echoes")?, "Runtime.UserCodeSyntaxError")
}

fn no_such_function(trial: &Trial<'_>) -> Verdict {
    let error = init_error(trial, "handler.no_such_function")?;
    ensure_type(&error, "Runtime.HandlerNotFound")?;
    ensure_message(&error, "no_such_function")
}

fn exception(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::start(trial, "fails.echoes")?;
    let error = error_of_init(&mut runtime)?;
    let is_text = |name: &str| error[name].as_str().is_some_and(|text| !text.is_empty());
    ensure(is_text("errorType") && is_text("errorMessage"), "the error has no type or no message")?;
    let is_told = error.to_string().contains("no pears") || runtime.log()?.contains("no pears");
    ensure(is_told, "neither the error nor the log has what the code said, `no pears`")
}

fn exit(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::start(trial, "exits.echoes")?;
    let status = runtime.wait()?;
    ensure(status.code() != Some(0), "the status is 0")?;
    while let Ok(line) = runtime.line() {
        ensure(!line.has("ready"), "it says `ready`")?;
    }
    Ok(())
}

fn error_ends_the_process(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::start(trial, "handler.no_such_function")?;
    error_of_init(&mut runtime)?;
    ensure(runtime.wait()?.code() != Some(0), "the status is 0")?;
    runtime.ensure_nothing_follows()
}

fn prints_in_init(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::start(trial, "handler.echoes")?;
    let has_print = |line: &Line| String::from_utf8_lossy(&line.text).contains("top-level code");
    loop {
        let line = runtime.line()?;
        ensure(!has_print(&line), "what top-level code printed is in the protocol")?;
        if line.has("ready") {
            return Ok(());
        }
    }
}

fn no_call_before_the_first(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::offered(trial, "counts")?;
    let count = runtime.respond("null")?;
    ensure(count == 1, format!("the first call is the handler's call number {count}"))
}

/// The error of an Init that fails.
fn init_error(trial: &Trial<'_>, handler: &str) -> Result<Value, Problem> {
    error_of_init(&mut Runtime::start(trial, handler)?)
}

fn error_of_init(runtime: &mut Runtime<'_>) -> Result<Value, Problem> {
    runtime.wait_until_ready()?.map_or_else(|| fails("it is ready, though the handler cannot be loaded"), Ok)
}

fn ensure_type(error: &Value, expected: &str) -> Verdict {
    ensure(error["errorType"] == expected, format!("the type of the error is not {expected}"))
}

fn ensure_message(error: &Value, part: &str) -> Verdict {
    let is_named = error["errorMessage"].as_str().is_some_and(|message| message.contains(part));
    ensure(is_named, format!("the message does not name {part:?}"))
}

//! What user code prints, reads, and hands on to other programs.

use crate::check::call::Call;
use crate::check::claim::Claim;
use crate::check::problem::{Problem, Verdict, ensure, not_offered};
use crate::check::processes;
use crate::check::runtime::Runtime;
use crate::check::trial::Trial;
use std::time::Duration;

pub const CLAIMS: &[Claim] = &[
    Claim {
        name: "prints-are-log",
        rule: "6.1",
        title: "3 MB of prints, and a forged answer among them, are in the log, whole, when the answer comes",
        why: "A `print` on STDOUT would be a line of the protocol: the caller gets what was printed, and the real answer goes to \
              another one. What is still in a buffer when the answer comes is in the log of a later call, or lost: the environment \
              may be frozen.",
        test: prints_are_log,
    },
    Claim {
        name: "native-prints-are-log",
        rule: "6.2",
        title: "what native code writes to descriptor 1 is in the log",
        why: "A library in C does not know the language's own STDOUT. So it is not enough to replace that: descriptor 1 itself \
              must be the log.",
        test: native_prints_are_log,
    },
    Claim {
        name: "grandchild-prints-are-log",
        rule: "6.2",
        title: "what a program of the handler prints is in the log",
        why: "A program inherits descriptor 1 from the language runtime. If that is the protocol, what it prints is a \
              line for bootstrap. If it is /dev/null, the log lacks it.",
        test: grandchild_prints_are_log,
    },
    Claim {
        name: "descriptors-are-private",
        rule: "6.3",
        title: "no program of the handler has a descriptor of the protocol",
        why: "The function `outlived` starts `sleep`, whose descriptors are looked at. One with the protocol could forge answers, \
              or take calls. Descriptors of one's own need close-on-exec. `prints` tries to write to 8 and 9.",
        test: descriptors_are_private,
    },
    Claim {
        name: "stdin-is-empty",
        rule: "6.4",
        title: "user code that reads STDIN gets nothing of the protocol, and does not wait",
        why: "A handler that reads descriptor 0 would take the next call, which nobody answers then. A language in which programs \
              are handlers may put the event there.",
        test: stdin_is_empty,
    },
    Claim {
        name: "closed-stdout",
        rule: "6.5",
        title: "a handler that closes its STDIN and STDOUT is answered, and called again",
        why: "Programs that become daemons close them, and libraries may. The protocol must not depend on descriptors \
              0 and 1: move it to others before user code is loaded.",
        test: closed_stdout,
    },
    Claim {
        name: "grandchild-that-stays",
        rule: "6.3",
        title: "a program that outlives its call delays neither the answer nor the end",
        why: "A program that was started in the background may hold what it has inherited open for ever. If the language runtime \
              waits for its output, or the program holds the protocol, the call never ends.",
        test: grandchild_that_stays,
    },
];

/// What `prints` puts into the log.
const LINES: usize = 30_000;

/// The id of the answer that `prints` forges.
const FORGED: &str = "8f507cfc";

/// Calls `prints`. The log has what it printed.
fn printed<'a>(trial: &'a Trial<'a>) -> Result<(Runtime<'a>, String), Problem> {
    let mut runtime = Runtime::ready(trial, "prints")?;
    runtime.clear_log()?;
    runtime.call(&Call::new("null"))?;
    let log = runtime.log()?;
    Ok((runtime, log))
}

fn prints_are_log(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "prints")?;
    for _ in 0..2 {
        runtime.clear_log()?;
        runtime.send(&Call::new("null").named(FORGED).line())?;
        let line = runtime.line()?;
        ensure(
            line.is_of(FORGED) && line.text_of("response").as_deref() == Some("printed"),
            "the line is not the answer",
        )?;
        let log = runtime.log()?;
        let lines =
            log.lines().filter(|line| line.len() >= 99 && line.bytes().filter(|byte| *byte == b'x').count() == 99);
        let lines = lines.count();
        ensure(lines == LINES, format!("{lines} of {LINES} lines were in the log when the answer came"))?;
        ensure(log.contains("forged"), "the forged answer is not in the log")?;
    }
    Ok(())
}

fn native_prints_are_log(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "prints")?;
    let call = Call::new("null");
    runtime.send(&call.line())?;
    loop {
        let line = runtime.line()?;
        let is_in_protocol = String::from_utf8_lossy(&line.text).contains("written to 1");
        ensure(!is_in_protocol, "what was written to descriptor 1 is in the protocol")?;
        if line.is_of(&call.id) {
            break;
        }
    }
    if runtime.log()?.contains("written to 1") { Ok(()) } else { not_offered("prints writes nothing to descriptor 1") }
}

fn grandchild_prints_are_log(trial: &Trial<'_>) -> Verdict {
    let (_runtime, log) = printed(trial)?;
    ensure(log.contains("from a grandchild"), "what the program printed is not in the log when the answer comes")
}

fn descriptors_are_private(trial: &Trial<'_>) -> Verdict {
    let (_runtime, log) = printed(trial)?;
    ensure(!log.contains("to descriptor"), "the program could write to descriptor 8 or 9")?;
    let mut runtime = Runtime::ready(trial, "outlived")?;
    let pid = outlived(&mut runtime)?;
    let protocol = runtime.protocol();
    let has_one = || processes::descriptors(pid).into_iter().find(|descriptor| protocol.contains(descriptor));
    let closed = runtime.wait_until("an end of the protocol in the program", |_| Ok(has_one().is_none()));
    closed.or_else(|_| ensure(false, format!("the program has the protocol, {}, open", has_one().unwrap_or_default())))
}

/// The id of the process that the function has left running.
fn outlived(runtime: &mut Runtime<'_>) -> Result<i32, Problem> {
    let pid = runtime.respond("null")?;
    let pid = pid.as_f64().filter(|pid| *pid > 1.0).map(|pid| pid as i32);
    ensure(pid.is_some(), "the function `outlived` does not return the id of a process")?;
    Ok(pid.unwrap_or_default())
}

fn stdin_is_empty(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "reads")?;
    for event in ["\"first\"", "\"second\""] {
        let came = runtime.respond(event)?;
        ensure(came == "" || came == event.trim_matches('"'), format!("it has read {came}"))?;
    }
    Ok(())
}

fn closed_stdout(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::offered(trial, "closes")?;
    ensure(runtime.respond("null")? == "closed", "the response is not `closed`")?;
    runtime.call(&Call::new("null")).map(drop) // closing them again may be an error
}

fn grandchild_that_stays(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "outlived")?;
    let pid = outlived(&mut runtime)?;
    ensure(runtime.end()?.code() == Some(0), "the status is not 0")?;
    runtime.ensure_nothing_follows()?;
    std::thread::sleep(Duration::from_millis(20));
    ensure(!processes::descriptors(pid).is_empty(), "the program was ended with the language runtime")
}

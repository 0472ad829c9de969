//! SIGTERM, the end of STDIN, exits, and what a runtime uses.

use crate::check::call::Call;
use crate::check::claim::Claim;
use crate::check::problem::{Problem, Verdict, ensure, fails, not_offered};
use crate::check::processes;
use crate::check::runtime::{Runtime, Start, error_of};
use crate::check::trial::Trial;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

pub const CLAIMS: &[Claim] = &[
    Claim {
        name: "sigterm-is-a-timeout",
        rule: "7.1",
        title: "SIGTERM in a call stops the handler, which cleans up, and the error is Function.Timeout",
        why: "SIGTERM comes shortly before the deadline: the last chance to close a transaction and to say where the time went. \
              Without it the handler is killed. The handler `stuck` prints `finally` when it is stopped.",
        test: sigterm_is_a_timeout,
    },
    Claim {
        name: "sigterm-shows-the-stack",
        rule: "7.1",
        title: "the error of a timeout says where the handler was stuck",
        why: "It is what people need to find out why a function times out. An exception that is made where the handler is has that \
              stack; one that is made in the signal's handler may not. It is skipped if the stack is empty.",
        test: sigterm_shows_the_stack,
    },
    Claim {
        name: "sigterm-in-time",
        rule: "7.2",
        title: "a response after SIGTERM counts",
        why: "A handler may return what it has so far, and bootstrap hands it on until the deadline. So the language \
              runtime must not answer with the error before the handler has ended.",
        test: sigterm_in_time,
    },
    Claim {
        name: "call-after-a-timeout",
        rule: "7.3",
        title: "after a timeout the same process serves the next call",
        why: "Otherwise the next caller waits for a cold start. What usually goes wrong is a flag that stays set, or a loop that \
              ends with the exception.",
        test: call_after_a_timeout,
    },
    Claim {
        name: "sigterm-between-calls",
        rule: "7.4",
        title: "SIGTERM and the end of STDIN between calls end it with status 0",
        why: "That is the Shutdown phase. It has 300 ms, and then the process is killed. A SIGTERM that ends the process with its \
              default action runs no exit handlers.",
        test: sigterm_between_calls,
    },
    Claim {
        name: "late-sigterm",
        rule: "7.5",
        title: "a SIGTERM just behind the answer of a call that was nearly late is ignored",
        why: "The signal and the answer may cross. A process that ends then costs the next caller a cold start. SLSGRACE says how \
              long before the deadline the signal comes; here it is 60 s, and the call has 50 s left.",
        test: late_sigterm,
    },
    Claim {
        name: "end-of-file",
        rule: "7.6",
        title: "the end of STDIN ends it with status 0, before the first call as well",
        why: "bootstrap closes STDIN in the Shutdown phase. A reader that returns an empty line at the end of file loops for ever.",
        test: end_of_file,
    },
    Claim {
        name: "end-of-file-in-a-call",
        rule: "7.6",
        title: "a call that is open at the end of STDIN is answered first",
        why: "The environment may be shut down while the answer is being made. The response of 1 MB does not fit into the pipe, so \
              that an exit too early cuts it off.",
        test: end_of_file_in_a_call,
    },
    Claim {
        name: "exit-in-a-call",
        rule: "7.7",
        title: "a handler that exits with status 3 ends the process with it, and gives no response",
        why: "bootstrap sees the end, and reports Runtime.ExitError with the status. A language that runs each handler in a process \
              of its own may answer with an error instead.",
        test: exit_in_a_call,
    },
    Claim {
        name: "idle",
        rule: "7.8",
        title: "a runtime without a call uses no processor time",
        why: "A loop that looks for input all the time takes processor time from extensions, and from what runs beside it on \
              Managed Instances. It may use 50 ms in a second.",
        test: idle,
    },
    Claim {
        name: "memory",
        rule: "7.8",
        title: "over 10,000 calls memory grows by less than 16 MB, and descriptors do not grow",
        why: "An environment lives for hours. What is kept of each call, such as an entry of a table by its id, adds up until Lambda \
              kills it. The claim makes as many calls as fit into 8 s.",
        test: memory,
    },
];

/// In which a process has to end that nothing keeps.
const AT_ONCE: Duration = Duration::from_secs(5);
/// What a call has left when SIGTERM comes, about.
const LEFT_MS: u64 = 300;
const MEMORY_KB: u64 = 16 << 10;
const TIME_FOR_CALLS: Duration = Duration::from_secs(8);

/// Sends a call, and SIGTERM when its handler waits.
pub fn interrupt(runtime: &mut Runtime<'_>, call: Call) -> Result<Call, Problem> {
    runtime.clear_log()?;
    let call = call.with_time_left(LEFT_MS);
    runtime.send(&call.line())?;
    runtime.wait_for_log("begun")?;
    runtime.wait_until_it_sleeps()?;
    runtime.signal(libc::SIGTERM);
    Ok(call)
}

/// The error of a call of `stuck` that SIGTERM stops.
fn timeout(runtime: &mut Runtime<'_>) -> Result<Value, Problem> {
    let call = interrupt(runtime, Call::new("null"))?;
    error_of(&runtime.line_of(&call.id)?)
}

fn sigterm_is_a_timeout(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "stuck")?;
    let error = timeout(&mut runtime)?;
    ensure(error["errorType"] == "Function.Timeout", "the type of the error is not Function.Timeout")?;
    runtime.wait_for_log("finally")
}

fn sigterm_shows_the_stack(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "stuck")?;
    let error = timeout(&mut runtime)?;
    let Some(stack) = error["stackTrace"].as_array() else { return fails("`stackTrace` is not an array") };
    let stack: String = stack.iter().filter_map(Value::as_str).collect();
    if stack.is_empty() {
        return not_offered("the stack is empty");
    }
    ensure(stack.contains("handler."), "the stack does not have the handler's file")
}

fn sigterm_in_time(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::offered(trial, "in_time")?;
    for _ in 0..2 {
        let call = interrupt(&mut runtime, Call::new("null"))?;
        let line = runtime.line_of(&call.id)?;
        ensure(line.text_of("response").as_deref() == Some("in time"), "the answer is not what the handler returned")?;
    }
    Ok(())
}

fn call_after_a_timeout(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "stuck")?;
    (0..3).try_for_each(|_| timeout(&mut runtime).map(drop))
}

fn sigterm_between_calls(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "echoes")?;
    runtime.respond(1)?;
    runtime.wait_until_it_sleeps()?;
    runtime.signal(libc::SIGTERM);
    ends_at_once(&mut runtime)
}

/// Closes STDIN.
fn ends_at_once(runtime: &mut Runtime<'_>) -> Verdict {
    let began = Instant::now();
    let status = runtime.end()?;
    ensure(status.code() == Some(0), "the status is not 0")?;
    ensure(began.elapsed() < AT_ONCE, format!("it took {:?} to end", began.elapsed()))?;
    runtime.ensure_nothing_follows()
}

fn late_sigterm(trial: &Trial<'_>) -> Verdict {
    let with_grace = Start { variables: &[("SLSGRACE", "60000")], ..Start::default() };
    let mut runtime = Runtime::ready_as(trial, "echoes", with_grace)?;
    for number in 0..5 {
        let call = Call::new(number.to_string()).with_time_left(50_000);
        ensure(runtime.response(&call)? == number, "the event did not come back")?;
        runtime.signal(libc::SIGTERM);
        runtime.wait_until("the signal's end", |runtime| Ok(processes::has_taken_signals(runtime.pid)))?;
    }
    ensure(runtime.respond("\"last\"")? == "last", "the event did not come back")
}

fn end_of_file(trial: &Trial<'_>) -> Verdict {
    for calls in 0..2 {
        let mut runtime = Runtime::ready(trial, "echoes")?;
        (0..calls).try_for_each(|number| runtime.respond(number).map(drop))?;
        ends_at_once(&mut runtime)?;
    }
    Ok(())
}

fn end_of_file_in_a_call(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "echoes")?;
    let text = "x".repeat(1_000_000);
    let call = Call::new(json!(text).to_string());
    runtime.send(&call.line())?;
    runtime.close_stdin();
    runtime.wait_until_it_sleeps()?; // in a write: nobody reads yet
    let line = runtime.line_of(&call.id)?;
    ensure(line.text_of("response") == Some(text), "the event did not come back")?;
    ensure(runtime.wait()?.code() == Some(0), "the status is not 0")?;
    runtime.ensure_nothing_follows()
}

fn exit_in_a_call(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "exits")?;
    let call = Call::new("null");
    runtime.send(&call.line())?;
    while let Ok(line) = runtime.line() {
        ensure(!line.has("response"), "a call whose handler has exited has a response")?;
        if line.is_of(&call.id) && line.has("error") {
            return Ok(());
        }
    }
    ensure(runtime.wait()?.code() == Some(3), "the status is not that of the handler, 3")
}

fn idle(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "echoes")?;
    runtime.respond(1)?;
    ensure(runtime.is_silent(Duration::from_millis(300))?, "a line comes without a call")?; // garbage is collected meanwhile
    let before = processes::cpu_time(runtime.pid);
    ensure(runtime.is_silent(Duration::from_secs(1))?, "a line comes without a call")?;
    let used = processes::cpu_time(runtime.pid) - before;
    ensure(used <= Duration::from_millis(50), format!("it has used {used:?} of the processor in a second"))
}

fn memory(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "echoes")?;
    let began = Instant::now();
    let calls = |runtime: &mut Runtime<'_>, count, time| {
        let in_time = (0..count).take_while(|_| began.elapsed() < time);
        in_time.map(|number| runtime.respond(json!({"n": number}))).try_fold(0, |done, came| came.map(|_| done + 1))
    };
    calls(&mut runtime, 1000, TIME_FOR_CALLS / 4)?;
    runtime.wait_until_it_sleeps()?;
    let (held, open) = (processes::resident_kb(runtime.pid), processes::descriptors(runtime.pid).len());
    let done = calls(&mut runtime, 10_000, TIME_FOR_CALLS)?;
    let grown = processes::resident_kb(runtime.pid).saturating_sub(held);
    ensure(grown < MEMORY_KB, format!("memory has grown by {grown} KB over {done} calls"))?;
    let more = |runtime: &Runtime<'_>| processes::descriptors(runtime.pid).len().saturating_sub(open);
    let closed = Instant::now() + Duration::from_secs(1); // an answer comes before what it took is closed
    while more(&runtime) > 0 && Instant::now() < closed {
        ensure(runtime.is_silent(Duration::from_millis(20))?, "a line comes without a call")?;
    }
    let more = more(&runtime);
    ensure(more == 0, format!("{more} more descriptors are open after {done} calls"))
}

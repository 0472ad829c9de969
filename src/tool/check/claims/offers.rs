//! What else a runtime may offer: a debugger, and hooks around a snapshot.

use crate::check::call::Call;
use crate::check::claim::Claim;
use crate::check::problem::{Verdict, ensure, fails, not_offered};
use crate::check::runtime::{Runtime, Start};
use crate::check::trial::Trial;
use serde_json::json;
use std::net::TcpListener;

pub const CLAIMS: &[Claim] = &[
    Claim {
        name: "debugger-absent",
        rule: "9.1 9.2",
        title: "a call that asks for a debugger where none listens is served in its time",
        why: "The debugger may have been closed. The language runtime tries for half of the time that is left, and then goes on \
              without one. One that has no debugger ignores the member.",
        test: debugger_absent,
    },
    Claim {
        name: "hooks",
        rule: "10.1",
        title: "the two lines of SnapStart are answered with null, and calls work behind them",
        why: "`\"hooks\":true` in `ready` asks for them. A snapshot waits for the first answer, and the first call for \
              the second. A language runtime that knows no hooks takes such a line for a call without an event.",
        test: hooks,
    },
];

fn debugger_absent(trial: &Trial<'_>) -> Verdict {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let port = port.or_else(|why| fails(format!("cannot find a port: {why}")))?.port(); // nothing listens there any more
    let mut runtime = Runtime::ready(trial, "echoes")?;
    let debugger = json!({"host": "127.0.0.1", "port": port, "break": false});
    for event in ["\"first\"", "\"second\""] {
        let call = Call::new(event).with_time_left(2000).with("debug", &debugger);
        ensure(runtime.response(&call)? == event.trim_matches('"'), "the event did not come back")?;
    }
    ensure(runtime.respond("\"last\"")? == "last", "a call without a debugger is not served")
}

fn hooks(trial: &Trial<'_>) -> Verdict {
    let snap_start = Start { variables: &[("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")], ..Start::default() };
    let mut runtime = Runtime::ready_as(trial, "echoes", snap_start)?;
    if !runtime.is_ready_with("hooks") {
        return not_offered("`ready` has no hooks");
    }
    for hook in ["before-snapshot", "after-restore"] {
        runtime.send(format!("{{\"id\":\"{hook}\",\"hook\":\"{hook}\",\"input\":null}}\n").as_bytes())?;
        let line = runtime.line_of(hook)?;
        ensure(line.raw("response") == Some("null"), format!("the answer to {hook} is not `response` with null"))?;
    }
    ensure(runtime.respond("\"next\"")? == "next", "the call behind the hooks is not served")
}

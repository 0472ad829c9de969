//! Calls: the event, the context, and how the lines may arrive.

use crate::check::call::{ARN, Call};
use crate::check::claim::Claim;
use crate::check::problem::{Verdict, ensure, not_offered};
use crate::check::runtime::{Runtime, Start};
use crate::check::trial::Trial;
use crate::check::values::{is_absent, same};
use serde_json::{Value, json};
use std::time::Duration;

pub const CLAIMS: &[Claim] = &[
    Claim {
        name: "events-come-back",
        rule: "4.1",
        title: "events of all types arrive and come back unchanged",
        why: "The function `echoes` returns its event. A text with a member name of the protocol, an empty name, or a value \
              that is false in the language are what usually goes wrong. `{}` and `[]` may be the same, and so may 1 and 1.0.",
        test: events_come_back,
    },
    Claim {
        name: "nothing-is-null",
        rule: "5.1",
        title: "the response of a function that returns nothing is null",
        why: "An answer needs a `response` or an `error`; bootstrap fails the call without one of them. Many writers \
              of JSON leave out a member that is nil, and what a language returns instead of nothing may be the value \
              of the last statement.",
        test: nothing_is_null,
    },
    Claim {
        name: "state-lasts",
        rule: "4.7",
        title: "what user code keeps in the process is there in the next call",
        why: "Functions keep connections and caches from call to call. The function `counts` returns how often it was \
              called. It is left out where each call has a process of its own.",
        test: state_lasts,
    },
    Claim {
        name: "same-process",
        rule: "4.7",
        title: "calls are made in one process",
        why: "A process for each call costs its start, and keeps no connections. The function `pid` returns the id of its \
              process; where there is none, as in sh, each call may have a process of its own.",
        test: same_process,
    },
    Claim {
        name: "unknown-members",
        rule: "2.2",
        title: "members that the runtime does not know are ignored, in the line and in the context",
        why: "That is how the protocol grows: a newer bootstrap may send more. A check for known members is the usual \
              cause, or a name that is looked for in the whole line.",
        test: unknown_members,
    },
    Claim {
        name: "context-members",
        rule: "4.2",
        title: "the context has the id, the ARN, the tenant, and what Lambda says in the environment",
        why: "The function `context` returns requestId, arn, tenant and trace from the line, and name, version, memory, group \
              and stream from the variables AWS_LAMBDA_…. Frameworks read them.",
        test: context_members,
    },
    Claim {
        name: "absent-members",
        rule: "4.2",
        title: "of the context only `requestId` is always there",
        why: "Lambda sends the tenant, the trace, the client context and the identity only to functions that have them. A \
              member that is read without a look at whether it is there fails the call, or shows the value of the call before.",
        test: absent_members,
    },
    Claim {
        name: "client-context-cannot-forge",
        rule: "4.3",
        title: "what the caller sends cannot pass for what Lambda says",
        why: "The caller chooses the event, the client context and the identity. Names in them such as requestId or traceId must \
              stay theirs. The usual cause is a search in the whole line instead of the part before `clientContext`.",
        test: client_context_cannot_forge,
    },
    Claim {
        name: "trace-id",
        rule: "4.4",
        title: "_X_AMZN_TRACE_ID is in the environment of user code during the call",
        why: "AWS's SDKs and X-Ray read it there, and a process that the function starts must inherit it. bootstrap \
              cannot set it: the environment belongs to the process. The usual cause is a copy of the environment that \
              the language makes at its start.",
        test: trace_id,
    },
    Claim {
        name: "trace-id-changes",
        rule: "4.4",
        title: "each call has its own trace id, and a call without one has none",
        why: "A trace id that stays from the call before sends spans to the wrong trace. The usual cause is code that \
              sets the variable if there is an id, and does not remove it if there is none.",
        test: trace_id_changes,
    },
    Claim {
        name: "remaining-time",
        rule: "4.5",
        title: "the remaining time comes from `deadlineMs`, and is not negative",
        why: "`deadlineMs` counts from 1970, in milliseconds. Functions stop their work by it. A unit of seconds, or a clock that \
              does not count from 1970, is the usual cause.",
        test: remaining_time,
    },
    Claim {
        name: "byte-by-byte",
        rule: "2.3",
        title: "a line that arrives byte by byte is one line",
        why: "A pipe keeps no borders of writes. A large event comes in pieces of 64 KiB, and a piece may end within a \
              character. A read that is taken for a line is the usual cause.",
        test: byte_by_byte,
    },
    Claim {
        name: "two-calls-in-one-write",
        rule: "2.3",
        title: "lines that arrive together are all answered",
        why: "bootstrap sends the next call while others are open, if `concurrency` allows it. A reader that drops what is behind \
              the first line of a read loses a call.",
        test: two_calls_in_one_write,
    },
    Claim {
        name: "non-blocking-pipes",
        rule: "2.5",
        title: "no data is lost if the ends of the pipes do not block",
        why: "A flag of the pipe belongs to all that have it open, so another process may have set it. A read then returns EAGAIN \
              where it would wait, and a write a part of the line. Neither is the end.",
        test: non_blocking_pipes,
    },
    Claim {
        name: "slow-reader",
        rule: "2.5",
        title: "a line is whole though its reader is slow",
        why: "bootstrap may be busy when an answer comes. A pipe takes 64 KiB, and a write may take only a part of the line. \
              The rest must be written, and nothing else before it.",
        test: slow_reader,
    },
];

fn events_come_back(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "echoes")?;
    let events = [
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(-1.5e-7),
        json!(""),
        json!({}),
        json!([]),
        json!({"": [null, {"a": []}], "b": false}),
        json!("quote \" backslash \\ slash / tab \t line feed \n carriage return \r DEL \x7f"),
        json!("separators \u{2028} \u{2029}, é, 漢字, 😀"),
        json!({"id": "not the id", "response": "not the response"}),
    ];
    for event in events {
        let came = runtime.respond(&event)?;
        ensure(same(&event, &came), format!("the event {event} came back as {came}"))?;
    }
    Ok(())
}

fn nothing_is_null(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "nothing")?;
    let line = runtime.call(&Call::new("1"))?;
    ensure(line.raw("response") == Some("null"), "the answer has no `response` that is null")
}

fn state_lasts(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::offered(trial, "counts")?;
    let first = runtime.respond("null")?.as_u64().unwrap_or(0);
    for next in first + 1..first + 4 {
        ensure(runtime.respond("null")? == next, format!("the handler does not return {next}"))?;
    }
    Ok(())
}

fn same_process(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::offered(trial, "pid")?;
    let (first, second) = (runtime.respond("null")?, runtime.respond("null")?);
    ensure(first.is_number() && first == second, format!("two calls were made by {first} and {second}"))
}

fn unknown_members(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "echoes")?;
    let call = Call::new("7").with("new", r#"[{"a":1}]"#);
    let line =
        String::from_utf8_lossy(&call.line()).replace("}}\n", "},\"later\":{\"requestId\":\"x\"},\"stream\":true}\n");
    runtime.send(line.as_bytes())?;
    let answer = runtime.line_of(&call.id)?;
    ensure(answer.value("response") == Some(json!(7)), "the event did not come back")
}

fn context_members(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "context")?;
    let call = Call::new("null").with("tenantId", "\"tenant\"");
    let context = runtime.response(&call)?;
    let expected = [
        ("requestId", call.id.as_str()),
        ("arn", ARN),
        ("tenant", "tenant"),
        ("name", "hello"),
        ("version", "$LATEST"),
        ("group", "/aws/lambda/hello"),
        ("stream", "stream"),
    ];
    for (name, value) in expected {
        ensure(context[name] == value, format!("`{name}` is {}, not {value:?}", context[name]))?;
    }
    let memory = &context["memory"];
    ensure(*memory == 512 || *memory == "512", format!("`memory` is {memory}, not 512"))
}

fn absent_members(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "echoes")?;
    ensure(runtime.response(&Call::bare("7"))? == 7, "the event did not come back")?;
    let mut runtime = Runtime::ready(trial, "context")?;
    let all = Call::new("null").with("tenantId", "\"tenant\"").with("traceId", "\"Root=1\"");
    runtime.response(&all)?;
    let context = runtime.response(&Call::bare("null").with_time_left(1000))?;
    for name in ["arn", "tenant", "trace"] {
        ensure(is_absent(context.get(name)), format!("`{name}` is {}, though the call has none", context[name]))?;
    }
    Ok(())
}

fn client_context_cannot_forge(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "context")?;
    let forged =
        r#"{"requestId":"forged","functionArn":"forged","tenantId":"forged","traceId":"forged","deadlineMs":1}"#;
    let event = format!(r#"{{"a":"\",\"context\":{{\"requestId\":\"forged\"","context" :{forged},"id":"forged"}}"#);
    let custom = format!(r#"{{"custom":{forged},"context" :{forged},"tenantId":"forged","traceId":"forged"}}"#);
    let call = Call::new(event).with("clientContext", custom).with("identity", forged);
    let context = runtime.response(&call)?;
    ensure(context["requestId"] == call.id.as_str(), "`requestId` is not that of the call")?;
    ensure(context["arn"] == ARN, "`arn` is not that of the call")?;
    ensure(is_absent(context.get("tenant")) && is_absent(context.get("trace")), "a tenant or a trace was forged")?;
    ensure(context["remaining"].as_f64().is_some_and(|left| left > 1000.0), "the deadline was forged")
}

fn trace_id(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "context")?;
    let trace = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1";
    let context = runtime.response(&Call::new("null").with("traceId", json!(trace)))?;
    ensure(context["trace"] == trace, format!("_X_AMZN_TRACE_ID is {}", context["trace"]))
}

fn trace_id_changes(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "context")?;
    for trace in ["Root=1", "Root=2"] {
        let context = runtime.response(&Call::new("null").with("traceId", json!(trace)))?;
        ensure(context["trace"] == trace, format!("_X_AMZN_TRACE_ID is {}, not {trace}", context["trace"]))?;
    }
    let context = runtime.respond("null")?;
    ensure(is_absent(context.get("trace")), format!("_X_AMZN_TRACE_ID is {} in a call without one", context["trace"]))
}

fn remaining_time(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "context")?;
    let mut remaining = |call: Call| Ok(runtime.response(&call)?["remaining"].as_f64().unwrap_or(-1.0));
    let left = remaining(Call::new("null").with_time_left(60_000))?;
    ensure(left > 30_000.0 && left <= 60_000.0, format!("60 s before the deadline it is {left} ms"))?;
    let left = remaining(Call::new("null").with("deadlineMs", 1))?;
    ensure(left == 0.0, format!("after the deadline it is {left} ms"))
}

fn byte_by_byte(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "echoes")?;
    let call = Call::bare("\"é😀\"");
    for byte in call.line() {
        runtime.send_quietly(&[byte])?;
        runtime.wait_until_it_sleeps()?; // it has read the byte
    }
    let answer = runtime.line_of(&call.id)?;
    ensure(answer.text_of("response").as_deref() == Some("é😀"), "the event did not come back")
}

fn two_calls_in_one_write(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "echoes")?;
    if runtime.concurrency() < 2 {
        return not_offered("the concurrency is 1, so one call is open at a time");
    }
    let calls = [Call::new("1"), Call::new("2")];
    runtime.send(&calls.each_ref().map(Call::line).concat())?;
    let mut answers = [runtime.line()?, runtime.line()?];
    answers.sort_by_key(|line| line.value("response").as_ref().and_then(Value::as_u64));
    let is_right = calls.iter().zip(&answers).all(|(call, line)| line.is_of(&call.id));
    ensure(is_right, "the two answers are not those of the two calls")
}

fn non_blocking_pipes(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready_as(trial, "echoes", Start { is_nonblocking: true, ..Start::default() })?;
    runtime.wait_until_it_sleeps()?; // in a read
    comes_slowly(&mut runtime)?;
    ensure(runtime.end()?.code() == Some(0), "the status is not 0")
}

fn slow_reader(trial: &Trial<'_>) -> Verdict {
    comes_slowly(&mut Runtime::ready(trial, "echoes")?)
}

/// Reads two answers of 1 MB after the runtime has had to wait.
fn comes_slowly(runtime: &mut Runtime<'_>) -> Verdict {
    let text = "é".repeat(500_000);
    for _ in 0..2 {
        let call = Call::new(format!("\"{text}\""));
        runtime.send(&call.line())?;
        runtime.wait_until_it_sleeps()?; // in a write
        std::thread::sleep(Duration::from_millis(100));
        let answer = runtime.line_of(&call.id)?;
        ensure(answer.text_of("response").as_deref() == Some(&text), "the text did not come back")?;
    }
    Ok(())
}

//! Answers: responses, errors, and how many there are.

use crate::check::call::Call;
use crate::check::claim::Claim;
use crate::check::problem::{Verdict, ensure, not_offered};
use crate::check::runtime::{Runtime, error_of};
use crate::check::trial::Trial;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

pub const CLAIMS: &[Claim] = &[
    Claim {
        name: "error-has-its-members",
        rule: "5.2",
        title: "an exception is an error with type, message and stack, and the stack has the handler's file",
        why: "The caller gets the error as it is, and the log is made from it. Frames of the language runtime in the stack hide \
              the user's own. A language without stacks has an empty one.",
        test: error_has_its_members,
    },
    Claim {
        name: "error-of-that-call-only",
        rule: "5.3",
        title: "after an error the same process serves the next call",
        why: "bootstrap hands the error on and sends the next call to the same process. Starting another one costs a \
              cold start. An exception that leaves the loop is the usual cause.",
        test: error_of_that_call_only,
    },
    Claim {
        name: "marshal-error",
        rule: "5.4",
        title: "a result that JSON cannot hold is Runtime.MarshalError",
        why: "A function returns a file, a function, not-a-number, or an object that contains itself. The writer fails after the \
              handler has returned, often outside of what catches the handler's exceptions. NaN in a line is no JSON.",
        test: marshal_error,
    },
    Claim {
        name: "error-with-odd-text",
        rule: "5.2 2.1",
        title: "a message with quotes, line feeds and other scripts is still one line of JSON",
        why: "Messages quote what the caller sent. One that is put into the line without escapes lets the caller write lines of \
              the protocol.",
        test: error_with_odd_text,
    },
    Claim {
        name: "errors-are-no-log",
        rule: "5.6",
        title: "a call that fails writes nothing to the log",
        why: "bootstrap logs each failure once, in one form for all languages, as far as SLSLOGERRORS allows. What the \
              language runtime prints is there twice, and cannot be hidden.",
        test: errors_are_no_log,
    },
    Claim {
        name: "answers-are-single-lines",
        rule: "2.1",
        title: "each line is one JSON object, whatever the response holds",
        why: "A line feed ends the line, so it must be escaped in a text, and no writer may indent. Other separators \
              of lines, such as U+2028, do not end it, but the functions for lines of some languages split there.",
        test: answers_are_single_lines,
    },
    Claim {
        name: "one-answer-each",
        rule: "5.1",
        title: "1,000 calls have 1,000 answers, each with the id of its call",
        why: "bootstrap takes a second answer for a broken protocol, and starts another process. The usual cause is a \
              handler whose exception is reported after its response was written. The claim tries as many of the calls \
              as fit into 5 s.",
        test: one_answer_each,
    },
    Claim {
        name: "calls-at-once",
        rule: "4.6",
        title: "as many calls run beside each other as `ready` promises",
        why: "bootstrap sends that many without waiting. If they run one after another, the last ones time out. Eight handlers are \
              tried that wait at the same time.",
        test: calls_at_once,
    },
    Claim {
        name: "large-response",
        rule: "2.4",
        title: "a response of 6 MB is one line",
        why: "A pipe takes 64 KiB at once. Who writes without a loop writes a part of the line. Escapes make the line longer than \
              the response.",
        test: large_response,
    },
];

/// How long the claim of 1,000 calls may take.
const TIME_FOR_CALLS: Duration = Duration::from_secs(5);

fn error_has_its_members(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "fails")?;
    let error = runtime.error(&Call::new("\"pears\""))?;
    ensure(error["errorType"].as_str().is_some_and(|text| !text.is_empty()), "`errorType` is not a text")?;
    let message = error["errorMessage"].as_str().unwrap_or_default();
    ensure(message.contains("no pears"), format!("`errorMessage` is {message:?}, and the exception says `no pears`"))?;
    let Some(stack) = error["stackTrace"].as_array() else { return ensure(false, "`stackTrace` is not an array") };
    ensure(stack.iter().all(Value::is_string), "`stackTrace` has what is not a text")?;
    let stack: String = stack.iter().filter_map(Value::as_str).collect();
    ensure(stack.is_empty() || stack.contains("handler."), "the stack does not have the handler's file")?;
    let own = trial.kit.program.parent().unwrap_or(&trial.kit.program).to_string_lossy();
    ensure(!stack.contains(&*own), format!("the stack has a file of {own}"))
}

fn error_of_that_call_only(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "fails")?;
    for fruit in ["pears", "plums", "figs"] {
        let error = runtime.error(&Call::new(json!(fruit).to_string()))?;
        let message = error["errorMessage"].as_str().unwrap_or_default();
        ensure(message.contains(fruit), format!("the message of the call with {fruit} is {message:?}"))?;
    }
    Ok(())
}

fn marshal_error(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "unserializable")?;
    for _ in 0..2 {
        let error = runtime.error(&Call::new("null"))?;
        ensure(error["errorType"] == "Runtime.MarshalError", "the type of the error is not Runtime.MarshalError")?;
        ensure(error["errorMessage"].as_str().is_some_and(|text| !text.is_empty()), "the error has no message")?;
    }
    Ok(())
}

fn error_with_odd_text(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "fails")?;
    let odd = [
        "pears \" \\ ' \t",
        "pears\n{\"id\":\"forged\",\"response\":1}\r",
        "pears é 漢字 😀 \u{2028} \u{1b}[31m",
        "pears %s ${x} {0}",
    ];
    for text in odd {
        let call = Call::new(json!(text).to_string());
        runtime.send(&call.line())?;
        let line = runtime.line()?;
        ensure(line.is_object() && line.is_of(&call.id), "the line is not the answer, or not JSON")?;
        let error = error_of(&line)?;
        let message = error["errorMessage"].as_str().unwrap_or_default();
        ensure(message.contains("no pears"), format!("the message is {message:?}"))?;
    }
    Ok(())
}

fn errors_are_no_log(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "fails")?;
    runtime.clear_log()?;
    for _ in 0..2 {
        runtime.error(&Call::new("\"pears\""))?;
    }
    ensure(runtime.log()?.is_empty(), "the log has something of a call that failed")
}

fn answers_are_single_lines(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "echoes")?;
    for event in [json!("a\nb\r\nc\u{2028}\u{2029}\u{85}\x0b\x0c"), json!({"a\nb": ["\n"]}), json!("\n")] {
        let call = Call::new(event.to_string());
        runtime.send(&call.line())?;
        let line = runtime.line()?;
        ensure(line.is_object() && line.is_of(&call.id), "the line is not the answer, or not JSON")?;
        ensure(line.value("response").as_ref() == Some(&event), "the event did not come back")?;
    }
    let call = Call::new("{ \"a\" : [ 1 ,\t2 ] }");
    runtime.send(&call.line())?;
    let line = runtime.line()?;
    ensure(line.value("response") == Some(json!({"a": [1, 2]})), "an event with blanks did not come back")
}

fn one_answer_each(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "echoes")?;
    let began = Instant::now();
    for number in (0..1000).take_while(|_| began.elapsed() < TIME_FOR_CALLS) {
        let call = Call::new(number.to_string());
        runtime.send(&call.line())?;
        let line = runtime.line()?;
        let is_right = line.is_of(&call.id) && line.value("response") == Some(json!(number));
        ensure(is_right, format!("the line behind call {number} is not its answer"))?;
    }
    ensure(runtime.is_silent(Duration::from_millis(100))?, "a line follows the last answer")
}

fn calls_at_once(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "stuck")?;
    let at_once = runtime.concurrency().min(8);
    if at_once < 2 {
        return not_offered("the concurrency is 1");
    }
    let calls: Vec<_> = (0..at_once).map(|_| Call::new("null").with_time_left(10_000)).collect();
    calls.iter().try_for_each(|call| runtime.send(&call.line()))?;
    let all_run = |runtime: &mut Runtime<'_>| Ok(runtime.log()?.matches("begun").count() as u64 == at_once);
    runtime.wait_until(&format!("{at_once} times `begun` in the log"), all_run)?;
    runtime.signal(libc::SIGTERM);
    let mut open: BTreeSet<_> = calls.iter().map(|call| call.id.clone()).collect();
    while !open.is_empty() {
        let line = runtime.line()?;
        let is_new = line.text_of("id").is_some_and(|id| open.remove(&id));
        ensure(is_new, "a line has not the id of an open call")?;
    }
    Ok(())
}

fn large_response(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "echoes")?;
    for text in ["x".repeat(6_000_000), "é".repeat(2_900_000)] {
        let came = runtime.respond(json!(text))?;
        ensure(came == text.as_str(), "the text did not come back")?;
    }
    Ok(())
}

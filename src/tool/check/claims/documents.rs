//! Unusual documents. Each is valid JSON, or what can reach a language runtime in spite of bootstrap. It comes back, or fails
//! its own call, and the next call is served by the same process.

use crate::check::call::Call;
use crate::check::claim::Claim;
use crate::check::line::Line;
use crate::check::problem::{Problem, Verdict, ensure, fails};
use crate::check::runtime::Runtime;
use crate::check::trial::Trial;
use serde_json::{Value, json};

pub const CLAIMS: &[Claim] = &[
    Claim {
        name: "large-event",
        rule: "2.4",
        title: "an event of 5.5 MB comes back, twice, and small ones do after it",
        why: "Lambda allows 6 MB in both directions. A reader that searches the whole buffer again for each piece takes time that \
              grows with the square, and one that keeps its buffer is slow, or wrong, afterwards.",
        test: large_event,
    },
    Claim {
        name: "long-strings",
        rule: "4.1",
        title: "a long text comes back, wherever it has what JSON escapes",
        why: "Readers and writers work in pieces of 64 KiB. An escape, or a character of several bytes, at the end of a piece is \
              where they go wrong.",
        test: long_strings,
    },
    Claim {
        name: "deep-document",
        rule: "5.5",
        title: "an event of 500 levels comes back, and one of 100,000 does not end the process",
        why: "Whoever calls the function can nest as deep as he likes. A parser that calls itself for each level overflows the \
              stack, and takes the calls of others with it. Set a limit, and report Runtime.UnmarshalError.",
        test: deep_document,
    },
    Claim {
        name: "long-numbers",
        rule: "5.5",
        title: "numbers that the language does not have come back near to what they were, or fail their call",
        why: "1e999 is infinite in most languages, and infinity is no JSON: a line with it is no answer. A number of \
              5,000 digits is an exception in some. Both must become the error of the call.",
        test: long_numbers,
    },
    Claim {
        name: "lone-surrogates",
        rule: "5.5",
        title: "half of a surrogate pair fails its own call at most",
        why: "JSON can hold half of a pair as an escape, UTF-8 cannot. It is often the writer of the response that fails, too late \
              for an answer.",
        test: lone_surrogates,
    },
    Claim {
        name: "duplicate-members",
        rule: "5.5",
        title: "of members of the same name, the last one counts",
        why: "Most parsers have it so. With another one a check of the event before the handler sees another value than the \
              handler.",
        test: duplicate_members,
    },
    Claim {
        name: "many-escapes",
        rule: "5.5",
        title: "200,000 escapes in a text come back",
        why: "A regular expression that calls itself for each escape overflows the stack. A text that is built by one \
              character at a time takes time that grows with the square. Whoever calls the function chooses the text.",
        test: many_escapes,
    },
    Claim {
        name: "nul-and-controls",
        rule: "4.1",
        title: "NUL and the other control characters come back, in texts and in names",
        why: "NUL ends a text in C. The others must be escaped in the response: a line feed would end the line. U+2028 \
              and its like are text as any other.",
        test: nul_and_controls,
    },
    Claim {
        name: "not-utf8",
        rule: "5.5",
        title: "an event that is not UTF-8 fails its own call at most",
        why: "A reader that decodes the whole line with an exception for wrong bytes ends the loop, and the process. Decode \
              behind the place where a failure becomes the answer of a call.",
        test: not_utf8,
    },
    Claim {
        name: "odd-names",
        rule: "4.1",
        title: "names such as `__proto__`, numbers, and the empty name come back",
        why: "A name may be special for the language. `__proto__` sets the prototype of an object in JavaScript, and an object \
              of names that are numbers becomes an array in others.",
        test: odd_names,
    },
    Claim {
        name: "no-json",
        rule: "5.5",
        title: "an event that is not JSON fails its own call at most",
        why: "bootstrap lets only JSON through, but a resident middleware may get what another one wrote. The id \
              stands before the event, so the call can be answered. An exception that leaves the loop ends the \
              process.",
        test: no_json,
    },
];

fn large_event(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "echoes")?;
    let row = |number| json!({"id": number, "name": format!("näme {number}"), "tags": ["a", null, true]});
    let event = json!({"rows": (0..90_000).map(row).collect::<Vec<_>>()});
    for _ in 0..2 {
        comes_back(&mut runtime, &event, "the event of 5.5 MB")?;
    }
    (0..20).try_for_each(|number| comes_back(&mut runtime, &json!(number), "a small event behind it"))
}

fn long_strings(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "echoes")?;
    for special in ["\"", "\\", "\n", "\0", "é", "😀"] {
        for at in [65_534, 65_535, 65_536] {
            let text = format!("{}{special}{}", "x".repeat(at), "x".repeat(70_000 - at));
            comes_back(&mut runtime, &json!({"body": text}), &format!("a text with {special:?} at {at}"))?;
        }
    }
    let text = format!("{}{}", "x".repeat(65_535), "é".repeat(65_536));
    comes_back(&mut runtime, &json!([text.clone()]), "a text of 196,607 bytes")?;
    comes_back(&mut runtime, &json!({text: 1}), "a name of 196,607 bytes")
}

fn deep_document(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "echoes")?;
    let nested = |open: &str, inner: &str, close: &str, levels| {
        format!("{}{inner}{}", open.repeat(levels), close.repeat(levels))
    };
    let deep = nested("{\"a\":[", "", "]}", 250);
    let line = runtime.call(&Call::new(&deep))?;
    ensure(line.raw("response").is_some_and(|came| is_as_deep(came, 500)), "500 levels did not come back")?;
    for deep in [nested("[", "", "]", 100_000), nested("{\"a\":", "1", "}", 100_000)] {
        comes_back_or_fails(&mut runtime, &deep)?;
    }
    Ok(())
}

/// Whether a document begins with so many levels. An empty array may have become an empty object.
fn is_as_deep(document: &str, levels: usize) -> bool {
    document.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count() == levels
}

fn long_numbers(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "echoes")?;
    let digits = "9".repeat(5000);
    let behind_the_point = format!("0.{}", "1".repeat(100_000));
    let near = [
        ("-0", 0.0),
        ("9007199254740993", 9_007_199_254_740_992.0),
        ("1e-999", 0.0),
        (behind_the_point.as_str(), 1.0 / 9.0),
    ];
    for (number, value) in near {
        let came = comes_back_or_fails(&mut runtime, number)?.and_then(|came| came.as_f64());
        ensure(came.is_none_or(|came| (came - value).abs() <= value * 1e-6), format!("{value} came back as {came:?}"))?;
    }
    for number in [digits.as_str(), "1e999", "[-1e999]"] {
        comes_back_or_fails(&mut runtime, number)?;
    }
    Ok(())
}

fn lone_surrogates(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "echoes")?;
    for half in [r#""a\ud83db""#, r#""\ude00\ud83d""#, r#"{"\ud83d":1}"#] {
        comes_back_or_fails(&mut runtime, half)?;
    }
    let line = runtime.call(&Call::new(r#""\ud83d\ude00""#))?;
    ensure(line.text_of("response").as_deref() == Some("😀"), "a whole pair did not come back as its character")
}

fn duplicate_members(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "echoes")?;
    let line = runtime.call(&Call::new(r#"{"a":1,"b":2,"a":3}"#))?;
    let came = line.value("response").unwrap_or_default();
    ensure(came == json!({"a": 3, "b": 2}), format!("the members came back as {came}"))
}

fn many_escapes(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "echoes")?;
    for text in ["\n".repeat(65_535), "\"".repeat(200_000), "\\".repeat(100_000), "\u{1}é".repeat(50_000)] {
        comes_back(&mut runtime, &json!(text), "a text of escapes")?;
    }
    let line = runtime.call(&Call::new(format!("\"{}\"", r"\u00e9".repeat(50_000))))?;
    ensure(line.text_of("response") == Some("é".repeat(50_000)), "50,000 escapes by number did not come back")
}

fn nul_and_controls(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "echoes")?;
    let controls: String = (0..32).map(char::from).chain(['\x7f', '\u{85}', '\u{2028}', '\u{feff}']).collect();
    comes_back(&mut runtime, &json!(controls), "the control characters")?;
    comes_back(&mut runtime, &json!({"a\0b": "\0"}), "NUL in a name and in a text")
}

fn not_utf8(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "echoes")?;
    for event in [b"\"\xff\"".as_slice(), b"\"\xed\xa0\x80\"", b"\"\xc3\""] {
        let line = runtime.call(&Call::new(event))?;
        judge(&line)?;
        next_is_served(&mut runtime)?;
    }
    Ok(())
}

fn odd_names(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "echoes")?;
    let events = [
        json!({"__proto__": {"admin": true}, "a": {"constructor": {"prototype": 1}}, "toString": 3, "length": 4}),
        json!({"": {"": 1}}),
        json!({"a b": 1, "a.b": 2, "é": 3, "$ref": 4, "@type": 5}),
    ];
    events.iter().try_for_each(|event| comes_back(&mut runtime, event, &event.to_string()))?;
    let numbers = r#"{"1":1,"0":{"-1":2}}"#; // 0 is the second, so that it is no list
    let line = runtime.call(&Call::new(numbers))?;
    ensure(line.value("response") == serde_json::from_str(numbers).ok(), format!("{numbers} did not come back"))
}

fn no_json(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::ready(trial, "echoes")?;
    for event in ["[1,}", "{\"a\":", "tru", "'a'"] {
        let line = runtime.call(&Call::new(event))?;
        judge(&line)?;
        next_is_served(&mut runtime)?;
    }
    Ok(())
}

fn comes_back(runtime: &mut Runtime<'_>, event: &Value, what: &str) -> Verdict {
    let came = runtime.respond(event)?;
    ensure(came == *event, format!("{what} did not come back as it was"))
}

/// The response, or `None` for an error. The next call must be served.
fn comes_back_or_fails(runtime: &mut Runtime<'_>, document: &str) -> Result<Option<Value>, Problem> {
    let line = runtime.call(&Call::new(document))?;
    judge(&line)?;
    next_is_served(runtime)?;
    Ok(line.value("response"))
}

/// A response, or an error with one of these types and a message. A runtime that does not parse the event may hand it back as
/// it is.
fn judge(line: &Line) -> Verdict {
    let Some(error) = line.value("error") else { return Ok(()) };
    let is_clear = error["errorMessage"].as_str().is_some_and(|message| !message.is_empty());
    let error_type = error["errorType"].as_str().unwrap_or_default();
    if matches!(error_type, "Runtime.UnmarshalError" | "Runtime.MarshalError") && is_clear {
        return Ok(());
    }
    fails(format!("the error is {error_type:?}, not Runtime.UnmarshalError or Runtime.MarshalError with a message"))
}

fn next_is_served(runtime: &mut Runtime<'_>) -> Verdict {
    ensure(runtime.respond("\"next\"")? == "next", "the next call is not served")
}

//! Responses that stream.

use super::signals::interrupt;
use crate::check::call::Call;
use crate::check::claim::Claim;
use crate::check::problem::{Problem, Verdict, ensure, fails, not_offered};
use crate::check::runtime::{Runtime, Start, error_of};
use crate::check::trial::Trial;
use crate::os::process_tree::peak_memory_kb;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use std::time::Duration;

pub const CLAIMS: &[Claim] = &[
    Claim {
        name: "stream",
        rule: "8.1",
        title: "a stream is one head, chunks, and one end, each with the id of its call",
        why: "bootstrap sends the head of the HTTP response when the first line comes. A second head, or a response behind it, fails \
              the call when a part has been sent already.",
        test: stream,
    },
    Claim {
        name: "stream-http-head",
        rule: "8.2",
        title: "the head of an HTTP response has the status, headers, those with several values, and cookies",
        why: "The head is what API Gateway and the function URL make of it. Headers are texts: a number is a mistake that only the \
              caller notices.",
        test: stream_http_head,
    },
    Claim {
        name: "stream-bytes",
        rule: "8.3",
        title: "the bytes of a stream arrive as the handler made them: NUL, and a character in two chunks",
        why: "Text is sent as it is, other bytes in base64. Two halves of a character are no text, each for itself. A \
              decoder that replaces what it cannot read changes the bytes of images.",
        test: stream_bytes,
    },
    Claim {
        name: "stream-chunk-size",
        rule: "8.3",
        title: "no chunk has more than 64 KiB",
        why: "bootstrap holds 64 KiB of a stream that it has not sent. A handler may make one item of megabytes, which \
              must be cut, at any byte.",
        test: stream_chunk_size,
    },
    Claim {
        name: "stream-at-once",
        rule: "8.3",
        title: "a chunk goes out when it is made, not with the next one",
        why: "That is what streams are for: the caller reads the first words while the rest is being made. A buffer of the \
              language's own output is the usual cause.",
        test: stream_at_once,
    },
    Claim {
        name: "stream-error-first",
        rule: "8.4",
        title: "an exception before the first chunk is an ordinary error",
        why: "While nothing was sent, the caller can still be given a status and an error. So the head waits for the \
              first chunk. A head that is written when the handler returns is the usual cause.",
        test: stream_error_first,
    },
    Claim {
        name: "stream-error-later",
        rule: "8.5",
        title: "an exception behind a chunk is the last line of the stream, and the handler cleans up",
        why: "The head is gone, so the error goes into the trailers. Without a last line the caller takes a broken stream for a whole \
              one.",
        test: stream_error_later,
    },
    Claim {
        name: "stream-sigterm",
        rule: "8.6",
        title: "SIGTERM in a stream ends it with Function.Timeout, the handler cleans up, and the next call works",
        why: "It comes shortly before the deadline, as in any call. What was sent stays, so the error is the last \
              line. The body of the handler must be closed, or what it has open stays open.",
        test: stream_sigterm,
    },
    Claim {
        name: "stream-back-pressure",
        rule: "8.7",
        title: "while nobody reads, the handler waits, SIGTERM breaks no line, and memory does not grow with the stream",
        why: "A slow caller holds up bootstrap, and bootstrap stops reading. Chunks that are kept meanwhile fill the memory of the \
              function. A write that SIGTERM interrupts has written a part of the line.",
        test: stream_back_pressure,
    },
    Claim {
        name: "stream-not-offered",
        rule: "8.8",
        title: "without the offer a stream is collected into one response",
        why: "An older bootstrap, a batch, or SLSSTREAM=off offers no stream. The same handler must work: its body is a text, or, if \
              it is not UTF-8, base64 in an HTTP response and an error in any other.",
        test: stream_not_offered,
    },
];

/// What the function `streams` makes.
const RAW: &[u8] = b"one\nzwei \xc3\xa4\0\xff\xc3\xa4end";
const MAX_CHUNK: usize = 65_536;
/// By how much the peak of memory may grow while 30 MB are streamed.
const MEMORY_KB: u64 = 20 << 10;

struct Stream {
    head: Value,
    chunks: Vec<Vec<u8>>,
    /// `end`, or `None`, and the error.
    error: Option<Value>,
}

impl Stream {
    fn bytes(&self) -> Vec<u8> {
        self.chunks.concat()
    }
}

/// Reads the head of a stream. A plain response means that the runtime streams nothing.
fn read_head(runtime: &mut Runtime<'_>, id: &str) -> Result<Value, Problem> {
    let line = runtime.line_of(id)?;
    if line.has("response") {
        return not_offered("it answers with a response where it might stream");
    }
    let head = line.value("stream");
    head.map_or_else(|| fails("the first line of the answer is not the head of a stream"), Ok)
}

/// Reads a stream to its end.
fn read(runtime: &mut Runtime<'_>, id: &str) -> Result<Stream, Problem> {
    let head = read_head(runtime, id)?;
    let mut chunks = Vec::new();
    loop {
        let line = runtime.line_of(id)?;
        if let Some(text) = line.text_of("chunk") {
            chunks.push(text.into_bytes());
        } else if let Some(bytes) = line.text_of("base64").map(|text| BASE64_STANDARD.decode(text)) {
            chunks.push(bytes.or_else(|why| fails(format!("a chunk is not base64: {why}")))?);
        } else if line.has("end") {
            return Ok(Stream { head, chunks, error: None });
        } else if line.has("error") {
            return Ok(Stream { head, chunks, error: Some(error_of(&line)?) });
        } else {
            return fails("a line of the stream is neither a chunk nor its end");
        }
    }
}

fn call(runtime: &mut Runtime<'_>, event: &str) -> Result<Stream, Problem> {
    let call = Call::new(event).streamed();
    runtime.send(&call.line())?;
    read(runtime, &call.id)
}

/// A stream that must not break off.
fn whole(runtime: &mut Runtime<'_>, event: &str) -> Result<Stream, Problem> {
    let stream = call(runtime, event)?;
    ensure(stream.error.is_none(), "the stream breaks off")?;
    Ok(stream)
}

fn stream(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::offered(trial, "streams")?;
    for _ in 0..2 {
        let stream = whole(&mut runtime, "null")?;
        ensure(
            stream.head.is_object() && !stream.chunks.is_empty(),
            "the head is not an object, or there is no chunk",
        )?;
        ensure(runtime.is_silent(Duration::from_millis(50))?, "a line follows the end")?;
    }
    Ok(())
}

fn stream_http_head(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::offered(trial, "streams_http")?;
    let stream = whole(&mut runtime, "null")?;
    let expected = json!({
        "statusCode": 201,
        "headers": {"content-type": "text/html", "x-count": "2"},
        "multiValueHeaders": {"x-many": ["a", "b"]},
        "cookies": ["c=1", "d=2"],
    });
    ensure(stream.head == expected, format!("the head is not {expected}"))?;
    ensure(stream.bytes() == b"<p></p>", "the body is not <p></p>")
}

fn stream_bytes(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::offered(trial, "streams")?;
    ensure(whole(&mut runtime, "null")?.bytes() == RAW, "the bytes are not those of the handler")?;
    let mut runtime = Runtime::offered(trial, "streams_many")?;
    let numbers: String = (0..10_000).map(|number| format!("{number}\n")).collect();
    ensure(whole(&mut runtime, "null")?.bytes() == numbers.as_bytes(), "10,000 small chunks did not arrive in order")
}

fn stream_chunk_size(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::offered(trial, "streams_big")?;
    let stream = whole(&mut runtime, "null")?;
    let longest = stream.chunks.iter().map(Vec::len).max().unwrap_or(0);
    ensure(longest <= MAX_CHUNK, format!("a chunk has {longest} bytes"))?;
    let expected = ["é".repeat(100_000).into_bytes(), b"\xff\xfe".repeat(100_000), vec![0; 60_000]].concat();
    ensure(stream.bytes() == expected, "the bytes are not those of the handler")
}

fn stream_at_once(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::offered(trial, "streams_slowly")?;
    let call = Call::new("null").streamed();
    runtime.send(&call.line())?;
    runtime.wait_for_log("meanwhile")?; // the handler is behind the first chunk, and waits for a file
    let go = runtime.root().join("go");
    read_head(&mut runtime, &call.id)?;
    let chunk = runtime.line_of(&call.id)?;
    let is_first =
        chunk.text_of("chunk").as_deref() == Some("first") || chunk.text_of("base64").as_deref() == Some("Zmlyc3Q=");
    ensure(is_first, "the next line is not the chunk `first`")?;
    std::fs::write(go, "").or_else(|why| fails(format!("cannot write the file `go`: {why}")))?;
    while !runtime.line_of(&call.id)?.has("end") {}
    Ok(())
}

fn stream_error_first(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::offered(trial, "fails_early")?;
    for _ in 0..2 {
        let line = runtime.call(&Call::new("\"pears\"").streamed())?;
        ensure(line.has("error"), "the answer is not an error")?;
    }
    Ok(())
}

fn stream_error_later(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::offered(trial, "breaks_off")?;
    for _ in 0..2 {
        runtime.clear_log()?;
        let stream = call(&mut runtime, "\"pears\"")?;
        ensure(stream.bytes() == b"begun", "the chunk before the exception is not there")?;
        let Some(error) = stream.error else { return fails("the stream ends as if it were whole") };
        ensure(error["errorType"].as_str().is_some_and(|text| !text.is_empty()), "the error has no type")?;
        runtime.wait_for_log("finally")?;
    }
    Ok(())
}

fn stream_sigterm(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::offered(trial, "streams_stuck")?;
    for _ in 0..2 {
        let call = interrupt(&mut runtime, Call::new("null").streamed())?;
        let stream = read(&mut runtime, &call.id)?;
        ensure(stream.bytes() == b"begun", "the chunk before the signal is not there")?;
        ensure_timeout(stream.error)?;
        runtime.wait_for_log("finally")?;
    }
    Ok(())
}

fn ensure_timeout(error: Option<Value>) -> Verdict {
    let Some(error) = error else { return fails("the stream ends as if it were whole") };
    ensure(error["errorType"] == "Function.Timeout", "the type of the error is not Function.Timeout")
}

fn stream_back_pressure(trial: &Trial<'_>) -> Verdict {
    let small_pipe = Start { pipe_size: Some(4096), ..Start::default() }; // a line is written in many parts
    let mut runtime = Runtime::offered_as(trial, "streams_much", small_pipe)?;
    let call = Call::new("100000").streamed().with_time_left(300);
    runtime.send(&call.line())?;
    runtime.wait_for_output()?;
    let made = settled(&mut runtime)?;
    ensure(made <= 8, format!("the handler has made {made} chunks of 64 KiB, and nobody reads"))?;
    for _ in 0..3 {
        runtime.signal(libc::SIGTERM); // the first may only end one of several system calls that write the line
        runtime.wait_until_it_sleeps()?;
    }
    let stream = read(&mut runtime, &call.id)?;
    ensure_timeout(stream.error.clone())?;
    ensure(stream.bytes().iter().all(|byte| *byte == 0), "a chunk has bytes that the handler has not made")?;
    memory_stays(trial)
}

/// How many chunks the handler has made when it makes no more, because nobody reads.
fn settled(runtime: &mut Runtime<'_>) -> Result<usize, Problem> {
    let mut made = 0;
    let is_done = |runtime: &mut Runtime<'_>| {
        std::thread::sleep(Duration::from_millis(300));
        let before = std::mem::replace(&mut made, runtime.log()?.matches("made").count());
        Ok(made == before)
    };
    runtime.wait_until("a handler that waits for its reader", is_done)?;
    Ok(made)
}

fn memory_stays(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::offered(trial, "streams_much")?;
    let drain = |runtime: &mut Runtime<'_>, chunks: usize| {
        let length = whole(runtime, &chunks.to_string())?.chunks.iter().map(Vec::len).sum::<usize>();
        ensure(length == chunks << 16, format!("{length} bytes came of {chunks} chunks"))
    };
    drain(&mut runtime, 300)?;
    let before = peak_memory_kb(runtime.pid);
    drain(&mut runtime, 460)?;
    let grown = peak_memory_kb(runtime.pid).saturating_sub(before);
    ensure(grown <= MEMORY_KB, format!("memory has grown by {grown} KB during a stream of 30 MB"))
}

fn stream_not_offered(trial: &Trial<'_>) -> Verdict {
    let mut runtime = Runtime::offered(trial, "streams_http")?;
    let response = runtime.respond("null")?;
    let body = response["body"].as_str();
    ensure(body == Some("<p></p>") && response["isBase64Encoded"] != true, "the body is not the text <p></p>")?;
    ensure(response["statusCode"] == 201, "the status is not 201")?;
    ensure(response["headers"]["content-type"] == "text/html", "the header content-type is not there")?;
    let mut runtime = Runtime::offered(trial, "streams")?;
    runtime.fails_with(&Call::new("null"), "Runtime.MarshalError")
}

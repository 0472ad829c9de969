//! Maps the events in files, and prints for each a line of JSON, `{"file":…,"kind":…,"batch":…,"warning":…,"events":2}`,
//! and then a line for each of its events; or `{"file":…,"error":…,"events":0}` if it is not JSON.
//!
//! `map [--raw] [--wrap] [--unwrap] [--times=N] FILE…`; without a file, reads the names of files from STDIN, one a line. It maps
//! each event N times, so that the instructions of a mapping can be told from those of reading and printing.

use std::hint::black_box;
use std::io::{self, Write};
use std::process::ExitCode;

use open_runtime::cloudevents::{EventFacts, Options, map};
use open_runtime::json_line::on_one_line;

const INVOCATION: EventFacts<'static> = EventFacts {
    request_id: "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
    function_arn: "arn:aws:lambda:us-east-1:123456789012:function:my-function",
    trace_id: Some("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"),
    received_ms: 1_700_000_000_123,
};

fn main() -> ExitCode {
    let (flags, files): (Vec<_>, Vec<_>) = std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    let has = |flag: &str| flags.iter().any(|other| other == flag);
    let options = Options { raw: has("--raw"), wrap: has("--wrap"), unwrap: has("--unwrap"), ..Options::default() };
    let times = flags.iter().find_map(|flag| flag.strip_prefix("--times=")?.parse().ok()).unwrap_or(1);
    let files = if files.is_empty() { io::stdin().lines().map_while(Result::ok).collect() } else { files };
    for file in files {
        let mapped = std::fs::read(&file).and_then(|event| {
            (1..times).for_each(|_| drop(black_box(map(black_box(&event), &INVOCATION, &options))));
            print(&file, &event, &options)
        });
        match mapped {
            Ok(()) => (),
            Err(error) => {
                eprintln!("map: {file}: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

fn print(file: &str, event: &[u8], options: &Options) -> io::Result<()> {
    let mut out = format!("{{\"file\":{}", quoted(file)).into_bytes();
    match map(event, &INVOCATION, options) {
        Ok(mapping) => {
            let warning = mapping.warning().map_or("null".to_owned(), |warning| quoted(&warning.to_string()));
            write!(out, ",\"kind\":{},\"batch\":{}", quoted(mapping.kind()), mapping.is_batch())?;
            writeln!(out, ",\"warning\":{warning},\"events\":{}}}", mapping.events().len())?;
            for event in mapping.events() {
                let start = out.len();
                event.append_to(&mut out);
                let line = on_one_line(out.get(start..).unwrap_or_default()).into_owned();
                out.truncate(start);
                out.extend_from_slice(&line);
                out.push(b'\n');
            }
        }
        Err(error) => writeln!(out, ",\"error\":{},\"events\":0}}", quoted(&error.to_string()))?,
    }
    io::stdout().write_all(&out)
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

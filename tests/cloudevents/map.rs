//! Maps the events in files, and prints a line of JSON for each:
//! `{"file":…,"kind":…,"batch":…,"warning":…,"events":[…]}`, or `{"file":…,"error":…}` if it is no JSON.
//!
//! `map [--raw] [--wrap] [--unwrap] FILE…`; without a file, reads the names of files from STDIN, one a line.

use std::io::{self, Write};
use std::process::ExitCode;

use open_runtime::cloudevents::{Invocation, Options, map};

const INVOCATION: Invocation<'static> = Invocation {
    request_id: "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
    function_arn: "arn:aws:lambda:us-east-1:123456789012:function:my-function",
    trace_id: Some("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"),
    received_ms: 1_700_000_000_123,
};

fn main() -> ExitCode {
    let (flags, files): (Vec<_>, Vec<_>) = std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    let has = |flag: &str| flags.iter().any(|other| other == flag);
    let options = Options { raw: has("--raw"), wrap: has("--wrap"), unwrap: has("--unwrap"), ..Options::default() };
    let files = if files.is_empty() { io::stdin().lines().map_while(Result::ok).collect() } else { files };
    for file in files {
        match std::fs::read(&file).and_then(|event| print(&file, &event, &options)) {
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
    let mut line = format!("{{\"file\":{}", quoted(file)).into_bytes();
    match map(event, &INVOCATION, options) {
        Ok(mapping) => {
            let warning = mapping.warning().map_or("null".to_owned(), |warning| quoted(&warning.to_string()));
            write!(line, ",\"kind\":{}", quoted(mapping.kind()))?;
            write!(line, ",\"batch\":{},\"warning\":{warning},\"events\":[", mapping.is_batch())?;
            for (index, event) in mapping.events().enumerate() {
                line.extend_from_slice(if index > 0 { b"," } else { b"" });
                event.append_to(&mut line);
            }
            line.push(b']');
        }
        Err(error) => write!(line, ",\"error\":{}", quoted(&error.to_string()))?,
    }
    line.iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
    line.extend_from_slice(b"}\n");
    io::stdout().write_all(&line)
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

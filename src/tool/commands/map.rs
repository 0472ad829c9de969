//! `open-runtime map`: prints what the handler would get for an event.

use super::stdout;
use crate::model::event;
use crate::model::function::{Function, region};
use crate::model::{ids, time};
use crate::tool_error::ToolError;
use bytes::Bytes;
use clap::Args;
use open_runtime::cloudevents::{EventFacts, Mapping, Options, map};
use open_runtime::settings::config;
use serde_json::json;
use std::io::{self, Read};
use std::process::ExitCode;

pub const HELP: &str = "\
Each line of stdout is the event of one call of the handler: a CloudEvent, or JSON that is passed on
unchanged. If the event is not as AWS sends it, stderr has a warning.

Exit status:
  0  the event was mapped, or passed on
  2  usage: wrong options or variables, or an event that is not JSON
  5  open-runtime itself failed

Try it with:
  open-runtime event sqs | open-runtime map
  open-runtime event sqs | open-runtime map --json
";

/// The command line.
#[derive(Args)]
pub struct MapArguments {
    /// SLSEVENTS, a comma-separated list of cloudevents, raw, wrap, unwrap and batch [default: the variable SLSEVENTS]
    #[arg(long, value_name = "LIST")]
    events: Option<String>,

    /// The request id [default: a new one]
    #[arg(long, value_name = "ID")]
    request_id: Option<String>,

    /// The function's ARN [default: the same as for invoke]
    #[arg(long, value_name = "ARN")]
    function_arn: Option<String>,

    /// Print one object: the kind of the event, the warning or null, and the list of calls
    #[arg(long)]
    json: bool,
}

/// Runs the command: reads all of stdin, maps it, and prints the events.
///
/// # Errors
/// The options or the event are wrong, or stdout cannot be written.
pub fn run(arguments: MapArguments) -> Result<ExitCode, ToolError> {
    let options = options(&arguments).map_err(ToolError::Usage)?;
    let event = read_event().map_err(ToolError::Usage)?;
    print(arguments, &options, &event)
}

/// `--events`, else `SLSEVENTS`, as bootstrap reads it.
fn options(arguments: &MapArguments) -> Result<Options, String> {
    let variable = |name: &'static str| match &arguments.events {
        Some(list) if name == "SLSEVENTS" => Some(list.into()),
        _ => std::env::var_os(name),
    };
    config::events_from(&variable, false).map_err(|why| why.to_string())
}

fn read_event() -> Result<Bytes, String> {
    let mut bytes = Vec::new();
    io::stdin().read_to_end(&mut bytes).map_err(|why| format!("cannot read the event from stdin: {why}"))?;
    event::checked(Bytes::from(bytes)).map_err(|why| format!("cannot use stdin as the event: {why}"))
}

fn print(arguments: MapArguments, options: &Options, event: &[u8]) -> Result<ExitCode, ToolError> {
    let request_id = arguments.request_id.unwrap_or_else(ids::uuid);
    let function_arn = arguments.function_arn.unwrap_or_else(function_arn);
    let trace_id = ids::trace_id();
    let invocation = EventFacts {
        request_id: &request_id,
        function_arn: &function_arn,
        trace_id: Some(&trace_id),
        received_ms: u64::try_from(time::now_ms()).unwrap_or_default(),
    };
    let mapping = map(event, &invocation, options);
    let mapping = mapping.map_err(|why| ToolError::Usage(format!("cannot use stdin as the event: {why}")))?;
    let calls = calls(&mapping, options);
    let warning = mapping.warning().map(|warning| warning.to_string());
    let text = if arguments.json {
        let head = json!({"kind": mapping.kind(), "warning": warning}).to_string();
        [head.trim_end_matches('}').as_bytes(), b",\"calls\":[", &calls.join(&b','), b"]}\n"].concat()
    } else {
        warning.inspect(|warning| eprintln!("open-runtime: {warning}"));
        calls.iter().flat_map(|call| [call, &b"\n"[..]].concat()).collect()
    };
    let written = stdout::write(&[&text]);
    written.map(|()| ExitCode::SUCCESS).map_err(|why| ToolError::Io("write the events to stdout", why))
}

/// The ARN of the function that `invoke` runs.
fn function_arn() -> String {
    Function { name: "function".to_owned(), region: region(), ..Function::default() }.arn(None)
}

/// The event of each call of the handler, without line feeds. They are put into JSON as they are: numbers keep their digits.
fn calls(mapping: &Mapping<'_>, options: &Options) -> Vec<Vec<u8>> {
    let mut calls: Vec<Vec<u8>> = Vec::new();
    if options.batch {
        calls.push(Vec::new());
        calls.iter_mut().for_each(|call| mapping.append_to(call));
    } else {
        calls.extend(mapping.events().map(|event| event.parts().concat()));
    }
    calls.iter().map(|call| compact(call)).collect()
}

/// The same JSON without white space between its tokens, for one line per event: samples are indented.
fn compact(json: &[u8]) -> Vec<u8> {
    let (mut is_in_string, mut is_escaped) = (false, false);
    let is_kept = |byte: &&u8| {
        let is_kept = is_in_string || !byte.is_ascii_whitespace();
        is_in_string ^= **byte == b'"' && !is_escaped;
        is_escaped = is_in_string && !is_escaped && **byte == b'\\';
        is_kept
    };
    json.iter().filter(is_kept).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_is_removed_between_tokens_only() {
        let json = br#"{ "a\\" : [ 1.0 , "b \" c" ],
            "d" : " " }"#;
        assert_eq!(compact(json), br#"{"a\\":[1.0,"b \" c"],"d":" "}"#);
    }
}

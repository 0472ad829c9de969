//! `open-runtime event`: prints a sample event of a kind, or the table of kinds. The tests of the mapping use the same samples.

use super::nearest;
use super::stdout;
use crate::tool_error::ToolError;
use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Arg, Args, Command, Error};
use open_runtime::cloudevents::{listing, samples};
use serde_json::json;
use std::ffi::OsStr;
use std::process::ExitCode;

pub const HELP: &str = "\
Samples have the form of what AWS sends, and can be given to invoke:
  open-runtime event s3 | open-runtime invoke handler.hello -

To see all kinds, or to give the table to a program:
  open-runtime event --list
  open-runtime event --list --json
";

/// The command line.
#[derive(Args)]
pub struct EventArguments {
    /// The kind of event, such as `sqs` or `apigw-http-v2`
    #[arg(value_name = "KIND", required_unless_present_any = ["list", "columns"], value_parser = Kinds, hide_possible_values = true)]
    sample: Option<&'static str>,

    /// Print all kinds, one on each line
    #[arg(long, conflicts_with = "sample")]
    list: bool,

    /// Print the table of kinds, with tabs between the columns: kind, type, source and subject of its CloudEvents, and whether
    /// the handler is called once for an event or once for each record
    #[arg(long, conflicts_with_all = ["sample", "list"])]
    columns: bool,

    /// Print the table as JSON: a list of objects with the members kind, type, source, subject and calls
    #[arg(long, conflicts_with_all = ["sample", "columns"], requires = "list")]
    json: bool,
}

/// Parses the name of a kind. Completions have all names; help and errors would be longer than a screen with them.
#[derive(Clone)]
struct Kinds;

impl TypedValueParser for Kinds {
    type Value = &'static str;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, kind: &OsStr) -> Result<&'static str, Error> {
        (|kind: &str| sample(kind)).parse_ref(command, argument, kind)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(samples().into_keys().map(PossibleValue::new)))
    }
}

fn sample(kind: &str) -> Result<&'static str, String> {
    samples().get(kind).copied().ok_or_else(|| {
        let meant = nearest::hint(kind, samples().into_keys());
        format!("{meant}there is no such kind; see `open-runtime event --list`")
    })
}

/// Runs the command.
///
/// # Errors
/// stdout cannot be written.
pub fn run(arguments: &EventArguments) -> Result<ExitCode, ToolError> {
    let text = match arguments.sample {
        Some(sample) => sample.to_owned(),
        None if arguments.json => table_as_json(),
        None if arguments.columns => listing::rows().map(|row| row.join("\t") + "\n").collect(),
        None => samples().into_keys().map(|kind| format!("{kind}\n")).collect(),
    };
    let written = stdout::write(&[text.as_bytes()]);
    written.map(|()| ExitCode::SUCCESS).map_err(|why| ToolError::Io("write to stdout", why))
}

/// The kinds in the order of the table, which tries them in that order. `unknown` has no row.
fn table_as_json() -> String {
    let as_object = |[kind, event_type, source, subject, calls]: [String; 5]| json!({"kind": kind, "type": event_type, "source": source, "subject": subject, "calls": calls});
    format!("{:#}\n", serde_json::Value::from_iter(listing::rows().map(as_object)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use open_runtime::cloudevents::{EventFacts, Options, map};

    #[test]
    fn samples_are_of_their_kind() {
        let invocation = EventFacts { request_id: "r", function_arn: "", trace_id: None, received_ms: 0 };
        for (kind, sample) in samples() {
            let mapping = map(sample.as_bytes(), &invocation, &Options::default()).unwrap();
            assert_eq!(mapping.kind(), kind);
            assert!(sample.ends_with("\n"), "{kind} ends without a line feed");
        }
    }

    #[test]
    fn an_unknown_kind_is_refused() {
        assert!(sample("sqs").is_ok());
        assert!(sample("").is_err() && sample("SQS").is_err());
    }
}

//! `open-runtime event`: prints a sample event of a kind, or the table of kinds. The tests of the mapping use the same samples.

use crate::tool_error::ToolError;
use clap::Args;
use open_runtime::cloudevents::{listing, samples};
use std::io::{self, Write};
use std::process::ExitCode;

pub const HELP: &str = "\
Samples have the form of what AWS sends, and can be given to invoke:
  open-runtime event s3 | open-runtime invoke handler.hello -
";

/// The command line.
#[derive(Args)]
pub struct EventArguments {
    /// The kind of event, such as `sqs` or `apigw-http-v2`
    #[arg(value_name = "KIND", required_unless_present_any = ["list", "columns"], value_parser = sample)]
    sample: Option<&'static str>,

    /// Print all kinds, one on each line
    #[arg(long, conflicts_with = "sample")]
    list: bool,

    /// Print the table of kinds, with tabs between the columns: kind, type, source and subject of its CloudEvents, and whether
    /// the handler is called once for an event or once for each record
    #[arg(long, conflicts_with_all = ["sample", "list"])]
    columns: bool,
}

fn sample(kind: &str) -> Result<&'static str, String> {
    samples().get(kind).copied().ok_or_else(|| {
        let meant = nearest(kind).map_or(String::new(), |name| format!("did you mean `{name}`? "));
        format!("{meant}there is no such kind; see `open-runtime event --list`")
    })
}

/// The kind that the user may have meant. It differs in a third of its characters at most.
fn nearest(kind: &str) -> Option<&'static str> {
    let names = samples().into_keys().map(|name| (distance(kind, name), name));
    names.min().filter(|(distance, name)| distance * 3 <= name.len()).map(|(_, name)| name)
}

/// The Levenshtein distance: how many characters must be inserted, removed or changed. After each character of `one`,
/// `row` has the distances from that part of `one` to each beginning of `other`.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut before = i;
        row[0] = i + 1;
        for (j, b) in other.chars().enumerate() {
            let changed = before + usize::from(a != b);
            before = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(before + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

/// Runs the command.
///
/// # Errors
/// stdout cannot be written.
pub fn run(arguments: &EventArguments) -> Result<ExitCode, ToolError> {
    let text = match arguments.sample {
        Some(sample) => sample.to_owned(),
        None if arguments.columns => listing::rows().map(|row| row.join("\t") + "\n").collect(),
        None => samples().into_keys().map(|kind| format!("{kind}\n")).collect(),
    };
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    written.map(|()| ExitCode::SUCCESS).map_err(|why| ToolError::Io("write to stdout", why))
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

    #[test]
    fn a_misspelt_kind_is_recognised() {
        for (misspelt, meant) in
            [("sqqs", Some("sqs")), ("dynamo-db", Some("dynamodb")), ("apigw-http-v1", Some("apigw-http-v2"))]
        {
            assert_eq!(nearest(misspelt), meant);
        }
        assert_eq!((nearest("nonsense"), nearest("")), (None, None));
    }
}

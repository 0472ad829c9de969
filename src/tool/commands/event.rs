//! `open-runtime event`: prints a sample event of a kind. The tests of the mapping use the same samples.

use crate::tool_error::ToolError;
use clap::Args;
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
    #[arg(value_name = "KIND", required_unless_present = "list", value_parser = sample)]
    sample: Option<&'static str>,

    /// Print all kinds, one on each line
    #[arg(long, conflicts_with = "sample")]
    list: bool,
}

macro_rules! samples {
    ($($kind:literal)*) => { [$(($kind, include_str!(concat!("../../../tests/events/", $kind, ".json")))),*] };
}

/// Each kind, and its sample.
const SAMPLES: &[(&str, &str)] = &samples! {
    "activemq"
    "agentcore-interceptor"
    "alb"
    "alexa-skill"
    "alexa-smart-home"
    "apigw-authorizer-request"
    "apigw-authorizer-token"
    "apigw-authorizer-v2"
    "apigw-http-v2"
    "apigw-rest"
    "apigw-websocket"
    "appconfig-extension"
    "appsync-authorizer"
    "appsync-batch"
    "appsync-events"
    "appsync-resolver"
    "athena-federation"
    "autoscaling-termination-policy"
    "bedrock-agent"
    "bedrock-flow"
    "bedrock-parser"
    "bedrock-transformation"
    "chime-channel-flow"
    "chime-sma"
    "clientvpn"
    "cloudevent"
    "cloudevents-batch"
    "cloudformation-custom-resource"
    "cloudformation-hook"
    "cloudformation-macro"
    "cloudfront"
    "cloudwatch-alarm"
    "cloudwatch-logs"
    "cloudwatch-metric-source"
    "cloudwatch-widget"
    "codecommit"
    "codedeploy-hook"
    "codepipeline-job"
    "cognito-sync"
    "cognito-userpool"
    "config-rule"
    "connect"
    "connect-campaign"
    "docdb"
    "dynamodb"
    "dynamodb-window"
    "ecs-deployment-hook"
    "eventbridge"
    "firehose"
    "iot-1click"
    "iot-authorizer"
    "iot-button"
    "iot-preprovision"
    "iot-registry"
    "ivs-chat"
    "kinesis"
    "kinesis-analytics"
    "kinesis-window"
    "lambda-destination"
    "lambda-durable"
    "lambda-url"
    "lex-v1"
    "lex-v2"
    "msk"
    "pipes-dynamodb"
    "pipes-kafka"
    "pipes-kinesis"
    "pipes-mq"
    "pipes-rmq"
    "pipes-sqs"
    "rabbitmq"
    "records-other"
    "redshift-udf"
    "s3"
    "s3-batch"
    "s3-object-lambda"
    "s3-test"
    "sagemaker-consolidate"
    "sagemaker-prehuman"
    "secretsmanager-rotation"
    "self-managed-kafka"
    "ses"
    "sns"
    "sqs"
    "transfer-identity-provider"
    "transfer-workflow"
    "unknown"
    "vpc-lattice-v1"
    "vpc-lattice-v2"
    "workmail"

};

fn sample(kind: &str) -> Result<&'static str, String> {
    let found = SAMPLES.iter().find(|(name, _)| *name == kind);
    found.map(|(_, sample)| *sample).ok_or_else(|| {
        let meant = nearest(kind).map_or(String::new(), |name| format!("did you mean `{name}`? "));
        format!("{meant}there is no such kind; see `open-runtime event --list`")
    })
}

/// The kind that the user may have meant. It differs in a third of its characters at most.
fn nearest(kind: &str) -> Option<&'static str> {
    let names = SAMPLES.iter().map(|(name, _)| (distance(kind, name), *name));
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
    let list = || SAMPLES.iter().map(|(kind, _)| format!("{kind}\n")).collect();
    let text = arguments.sample.map_or_else(list, str::to_owned);
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    written.map(|()| ExitCode::SUCCESS).map_err(|why| ToolError::Io("write to stdout", why))
}

#[cfg(test)]
mod tests {
    use super::*;
    use open_runtime::cloudevents::{EventFacts, Options, kinds, map};
    use std::collections::BTreeSet;

    #[test]
    fn every_kind_has_a_sample() {
        let samples: BTreeSet<&str> = SAMPLES.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(samples, kinds().collect());
        assert_eq!(samples.len(), SAMPLES.len());
    }

    #[test]
    fn samples_are_of_their_kind() {
        let invocation = EventFacts { request_id: "r", function_arn: "", trace_id: None, received_ms: 0 };
        for (kind, sample) in SAMPLES {
            let mapping = map(sample.as_bytes(), &invocation, &Options::default()).unwrap();
            assert_eq!(mapping.kind(), *kind);
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

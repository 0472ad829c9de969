"""A second, independent list of where the records of each kind are, from AWS's documentation. Objects are
("object", [(name, value), …])."""

import base64
import gzip
import zlib

from exact import exact, member

ARRAYS = {"activemq": "messages", "docdb": "events"}
GROUPS = {"msk": "records", "self-managed-kafka": "records", "rabbitmq": "rmqMessagesByQueue"}
RECORDS = "s3 ses sns dynamodb kinesis codecommit cloudfront sqs records-other".split()

SAM = {
    "alexa-skills-kit": "alexa-skill",
    "alexa-smart-home": "alexa-smart-home",
    "alb": "alb",
    "apigateway authorizer": "apigw-authorizer-token",
    "apigateway request-authorizer": "apigw-authorizer-request",
    "apigateway aws-proxy": "apigw-rest",
    "apigateway http-api-proxy": "apigw-http-v2",
    "appsync": "appsync-resolver",
    "batch": "unknown",
    "cloudformation": "cloudformation-custom-resource",
    "cloudfront": "cloudfront",
    "codecommit": "codecommit",
    "codepipeline": "codepipeline-job",
    "cognito": "cognito-sync",
    "config": "config-rule",
    "connect": "connect",
    "dynamodb": "dynamodb",
    "cloudwatch logs": "cloudwatch-logs",
    "cloudwatch scheduled-event": "eventbridge",
    "kinesis get-records": "kinesis",
    "kinesis analytics": "kinesis-analytics",
    "kinesis analytics-compressed": "kinesis-analytics",
    "kinesis analytics-dynamodb": "kinesis-analytics",
    "kinesis analytics-kpl": "kinesis-analytics",
    "kinesis": "firehose",
    "lex": "lex-v1",
    "lex-v2": "lex-v2",
    "rekognition": "s3",
    "s3 batch-invocation": "s3-batch",
    "s3": "s3",
    "sagemaker ground-truth-pre-human": "sagemaker-prehuman",
    "sagemaker ground-truth-annotation-consolidation": "sagemaker-consolidate",
    "ses": "ses",
    "sns": "sns",
    "sqs": "sqs",
    "stepfunctions": "unknown",
    "workmail": "workmail",
}


def sam_kind(service, name):
    """The kind of a sample of SAM CLI."""
    return SAM.get(f"{service} {name}") or SAM[service]


def records(kind, event):
    """Returns the expected data of each CloudEvent."""
    if kind in RECORDS:
        found = member(event, "Records")
        return [member(record, "Sns") for record in found] if kind == "sns" else found
    if kind in ARRAYS:
        return member(event, ARRAYS[kind])
    if kind in GROUPS:
        return [record for _, group in member(event, GROUPS[kind])[1] for record in group]
    if kind.startswith("pipes-") or kind == "cloudevents-batch":
        return event
    if kind == "cloudwatch-logs":
        return [unpacked(member(member(event, "awslogs"), "data"))]
    return [event]


def unpacked(data):
    packed = base64.b64decode(data)
    return exact((gzip.decompress if packed.startswith(b"\x1f\x8b") else zlib.decompress)(packed).decode())

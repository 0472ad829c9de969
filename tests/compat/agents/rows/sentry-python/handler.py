import os

import sentry_sdk
from sentry_sdk.integrations.aws_lambda import AwsLambdaIntegration

sentry_sdk.init(dsn=os.environ["DSN"], integrations=[AwsLambdaIntegration()], traces_sample_rate=1.0)


def handler(event, context):
    raise ValueError("no stock for " + event["name"])

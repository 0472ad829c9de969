import os

import sentry_sdk

sentry_sdk.init(dsn=os.environ["DSN"])


def handler(event, context):
    try:
        raise ValueError("no stock for " + event["name"])
    except ValueError as error:
        sentry_sdk.capture_exception(error)
        sentry_sdk.flush(5)
        raise

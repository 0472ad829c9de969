"""A function that invokes itself, as often as the event says."""
import json
import os

import boto3
from botocore.config import Config

client = boto3.client("lambda", config=Config(retries={"total_max_attempts": 1}))


def run(event, context):
    answer = {"pid": os.getpid(), "depth": event["depth"], "name": context.function_name}
    if event["depth"] > 0:
        name = context.invoked_function_arn if event["depth"] % 2 else context.function_name
        reply = client.invoke(FunctionName=name, Payload=json.dumps({"depth": event["depth"] - 1}))
        answer["inner"] = json.load(reply["Payload"])
    return answer

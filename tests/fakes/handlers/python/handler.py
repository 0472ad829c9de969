"""The same handlers as in ../nodejs/handler.js."""
import os
import re
import time


def echo(event, context):
    return event


def fill(event, context):
    return "x" * event["characters"]


def fails(event, context):
    raise ValueError("out of luck")


def exits(event, context):
    if "exit" in event:
        os._exit(event["exit"])
    return event


def sleeps(event, context):
    time.sleep(event.get("ms", 0) / 1000)
    return event


def context(event, context):
    return {
        "hasRequestId": re.fullmatch("[0-9a-f-]{36}", context.aws_request_id) is not None,
        "functionName": context.function_name,
        "hasTimeLeft": context.get_remaining_time_in_millis() > 0,
    }

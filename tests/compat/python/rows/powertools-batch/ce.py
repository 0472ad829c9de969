import json


def handler(event, context):
    if json.loads(event["data"]["body"])["name"] == "Grace":
        raise ValueError("out of stock")

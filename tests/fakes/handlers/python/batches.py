"""Like ../nodejs/batches.js: obeys the text of each record, and writes the order of the calls into the file `calls`."""
import base64


def text_of(record):
    if "body" in record:
        return record["body"]
    if "dynamodb" in record:
        return record["dynamodb"]["Keys"]["id"]["S"]
    return base64.b64decode(record.get("kinesis", {}).get("data") or record["value"]).decode()


def take(record):
    text = text_of(record)
    with open("calls", "a") as calls:
        calls.write(text + "\n")
    if text.startswith("bad"):
        raise ValueError(text)


def handle(event, context):
    take(event["data"])

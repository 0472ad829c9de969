#!/usr/bin/env python3
"""Prints an event with a record for each text. Each record is a copy of the first one in the source's sample, in tests/events, with
the text in it. The records are named 1, 2, 3…

usage: batch.py sqs|fifo|kinesis|dynamodb|kafka TEXT…
"""

import base64
import copy
import json
import sys
from pathlib import Path

SAMPLES = {"sqs": "sqs", "fifo": "sqs", "kinesis": "kinesis", "dynamodb": "dynamodb", "kafka": "msk"}


def main(source, *texts):
    event = json.loads((Path(__file__).resolve().parent.parent / "events" / f"{SAMPLES[source]}.json").read_text())
    if source == "kafka":
        first = next(iter(event["records"].values()))[0]
        records = [kafka(copy.deepcopy(first), number, text) for number, text in enumerate(texts, 1)]
        event["records"] = {f"{first['topic']}-{partition}": [one for one in records if one["partition"] == partition] for partition in (1, 0)}
    else:
        event["Records"] = [FILL[source](copy.deepcopy(event["Records"][0]), str(number), text) for number, text in enumerate(texts, 1)]
    print(json.dumps(event))


def sqs(record, number, text):
    record.update(messageId=number, body=text)
    return record


def fifo(record, number, text):
    record["eventSourceARN"] += ".fifo"
    return sqs(record, number, text)


def kinesis(record, number, text):
    record["eventID"] = f"shardId-0:{number}"
    record["kinesis"].update(sequenceNumber=number, data=packed(text))
    return record


def dynamodb(record, number, text):
    record["eventID"] = number
    record["dynamodb"].update(SequenceNumber=number, Keys={"id": {"S": text}})
    return record


def kafka(record, number, text):
    record.update(partition=number % 2, offset=number, value=packed(text))
    return record


def packed(text):
    return base64.b64encode(text.encode()).decode()


FILL = {"sqs": sqs, "fifo": fifo, "kinesis": kinesis, "dynamodb": dynamodb}

main(*sys.argv[1:])

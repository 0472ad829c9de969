"""Handlers that give their batch to Powertools: as AWS sent it, and as the CloudEvents of one call have it."""

import batches
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, SqsFifoPartialProcessor, process_partial_response

TYPES = {
    "aws:sqs": EventType.SQS,
    "aws:kinesis": EventType.KinesisDataStreams,
    "aws:dynamodb": EventType.DynamoDBStreams,
    "aws:kafka": EventType.Kafka,
    "SelfManagedKafka": EventType.Kafka,
}


def processor_of(event):
    first = (event.get("Records") or [event])[0]
    if first.get("eventSourceARN", "").endswith(".fifo"):
        return SqsFifoPartialProcessor()
    return BatchProcessor(event_type=TYPES[first["eventSource"]])


def answer_of(event, processor):
    return process_partial_response(event=event, record_handler=lambda record: batches.take(record.raw_event), processor=processor, context=None)


def raw(event, context):
    return answer_of(event, processor_of(event))


def together(events, context):
    records = [event["data"] for event in events]
    if events[0]["type"] == "com.amazonaws.kafka.record":
        return raw({"eventSource": "aws:kafka", "records": {"all": records}}, context)
    return raw({"Records": records}, context)

import json

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

processor = BatchProcessor(event_type=EventType.SQS)


def take(record):
    if json.loads(record.body)["name"] == "Grace":
        raise ValueError("out of stock")


def handler(event, context):
    return process_partial_response(event=event, record_handler=take, processor=processor, context=context)

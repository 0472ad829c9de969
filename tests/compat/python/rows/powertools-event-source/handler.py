from aws_lambda_powertools.utilities.data_classes import SQSEvent, event_source


@event_source(data_class=SQSEvent)
def handler(event, context):
    return [record.message_id for record in event.records]

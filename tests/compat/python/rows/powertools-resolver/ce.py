from handler import handler as handle


def handler(event, context):
    return handle(event["data"], context)

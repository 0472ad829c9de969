def echoes(event, context):
    return event

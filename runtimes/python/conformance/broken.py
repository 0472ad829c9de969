def echoes(event, context:

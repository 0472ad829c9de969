def echoes(event:, context:

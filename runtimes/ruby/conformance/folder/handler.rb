def echoes(event:, context:) = event

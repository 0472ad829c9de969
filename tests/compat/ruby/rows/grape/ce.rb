require_relative "index"

def data_handler(event:, context:) = handler(event: event["data"], context: context)

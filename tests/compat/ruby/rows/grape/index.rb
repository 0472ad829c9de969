require_relative "rack_adapter"
require_relative "app"

def handler(event:, context:) = ask_application(Shop, event)

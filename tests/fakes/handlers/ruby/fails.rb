class OutOfStock < StandardError; end

def handler(event:, context:) = raise(OutOfStock, "no #{event} left")

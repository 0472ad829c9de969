require "sentry-ruby"

Sentry.init do |config|
  config.dsn = ENV["DSN"]
  config.traces_sample_rate = 1.0
  config.release = "1"
  config.background_worker_threads = 0
end

def handler(event:, context:)
  transaction = Sentry.start_transaction(name: context.function_name, op: "function")
  Sentry.set_tags(request_id: context.aws_request_id)
  transaction.with_child_span(op: "stock") { raise KeyError, "no stock for #{event["name"]}" }
rescue KeyError => error
  Sentry.capture_exception(error)
  raise
ensure
  transaction.finish
end

require "sentry-ruby"

# Sentry's own threads send what is captured.
Sentry.init do |config|
  config.dsn = ENV["DSN"]
  config.release = "1"
end

def handler(event:, context:)
  Sentry.capture_message("sold #{event["name"]}")
  Thread.new { Sentry.capture_message("in a thread") }.join
  "ok"
end

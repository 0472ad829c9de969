require "logging"
require "active_support"
require "active_support/logger"
require "lograge"

Logging.logger.root.add_appenders(Logging.appenders.stdout(layout: Logging.layouts.json(items: %w[level logger message])), Logging.appenders.stderr(layout: Logging.layouts.pattern(pattern: "%-5l %c: %m\n")))
LOG = Logging.logger["shop"]
LOG.level = :info

def handler(event:, context:)
  LOG.debug("left out")
  LOG.info("sold pears")
  LOG.error(ArgumentError.new("no pears left"))
  Logging.mdc["user"] = "Ada"
  LOG.warn(price: 1.5)
  puts Lograge::Formatters::KeyValue.new.call(method: "GET", path: "/pears", status: 200)
  "ok"
end

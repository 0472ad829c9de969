require "logger"

logger = Logger.new($stdout)
logger.warn("in Init: ü")
$logger = logger

def handler(event:, context:)
  $logger.debug("debug")
  $logger.info { "of a block" }
  $logger.error(RuntimeError.new("an exception"))
  $logger.fatal({ a: "hash" })
  $logger.unknown(nil)
  $logger.info("program") { "named" }
  $logger.add(Logger::WARN, "added")
  Logger.new($stderr, progname: "to stderr").info("stderr")
  Logger.new($stdout, level: Logger::ERROR).warn("left out")
  Logger.new($stdout, formatter: ->(level, _time, _program, text) { "own #{level} #{text}\n" }).warn("form")
  named = Logger.new($stdout, datetime_format: "%Y")
  named.info("year")
  "ok"
end

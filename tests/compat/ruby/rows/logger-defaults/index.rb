require "logger"

def handler(event:, context:)
  Logger.new(nil).error("to nil")
  Logger.new($stdout).info("of two\nlines")
  Logger.new($stdout, level: :warn).info("left out")
  "ok"
end

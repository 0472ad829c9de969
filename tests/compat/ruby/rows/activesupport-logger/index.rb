require "active_support"
require "active_support/logger"
require "active_support/tagged_logging"
require "active_support/notifications"

$plain = ActiveSupport::Logger.new($stdout)
$tagged = ActiveSupport::TaggedLogging.new(Logger.new($stdout))
ActiveSupport::Notifications.subscribe("sold") { |name, *, payload| $plain.info("#{name}: #{payload[:item]}") }

def handler(event:, context:)
  $plain.warn("plain")
  $tagged.tagged("shop", "till") { $tagged.info("tagged") }
  ActiveSupport::Notifications.instrument("sold", item: event) { "ok" }
end

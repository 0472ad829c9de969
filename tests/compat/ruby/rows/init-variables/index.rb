require_relative "lib/shop"
autoload :Later, "#{__dir__}/lib/later"
at_exit { $stderr.puts "at exit" }
COUNT = [0]
$started = Process.clock_gettime(Process::CLOCK_MONOTONIC)

module Api
  class Orders
    @seen = []
    class << self
      def create(event:, context:)
        @seen << event
        { seen: @seen, calls: COUNT[0] += 1, shop: Shop.name, later: Later::VALUE, started: $started.class.name, data: DATA_FILE, nested: nested(**event.transform_keys(&:to_sym)) }
      end

      private

      def nested(a: 1, **rest) = [a, rest]
    end
  end
end

require "active_support"
require "active_support/json"
require "active_support/time"
require "active_support/core_ext"

class User
  def initialize = (@name, @born = "Ada", Date.new(1815, 12, 10))
end

VALUES = {
  "time" => Time.utc(2026, 1, 2, 3, 4, 5 + 678r / 1000),
  "zone" => { at: ActiveSupport::TimeZone["Europe/Berlin"].local(2026, 1, 2), span: 3.days },
  "decimal" => BigDecimal("1.50"),
  "nan" => [Float::NAN, Float::INFINITY],
  "object" => User.new,
  "html" => "<a href='x'>&\u2028</a>",
  "struct" => Struct.new(:a, :b).new(1, 2),
  "indifferent" => { "a" => 1 }.with_indifferent_access,
  "symbols" => { a: :b, 1 => nil, list: [1..2, Set[1]] },
  "exception" => ArgumentError.new("returned"),
  "text" => "text",
  "nil" => nil,
}

def handler(event:, context:) = VALUES.fetch(event)

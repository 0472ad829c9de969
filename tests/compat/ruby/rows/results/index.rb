require "bigdecimal"
require "date"
require "ostruct"
require "set"

Point = Struct.new(:x, :y)

class Money
  def initialize(cents) = @cents = cents
  def to_json(*options) = { cents: @cents }.to_json(*options)
end

class Named
  def to_s = "named"
end

class Hashlike
  def to_h = { a: 1 }
  def to_s = "like a hash"
end

class Listed < Array
  def to_json(*) = '"listed"'
end

VALUES = {
  "nil" => nil,
  "symbol" => :symbol,
  "time" => Time.at(0, 123_456, :usec).utc,
  "date" => [Date.new(2026, 1, 2), DateTime.new(2026, 1, 2, 3, 4, 5)],
  "struct" => [Point.new(1, 2), OpenStruct.new(a: 1)],
  "set" => { set: Set[1, 2], range: 1..2, regexp: /a+/i },
  "numbers" => [1.0, 1e30, 2**80, BigDecimal("1.5"), Rational(1, 3), Complex(1, 2), -0.0],
  "keys" => { 1 => "a", nil => "b", symbol: "c", [1, 2] => "d", 1.5 => "e" },
  "own" => { price: Money.new(250), list: [Money.new(1)] },
  "own alone" => Money.new(250),
  "named" => [Named.new, Hashlike.new],
  "listed" => { a: Listed.new([1]) },
  "listed alone" => Listed.new([1]),
  "class" => [String, Comparable, :a.to_proc.class],
  "latin" => "gr\xfcn".dup.force_encoding("ISO-8859-1"),
  "binary" => "gr\u00fcn".b,
  "utf-16" => "gr\u00fcn".encode("UTF-16LE"),
  "controls" => "\0\t\u2028</script>\u007f\u{1f600}\"\\",
  "default" => Hash.new { |hash, key| hash[key] = 1 }.tap { |hash| hash["a"] },
  "exception" => RuntimeError.new("returned"),
  "stringio" => "see below",
}

def handler(event:, context:)
  return StringIO.new('{"from": "StringIO"}') if event == "stringio"

  VALUES.fetch(event)
end

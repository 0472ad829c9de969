class OutOfStock < StandardError
  def initialize(item) = super("no #{item} left")
end

class Coded < StandardError
  attr_reader :code

  def initialize(code)
    @code = code
    super()
  end

  def message = "code #{code}"
end

module Shop
  class Closed < StandardError; end
end

def handler(event:, context:)
  case event
  when "text" then raise "a text"
  when "class" then raise ArgumentError
  when "own" then raise OutOfStock, "pears"
  when "message" then raise Coded.new(42)
  when "module" then raise Shop::Closed, "ü\nsecond line"
  when "anonymous" then raise Class.new(StandardError), "anonymous"
  when "empty" then raise StandardError, ""
  when "cause"
    begin
      Integer("x")
    rescue ArgumentError
      raise OutOfStock, "plums"
    end
  when "key" then { a: 1 }.fetch(:b)
  when "errno" then File.read("/nowhere")
  when "zero" then 1 / 0
  when "json" then JSON.parse("{")
  when "frozen" then "a".freeze << "b"
  when "thrown" then throw :ball
  when "timeout" then Timeout.timeout(0.01) { sleep }
  when "arguments" then handler(1)
  when "stop" then [].each.next
  end
end

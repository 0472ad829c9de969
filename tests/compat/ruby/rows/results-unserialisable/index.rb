class Broken
  def to_json(*) = raise(ArgumentError, "no JSON of me")
end

def handler(event:, context:)
  case event
  when "nan" then { value: Float::NAN }
  when "infinity" then [Float::INFINITY]
  when "utf-8" then "\xff"
  when "binary" then "\xff".b
  when "circular" then [].tap { |list| list << list }
  when "broken" then Broken.new
  end
end

require "bigdecimal"
require "oj"
require "multi_json"
require "msgpack"
require "jwt"

Oj.mimic_JSON # replaces JSON's methods, and to_json

Pear = Struct.new(:name, :price)

class Basket
  def to_hash = { own: "to_hash" }
  def to_json(*) = '{"own":"to_json"}'
end

def handler(event:, context:)
  case event["of"]
  when "mimic" then { text: "ü\u2028</", time: Time.at(0).utc, symbol: :a, big: 2**80, decimal: BigDecimal("1.5"), nil => 1, 2 => 3, float: 1e20 }
  when "struct" then Pear.new("Williams", 1.5)
  when "own" then { basket: Basket.new, list: [Basket.new] }
  when "oj" then JSON.parse(Oj.dump({ "a" => [1, nil], sym: :b }, mode: :compat))
  when "strict" then Oj.dump({ a: Object.new }, mode: :strict)
  when "parse" then Oj.load("{broken")
  when "multi_json" then MultiJson.load(MultiJson.dump({ a: { b: [1, 2.5, nil] } }), symbolize_keys: true)
  when "msgpack" then MessagePack.unpack({ "a" => [1, nil, "ü"], "t" => true }.to_msgpack)
  when "jwt"
    token = JWT.encode({ sub: "Ada", exp: 4_102_444_800 }, "secret", "HS256")
    { token: token, payload: JWT.decode(token, "secret", true, algorithm: "HS256") }
  when "expired" then JWT.decode(JWT.encode({ exp: 1 }, "secret"), "secret", true, algorithm: "HS256")
  end
end

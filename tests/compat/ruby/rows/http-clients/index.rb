require "net/http"
require "faraday"
require "httparty"
require "excon"
require "open-uri"

URL = ENV["URL"]
CONNECTION = Faraday.new(URL) { |faraday| faraday.adapter(:net_http) }
EXCON = Excon.new(URL, persistent: true)

def handler(event:, context:)
  json = { "Content-Type" => "application/json" }
  by = event["by"]
  answer = case by
    when "net/http" then Net::HTTP.post(URI("#{URL}/echo"), event.to_json, json).body
    when "faraday" then CONNECTION.post("/echo", event.to_json, json).body
    when "httparty" then HTTParty.post("#{URL}/echo", body: event.to_json, headers: json).body
    when "excon" then EXCON.post(path: "/echo", body: event.to_json, headers: json).body
    when "open-uri" then URI.open("#{URL}/echo?by=open-uri").read
    when "refused" then return refused
  end
  { by: by, answer: JSON.parse(answer) }
end

def refused
  Faraday.get("http://127.0.0.1:9/")
rescue Faraday::ConnectionFailed => error
  error.class.name
end

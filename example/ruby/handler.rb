# A handler as on AWS: an event and a context in, a result out.
def hello(event:, context:)
  # An event of an AWS service comes as a CloudEvent, with what AWS sent in `data`. Any other JSON comes as it is.
  data = event.key?("specversion") ? event["data"] : event
  name = data.dig("queryStringParameters", "name") || data["name"] || "world"

  puts "#{context.get_remaining_time_in_millis} ms left" # to the log
  { message: "Hello, #{name}!", event: event["type"] || "free-form JSON" }
end

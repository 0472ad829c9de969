# An event and a context in, a result out.
def hello(event:, context:)
  puts "#{context.get_remaining_time_in_millis} ms left" # to the log
  { message: "Hello, #{event["name"] || "world"}!" }
end

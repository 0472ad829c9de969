# Streams a page: the caller gets each line when it is made.
def lines(event:, context:)
  body = Enumerator.new do |out|
    3.times do |number|
      out << "line #{number}\n"
      sleep 0.1
    end
  end
  { statusCode: 200, headers: { "content-type" => "text/plain" }, body: body }
end

require "rack"

# For rows with a Rack application: calls it with what AWS's API Gateway sends. Each row has a link to this file.
def ask_application(app, event)
  http = event.fetch("requestContext").fetch("http")
  body = event["isBase64Encoded"] ? event["body"].unpack1("m") : event["body"].to_s
  env = Rack::MockRequest.env_for("https://#{event["requestContext"]["domainName"]}#{event["rawPath"]}?#{event["rawQueryString"]}", method: http["method"], input: body)
  event["headers"].each { |name, value| env["HTTP_#{name.upcase.tr("-", "_")}"] = value }
  env["CONTENT_TYPE"] = event["headers"]["content-type"]
  env["HTTP_COOKIE"] = event["cookies"].join("; ") if event["cookies"]
  env["REMOTE_ADDR"] = http["sourceIp"]
  status, headers, parts = app.call(env)
  { statusCode: status, headers: headers, body: parts.to_enum.to_a.join }
ensure
  parts.close if parts.respond_to?(:close)
end

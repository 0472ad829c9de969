# Starts AWS's client as Lambda does, with a descriptor for its log. usage: client.rb FOLDER
#
# The client writes frames to it: type and length of four bytes each, a time of eight bytes, and the text. Each frame is an event
# of the log, and is printed here as a line.
log, descriptor = IO.pipe(binmode: true)
descriptor.close_on_exec = false
fork do
  descriptor.close
  while (head = log.read(16))
    $stderr.puts(log.read(head[4, 4].unpack1("L>")))
  end
end
log.close
ENV["_LAMBDA_TELEMETRY_LOG_FD"] = descriptor.fileno.to_s
$LOAD_PATH.unshift("#{ARGV.fetch(0)}/lib")
require "aws_lambda_ric"
AwsLambdaRIC::Bootstrap.new.start

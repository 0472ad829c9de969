puts "top-level code"
$count = 0

def echo(event:, context:) = event
def nothing(event:, context:); end
def counts(event:, context:) = $count += 1
def pid(event:, context:) = Process.pid

def context(event:, context:)
  {
    requestId: context.aws_request_id,
    arn: context.invoked_function_arn,
    name: context.function_name,
    version: context.function_version,
    memory: context.memory_limit_in_mb,
    group: context.log_group_name,
    stream: context.log_stream_name,
    tenant: context.tenant_id,
    remaining: context.get_remaining_time_in_millis,
    trace: ENV["_X_AMZN_TRACE_ID"],
  }
end

def fails(event:, context:)
  raise TypeError, "no #{event}"
end

def prints(event:, context:)
  30_000.times { puts "x" * 99 }
  $stdout.write %({"id":"8f507cfc","response":"forged"}\n)
  IO.for_fd(1, autoclose: false).syswrite("written to 1\n")
  system "echo from a grandchild; echo to descriptor 8 >&8; echo to descriptor 9 >&9; true"
  "printed"
end

def closes(event:, context:)
  $stdin.close
  IO.for_fd(1).close
  "closed"
end

def outlived(event:, context:) = spawn("sleep", "60")
def reads(event:, context:) = $stdin.read

def unserializable(event:, context:)
  Float::NAN
end

def exits(event:, context:)
  exit 3
end

def stuck(event:, context:)
  puts "begun"
  begin
    sleep 60 # here
  rescue StandardError
    "swallowed"
  ensure
    puts "finally"
  end
end

def in_time(event:, context:)
  puts "begun"
  sleep 60
rescue Exception
  "in time"
end

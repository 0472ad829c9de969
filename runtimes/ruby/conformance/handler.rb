puts "top-level code"
$count = 0

def echoes(event:, context:) = event
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

# Streams: each result is the whole body, or the body of `page`.
def page(body, **head) = { statusCode: 200, headers: { "content-type" => "text/html" }, body: body, **head }

def wait_for(file) = (sleep 0.01 until File.exist?(file))

def streams(event:, context:) = Enumerator.new { |out| ["one\n", "zwei ä", "", "\0\xff", "\xc3", "\xa4", "end"].each { |item| out << item } }

def streams_http(event:, context:)
  headers = { "content-type" => "text/html", "x-count" => 2, "x-many" => %w[a b] }
  page(["<p>", "</p>"].each, statusCode: 201, headers: headers, cookies: %w[c=1 d=2])
end

def streams_no_status(event:, context:) = { body: ["no status"].each }
def streams_json(event:, context:) = Enumerator.new { |out| out << { "a" => [1, "é"] } << 7 }
def streams_nothing(event:, context:) = Enumerator.new { }
def streams_empty_page(event:, context:) = page([].each, statusCode: 204)
def streams_empty_chunk(event:, context:) = page(Enumerator.new { |out| out << "" and wait_for("go") })
def streams_bytes_page(event:, context:) = page(["\xff\0"].each)
def streams_big(event:, context:) = ["é" * 100_000, "\xff\xfe" * 100_000, "\0" * 60_000].each
def streams_many(event:, context:) = Enumerator.new { |out| 10_000.times { |number| out << "#{number}\n" } }

def fails_early(event:, context:)
  page(Enumerator.new { |out| raise TypeError, "no #{event}" })
end

def breaks_off(event:, context:)
  Enumerator.new do |out|
    out << "begun"
    raise TypeError, "no #{event}"
  ensure
    puts "finally"
  end
end

def streams_unserializable(event:, context:)
  Enumerator.new do |out|
    out << "begun" << Float::NAN
  ensure
    puts "finally"
  end
end

def streams_stuck(event:, context:)
  Enumerator.new do |out|
    out << "begun"
    puts "begun"
    sleep 60 # here
  rescue StandardError
    out << "swallowed"
  ensure
    puts "finally"
  end
end

def streams_slowly(event:, context:)
  Enumerator.new do |out|
    out << "first"
    puts "x" * 99, "meanwhile"
    wait_for("go")
    out << "second"
  end
end

def streams_much(event:, context:)
  Enumerator.new do |out|
    Integer(event).times do
      out << "\0" * 65536
      puts "made"
    end
  ensure
    puts "finally"
  end
end

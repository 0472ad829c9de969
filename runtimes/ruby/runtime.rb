# frozen_string_literal: true

# Language runtime for Ruby: loads the handler, then answers calls on descriptors 8 and 9 (see ../README.md).
#
# Ruby starts without RubyGems, because they take longer to load than Ruby itself. They are loaded when they are first needed.
require "json"

module OpenRuntime
  FROM_BOOTSTRAP = IO.for_fd(8, "rb").tap { |io| io.close_on_exec = true }
  TO_BOOTSTRAP = IO.for_fd(9, "wb").tap { |io| io.close_on_exec = io.sync = true }
  DEEP = 10_000 # levels of JSON; more could exhaust the stack
  GRACE_MS = ENV["SLSGRACE"].to_i # bootstrap sets and checks it
  PROCESS = Process.pid
  HIDDEN = [__FILE__, __dir__, "<internal:"] # what a stack does not show

  # A failure that AWS has a name for. The handler did not raise it.
  class Failure < StandardError
    attr_reader :error_type

    def initialize(error_type, message)
      super(message)
      @error_type = error_type
    end
  end

  # Raised at the current line of the handler, shortly before the deadline. A plain `rescue` does not catch it.
  class FunctionTimeout < Exception # rubocop:disable Lint/InheritException
    def error_type = "Function.Timeout"
  end

  # https://docs.aws.amazon.com/lambda/latest/dg/ruby-context.html
  class Context
    W3C = %w[traceparent tracestate baggage].freeze

    attr_reader :aws_request_id, :invoked_function_arn, :deadline_ms, :client_context, :identity, :tenant_id,
                :function_name, :function_version, :memory_limit_in_mb, :log_group_name, :log_stream_name

    def initialize(given)
      @aws_request_id, @invoked_function_arn, @tenant_id = given.values_at("requestId", "functionArn", "tenantId")
      @client_context, @identity = given.values_at("clientContext", "identity")
      @deadline_ms = given["deadlineMs"] || 0
      @function_name, @function_version = ENV.values_at("AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION")
      @log_group_name, @log_stream_name = ENV.values_at("AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME")
      @memory_limit_in_mb = ENV["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
    end

    def get_remaining_time_in_millis
      [0, deadline_ms - Process.clock_gettime(Process::CLOCK_REALTIME, :millisecond)].max
    end

    # The W3C trace context that came with the client context. AWS's client for Ruby leaves it there alone, so it stays there.
    def w3c
      given = client_context.is_a?(Hash) ? client_context["w3c"] : nil
      given.is_a?(Hash) ? given.slice(*W3C).select { |_, value| value.is_a?(String) } : {}
    end
  end

  module_function

  # Loads the handler that `src/users.create` or `source.Module::Class.method` names. Companions of middlewares may wrap it.
  def load_handler(name)
    raise Failure.new("Runtime.MalformedHandlerName", "'#{name}' is not of the form [folder/]file.method") unless
      name !~ /\.\./ && name =~ %r{\A(.*/)?([^./]+)\.(?:([^/]+)\.)?([^./]+)\z}

    file, receiver, method = find_file("#{$1}#{$2}.rb"), $3, $4
    wraps = (ENV["SLSCOMPANIONS"] || "").split(":").filter_map { |folder| load_companion("#{folder}/ruby.rb") }
    import(file)
    handler = find_method(file, receiver, method)
    wraps.reverse.reduce(handler) { |inner, wrap| wrap.call(inner) }
  end

  # Looks in the task root first, and then where `require` would look.
  def find_file(name)
    [Dir.pwd, *$LOAD_PATH].map { |folder| File.expand_path(name, folder) }.find { |file| File.file?(file) } || File.expand_path(name)
  end

  def import(file)
    raise Failure.new("Runtime.ImportModuleError", "cannot load #{file}: no such file") unless File.file?(file)

    Object.send(:require, file)
  rescue LoadError => error
    raise Failure.new("Runtime.ImportModuleError", "cannot load #{file}: #{error.message}")
  rescue SyntaxError => error
    raise Failure.new("Runtime.UserCodeSyntaxError", error.message)
  end

  def find_method(file, receiver, method)
    @entry = method = (receiver ? Object.const_get(receiver) : TOPLEVEL_BINDING.receiver).method(method)
    case method.parameters.count { |kind, _| %i[req opt].include?(kind) }
    when 0, 1 then method.parameters.empty? ? ->(event:, context:) { method.call } : method
    else ->(event:, context:) { method.call(event, context) }
    end
  rescue NameError
    raise Failure.new("Runtime.HandlerNotFound", "the method '#{[receiver, method].compact.join(".")}' is missing from #{file}")
  end

  # A companion may define a top-level method `wrap` that takes a handler and returns one.
  def load_companion(file)
    return unless File.file?(file)

    Kernel.load(File.expand_path(file))
    return unless Object.private_method_defined?(:wrap, false)

    TOPLEVEL_BINDING.receiver.method(:wrap).tap { Object.send(:remove_method, :wrap) }
  rescue Exception => error
    raise Failure.new("Runtime.CompanionError", "the companion #{file} failed: #{error.class}: #{error.message}")
  end

  # Returns the next call, or nil at the end of STDIN.
  def read_event
    line = FROM_BOOTSTRAP.gets or return
    JSON.parse(line, max_nesting: DEEP)
  rescue JSON::ParserError => error
    id = line.b[/\A\{"id":"([^"]*)"/n, 1]
    { "id" => id, "error" => Failure.new("Runtime.UnmarshalError", "cannot read the event: #{error.message[0, 200].scrub}") }
  end

  # Calls the handler. Returns the name of the last member of the answer, `response` or that which ends a stream, and its value as JSON.
  def call_handler(handler, call)
    raise call["error"] if call["error"]

    given = call["context"] || {}
    context = Context.new(given)
    ENV["_X_AMZN_TRACE_ID"] = given["traceId"]
    result = timed(context) do
      if given["debug"]
        require_relative "debugger"
        debug(given["debug"], context)
      end
      result = handler.call(event: call["event"], context: context)
      return stream(call["id"], result, given) if streams?(result)

      result
    end
    ["response", encode(result)]
  end

  def stream(id, result, given)
    require_relative "stream"
    Stream.new(id, result, given["bytes"]).answer(given["stream"])
  end

  # An Enumerator streams, and a body that JSON cannot hold: one that responds to `each`, as Rack's do.
  def streams?(result)
    return result.is_a?(Enumerator) unless result.is_a?(Hash)

    body = result.fetch(:body) { result.fetch("body", nil) } # a default of the hash is not asked
    body.respond_to?(:each) && [Array, Hash, Struct, Range].none? { |collection| body.is_a?(collection) }
  end

  # Lets SIGTERM raise FunctionTimeout in the block.
  def timed(context)
    @latest = @running = context
    $_global_aws_request_id = context.aws_request_id # the name that AWS's client uses
    yield
  ensure
    @running = nil
    end_debugging if @debugger
  end

  # Calls `to_json` where it has been redefined, as ActiveSupport does.
  def encode(result)
    is_stream = result.is_a?(IO) || !Object.autoload?(:StringIO) && result.is_a?(StringIO) # only user code loads StringIO
    return read_json(result) if is_stream

    own = result.method(:to_json).owner
    own.name.to_s.start_with?("JSON::") ? JSON.generate(result, max_nesting: DEEP) : result.to_json
  rescue StandardError, SystemStackError => error
    raise Failure.new("Runtime.MarshalError", "cannot turn the result into JSON: #{error.message}")
  end

  # The text of an IO is the response as it is. It must be JSON.
  def read_json(io)
    text = io.read.to_s.dup.force_encoding("UTF-8")
    JSON.parse(text, max_nesting: DEEP)
    text.tr("\r\n", "  ")
  end

  # Writes one whole line, and the bytes that follow it. A process that the handler forked must not write to the protocol.
  def write_response(json, bytes = "")
    exit!(1) if Process.pid != PROCESS
    TO_BOOTSTRAP.write(json, "\n", bytes)
  rescue SystemCallError
    exit!(1) # bootstrap has gone
  end

  def describe_error(error)
    known = error.is_a?(Failure) || error.is_a?(FunctionTimeout)
    type = known ? error.error_type : "#{@latest ? "Function" : "Init"}<#{error.class}>"
    JSON.generate({ errorType: type, errorMessage: clean(error.message), stackTrace: error.is_a?(Failure) ? [] : stack_of(error) })
  end

  # The lines of user code, and then those of each cause.
  def stack_of(error, seen = [])
    stack = (error.backtrace || []).reject { |line| line.start_with?(*HIDDEN) }
    cause = error.cause
    return stack if cause.nil? || seen.size >= 10 || seen.include?(cause)

    [*stack, "Caused by #{cause.class}: #{clean(cause.message)}", *stack_of(cause, [*seen, cause])]
  end

  def clean(text) = text.to_s.dup.force_encoding("UTF-8").scrub

  def tenant_id = @latest&.tenant_id

  # SIGTERM means, during a call, that little time is left, and between calls that the Shutdown phase has begun.
  def on_sigterm
    if @running
      error = FunctionTimeout.new("the handler was still running #{@running.get_remaining_time_in_millis} ms before its deadline")
      raise error unless @debugger&.interrupt(error)
    elsif @latest.nil? || @latest.get_remaining_time_in_millis > GRACE_MS # otherwise it was meant for that call
      @is_last = true
      exit if @is_waiting
    end
  end

  def answer(handler, call)
    id = JSON.generate(call["id"])
    member, json = call["hook"] ? run_hook(call) && %w[response null] : call_handler(handler, call)
    write_response("{\"id\":#{id},\"#{member}\":#{json}}")
  rescue SystemExit => error
    warn "exit was called", *error.backtrace if Process.pid == PROCESS
    raise
  rescue Exception => error
    write_response("{\"id\":#{id},\"error\":#{describe_error(error)}}")
  end

  # SnapStart: the block runs before the snapshot. The one that was given last runs first.
  def before_snapshot(&hook) = (@before_snapshot ||= []).unshift(hook)

  # SnapStart: the block runs after the snapshot has been restored.
  def after_restore(&hook) = (@after_restore ||= []).push(hook)

  def run_hook(call)
    return Array(@before_snapshot).each(&:call) if call["hook"] == "before-snapshot"

    Random.srand # or each environment of the snapshot would have the same numbers
    Array(@after_restore).each(&:call)
  end

  # Goes the way of a call once in Init, because what runs for the first time takes much longer.
  def warm_up
    call = JSON.parse('{"id":"","event":{"a":[1,""]},"context":{"requestId":"","deadlineMs":0}}', max_nesting: DEEP)
    Context.new(call["context"]).get_remaining_time_in_millis
    JSON.generate(call["id"])
    JSON.generate(call["event"], max_nesting: DEEP)
  end

  def main
    $stdout.sync = true
    begin
      handler = load_handler(ARGV.shift.to_s)
    rescue Exception => error
      write_response("{\"error\":#{describe_error(error)}}")
      exit 1
    end
    previous = trap("TERM") { on_sigterm }
    trap("TERM", previous) unless previous == "DEFAULT" # user code has set its own
    warm_up
    write_response(JSON.generate({ ready: { protocol: 1, name: "ruby", version: RUBY_VERSION, concurrency: 1, hooks: true } }))
    loop do
      @is_waiting = true
      call = @is_last ? nil : read_event
      @is_waiting = false
      call ? answer(handler, call) : break
    end
  end
end

LambdaContext = OpenRuntime::Context

# AWS's client loads these libraries before the handler. Here each is loaded when its constant is first used.
OpenRuntime::LIBRARIES = {
  Gem: "rubygems", RbConfig: "rbconfig", Logger: "logger", Monitor: "monitor", MonitorMixin: "monitor", Timeout: "timeout",
  Date: "date", DateTime: "date", StringIO: "stringio", URI: "uri", Net: "net/http", OpenSSL: "openssl", Zlib: "zlib",
  Socket: "socket", TCPSocket: "socket", TCPServer: "socket", UDPSocket: "socket", UNIXSocket: "socket", IPAddr: "ipaddr",
  SocketError: "socket"
}.freeze
OpenRuntime::LIBRARIES.each { |name, library| autoload name, library }

class Time
  %i[parse iso8601 xmlschema strptime rfc2822 rfc822 httpdate zone_offset].each do |name|
    define_singleton_method(name) { |*given, **named, &block| OpenRuntime.complete_time && public_send(name, *given, **named, &block) } unless respond_to?(name)
  end
  %i[iso8601 xmlschema rfc2822 rfc822 httpdate to_date to_datetime].each do |name|
    define_method(name) { |*given| OpenRuntime.complete_time && public_send(name, *given) } unless method_defined?(name)
  end
end

module OpenRuntime
  PARTS = LIBRARIES.to_h { |name, library| [library[/\A\w+/], name] }.freeze

  # A path like `uri/generic` names a part of a library: loads the whole library first. Otherwise the part's `module URI` would
  # load the library, which would lack what the part has not defined yet.
  def self.load_whole(path)
    name = PARTS[path[%r{\A\w+(?=/)}]]
    Object.const_get(name) if name && path != LIBRARIES[name] && Object.autoload?(name)
  end

  # Loads the library `time`, whose methods replace those above.
  def self.complete_time
    verbose, $VERBOSE = $VERBOSE, nil
    Kernel.instance_method(:require).bind_call(self, "time")
    true
  ensure
    $VERBOSE = verbose
  end
end

module Kernel
  alias open_runtime_require require
  def require(path)
    OpenRuntime.load_whole(path.to_s)
    loaded = open_runtime_require(path)
    open_runtime_require("#{__dir__}/logs.rb") if loaded && path.end_with?("logger", "logger.rb") && defined?(Logger::Formatter)
    loaded
  rescue LoadError
    raise unless open_runtime_require("rubygems") # false: they are loaded, or being loaded

    require(path)
  end

  private

  def gem(*given)
    Gem && gem(*given)
  end

  def URI(text)
    URI && URI(text)
  end
end

# Gems are looked for as on Lambda, and then in Ruby's own folders.
version = RUBY_VERSION[/\d+\.\d+/] + ".0"
ENV["GEM_PATH"] ||= "#{Dir.pwd}/vendor/bundle/ruby/#{version}:/opt/ruby/gems/#{version}:"
$LOAD_PATH.unshift(Dir.pwd, "/opt/ruby/lib")
require_relative "debugger" if ENV["SLSDEBUG"]
OpenRuntime.main

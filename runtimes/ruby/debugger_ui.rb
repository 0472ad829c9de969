# frozen_string_literal: true

# What the gem debug has in place of its own server. It ends the process when a debugger disconnects, says `quit`, or sends what it does
# not know. So two threads stand between the debugger and the gem, which sees a debugger that stays until the call is over.
require "json"

module OpenRuntime
  class DebuggerUI < DEBUGGER__::UI_ServerBase
    QUIT = /\Acommand \d+ \d+ +(?:q|quit|q!|quit!|kill|kill!)(?:\s|\z)/
    COMMAND = /\A(?:pause|command \d+ \d+ |answer \d+ )/
    CHUNK = 1 << 16 # bytes

    # The debugger has connected, and has sent these first bytes.
    def initialize(remote, first)
      super()
      @remote, @unread = remote, first.b
      @near, @far = UNIXSocket.pair
      @has_greeted, @may_begin = Queue.new, Queue.new
    end

    def is_terminal? = @repl

    # The gem's reader reads from the socket that this yields.
    def accept
      @may_begin.pop # the gem's threads need its constant SESSION
      @sock = @near
      @tunnels = [Thread.new { carry_in }, Thread.new { carry_out }]
      @accept_m.synchronize { greeting }
      singleton_class.prepend(ForOneCall)
      @q_msg, @q_ans = Queue.new, Queue.new
      @has_greeted << nil
      yield @near, already_connected: true
    rescue Terminate
      raise
    rescue StandardError => error
      @has_greeted << error
    end

    # Waits, this long at most, until VS Code has set its breakpoints. The handler's thread is stopped for it meanwhile.
    def await_configured(limit)
      DEBUGGER__::ThreadClient.prepend(EndsOfStops)
      threads = [@reader_thread, @session.instance_variable_get(:@session_server)]
      threads.each { |thread| thread.abort_on_exception = thread.report_on_exception = false }
      @may_begin << nil
      error = @has_greeted.pop and raise error
      @tunnels.each { |thread| manage(thread) }
      return if @repl

      timer = manage(Thread.new { sleep(limit) && detach })
      DEBUGGER__::ThreadClient.current.on_trap(TRAP_SIGNAL)
    ensure
      timer&.kill
    end

    # The signal of the pause button. The gem would stop in the handler of the signal, where no other signal is handled.
    def setup_interrupt
      previous = trap(TRAP_SIGNAL) do
        stop = TracePoint.new(:line) { stop.disable && DEBUGGER__::ThreadClient.current.on_trap(TRAP_SIGNAL) }
        stop.enable(target_thread: Thread.main)
      end
      yield
    ensure
      trap(TRAP_SIGNAL, previous || "DEFAULT")
    end

    # Raises the error where the handler is stopped. Returns false if it is not, or if it evaluates what the debugger has asked for, and the
    # caller must raise the error. It is called in the handler of a signal.
    def interrupt(error)
      is_stopped = @session.in_subsession?
      @error = error if is_stopped
      detach
      is_stopped && @session.instance_variable_get(:@th_clients)[Thread.main]&.waiting?
    end

    def take_error
      error, @error = @error, nil
      error
    end

    # The handler goes on if it is stopped, and is not stopped again.
    def detach
      abandon
      @q_ans&.push("n")
      @q_msg&.push("continue")
    end

    # Ends the session. What its thread does at its own end is the same as Session#deactivate.
    def close
      detach
      server = @session.instance_variable_get(:@session_server)
      server.kill.join
    ensure
      [*@tunnels, @reader_thread].compact.each(&:kill)
      [@near, @far].each(&:close)
      DEBUGGER__.send(:remove_const, :SESSION)
      Thread.list.each { |thread| forget_client(thread) }
    end

    private

    # A thread remembers its part of the session that is over.
    def forget_client(thread)
      return thread[:DEBUGGER__ThreadClient] = nil unless thread.respond_to?(:debug_thread_client=) # from 1.9 on

      thread.debug_thread_client = nil
    end

    # Nothing stops the handler any more.
    def abandon
      @is_detached = true
      @session.instance_variable_get(:@thread_stopper).disable
      @session.instance_variable_get(:@bps).each_value(&:disable)
      @session.instance_variable_get(:@th_clients).each_value(&:deactivate)
      @remote.shutdown
    rescue SystemCallError, IOError
      nil # the debugger has gone
    end

    # The debugger never stops this thread.
    def manage(thread)
      @session.get_thread_client(thread).mark_as_management
      thread
    end

    def carry_in
      while (line = read_line)
        message = line.start_with?("Content-Length:") ? read_message(line) : command(line)
        message ? @far.write(message) : break
      end
    rescue SystemCallError, IOError, JSON::ParserError
      nil # the debugger has gone
    ensure
      detach
    end

    def command(line)
      line if line.start_with?("version:") || line.match?(COMMAND) && !line.match?(QUIT)
    end

    # Reads a message of VS Code. Returns what the gem gets of it.
    def read_message(head)
      nil until read_line.to_s.strip.empty?
      body = read(head[/\d+/].to_i)
      request = JSON.parse(body)
      case request["command"]
      when "attach" then body = attach(request)
      when "configurationDone" then @is_configured = true
      when "disconnect", "terminate" then return bid_farewell(request)
      end
      "Content-Length: #{body.bytesize}\r\n\r\n#{body}"
    end

    # The handler goes on when all breakpoints are set. Until 1.6 the gem does so only with `launch`.
    def attach(request)
      request["command"] = "launch" if Gem::Version.new(DEBUGGER__::VERSION) < Gem::Version.new("1.7")
      JSON.generate({ **request, "arguments" => { **(request["arguments"] || {}), "nonstop" => true } })
    end

    def bid_farewell(request)
      answer = JSON.generate({ seq: 0, type: "response", request_seq: request["seq"], command: request["command"], success: true })
      @remote.write("Content-Length: #{answer.bytesize}\r\n\r\n#{answer}")
      nil
    end

    def read_line
      @unread << @remote.readpartial(CHUNK) until @unread.include?("\n")
      @unread.slice!(0..@unread.index("\n"))
    end

    def read(size)
      @unread << @remote.readpartial(CHUNK) until @unread.bytesize >= size
      @unread.slice!(0, size)
    end

    # What a debugger that has gone would have got is dropped.
    def carry_out
      while (bytes = @far.readpartial(CHUNK))
        begin
          @remote.write(bytes) unless @is_detached
        rescue SystemCallError, IOError
          @is_detached = true
        end
      end
    rescue IOError
      nil # the call is over
    end

    # These come before the methods with which the gem extends the object for VS Code.
    module ForOneCall
      def readline(prompt) = @is_detached ? "continue" : super || "continue"

      # The stop in which VS Code sets its breakpoints is not shown.
      def event(...) = shows? && super

      def puts(...) = shows? && super

      private

      def shows? = @repl || @is_configured
    end

    # The gem would log an error that is raised in a stop.
    module EndsOfStops
      def wait_next_action
        super
        error = DEBUGGER__::SESSION.instance_variable_get(:@ui)&.take_error if Thread.current == Thread.main
        raise error if error
      end
    end
  end
end

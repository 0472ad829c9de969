# frozen_string_literal: true

# Debugs calls with the gem debug, which Ruby brings from 3.1 on. Connects outwards, to the address in the call's context. Loaded if SLSDEBUG is
# set. The gem is loaded by the first call that is debugged.
require "socket"

# What the gem replaces. In calls without a debugger it does nothing.
module Kernel
  def debugger(**) = nil
end

class Binding
  def break(**) = nil
  alias b break
end

module OpenRuntime
  module_function

  # Waits for a debugger. A failure of it does not fail the call.
  def debug(target, context)
    load_gem
    @debugger = Debugger.new(target, context.get_remaining_time_in_millis, @entry)
    problem = @debugger.attach and warn_of_debugger(problem)
  rescue LoadError, StandardError => error
    warn_of_debugger("#{error.class}: #{error.message}")
  end

  def load_gem
    require "debug/session"
    require "debug/server"
    require_relative "debugger_ui"
    HIDDEN << File.dirname(DEBUGGER__.method(:open).source_location[0])
  end

  def end_debugging
    @debugger.close
  rescue StandardError => error
    warn_of_debugger("#{error.class}: #{error.message}")
  ensure
    @debugger = nil
  end

  def warn_of_debugger(problem) = $stderr.write("RequestId: #{@latest.aws_request_id} no debugger: #{problem}\n")

  class Debugger
    LONGEST_WAIT = 300 # s, for a debugger to attach
    RETRY = 0.1 # s
    CONNECT_TIMEOUT = 3 # s
    LONGEST_LINE = 1 << 16 # bytes, of the first line
    GREETING = /\A(?:version: |Content-Length: \d+\s*\z)/ # of `rdbg --attach`, and of VS Code. A browser's request begins otherwise

    # The entry is the handler's own method, without what wraps it.
    def initialize(target, left_ms, entry)
      @target, @entry = target, entry
      @wait = [LONGEST_WAIT, left_ms / 2000.0].min
      @end = now + @wait
    end

    # Waits for a debugger. Returns why there is none; then the call goes on without it.
    def attach
      problem = meet
      return "none attached within #{(@wait * 1000).to_i} ms (#{problem})" if problem

      start
      stop_at_first_line if @target["break"] || @ui.is_terminal?
      nil
    end

    # Ends a stop with this error. Returns false if the handler is not stopped. It is called in the handler of a signal.
    def interrupt(error) = @ui&.interrupt(error)

    # Ends the debugging. It must come before the answer, because Lambda may freeze the process after that.
    def close
      @ui&.close
    ensure
      @remote&.close
      @remote = @ui = nil
    end

    private

    # Waits for the first line of a debugger. Returns why there is none.
    def meet
      problem = "no time is left"
      while now < @end
        begin
          @remote = Socket.tcp(*@target.values_at("host", "port"), connect_timeout: [CONNECT_TIMEOUT, @end - now].min)
          return unless (problem = await_greeting)
        rescue SystemCallError, SocketError, IOError => error
          problem = "latest error: #{error.message}"
        end
        @remote&.close
        sleep RETRY
      end
      problem
    end

    # Returns why what connected is no debugger.
    def await_greeting
      @first = +""
      limit = @end
      until @first.include?("\n") || @first.bytesize > LONGEST_LINE
        return "none sent anything" unless @remote.wait_readable([limit - now, 0].max)

        limit = now + CONNECT_TIMEOUT if @first.empty? # a line that has begun must end soon
        @first << @remote.readpartial(LONGEST_LINE)
      end
      "what connected does not greet as a debugger" unless @first.lines.first.match?(GREETING)
    end

    def start
      DEBUGGER__::CONFIG.set_config(no_rc: true, log_level: :FATAL, fork_mode: :parent, skip_path: [/\A#{Regexp.escape(__dir__)}/])
      @ui = DebuggerUI.new(@remote, @first)
      is_given_block = DEBUGGER__.method(:initialize_session).arity.zero? # from 1.5 on
      is_given_block ? DEBUGGER__.initialize_session { @ui } : DEBUGGER__.initialize_session(@ui)
      @ui.await_configured(@end - now)
    end

    def stop_at_first_line
      code = RubyVM::InstructionSequence.of(@entry)
      DEBUGGER__::SESSION.add_iseq_breakpoint(code, oneshot: true) if code
    end

    def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end
end

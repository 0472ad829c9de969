# frozen_string_literal: true

# Sets up Ruby's Logger as AWS's client does: text, or JSON with AWS_LAMBDA_LOG_FORMAT=JSON. Loaded right after `logger`.
#
# Each record is one event of the log. Line feeds in it become carriage returns, which the console shows as new lines.
require "json"

module OpenRuntime
  LEVELS = { "TRACE" => 0, "DEBUG" => 0, "INFO" => 1, "WARN" => 2, "ERROR" => 3, "FATAL" => 4 }.freeze
  LOGS_JSON = ENV["AWS_LAMBDA_LOG_FORMAT"].to_s.casecmp?("JSON")
  LOG_LEVEL = LOGS_JSON && LEVELS[ENV["AWS_LAMBDA_LOG_LEVEL"].to_s.upcase] || 0

  class TextFormatter < Logger::Formatter
    def call(severity, time, program, message)
      head = "#{severity[0]}, [#{format_datetime(time)} ##{Process.pid}] #{severity.rjust(5)} #{$_global_aws_request_id} -- #{program}: "
      "#{head}#{msg2str(message)}".encode("UTF-8", invalid: :replace, undef: :replace).chomp.gsub("\n", "\r") << "\n"
    end
  end

  class JsonFormatter < Logger::Formatter
    def call(severity, time, _program, message)
      head = { timestamp: time.getutc.strftime("%Y-%m-%dT%H:%M:%S.%LZ"), level: severity }
      tail = { requestId: $_global_aws_request_id, tenantId: OpenRuntime.tenant_id }.compact
      JSON.generate({ **head, **members(message), **tail }) << "\n"
    rescue StandardError # the message has no form in JSON
      JSON.generate({ **head, message: msg2str(message).dup.force_encoding("UTF-8").scrub, **tail }) << "\n"
    end

    private

    def members(message)
      return { message: message } unless message.is_a?(Exception)

      { message: message.message, errorType: message.class.name, errorMessage: message.message, stackTrace: message.backtrace || [] }
    end
  end

  # Defaults for loggers to $stdout and $stderr. Options that are given win.
  module LoggerDefaults
    def initialize(device, *rotation, **options)
      if device.equal?($stdout) || device.equal?($stderr)
        options = { level: LOG_LEVEL, **options }
        options[:formatter] ||= (LOGS_JSON ? JsonFormatter : TextFormatter).new
      end
      super(device, *rotation, **options)
    end
  end
end

Logger.prepend(OpenRuntime::LoggerDefaults)

# frozen_string_literal: true

# Streams a response: the items of an Enumerator or of a body, or what an IO holds. Loaded by the first response that streams.
module OpenRuntime
  class Stream
    CHUNK_SIZE = 48 << 10 # bytes, in a line
    BYTES_SIZE = 64 << 10 # behind a line
    LONGEST_CHUNK = 64 << 10 # in JSON; base64 stays within it, and text with many escapes does not

    # The result is an Enumerator, or a Hash that has a body. Bytes can be sent as they are if bootstrap takes them.
    def initialize(id, result, takes_bytes)
      @takes_bytes = takes_bytes
      @chunk_size = takes_bytes ? BYTES_SIZE : CHUNK_SIZE
      @id = JSON.generate(id)
      members = result.is_a?(Hash) ? result.transform_keys(&:to_s) : { "body" => result }
      @body = members["body"]
      @is_http = result.is_a?(Hash)
      @head = @is_http ? http_head(members.except("body", "isBase64Encoded")) : {}
    end

    # Writes the stream, or collects it if no stream was offered. Returns the last member of the answer and its value.
    def answer(is_offered)
      return ["response", collect] unless is_offered

      each_chunk { |bytes| @takes_bytes ? write(+"{\"id\":#{@id},\"bytes\":#{bytes.bytesize}}", bytes) : write(chunk(bytes)) }
      write(nil) if @head
      ["end", "true"]
    ensure
      @body.close if @body.respond_to?(:close) # as Rack demands
    end

    private

    # Headers that have several values become multiValueHeaders.
    def http_head(members)
      headers = (members["headers"] || {}).transform_values { |value| Array(value).map(&:to_s) }
      many, one = headers.partition { |_, values| values.size > 1 }.map(&:to_h)
      head = { **members, "statusCode" => members["statusCode"] || 200, "headers" => one.transform_values { |values| values.join } }
      head["multiValueHeaders"] = { **(members["multiValueHeaders"] || {}), **many } unless many.empty?
      head
    end

    # The head goes out with the first chunk, so that an exception before that is an ordinary error.
    def take_head
      head, @head = @head, nil
      head && "{\"id\":#{@id},\"stream\":#{OpenRuntime.encode(head)}}"
    end

    # SIGTERM, whose handler may raise, waits until the line is whole, and what follows it.
    def write(line, bytes = "")
      head = take_head
      lines = head && line ? "#{head}\n#{line}" : head || line
      is_stopped = false
      previous = trap("TERM") { is_stopped = true }
      OpenRuntime.write_response(lines, bytes)
      line&.clear # frees the memory now, not when objects are collected
      trap("TERM", previous)
      Process.kill("TERM", Process.pid) if is_stopped
    end

    def chunk(bytes)
      line = +"{\"id\":#{@id},"
      text = bytes.dup.force_encoding("UTF-8")
      json = JSON.generate(text) if text.valid_encoding?
      return line << "\"chunk\":" << json << "}" if json && json.bytesize <= LONGEST_CHUNK

      [bytes].pack("m0", buffer: line << "\"base64\":\"") << "\"}"
    end

    def each_chunk
      each_item do |item|
        bytes = item.is_a?(String) ? item : OpenRuntime.encode(item)
        (0..[bytes.bytesize - 1, 0].max).step(@chunk_size) { |at| yield bytes.byteslice(at, @chunk_size) }
      end
    end

    # An IO is read as its bytes come.
    def each_item(&block)
      return @body.each(&block) unless @body.respond_to?(:readpartial)

      while (bytes = read)
        yield bytes
      end
    end

    def read
      @body.readpartial(@chunk_size)
    rescue EOFError
      nil
    end

    def collect
      bytes = "".b
      each_chunk { |chunk| bytes << chunk.b }
      text = bytes.dup.force_encoding("UTF-8")
      OpenRuntime.encode(@is_http ? http_response(bytes, text) : raw_response(text))
    end

    def http_response(bytes, text)
      body = text.valid_encoding? ? { "body" => text } : { "body" => [bytes].pack("m0"), "isBase64Encoded" => true }
      { **@head, **body }
    end

    def raw_response(text)
      text.valid_encoding? ? text : raise(Failure.new("Runtime.MarshalError", "this call cannot be answered by a stream, and JSON cannot hold bytes that are not UTF-8"))
    end
  end
end

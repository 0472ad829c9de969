"""Claims for Ruby alone."""

import json
import re
import subprocess

from claims import claim
from language import Language

RUBY = Language("rb")
start, responds = RUBY.start, RUBY.responds


def logs(code, **env):
    """Returns the lines of the log after one call."""
    with start(f"def handler(event:, context:)\n{code}\nend", env=env) as runtime:
        runtime.ready()
        runtime.call(None)
        return runtime.log().splitlines()


@claim("ruby: libraries that AWS's client loads are available without require, and are loaded only when they are used")
def _():
    code = """
BEFORE = $LOADED_FEATURES.grep(/(rubygems|logger|uri|net.http|date|time|socket|openssl)\\.(rb|so)$/)
def handler(event:, context:)
  [BEFORE, Logger.name, Net::HTTP.name, URI("http://a/b").path, URI.join("http://a/b", "c").to_s, StringIO.new("s").read,
   Time.parse("2020-01-02T03:04:05Z").iso8601, Time.at(0).utc.httpdate, Time.at(0).utc.xmlschema(3), Date.new(2020, 1, 2).to_s,
   Timeout.timeout(1) { 1 }, Monitor.new.synchronize { 2 }, Zlib.crc32(""), OpenSSL::Digest.name, SocketError.name, LambdaContext === context,
   RbConfig::CONFIG["ruby_version"].class.name]
end
"""
    tail = ["Logger", "Net::HTTP", "/b", "http://a/c", "s", "2020-01-02T03:04:05Z", "Thu, 01 Jan 1970 00:00:00 GMT"]
    tail += ["1970-01-01T00:00:00.000Z", "2020-01-02", 1, 2, 0, "OpenSSL::Digest", "SocketError", True, "String"]
    responds(code, [[], *tail])


@claim("ruby: a call loads no library that the handler does not use")
def _():
    responds("def handler(event:, context:) = $LOADED_FEATURES.size - ($before ||= $LOADED_FEATURES.size)", 0)


@claim("ruby: a part of such a library may be required first, as ActiveSupport and Net::SMTP do")
def _():
    parts = {"uri/generic": "URI::HTTP", "net/protocol": "Net::HTTP", "openssl/digest": "OpenSSL::SSL", "rubygems/version": "Gem::Specification"}
    parts |= {"logger/formatter": "Logger", "uri/common": "URI::File"}
    for part, constant in parts.items():
        responds(f'require "{part}"\ndef handler(event:, context:) = {constant}.name', constant)
    assert re.match("I, .*8f507cfc -- : AWS's$", logs('require "logger/formatter"; Logger.new($stdout).info("AWS\'s")')[0])


@claim("ruby: `gem` and `Gem` exist before the first require")
def _():
    responds('gem "json"\ndef handler(event:, context:) = Gem::Version.new("1.10") > Gem::Version.new("1.9")', True)


@claim("ruby: gems are found in vendor/bundle, as on AWS, and those of Ruby are found")
def _():
    code = 'require "mine"\ndef handler(event:, context:) = [MINE, Gem.path.include?(Gem.default_dir)]'
    spec = 'Gem::Specification.new { |s| s.name = "mine"; s.version = "1"; s.summary = s.author = "me"; s.require_paths = ["lib"] }'
    version = subprocess.run(["ruby", "-e", "print Gem.ruby_api_version"], capture_output=True, text=True, check=True).stdout
    folder = f"vendor/bundle/ruby/{version}"
    responds(code, ["here", True], files={f"{folder}/specifications/mine-1.gemspec": spec, f"{folder}/gems/mine-1/lib/mine.rb": 'MINE = "here"'})


@claim("ruby: GEM_PATH of the environment is kept")
def _():
    responds('def handler(event:, context:) = ENV["GEM_PATH"]', "/mine", env={"GEM_PATH": "/mine"})


@claim("ruby: the handler's file may be in a folder of RUBYLIB, as that of an agent")
def _():
    with start("", handler="agent.handler", files={"layer/agent.rb": "def handler(event:, context:) = 'agent'"}, env={"RUBYLIB": "layer"}) as runtime:
        runtime.ready()
        assert runtime.respond(1) == "agent"


@claim("ruby: an exception has the same type as under AWS's client, in a call and in Init")
def _():
    with start("class My < StandardError; end\ndef handler(event:, context:)\n  raise My, 'boom'\nend") as runtime:
        runtime.ready()
        error = runtime.fail()
        assert (error["errorType"], error["errorMessage"]) == ("Function<My>", "boom"), error
        assert re.search(r"index\.rb:3:in .*handler'$", error["stackTrace"][0]), error
    with start("raise ArgumentError, 'early'") as runtime:
        error = runtime.fail_init()
        assert (error["errorType"], error["errorMessage"]) == ("Init<ArgumentError>", "early"), error


@claim("ruby: an error_type method of the handler's exception does not change the type of the error")
def _():
    with start("class My < StandardError\n  def error_type = raise('never')\nend\ndef handler(event:, context:) = raise(My, 'boom')") as runtime:
        runtime.ready()
        assert runtime.fail()["errorType"] == "Function<My>"


@claim("ruby: a handler with one parameter gets event and context in a Hash, as under AWS's client")
def _():
    responds("def handler(all) = [all.keys, all[:event]]", [["event", "context"], 7], 7)
    responds("def handler(*all) = all.first[:event]", 7, 7)
    responds("def handler(**all) = all[:event]", 7, 7)
    responds("def handler(event, context) = [event, context.aws_request_id]", [7, "8f507cfc"], 7)


@claim("ruby: the result's own to_json is called, as ActiveSupport needs it")
def _():
    code = """
module Own
  def to_json(options = nil) = options.is_a?(JSON::State) ? super : %q({"own":true})
end
Hash.prepend(Own)
def handler(event:, context:) = { a: Time.at(0) }
"""
    responds(code, {"own": True})


@claim("ruby: the content of a StringIO or File is the response, if it is JSON")
def _():
    code = "require 'stringio'\ndef handler(event:, context:) = StringIO.new(event)"
    with start(code) as runtime:
        runtime.ready()
        assert runtime.respond('{"a":\n[1, 2]}') == {"a": [1, 2]}
        error = runtime.fail("not JSON")
        assert error["errorType"] == "Runtime.MarshalError", error
    responds("def handler(event:, context:) = File.open('data.json')", [1], files={"data.json": "[1]\n"})


@claim("ruby: Logger writes AWS's text, with the request id, one line for each record")
def _():
    log = logs('l = Logger.new($stdout, progname: "p"); l.debug("ü\\nb"); Logger.new($stderr).warn { "w" }\nl.error(RuntimeError.new("boom")); puts "plain"')
    head = r", \[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6} #\d+\] "
    assert re.fullmatch("D" + head + "DEBUG 8f507cfc -- p: ü", log[0]) and log[1] == "b", log  # splitlines divides at \r
    assert re.fullmatch("W" + head + " WARN 8f507cfc -- : w", log[2]), log
    assert re.match("E" + head + r"ERROR 8f507cfc -- p: boom \(RuntimeError\)", log[3]) and log[-1] == "plain", log


@claim("ruby: Logger writes JSON with AWS_LAMBDA_LOG_FORMAT=JSON, from AWS_LAMBDA_LOG_LEVEL on, however `logger` was loaded")
def _():
    code = 'require "logger"; l = Logger.new($stdout); l.info("no"); l.warn("two\\nlines"); l.error({ a: 1 }); l.fatal(RuntimeError.new("boom")); l.warn("\\xff")'
    log = [json.loads(line) for line in logs(code, AWS_LAMBDA_LOG_FORMAT="JSON", AWS_LAMBDA_LOG_LEVEL="WARN")]
    assert [list(line) for line in log[:2]] == [["timestamp", "level", "message", "requestId"]] * 2, log
    assert [line["level"] for line in log] == ["WARN", "ERROR", "FATAL", "WARN"] and log[0]["requestId"] == "8f507cfc", log
    assert [line["message"] for line in log] == ["two\nlines", {"a": 1}, "boom", "\ufffd"], log
    assert log[2]["errorType"] == "RuntimeError" and log[2]["stackTrace"] == [], log
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", log[0]["timestamp"]), log


@claim("ruby: settings of a Logger take precedence over AWS's format: a level, a formatter, another device")
def _():
    code = """
Logger.new($stdout, level: :debug).debug("low")
Logger.new($stdout, formatter: ->(*, text) { "own #{text}\\n" }).warn("f")
file = StringIO.new; Logger.new(file).info("device"); puts file.string[/INFO.*/]
Logger.new(nil).error("nowhere")
"""
    log = logs(code, AWS_LAMBDA_LOG_FORMAT="JSON", AWS_LAMBDA_LOG_LEVEL="WARN")
    assert json.loads(log[0])["message"] == "low" and log[1:] == ["own f", "INFO -- : device"], log


@claim("ruby: AWS_LAMBDA_LOG_LEVEL hides nothing without the JSON format")
def _():
    assert len(logs('Logger.new($stdout).debug("d")', AWS_LAMBDA_LOG_LEVEL="ERROR")) == 1


@claim("ruby: a record in JSON has the tenant of the call")
def _():
    code = 'def handler(event:, context:)\n  Logger.new($stdout).info("x")\nend'
    with start(code, env={"AWS_LAMBDA_LOG_FORMAT": "JSON"}) as runtime:
        runtime.ready()
        runtime.call(None, tenantId="blue")
        runtime.call(None)
        with_tenant, without = map(json.loads, runtime.log().splitlines())
        assert with_tenant["tenantId"] == "blue" and "tenantId" not in without, (with_tenant, without)


@claim("ruby: exit in a handler logs where it was called")
def _():
    with start("def inner = exit(3)\ndef handler(event:, context:)\n  inner\nend") as runtime:
        runtime.ready()
        runtime.begin(None)
        assert runtime.process.wait(20) == 3
        assert re.match(r"exit was called\n.*index\.rb:1:in .*exit", runtime.log()), runtime.log()

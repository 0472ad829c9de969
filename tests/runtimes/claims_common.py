"""Claims that hold for every language runtime."""

import os
import signal
import tempfile
import time

from claims import claim
from harness import HERE, LIMIT, RUNTIMES, Runtime, check_error
from tap import within

EXTENSIONS = {"nodejs": "js", "python": "py", "ruby": "rb", "php": "php", "perl": "pl", "sh": "sh"}
INTERPRETED = [name for name in EXTENSIONS if name != "sh"]  # the languages whose runtime calls handlers in its own process
LANGUAGES = list(EXTENSIONS)


def handlers(language):
    """The file with the handlers of `open-runtime check`."""
    with open(f"{RUNTIMES}/{language}/conformance/handler.{EXTENSIONS[language]}", encoding="utf-8") as file:
        return file.read()


def start(language, function="echoes", **options):
    extension = EXTENSIONS[language]
    return Runtime(extension, f"handler.{function}", files={f"handler.{extension}": handlers(language)}, **options)


EVENTS = [
    None,
    True,
    0,
    -1.5e-7,
    "",
    {},
    [],
    {"": [None, {"a": []}]},
    'quote " backslash \\ slash / tab \t line feed \n carriage return \r NUL \0 DEL \x7f',
    "separators \u2028 \u2029, é, 漢字, 😀",
    {"id": "not the id", "response": "not the response"},
    {"__proto__": 1, "constructor": 2, "toString": 3, "length": 4},
]


@claim("the ready message has protocol, name, version and concurrency", *LANGUAGES)
def _(language):
    with start(language) as runtime:
        ready = runtime.ready()
        assert ready["protocol"] == 1 and ready["name"] == language and ready["concurrency"] >= 1, ready
        assert ready["version"][0].isdigit(), ready


@claim("top-level code runs before the runtime is ready", *LANGUAGES)
def _(language):
    with start(language) as runtime:
        runtime.ready()
        assert "top-level code" in runtime.log()


EXECUTION_ENVIRONMENT = {
    "nodejs": "exports.handler = async () => process.env.AWS_EXECUTION_ENV;",
    "python": "import os\ndef handler(event, context):\n    return os.environ['AWS_EXECUTION_ENV']",
    "ruby": "def handler(event:, context:) = ENV['AWS_EXECUTION_ENV']",
}


@claim("AWS_EXECUTION_ENV, by which agents recognise Lambda, names the language if Lambda has not set it", *EXECUTION_ENVIRONMENT)
def _(language):
    extension, code = EXTENSIONS[language], EXECUTION_ENVIRONMENT[language]
    for given, expected in (({}, f"AWS_Lambda_{language}"), ({"AWS_EXECUTION_ENV": "AWS_Lambda_given"}, "AWS_Lambda_given")):
        with Runtime(extension, "index.handler", files={f"index.{extension}": code}, env=given) as runtime:
            runtime.ready()
            found = runtime.respond(None)
            assert found == expected, found


@claim("events of all kinds come back unchanged", *LANGUAGES)
def _(language):
    with start(language) as runtime:
        runtime.ready()
        for event in EVENTS:
            if language == "php" and event == {}:
                continue  # PHP's arrays cannot distinguish {} from []
            response = runtime.respond(event)
            assert response == event and isinstance(response, type(event)), (event, response)


@claim("an event of 5.5 MB comes back unchanged, twice", *LANGUAGES)
def _(language):
    event = {"rows": [{"id": number, "name": f"näme {number}", "tags": ["a", None, True]} for number in range(90000)]}
    with start(language) as runtime:
        runtime.ready()
        assert runtime.respond(event) == event
        assert runtime.respond(event) == event
        assert runtime.respond("small") == "small"


@claim("a string of 5 MB and then 2,000 small events come back", *LANGUAGES)
def _(language):
    with start(language) as runtime:
        runtime.ready()
        assert runtime.respond("é" * 2500000) == "é" * 2500000
        for number in range(20 if language == "sh" else 2000):  # sh starts several processes for each
            assert runtime.respond(number) == number


@claim("a long string comes back, wherever it stands, and wherever it has what JSON escapes", *LANGUAGES)
def _(language):
    texts = ["x" * 200000, "x" * 65535 + "é" * 65536]
    texts += [f"{'x' * at}{special}{'x' * (70000 - at)}" for special in '"\\\n\0é😀' for at in (0, 65534, 65535, 65536, 70000)]
    with start(language) as runtime:
        runtime.ready()
        for text in texts:
            for event in text, {"body": text}, {"rows": [text]}, {text: len(text)}:
                assert runtime.respond(event) == event, (type(event), text[:9], text[-9:])


BEFORE_THE_FIRST_CALL = {
    "nodejs": """process.env._X_AMZN_TRACE_ID = 'mine';
let calls = 0;
process.on('SIGTERM', () => {
  process.stderr.write(`${calls} ${process.env._X_AMZN_TRACE_ID}`);
  process.exit();
});
exports.handler = async () => ++calls;
""",
    "python": """import os, signal, sys
os.environ["_X_AMZN_TRACE_ID"] = "mine"
calls = 0
def stop(*_):
    sys.stderr.write(f"{calls} {os.environ['_X_AMZN_TRACE_ID']}")
    sys.exit()
signal.signal(signal.SIGTERM, stop)
def handler(event, context):
    global calls
    calls += 1
    return calls
""",
    "ruby": """ENV["_X_AMZN_TRACE_ID"] = "mine"
$calls = 0
trap("TERM") do
  $stderr.write("#{$calls} #{ENV["_X_AMZN_TRACE_ID"]}")
  exit
end
def handler(event:, context:) = $calls += 1
""",
    "php": """<?php
putenv('_X_AMZN_TRACE_ID=mine');
$calls = 0;
pcntl_async_signals(true);
pcntl_signal(SIGTERM, function () use (&$calls) {
    fwrite(STDERR, "$calls " . getenv('_X_AMZN_TRACE_ID'));
    exit;
}, false);
return ['handler' => function () use (&$calls) { return ++$calls; }];
""",
    "perl": """$ENV{_X_AMZN_TRACE_ID} = 'mine';
my $calls = 0;
$SIG{TERM} = sub {
    print STDERR "$calls $ENV{_X_AMZN_TRACE_ID}";
    exit;
};
sub handler { return ++$calls }
1;
""",
}


@claim("nothing of a call can be seen before the first one", *BEFORE_THE_FIRST_CALL)
def _(language):
    extension, code = EXTENSIONS[language], BEFORE_THE_FIRST_CALL[language]
    with Runtime(extension, "index.handler", files={f"index.{extension}": code}) as runtime:
        runtime.ready()
        assert runtime.respond(None) == 1
    with Runtime(extension, "index.handler", files={f"index.{extension}": code}) as runtime:
        runtime.ready()
        within(LIMIT, runtime.is_sleeping)  # it waits for the first call
        runtime.signal(signal.SIGTERM)
        runtime.end()
        assert runtime.log() == "0 mine", runtime.log()


@claim("non-blocking pipes, and a slow reader, lose no data", *INTERPRETED)
def _(language):
    with start(language, is_blocking=False) as runtime:
        runtime.ready()
        within(LIMIT, runtime.is_sleeping)  # in a read that should block
        for _ in range(2):
            runtime.begin("x" * 1000000)
            within(LIMIT, runtime.is_sleeping)  # in a write
            assert runtime.read()["response"] == "x" * 1000000
        assert runtime.end() == 0


@claim("an event that arrives byte by byte comes back", *LANGUAGES)
def _(language):
    with start(language) as runtime:
        runtime.ready()
        for byte in b'{"id":"1","event":"\xc3\xa9","context":{"requestId":"1","deadlineMs":1}}\n':
            runtime.write(bytes([byte]))
        assert runtime.read() == {"id": "1", "response": "é"}


@claim("unknown members are ignored", *LANGUAGES)
def _(language):
    with start(language) as runtime:
        runtime.ready()
        runtime.write(b'{"id":"1","event":7,"context":{"requestId":"1","deadlineMs":1,"new":[]},"stream":true}\n')
        assert runtime.read() == {"id": "1", "response": 7}


@claim("a call without a context is answered", *LANGUAGES)
def _(language):
    with start(language) as runtime:
        runtime.ready()
        runtime.write(b'{"id":"1","event":7}\n')
        assert runtime.read() == {"id": "1", "response": 7}


@claim("an event that is not JSON fails only that call", *INTERPRETED)
def _(language):
    with start(language) as runtime:
        runtime.ready()
        runtime.write(b'{"id":"first","event":[1,}\n')
        answer = runtime.read()
        assert answer["id"] == "first" and answer["error"]["errorType"] == "Runtime.UnmarshalError", answer
        assert runtime.respond("next") == "next"


@claim("an event of 100,000 levels does not end the process", *INTERPRETED)
def _(language):
    with start(language) as runtime:
        runtime.ready()
        runtime.write(b'{"id":"deep","event":' + b"[" * 100000 + b"]" * 100000 + b"}\n")
        answer = runtime.read()
        assert answer["id"] == "deep", answer
        assert "response" in answer or answer["error"]["errorType"] in ("Runtime.UnmarshalError", "Runtime.MarshalError")
        assert runtime.respond("next") == "next"


@claim("an event of 500 levels comes back", *LANGUAGES)
def _(language):
    with start(language) as runtime:
        runtime.ready()
        runtime.write(b'{"id":"deep","event":' + b'{"a":[' * 250 + b"]}" * 250 + b"}\n")
        assert "response" in runtime.read()


@claim("the context has AWS's members", *LANGUAGES)
def _(language):
    with start(language, "context") as runtime:
        runtime.ready()
        context = runtime.respond(None, request_id="id-1", traceId="Root=1-2;Sampled=1", tenantId="tenant")
        assert 50000 < context.pop("remaining") <= 60000
        assert context == {
            "requestId": "id-1",
            "arn": "arn:aws:lambda:eu-west-1:123456789012:function:hello",
            "name": "hello",
            "version": "$LATEST",
            "memory": "512",
            "group": "/aws/lambda/hello",
            "stream": "stream",
            "tenant": "tenant",
            "trace": "Root=1-2;Sampled=1",
        }, context
        assert not runtime.respond(None).get("trace")


@claim("the remaining time is 0 after the deadline", *LANGUAGES)
def _(language):
    with start(language, "context") as runtime:
        runtime.ready()
        assert runtime.respond(None, deadline_ms=1)["remaining"] == 0


@claim("the response is null if the handler returns nothing", *LANGUAGES)
def _(language):
    with start(language, "nothing") as runtime:
        runtime.ready()
        assert runtime.respond(None) is None


@claim("an exception is the call's error, with type, message and stack; the next call works", *LANGUAGES)
def _(language):
    with start(language, "fails") as runtime:
        runtime.ready()
        for _ in range(2):
            error = runtime.fail("pears")
            assert error["errorType"] and error["errorMessage"] == "no pears", error
            stack = "\n".join(error["stackTrace"])
            assert language == "sh" or f"handler.{EXTENSIONS[language]}" in stack, error
            assert "runtimes/" not in stack, error


@claim("a result that JSON cannot represent is Runtime.MarshalError", *LANGUAGES)
def _(language):
    with start(language, "unserializable") as runtime:
        runtime.ready()
        assert runtime.fail()["errorType"] == "Runtime.MarshalError"
        assert runtime.fail()["errorMessage"]


@claim("state is kept from call to call", *INTERPRETED)
def _(language):
    with start(language, "counts") as runtime:
        runtime.ready()
        assert [runtime.respond(None) for _ in range(3)] == [1, 2, 3]


@claim("megabytes of output, also a grandchild's, go to the log and not to the protocol", *LANGUAGES)
def _(language):
    with start(language, "prints") as runtime:
        runtime.ready()
        assert runtime.respond(None) == "printed"
        log = runtime.log()
        assert log.count("x" * 99) == 30000
        assert "forged" in log and "written to 1" in log and "from a grandchild" in log
        assert "to descriptor" not in log
        assert runtime.respond(None) == "printed"


@claim("a handler that closes descriptors 0 and 1 can answer, and is called again", *LANGUAGES)
def _(language):
    with start(language, "closes") as runtime:
        runtime.ready()
        assert runtime.respond(None) == "closed"
        runtime.call(None)


@claim("the handler's STDIN is empty", *INTERPRETED)
def _(language):
    with start(language, "reads") as runtime:
        runtime.ready()
        assert runtime.respond(None) == ""


@claim("a grandchild that outlives the call delays neither the answer nor the exit", *LANGUAGES)
def _(language):
    with start(language, "outlived") as runtime:
        runtime.ready()
        grandchild = runtime.respond(None)
        within(LIMIT, lambda: sorted(os.listdir(f"/proc/{grandchild}/fd")) == ["0", "1", "2"])
        assert runtime.end() == 0
        assert runtime.process.stdout.read() == b""
        os.kill(grandchild, 0)


@claim("a handler that exits ends the process without an answer", *INTERPRETED)
def _(language):
    with start(language, "exits") as runtime:
        runtime.ready()
        runtime.begin(None)
        assert runtime.process.wait(20) == 3
        assert runtime.process.stdout.read() == b""


@claim("the runtime exits at once with status 0 at the end of STDIN", *LANGUAGES)
def _(language):
    with start(language) as runtime:
        runtime.ready()
        runtime.respond(1)
        begun = time.monotonic()
        assert runtime.end() == 0
        assert time.monotonic() - begun < 2


@claim("the end of STDIN before the first call is not an error", *LANGUAGES)
def _(language):
    with start(language) as runtime:
        runtime.ready()
        assert runtime.end() == 0
        assert runtime.process.stdout.read() == b""


@claim("a handler name without a function is Runtime.MalformedHandlerName", *LANGUAGES)
def _(language):
    for name in ("handler", "handler.", ".echo", ""):
        with Runtime(EXTENSIONS[language], name) as runtime:
            error = runtime.fail_init()
            assert error["errorType"] == "Runtime.MalformedHandlerName", (name, error)
            assert f"'{name}'" in error["errorMessage"], error


@claim("a missing module is Runtime.ImportModuleError, and the message names the searched places", *LANGUAGES)
def _(language):
    with Runtime(EXTENSIONS[language], "sub/missing.echo") as runtime:
        error = runtime.fail_init()
        assert error["errorType"] == "Runtime.ImportModuleError", error
        assert "missing" in error["errorMessage"] and runtime.root in error["errorMessage"], error


@claim("a missing function is Runtime.HandlerNotFound, and the message names the file", *LANGUAGES)
def _(language):
    with start(language, "missing") as runtime:
        error = runtime.fail_init()
        assert error["errorType"] == "Runtime.HandlerNotFound", error
        assert "missing" in error["errorMessage"], error
        assert f"{runtime.root}/handler.{EXTENSIONS[language]}" in error["errorMessage"], error


@claim("the handler can be in a sub-folder", *LANGUAGES)
def _(language):
    extension = EXTENSIONS[language]
    with Runtime(extension, "src/users.echoes", files={f"src/users.{extension}": handlers(language)}) as runtime:
        runtime.ready()
        assert runtime.respond("there") == "there"


@claim("a missing interpreter is an Init error that names every searched place", *INTERPRETED)
def _(language):
    with start(language, env={"PATH": "/nowhere:/else where"}) as runtime:
        error = runtime.fail_init()
        assert error["errorType"] == "Runtime.InterpreterNotFound", error
        for place in (f"/opt/{language}/bin", "/var/lang/bin", "/nowhere", "/else where"):
            assert place in error["errorMessage"], error


@claim("the runtime can be started through a symlink in any folder", *LANGUAGES)
def _(language):
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(f"{folder}/{EXTENSIONS[language]}")
        program = os.path.realpath(f"{HERE}/../../runtimes/{language}/language-runtime")
        os.symlink(program, f"{folder}/{EXTENSIONS[language]}/language-runtime")
        with start(language, folder=folder) as runtime:
            runtime.ready()


@claim("over 2,000 calls descriptors do not grow, and memory grows by at most 16 MB", *INTERPRETED)
def _(language):
    def resident(pid):
        with open(f"/proc/{pid}/statm") as file:
            return int(file.read().split()[1]) * 4096

    with start(language) as runtime:
        runtime.ready()
        for number in range(500):
            runtime.respond({"n": number})
        descriptors, memory = os.listdir(f"/proc/{runtime.pid}/fd"), resident(runtime.pid)
        for number in range(2000):
            runtime.respond({"n": number})
        assert os.listdir(f"/proc/{runtime.pid}/fd") == descriptors
        assert resident(runtime.pid) - memory < 16 << 20


COMPANIONS = {
    "nodejs": (
        "nodejs.mjs",
        "console.log('companion NAME'); globalThis.seen = (globalThis.seen ?? '') + 'NAME';"
        "export const wrap = (handler) => async (event, context) => `NAME(${await handler(event + globalThis.seen, context)})`;",
    ),
    "python": (
        "python.py",
        "import builtins\nprint('companion NAME')\nbuiltins.seen = getattr(builtins, 'seen', '') + 'NAME'\n"
        "def wrap(handler):\n    return lambda event, context: f'NAME({handler(event + builtins.seen, context)})'",
    ),
    "ruby": (
        "ruby.rb",
        "puts 'companion NAME'\n$seen = $seen.to_s + 'NAME'\n"
        'def wrap(handler) = ->(event:, context:) { "NAME(#{handler.call(event: event + $seen, context: context)})" }',
    ),
    "php": (
        "php.php",
        "<?php echo \"companion NAME\\n\"; $GLOBALS['seen'] = ($GLOBALS['seen'] ?? '') . 'NAME';"
        "return fn ($handler) => fn ($event, $context) => 'NAME(' . $handler($event . $GLOBALS['seen'], $context) . ')';",
    ),
    "perl": (
        "perl.pl",
        'print "companion NAME\\n"; our $seen .= "NAME";'
        'sub { my ($handler) = @_; sub { my ($event, $context) = @_; "NAME(" . $handler->($event . $seen, $context) . ")" } };',
    ),
}


def companions(language, *names):
    name, code = COMPANIONS[language]
    return {f"{folder}.d/{name}": code.replace("NAME", folder) for folder in names}


def start_with(language, files, folders):
    extension = EXTENSIONS[language]
    files = {f"handler.{extension}": handlers(language), **files}
    return Runtime(extension, "handler.echoes", files=files, env={"SLSCOMPANIONS": folders})


@claim("companions are loaded in order before the handler, and wrap it, the first outermost", *COMPANIONS)
def _(language):
    with start_with(language, companions(language, "A", "B"), "A.d:B.d") as runtime:
        runtime.ready()
        assert runtime.respond("-") == "A(B(-ABAB))"
        log = runtime.log()
        assert log.index("companion A") < log.index("companion B") < log.index("top-level code"), log


@claim("a companion only for other languages, and one that wraps nothing, are not errors", *COMPANIONS)
def _(language):
    files = {"A.d/other": "", f"B.d/{COMPANIONS[language][0]}": ""}
    with start_with(language, files, "A.d:B.d") as runtime:
        runtime.ready()
        assert runtime.respond("-") == "-"


@claim("a companion that fails is an Init error that names it", *COMPANIONS)
def _(language):
    with start_with(language, {f"A.d/{COMPANIONS[language][0]}": "<?php this is ( no code"}, "A.d") as runtime:
        error = runtime.fail_init()
        assert error["errorType"] == "Runtime.CompanionError", error
        assert f"A.d/{COMPANIONS[language][0]}" in error["errorMessage"], error


@claim("a companion for sh defines functions that the handler may use", "sh")
def _(_):
    files = {"A.d/sh.sh": "greet() { echo '\"greeted\"'; }", "handler.sh": "hello() { greet; }"}
    with Runtime("sh", "handler.hello", files=files, env={"SLSCOMPANIONS": "A.d"}) as runtime:
        runtime.ready()
        assert runtime.respond(None) == "greeted"
    with Runtime("sh", "handler.hello", files={**files, "A.d/sh.sh": "greet() {"}, env={"SLSCOMPANIONS": "A.d"}) as runtime:
        error = runtime.fail_init()
        assert error["errorType"] == "Runtime.CompanionError" and "A.d/sh.sh" in error["errorMessage"], error


def time_out(runtime, **context):
    """Sends SIGTERM while the handler is running, as bootstrap does shortly before the deadline."""
    runtime.begin(None, deadline_ms=int(time.time() * 1000) + 300, **context)
    within(LIMIT, lambda: "begun" in runtime.log())
    within(LIMIT, runtime.is_sleeping)
    runtime.signal(signal.SIGTERM)


def check_stack(language, error, without=("sh",)):
    """The stack has the handler's file, but for languages without one, and none of ours."""
    stack = "\n".join(error["stackTrace"])
    assert language in without or f"handler.{EXTENSIONS[language]}" in stack, error
    assert "runtimes/" not in stack, error


def check_cleanup(runtime):
    """The handler has cleaned up. Empties the log for the next call."""
    within(LIMIT, lambda: "finally" in runtime.log())
    os.truncate(runtime.log_path, 0)


OTHERS = [name for name in LANGUAGES if name not in ("nodejs", "python")]  # those two have their own claims


@claim("SIGTERM stops a handler: it cleans up, the error is Function.Timeout with its stack, the next call works", *OTHERS)
def _(language):
    with start(language, "stuck") as runtime:
        runtime.ready()
        for _ in range(2):
            time_out(runtime)
            error = check_error(runtime.read()["error"])
            assert error["errorType"] == "Function.Timeout", error
            check_stack(language, error)
            check_cleanup(runtime)


@claim("the answer of a handler after SIGTERM is delivered", *OTHERS)
def _(language):
    with start(language, "in_time") as runtime:
        runtime.ready()
        time_out(runtime)
        assert runtime.read()["response"] == "in time"


def start_with_grace(language, grace_ms):
    env = {"SLSGRACE": str(grace_ms)}
    if language != "nodejs":
        return start(language, env=env)
    code = "exports.handler = (event) => new Promise((resolve) => setTimeout(resolve, 1, event));"  # SIGTERM is then heard at once
    return Runtime("js", "index.handler", files={"index.js": code}, env=env)


def outlives_sigterm(runtime, left_ms):
    """Whether it goes on after a SIGTERM that follows a call with so much time left."""
    runtime.respond(1, deadline_ms=int(time.time() * 1000) + left_ms)
    runtime.signal(signal.SIGTERM)
    within(LIMIT, runtime.has_taken_signals)  # or the next line may come first
    try:
        runtime.call(2)
        return True
    except (AssertionError, BrokenPipeError):
        assert runtime.process.wait(LIMIT) == 0
        return False


@claim("with SLSGRACE=0 a SIGTERM between calls ends it, however near the deadline of the last call is", *INTERPRETED)
def _(language):
    with start_with_grace(language, 0) as runtime:
        runtime.ready()
        assert not all(outlives_sigterm(runtime, 500) for _ in range(20))  # on a busy machine 500 ms may have passed


@claim("a SIGTERM between calls is ignored if the last call had no more than SLSGRACE left", *INTERPRETED)
def _(language):
    with start_with_grace(language, 60000) as runtime:
        runtime.ready()
        assert all(outlives_sigterm(runtime, 50000) for _ in range(20))


@claim("the runtime exits at once at SIGTERM and the end of STDIN between calls", *LANGUAGES)
def _(language):
    with start(language) as runtime:
        runtime.ready()
        runtime.respond(1)
        runtime.signal(signal.SIGTERM)
        assert runtime.end() == 0

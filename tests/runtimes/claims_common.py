"""Claims about several of our language runtimes, besides those of `open-runtime check`, which every language runtime must keep."""

import os
import signal
import tempfile
import time

from claims import claim
from harness import HERE, LIMIT, RUNTIMES, Runtime
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


@claim("ready names the language and its version", *LANGUAGES)
def _(language):
    with start(language) as runtime:
        ready = runtime.ready()
        assert ready["name"] == language and ready["version"][0].isdigit(), ready


# PHP's arrays cannot distinguish {} from []
@claim("empty objects and arrays, whole numbers and others stay what they are", *(name for name in LANGUAGES if name != "php"))
def _(language):
    with start(language) as runtime:
        runtime.ready()
        for event in ({}, [], {"a": {}, "b": []}, 1, 0, True, {"a": [{}, 2]}):
            response = runtime.respond(event)
            assert response == event and isinstance(response, type(event)), (event, response)


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


@claim("a call without a context is answered", *LANGUAGES)
def _(language):
    with start(language) as runtime:
        runtime.ready()
        runtime.write(b'{"id":"1","event":7}\n')
        assert runtime.read() == {"id": "1", "response": 7}


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


def check_stack(language, error):
    """The stack has the handler's file, but for sh, which has none, and none of ours."""
    stack = "\n".join(error["stackTrace"])
    assert language == "sh" or f"handler.{EXTENSIONS[language]}" in stack, error
    assert "runtimes/" not in stack, error


def check_cleanup(runtime):
    """The handler has cleaned up. Empties the log for the next call."""
    within(LIMIT, lambda: "finally" in runtime.log())
    os.truncate(runtime.log_path, 0)


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



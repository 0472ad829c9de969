"""Claims for one of Ruby, PHP, Perl and sh."""

import json
import time

from claims import claim
from claims_common import start
from harness import Runtime


def handle(language, code, **options):
    return Runtime(language, "own.handle", files={f"own.{language}": code}, **options)


@claim("perl: a string of 1,000,000 escapes comes back, in linear time")
def _():
    with start("perl") as runtime:
        runtime.ready()
        text = '"\\' * 500000
        assert runtime.respond(text) == text


@claim("perl: an escaped backslash before half a surrogate pair stays a backslash")
def _():
    with start("perl") as runtime:
        runtime.ready()
        runtime.write(b'{"id":"1","event":"\\\\ud83d\\ude00 \\ud83d\\ude00"}\n')
        assert runtime.read() == {"id": "1", "response": "\\ud83d\ude00 😀"}


@claim("perl: a result with booleans writes nothing to the log")
def _():
    with handle("pl", "sub handle { $_[0] } 1;") as runtime:
        runtime.ready()
        assert runtime.respond([True, False]) == [True, False]
        assert runtime.log() == "", runtime.log()


@claim("perl: the runtime loads few modules of Perl's, and none of them from the handler's folders")
def _():
    code = "sub handle { return [$_[1]->get_remaining_time_in_millis > 0 ? 1 : 0, grep { m{^(POSIX|Cwd|IO/\\w+)\\.pm} } keys %INC] }\n1;\n"
    shadow = "die 'a module of the function'"
    with Runtime("pl", "own.handle", files={"own.pl": code, "Time/HiRes.pm": shadow, "POSIX.pm": shadow}) as runtime:
        runtime.ready()
        assert runtime.respond(None) == [1], runtime.log()


@claim("perl: a result that contains itself is Runtime.MarshalError at once")
def _():
    with handle("pl", "sub handle { my $a = []; push @$a, $a if $_[0]; $a } 1;") as runtime:
        runtime.ready()
        begun = time.monotonic()
        error = runtime.fail(1)
        assert error["errorType"] == "Runtime.MarshalError" and error["errorMessage"].endswith("or it contains itself"), error
        assert time.monotonic() - begun < 2
        assert runtime.respond(0) == []


@claim("perl: the message of an error has no line feed, and its stack names the calling functions")
def _():
    code = 'sub inner { eval { die "caught" }; die $_[0] }\nsub handle {\n inner(ref $_[0] ? bless({}, "Own") : "$_[0]\\n") }\n1;\n'
    with handle("pl", code) as runtime:
        runtime.ready()
        error = runtime.fail("boom")
        assert error["errorMessage"] == "boom" and error["errorType"] == "Error", error
        assert any(line.startswith("main::inner at ") and line.endswith("own.pl line 3") for line in error["stackTrace"]), error
        assert runtime.fail([])["errorType"] == "Own"


@claim("perl: a stack has each place in user code once, and no place in Carp or the runtime")
def _():
    code = 'use Carp;\nsub inner { croak "careful" }\nsub handle {\n $_[0] ? inner() : die "plain" }\n1;\n'
    with handle("pl", code) as runtime:
        runtime.ready()
        error, plain = runtime.fail(1), runtime.fail(0)
        where = f"{runtime.root}/own.pl line"
        assert (error["errorMessage"], error["stackTrace"]) == ("careful", [f"Carp::croak at {where} 2", f"main::inner at {where} 4"]), error
        assert plain["stackTrace"] == [f"{where} 4"], plain


@claim("perl: a warning or an error does not name a file handle of the runtime")
def _():
    code = 'sub handle { warn "careful"; eval { die "inner" }; open my $self, "<", "own.pl"; <$self>; warn "own"; return $@ } 1;\n'
    with handle("pl", code) as runtime:
        runtime.ready()
        assert runtime.respond(1) == f"inner at {runtime.root}/own.pl line 1.\n"
        assert runtime.log() == f"careful at {runtime.root}/own.pl line 1.\nown at {runtime.root}/own.pl line 1, <$self> line 1.\n", runtime.log()


@claim("perl: the handler's own $SIG{__DIE__} is called")
def _():
    code = '$SIG{__DIE__} = sub { $main::seen++ }; sub handle { eval { die "caught" }; return $main::seen } 1;'
    with handle("pl", code) as runtime:
        runtime.ready()
        assert runtime.respond(1) == 1


@claim("sh: the UTF-8 part of a message that is not UTF-8 is reported, and the next call is served")
def _():
    code = r"""handle() {
	case $1 in 1) printf 'gr\303\266\303\237e' ;; 2) printf '\377 \355\240\200 "\134' ;; *) printf 4 && return ;; esac
	return 1
}"""
    with handle("sh", code) as runtime:
        runtime.ready()
        assert runtime.fail(1)["errorMessage"] == "größe"
        assert runtime.fail(2)["errorMessage"] == '? ??? "\\'
        assert runtime.respond(3) == 4


@claim("sh: words and patterns in companions expand as in any script, and the paths of companions do not")
def _():
    files = {
        "own.sh": 'handle() { printf "[%s,\\"%s\\"]" "$words" "$seen"; }',
        "a*/sh.sh": 'v="a b:c d"; set -- $v; words=$#; seen="$seen*"',
        "ab/sh.sh": 'seen="$seen ab"',
    }
    with Runtime("sh", "own.handle", files=files, env={"SLSCOMPANIONS": "a*:none"}) as runtime:
        runtime.ready()
        assert runtime.respond(1) == [3, "*"]


def log_lines(runtime):
    return [json.loads(line) for line in runtime.log().splitlines()]


FORKS = {
    "rb": "def handle(event:, context:) = fork ? Process.wait && 'parent' : 'child'",
    "php": "<?php function handle() { $pid = pcntl_fork(); if ($pid) { pcntl_waitpid($pid, $status); } return $pid ? 'parent' : 'child'; }",
    "pl": "sub handle { my $pid = fork; waitpid $pid, 0 if $pid; return $pid ? 'parent' : 'child' } 1;",
}


@claim("ruby, php, perl: a fork of the handler that returns does not answer the call")
def _():
    for language, code in FORKS.items():
        with handle(language, code) as runtime:
            runtime.ready()
            for _ in range(2):
                assert runtime.respond(None) == "parent", language


CAUSES = {
    "rb": """def inner = raise(KeyError, "deep")
def handle(event:, context:)
  inner
rescue KeyError
  raise IOError, "outer"
end
""",
    "php": """<?php
function inner() { throw new DomainException('deep'); }
function handle() { try { inner(); } catch (DomainException $error) { throw new LogicException('outer', 0, $error); } }
""",
}


@claim("ruby, php: the stack of an exception goes on with its cause")
def _():
    for language, inner in ("rb", "KeyError"), ("php", "DomainException"):
        with handle(language, CAUSES[language]) as runtime:
            runtime.ready()
            error = runtime.fail()
            assert error["errorMessage"] == "outer", error
            at = error["stackTrace"].index(f"Caused by {inner}: deep")
            assert at > 0 and any("inner" in line or f"own.{language}:2" in line for line in error["stackTrace"][at + 1 :]), error


@claim("php: an event of 9,990 levels is read, and the error for more levels says that there are too many")
def _():
    code = "<?php function handle($event) { for ($n = 0; is_array($event); $n++) { $event = end($event); } return [$n, $event]; }"
    with handle("php", code) as runtime:
        runtime.ready()
        for opens, closes in (("[", "]"), ('{"b":"]\\"", "a": ', "}"), ('[{},[],-1.5e3,"é\\\\", ', "]")):
            runtime.write(f'{{"id":"1","event":{opens * 9990}true{closes * 9990}}}\n'.encode())
            assert runtime.read() == {"id": "1", "response": [9990, True]}
            runtime.write(f'{{"id":"1","event":{opens * 10001}true{closes * 10001}}}\n'.encode())
            assert "deeper than 10000 levels" in runtime.read()["error"]["errorMessage"]
        for broken in ("[1 2]", "[1,]", '{"a" 1}', '{"a":1,}', '{1:2}', "[", '["a', "[tru]", "[1}", "1} 2"):
            runtime.write(f'{{"id":"1","event":{broken}}}\n'.encode())
            assert runtime.read()["error"]["errorType"] == "Runtime.UnmarshalError", broken


@claim("php: a warning is logged once")
def _():
    with handle("php", "<?php function handle() { trigger_error('careful', E_USER_WARNING); error_log('own words'); }") as runtime:
        runtime.ready()
        runtime.respond(None)
        assert runtime.log() == f"PHP Warning:  careful in {runtime.root}/own.php on line 1\nown words\n", runtime.log()


@claim("php: STDOUT and STDERR are the log, and STDIN is empty")
def _():
    code = "<?php function handle() { fwrite(STDOUT, 'out'); fwrite(STDERR, 'err'); return [stream_get_contents(STDIN), feof(STDIN)]; }"
    with handle("php", code) as runtime:
        runtime.ready()
        assert runtime.respond(1) == ["", True]
        assert runtime.log() == "outerr", runtime.log()


@claim("php: an empty object arrives as an empty array, and an empty object of the handler is sent as {}")
def _():
    with handle("php", "<?php function handle($event) { return [$event, (object) $event]; }") as runtime:
        runtime.ready()
        assert runtime.respond({}) == [[], {}]


PHP_LOGS = """<?php
function handle($event, $context) {
    trigger_error('a warning', E_USER_WARNING);
    trigger_error('a notice');
    trigger_error('is old', E_USER_DEPRECATED);
    error_log("two\\nlines \\xff");
    error_log("to a file\\n", 3, 'own.log');
    @trigger_error('suppressed');
    return [error_get_last()['message'], file_get_contents('own.log')];
}
"""


@claim("php: with AWS_LAMBDA_LOG_FORMAT=JSON warnings, notices, deprecations and error_log are JSON as AWS documents it")
def _():
    with handle("php", PHP_LOGS, env={"AWS_LAMBDA_LOG_FORMAT": "JSON"}) as runtime:
        runtime.ready()
        assert runtime.respond(None, request_id="id-1") == ["suppressed", "to a file\n"]
        lines = log_lines(runtime)
        where = f"in {runtime.root}/own.php on line"
        assert [(line["level"], line["message"]) for line in lines] == [
            ("WARN", f"a warning {where} 3"),
            ("INFO", f"a notice {where} 4"),
            ("INFO", f"is old {where} 5"),
            ("ERROR", "two\nlines \ufffd"),
        ], lines
        for line in lines:
            assert list(line) == ["timestamp", "level", "requestId", "message"] and line["requestId"] == "id-1", line
            time.strptime(line["timestamp"], "%Y-%m-%dT%H:%M:%S.%fZ")


@claim("php: AWS_LAMBDA_LOG_LEVEL hides lower levels of the JSON log")
def _():
    with handle("php", PHP_LOGS, env={"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "WARN"}) as runtime:
        runtime.ready()
        runtime.respond(None)
        assert [line["level"] for line in log_lines(runtime)] == ["WARN", "ERROR"]


@claim("php: the JSON log has fatal errors, and functions that php.ini disables stay disabled")
def _():
    code = "<?php function handle() { if (function_exists('exec')) { return; } ini_set('memory_limit', '4M'); str_repeat('x', 9000000); }"
    files = {"own.php": code, "php.ini": "disable_functions = exec\n"}
    with Runtime("php", "own.handle", files=files, env={"AWS_LAMBDA_LOG_FORMAT": "JSON", "PHPRC": "."}) as runtime:
        runtime.ready()
        runtime.begin(None)
        runtime.process.wait(20)
        assert [(line["level"], line["message"][:19]) for line in log_lines(runtime)] == [("FATAL", "Allowed memory size")]


@claim("php: the slots of a Managed Instance share the function's memory, and one alone has no limit")
def _():
    code = "<?php function handle() { return ini_get('memory_limit'); }"
    for slots, limit in (("4", "900M"), ("1", "-1"), ("", "-1")):
        env = {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "4000", "AWS_LAMBDA_MAX_CONCURRENCY": slots}
        with handle("php", code, env=env) as runtime:
            runtime.ready()
            assert runtime.respond(None) == limit


BREF = """<?php
namespace Bref\\Context { final class Context { public function __construct(public string $id, public int $deadline, public string $arn, public string $trace) {} } }
namespace {
    use Bref\\Context\\Context;
    class Greeter { public function handle($event, Context $context) { return [$event, $context->id, $context->trace]; } }
    class Invokable { public function __invoke($event, Context $context) { return [$event, $context->id, $context->trace]; } }
    return HANDLER;
}
"""


@claim("php: a closure, an invokable object and bref's handlers work unchanged, also with the file as their name, as in bref")
def _():
    for code in ("function ($event, Context $context) { return [$event, $context->id, $context->trace]; }", "new Greeter", "new Invokable"):
        for name in ("own.php", "own.handle"):
            with Runtime("php", name, files={"own.php": BREF.replace("HANDLER", code)}) as runtime:
                runtime.ready()
                assert runtime.respond(5, request_id="id-1", traceId="Root=1") == [5, "id-1", "Root=1"]
    with Runtime("php", "own.php", files={"own.php": "<?php return new stdClass;"}) as runtime:
        assert runtime.fail_init()["errorType"] == "Runtime.HandlerNotFound"


BREF_EVENTS = """<?php
namespace Bref\\Context { final class Context implements \\JsonSerializable {
    public function __construct(private string $id, public int $deadline, public string $arn, public string $trace) {}
    public function getAwsRequestId(): string { return $this->id; }
    public function jsonSerialize(): mixed { return ['awsRequestId' => $this->id]; }
} }
namespace Bref {
    class Bref { public static function events() { return $GLOBALS['events'] ??= new Events; } }
    class Events { public array $seen = []; public function __call($name, $given) { $this->seen[] = $name; if ($name === 'afterInvoke') { throw new \\Exception('of a subscriber'); } } }
}
namespace {
    class_exists('Bref\\Bref');
    return function ($event, Bref\\Context\\Context $context) {
        if ($event === 'fail') { throw new DomainException('no pears'); }
        return [Bref\\Bref::events()->seen, json_decode($_SERVER['LAMBDA_INVOCATION_CONTEXT'], true), getenv('LAMBDA_REQUEST_ID'), $_ENV['LAMBDA_REQUEST_ID']];
    };
}
"""


@claim("php: bref's subscribers hear of the start and of calls, and the environment tells which call it is")
def _():
    with Runtime("php", "own.php", files={"own.php": BREF_EVENTS}) as runtime:
        runtime.ready()
        first = ["beforeStartup", "afterStartup", "beforeInvoke"]
        assert runtime.respond(1, request_id="id-1") == [first, {"awsRequestId": "id-1"}, "id-1", "id-1"]
        assert runtime.fail("fail", request_id="id-2")["errorType"] == "DomainException"
        assert runtime.respond(1, request_id="id-3")[0] == [*first, "afterInvoke", "beforeInvoke", "afterInvoke", "beforeInvoke"]


@claim("php: an autoloader of the user is not asked for bref's classes, and the context has bref's methods")
def _():
    code = """<?php
    spl_autoload_register(fn ($class) => throw new LogicException($class));
    function handle($event, $context) {
        $same = $_SERVER['_X_AMZN_TRACE_ID'] ?? null;
        return [$context->getAwsRequestId(), $context->getInvokedFunctionArn(), $context->getTraceId(), $same, $_ENV['_X_AMZN_TRACE_ID'] ?? null];
    }"""
    with handle("php", code) as runtime:
        runtime.ready()
        assert runtime.respond(1, request_id="id-1", traceId="Root=1", functionArn="arn") == ["id-1", "arn", "Root=1", "Root=1", "Root=1"]
        assert runtime.respond(1, request_id="id-2", traceId=None, functionArn=None) == ["id-2", "", "", None, None]


PSR15 = """<?php
namespace Psr\\Http\\Server { interface RequestHandlerInterface {} }
namespace Bref\\Event\\Http { class Psr15Handler { public function __construct(private $app) {} public function handle($event, $context) { return [$event, $this->app->name]; } } }
namespace { return new class implements Psr\\Http\\Server\\RequestHandlerInterface { public $name = 'app'; public function handle($request) {} }; }
"""


@claim("php: a PSR-15 application runs with bref's Psr15Handler if that is installed")
def _():
    with Runtime("php", "own.php", files={"own.php": PSR15}) as runtime:
        runtime.ready()
        assert runtime.respond(5) == [5, "app"]


BOOLEANS = """use JSON::PP ();
sub handle { my ($event) = @_;
    my $again = JSON::PP->new->canonical->encode($event);
    return [$again, ref $event->{yes}, $event->{yes} + 1, !$event->{no}, "$event->{yes}$event->{no}", \\1, \\0];
} 1;"""


@claim("perl: true and false are those of JSON modules, in events and in results")
def _():
    for code in (BOOLEANS, BOOLEANS.replace("use JSON::PP ();", "require JSON::PP;")):
        with handle("pl", code) as runtime:
            runtime.ready()
            told = ['{"no":false,"yes":true}', "JSON::PP::Boolean", 2, True, "10", True, False]
            given = runtime.respond({"yes": True, "no": False})
            assert given[:3] == told[:3] and bool(given[3]) and given[4:] == told[4:], given


@claim("perl: AWS::Lambda's variable has the context")
def _():
    with handle("pl", "sub handle { $AWS::Lambda::context->aws_request_id } 1;") as runtime:
        runtime.ready()
        assert runtime.respond(None, request_id="id-1") == "id-1"


CONTEXTS = {
    "php": "<?php function handle($event, $c) { return [$c->clientContext, $c->identity, $c->tenantId, $c->invokedFunctionArn, $c->deadlineMs]; }",
    "pl": "sub handle { my $c = $_[1]; [$c->client_context, $c->identity, $c->tenant_id, $c->invoked_function_arn, $c->deadline_ms] } 1;",
}


@claim("php, perl: the context has the client context, the identity and the deadline")
def _():
    for language, code in CONTEXTS.items():
        with handle(language, code) as runtime:
            runtime.ready()
            given = {"clientContext": {"custom": {"a": "ä"}}, "identity": {"cognitoIdentityId": "i"}, "tenantId": "t", "functionArn": "arn"}
            assert runtime.respond(None, deadline_ms=9, **given) == [{"custom": {"a": "ä"}}, {"cognitoIdentityId": "i"}, "t", "arn", 9], language
            assert runtime.respond(None, deadline_ms=9, functionArn="arn") == [None, None, None, "arn", 9], language


W3C = {
    "js": "exports.handle = (event, c) => Promise.resolve(c.w3c());",
    "py": "def handle(event, c):\n    return c.w3c()",
    "rb": "def handle(event:, context:) = context.w3c",
    "php": "<?php function handle($event, $c) { return (object) $c->w3c(); }",
    "pl": "sub handle { $_[1]->w3c } 1;",
}
TRACE = {"traceparent": "00-ä-b-01", "tracestate": "a=1", "baggage": "b=2"}


@claim("nodejs, python, ruby, php, perl: w3c() has the strings of three names, whatever else the caller sends")
def _():
    for language, code in W3C.items():
        with handle(language, code) as runtime:
            runtime.ready()
            assert runtime.respond(None) == {}, language
            assert runtime.respond(None, clientContext={"w3c": {**TRACE, "other": "x"}}) == TRACE, language
            given = {"traceparent": 1, "tracestate": ["a"], "baggage": None}
            for fields in given, {"traceparent": True, "tracestate": {"a": "b"}, "baggage": 1.5}, ["traceparent"], "traceparent", 7, None, {}:
                assert runtime.respond(None, clientContext={"w3c": fields}) == {}, (language, fields)


@claim("nodejs, ruby, php, perl: a client context that is not an object fails nothing")
def _():
    for language in "js", "rb", "php", "pl":
        with handle(language, W3C[language]) as runtime:
            runtime.ready()
            for client_context in "w3c", ["w3c"], 7, None, True:
                assert runtime.respond(None, clientContext=client_context) == {}, (language, client_context)


PERL_LOGS = 'sub handle { warn "careful \\x{e4}"; warn "line\\n"; warn "bytes \\xc3\\xa4\\n"; return 1 } 1;'


@claim("perl: with AWS_LAMBDA_LOG_FORMAT=JSON a warning is JSON as AWS documents it, unless AWS_LAMBDA_LOG_LEVEL is higher")
def _():
    with handle("pl", PERL_LOGS, env={"AWS_LAMBDA_LOG_FORMAT": "JSON"}) as runtime:
        runtime.ready()
        runtime.respond(None, request_id="id-1", tenantId="t")
        lines = log_lines(runtime)
        assert [line["message"] for line in lines] == [f"careful ä at {runtime.root}/own.pl line 1.", "line", "bytes ä"], lines
        for line in lines:
            assert sorted(line) == ["level", "message", "requestId", "tenantId", "timestamp"], line
            assert line["level"] == "WARN" and line["requestId"] == "id-1", line
            time.strptime(line["timestamp"], "%Y-%m-%dT%H:%M:%S.%fZ")
    with handle("pl", PERL_LOGS, env={"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "error"}) as runtime:
        runtime.ready()
        runtime.respond(None)
        assert runtime.log() == ""
    with handle("pl", PERL_LOGS) as runtime:
        runtime.ready()
        runtime.respond(None)
        assert "line\n" in runtime.log() and "{" not in runtime.log(), runtime.log()


@claim("sh: a response may begin with spaces, tabs and line breaks")
def _():
    with handle("sh", r"""handle() { printf ' \t [%s]' "$1"; }""") as runtime:
        runtime.ready()
        assert runtime.respond(1) == [1]
    with handle("sh", r"""handle() { printf '\n \n\t[%s,\n2]' "$1"; }""") as runtime:
        runtime.ready()
        assert runtime.respond(1) == [1, 2]

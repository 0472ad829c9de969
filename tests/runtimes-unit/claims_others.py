"""What Ruby, PHP, Perl and sh have of their own."""

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


@claim("perl: an escaped backslash before half a surrogate pair stays one")
def _():
    with start("perl") as runtime:
        runtime.ready()
        runtime.write(b'{"id":"1","event":"\\\\ud83d\\ude00 \\ud83d\\ude00"}\n')
        assert runtime.read() == {"id": "1", "response": "\\ud83d\ude00 😀"}


@claim("perl: a result that holds itself is Runtime.MarshalError at once")
def _():
    with handle("pl", "sub handle { my $a = []; push @$a, $a if $_[0]; $a } 1;") as runtime:
        runtime.ready()
        begun = time.monotonic()
        error = runtime.fail(1)
        assert error["errorType"] == "Runtime.MarshalError" and "holds itself" in error["errorMessage"], error
        assert time.monotonic() - begun < 2
        assert runtime.respond(0) == []


@claim("perl: an error's message has no line feed, and its stack names the functions on the way")
def _():
    code = 'sub inner { eval { die "caught" }; die $_[0] }\nsub handle {\n inner(ref $_[0] ? bless({}, "Own") : "$_[0]\\n") }\n1;\n'
    with handle("pl", code) as runtime:
        runtime.ready()
        error = runtime.fail("boom")
        assert error["errorMessage"] == "boom" and error["errorType"] == "Error", error
        assert any(line.startswith("main::inner at ") and line.endswith("own.pl line 3") for line in error["stackTrace"]), error
        assert runtime.fail([])["errorType"] == "Own"


@claim("perl: a handler's own $SIG{__DIE__} is called")
def _():
    code = '$SIG{__DIE__} = sub { $main::seen++ }; sub handle { eval { die "caught" }; return $main::seen } 1;'
    with handle("pl", code) as runtime:
        runtime.ready()
        assert runtime.respond(1) == 1


@claim("sh: a message that is not UTF-8 is told as far as it can be, and the next call is served")
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


@claim("sh: companions split words and patterns as any script does, and their folders are no patterns")
def _():
    files = {
        "own.sh": 'handle() { printf "[%s,\\"%s\\"]" "$words" "$seen"; }',
        "a*/sh.sh": 'v="a b:c d"; set -- $v; words=$#; seen="$seen*"',
        "ab/sh.sh": 'seen="$seen ab"',
    }
    with Runtime("sh", "own.handle", files=files, env={"SLSCOMPANIONS": "a*:none"}) as runtime:
        runtime.ready()
        assert runtime.respond(1) == [3, "*"]

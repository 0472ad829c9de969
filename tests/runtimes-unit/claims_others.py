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

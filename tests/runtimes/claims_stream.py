"""Claims about responses that stream, for every language that streams, besides those of `open-runtime check`."""

import json
import os
import shutil
import signal
import tempfile
import time

from claims import claim
from claims_common import check_cleanup, check_stack, start
from harness import LIMIT, PATH, RUNTIMES, Runtime, check_error
from tap import Missing, within

STREAMING = ["nodejs", "python", "ruby", "php", "perl", "sh"]  # the languages whose handlers stream
INTERPRETED = [name for name in STREAMING if name != "sh"]  # these choose what a chunk is; sh sends what a read returns

RAW = "one\nzwei ä".encode() + b"\0\xff\xc3\xa4end"
HTML = {"content-type": "text/html"}
END = {"end": True}


def stream_claim(title, *languages):
    """A claim that also holds, where the handler chooses the chunks, if bytes may go out as they are."""

    def add(test):
        claim(title, *languages)(test)
        return bytes_claim(title, *(name for name in languages if name in INTERPRETED))(test)

    return add


def bytes_claim(title, *languages):
    """A claim for a stream whose bytes go out as they are."""

    def add(test):
        claim(f"{title}, bytes as they are", *languages)(lambda language: with_bytes(test, language))
        return test

    return add


def with_bytes(test, language):
    Runtime.takes_bytes = True
    try:
        test(language)
    finally:
        Runtime.takes_bytes = False


def resident(pid, field):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(field)) << 10


@claim("an item is a chunk: text as `chunk`, bytes as `base64`, an empty one too", *INTERPRETED)
def _(language):
    with start(language, "streams") as runtime:
        runtime.ready()
        runtime.begin(None, stream=True)
        lines = [runtime.read() for _ in range(9)]
        assert [line.get("chunk") for line in lines[1:5]] == ["one\n", "zwei ä", "", None], lines
        assert lines[4]["base64"] == "AP8=" and lines[7]["chunk"] == "end" and lines[8]["end"] is True, lines


@bytes_claim("an item is a line and its bytes, an empty one too; a text of Node.js and Python is a line", *INTERPRETED)
def _(language):
    with start(language, "streams") as runtime:
        runtime.ready()
        for _ in range(2):
            runtime.begin(None, stream=True)
            assert set(runtime.read()["stream"]) <= {"contentType"}
            for text in ("one\n", "zwei ä", "", b"\0\xff"):
                line = runtime.read()
                is_text = language in ("nodejs", "python") and isinstance(text, str)
                assert list(line) == ["id", "chunk" if is_text else "bytes"], line
                assert runtime.chunk(line) == (text.encode() if isinstance(text, str) else text), line
            last, rest = runtime.read(), b""
            while "end" not in last:
                rest += runtime.chunk(last)
                last = runtime.read()
            assert rest == RAW[-5:] and last == {"id": "8f507cfc", **END}, (rest, last)


@bytes_claim("what is larger than 64 KiB is sent in several chunks", *INTERPRETED)
def _(language):
    with start(language, "streams_big") as runtime:
        runtime.ready()
        _, chunks, last = runtime.stream()
        assert b"".join(chunks) == "é".encode() * 100000 + b"\xff\xfe" * 100000 + bytes(60000) and last == END
        assert max(map(len, chunks)) <= 65536, [*map(len, chunks)]


@stream_claim("the head of an HTTP response without a status gets 200", *STREAMING)
def _(language):
    with start(language, "streams_no_status") as runtime:
        runtime.ready()
        assert runtime.stream() == ({"statusCode": 200, "headers": {}}, [b"no status"], END)


@stream_claim("items that are neither text nor bytes are sent as JSON", *INTERPRETED)
def _(language):
    with start(language, "streams_json") as runtime:
        runtime.ready()
        assert runtime.stream()[1] == ['{"a":[1,"é"]}'.encode(), b"7"]


@stream_claim("a stream of nothing is a head and an end", *STREAMING)
def _(language):
    with start(language, "streams_nothing") as runtime:
        runtime.ready()
        head, chunks, last = runtime.stream()
        assert set(head) <= {"contentType"} and (chunks, last) == ([], END), (head, chunks, last)
    with start(language, "streams_empty_page") as runtime:
        runtime.ready()
        assert runtime.stream() == ({"statusCode": 204, "headers": HTML}, [], END)


@claim("an empty chunk sends the head at once", *INTERPRETED)
def _(language):
    with start(language, "streams_empty_chunk") as runtime:
        runtime.ready()
        runtime.begin(None, stream=True)
        assert runtime.read()["stream"] == {"statusCode": 200, "headers": HTML}
        assert runtime.read() == {"id": "8f507cfc", "chunk": ""}
        assert runtime.silent(0.05)
        open(f"{runtime.root}/go", "w").close()
        assert runtime.read() == {"id": "8f507cfc", "end": True}


@stream_claim("an exception behind a chunk is the end of the stream, with type, message and stack; the handler cleans up", *STREAMING)
def _(language):
    with start(language, "breaks_off") as runtime:
        runtime.ready()
        for _ in range(2):
            _, chunks, last = runtime.stream("pears")
            error = check_error(last["error"])
            assert chunks == [b"begun"] and error["errorType"], (chunks, error)
            assert language == "sh" or error["errorMessage"] == "no pears", error
            check_stack(language, error)
            check_cleanup(runtime)


@stream_claim("a chunk that JSON cannot represent ends the stream with Runtime.MarshalError, and the handler cleans up", *INTERPRETED)
def _(language):
    with start(language, "streams_unserializable") as runtime:
        runtime.ready()
        _, chunks, last = runtime.stream()
        assert chunks == [b"begun"] and last["error"]["errorType"] == "Runtime.MarshalError", last
        within(LIMIT, lambda: "finally" in runtime.log())


@stream_claim("the head and the first chunk go out in one write", *STREAMING)
def _(language):
    with start(language, "streams_slowly", is_packets=True) as runtime:
        runtime.ready()
        runtime.begin(None, stream=True)
        assert runtime.read_some().count(b"\n") == 2


@claim("without the offer an HTTP stream is collected into a response, in base64 if it is not UTF-8", *STREAMING)
def _(language):
    with start(language, "streams_http") as runtime:
        runtime.ready()
        response = runtime.respond(None)
        assert response.pop("body") == "<p></p>" and response["statusCode"] == 201 and response["cookies"] == ["c=1", "d=2"], response
        assert response["headers"]["content-type"] == "text/html" and response["multiValueHeaders"] == {"x-many": ["a", "b"]}, response
        assert not response.get("isBase64Encoded"), response
        assert runtime.stream()[2] == END
    with start(language, "streams_bytes_page") as runtime:
        runtime.ready()
        for _ in range(2):
            assert runtime.respond(None) == {"statusCode": 200, "headers": HTML, "body": "/wA=", "isBase64Encoded": True}
    with start(language, "streams_empty_page") as runtime:
        runtime.ready()
        assert runtime.respond(None) == {"statusCode": 204, "headers": HTML, "body": ""}


@claim("without the offer a raw stream is collected into a string, or is Runtime.MarshalError if it is not UTF-8", *STREAMING)
def _(language):
    with start(language, "streams_many") as runtime:
        runtime.ready()
        assert runtime.respond(None) == "".join(f"{number}\n" for number in range(10000))
    with start(language, "streams") as runtime:
        runtime.ready()
        assert runtime.fail()["errorType"] == "Runtime.MarshalError"
        assert b"".join(runtime.stream()[1]) == RAW
    with start(language, "breaks_off") as runtime:
        runtime.ready()
        assert runtime.fail("pears")["errorType"] and "finally" in runtime.log()


def settled(runtime):
    """Returns how many chunks the handler has made when it makes no more, because nobody reads."""
    made = 0
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        time.sleep(0.3)
        made, before = runtime.log().count("made"), made
        if made == before:
            return made
    raise AssertionError(f"it still makes chunks: {made}")


def drain(runtime, made):
    """Reads a stream, and returns the length of its lines."""
    runtime.begin(made, stream=True)
    size = 0
    while b'"end":true' not in runtime.unread[-20:]:
        runtime.unread = runtime.read_some()
        size += len(runtime.unread)
    runtime.unread = b""
    return size


@bytes_claim("if nobody reads, the handler waits; SIGTERM then cuts nothing off, and ends the stream", *INTERPRETED)
def _(language):
    with start(language, "streams_much", pipe_size=4096) as runtime:  # so that a chunk is written in many parts
        runtime.ready()
        for _ in range(2):
            runtime.begin(100000, deadline_ms=int(time.time() * 1000) + 300, stream=True)
            made = settled(runtime)
            assert made <= 5, made
            for _ in range(3):  # the first may only end one of several system calls that write the chunk
                runtime.signal(signal.SIGTERM)
                within(LIMIT, runtime.is_sleeping)
            _, chunks, last = runtime.rest_of_stream()
            assert last["error"]["errorType"] == "Function.Timeout", last
            assert b"".join(chunks).strip(b"\0") == b"" and 0 < len(chunks) < 12, len(chunks)
            check_cleanup(runtime)
        assert len(b"".join(runtime.stream(3)[1])) == 3 << 16


# V8 lets the handler's own buffers grow to some 30 MB before it collects them, if nothing else needs memory, and Ruby 3.3 its strings
# to some 20 MB.
@stream_claim("memory grows by at most 4 MB after the first streams", *STREAMING)
def _(language):
    env = {"NODE_OPTIONS": "--max-semi-space-size=1"}  # V8 would make its young heap larger now and then
    with start(language, "streams_much", env=env) as runtime:
        runtime.ready()
        drain(runtime, 3200 if language in ("nodejs", "ruby") else 640)
        before = resident(runtime.pid, "VmHWM")
        assert drain(runtime, 1024) > 64 << 20
        assert resident(runtime.pid, "VmHWM") - before <= 4 << 20, resident(runtime.pid, "VmHWM") - before


@stream_claim("non-blocking pipes, and a slow reader, lose no data of a stream", *INTERPRETED)
def _(language):
    with start(language, "streams_much", is_blocking=False) as runtime:
        runtime.ready()
        for _ in range(2):
            runtime.begin(30, stream=True)
            settled(runtime)
            _, chunks, last = runtime.rest_of_stream()
            assert sum(map(len, chunks)) == 30 << 16 and last == END, last


def closes(extension, code, files=None):
    """Streams the body of the code, which logs that it is closed, and then streams it again."""
    with Runtime(extension, "own.handle", files={f"own.{extension}": code, **(files or {})}) as runtime:
        runtime.ready()
        for _ in range(2):
            head, chunks, last = runtime.stream()
            assert last == END, last
            within(LIMIT, lambda: "closed" in runtime.log())
            os.truncate(runtime.log_path, 0)
        return head, b"".join(chunks)


RACK = """
class Body
  def each = (yield "a"; yield "b" if $broken.nil?; raise "broken" if $broken)
  def close = puts("closed")
end
def handle(event:, context:)
  $broken = true if event
  { "statusCode" => 200, headers: { "set-cookie" => %w[a b], "x-one" => ["1"] }, body: Body.new }
end
"""


@claim("ruby: a body like Rack's is closed, also if it raises")
def _():
    head, body = closes("rb", RACK)
    assert body == b"ab" and head["multiValueHeaders"] == {"set-cookie": ["a", "b"]} and head["headers"] == {"x-one": "1"}, (head, body)
    with Runtime("rb", "own.handle", files={"own.rb": RACK}) as runtime:
        runtime.ready()
        _, chunks, last = runtime.stream(1)
        assert chunks == [b"a"] and last["error"]["errorMessage"] == "broken" and "closed" in runtime.log(), last
        os.truncate(runtime.log_path, 0)
        assert runtime.fail(1)["errorMessage"] == "broken" and "closed" in runtime.log()


PROMPT = {
    "rb": "def handle(event:, context:) = { body: IO.popen(['sh', 'run']) }",
    "php": "<?php function handle() { return ['body' => popen('sh run', 'r')]; }",
    "pl": "sub handle { open my $pipe, '-|', 'sh', 'run' or die; return {body => $pipe} } 1;",
}
FILE = {  # the handler keeps it, so that it must be closed
    "rb": "$kept = []\ndef handle(event:, context:) = { body: $kept.push(File.open('data', 'rb')).last }",
    "php": "<?php function handle() { return ['body' => $GLOBALS['kept'][] = fopen('data', 'r')]; }",
    "pl": "my @kept; sub handle { open my $file, '<', 'data' or die; push @kept, $file; return {body => $file} } 1;",
}


@claim("ruby, php, perl: the bytes of a pipe go out as they come, those of a file whole, and both are closed")
def _():
    files = {"run": "printf '\\0first'; until test -e go; do sleep 0.01; done; printf second\n", "data": "é" * 100000}
    for extension, code in PROMPT.items():
        with Runtime(extension, "own.handle", files={f"own.{extension}": code, **files}) as runtime:
            runtime.ready()
            runtime.begin(None, stream=True)
            assert "stream" in runtime.read() and runtime.read()["chunk"] == "\0first"
            open(f"{runtime.root}/go", "w").close()
            assert runtime.read()["chunk"] == "second" and runtime.read()["end"], extension
    for extension, code in FILE.items():
        with Runtime(extension, "own.handle", files={f"own.{extension}": code, **files}) as runtime:
            runtime.ready()
            descriptors = []
            for _ in range(3):
                assert b"".join(runtime.stream()[1]).decode() == "é" * 100000, extension
                descriptors.append(os.listdir(f"/proc/{runtime.pid}/fd"))
            assert descriptors[1] == descriptors[2], extension


RESPONSES = {
    "rb": "def handle(event:, context:) = { statusCode: 200, body: [1, { a: 2 }] }",
    "php": "<?php function handle() { return ['statusCode' => 200, 'body' => [1, ['a' => 2]]]; }",
    "pl": "sub handle { return {statusCode => 200, body => [1, {a => 2}]} } 1;",
}


@claim("ruby, php, perl: a response whose body is an array is no stream")
def _():
    for extension, code in RESPONSES.items():
        with Runtime(extension, "own.handle", files={f"own.{extension}": code}) as runtime:
            runtime.ready()
            assert runtime.respond(None, stream=True) == {"statusCode": 200, "body": [1, {"a": 2}]}, extension


@claim("perl: a string with the flag for UTF-8 is text, and any other is bytes")
def _():
    code = 'use utf8; my @items; sub handle { @items = ("ä", "\\xe4", "\\x{ed}\\x{a0}\\x{80}"); return sub { shift @items } } 1;'
    with Runtime("pl", "own.handle", files={"own.pl": code}) as runtime:
        runtime.ready()
        assert runtime.stream()[1] == ["ä".encode(), b"\xe4", b"\xed\xa0\x80"]


WRITER = """sub handle { my ($event) = @_; return sub {
    my $writer = $_[0]->($event->{type});
    $writer->write($_) for @{$event->{parts}};
    die "no pears\\n" if $event->{fails};
    $writer->close;
    $writer->write('more') if $event->{more};
} } 1;"""
HTTP = "application/vnd.awslambda.http-integration-response"


@claim("perl: a stream may be written, in the form of AWS::Lambda")
def _():
    with Runtime("pl", "own.handle", files={"own.pl": WRITER}) as runtime:
        runtime.ready()
        plain = {"type": "text/plain", "parts": ["a", "", "ä"]}
        assert runtime.stream(plain) == ({"contentType": "text/plain"}, [b"a", "ä".encode()], END)
        assert runtime.respond(plain) == "aä"
        assert runtime.stream({**plain, "fails": True})[2]["error"]["errorMessage"] == "no pears"
        assert "closed" in runtime.stream({**plain, "more": True})[2]["error"]["errorMessage"]
        head = json.dumps({"statusCode": 201, "headers": {"x-a": "1"}, "cookies": ["a=1"]})
        for parts in ([head + "\0" * 8 + "body"], [head[:9], head[9:] + "\0" * 3, "\0" * 5, "body"]):
            told = {"statusCode": 201, "headers": {"x-a": "1"}, "cookies": ["a=1"]}
            assert runtime.stream({"type": HTTP, "parts": parts}) == (told, [b"body"], END)
            assert runtime.respond({"type": HTTP, "parts": parts}) == {**told, "body": "body"}
        assert "no head" in runtime.fail({"type": HTTP, "parts": ["body"]})["errorMessage"]


@claim("php: a generator that catches what stops it may send a last chunk")
def _():
    code = "<?php function handle() { try { yield 'a'; yield NAN; } catch (Throwable $e) { yield $e->errorType; } }"
    with Runtime("php", "own.handle", files={"own.php": code}) as runtime:
        runtime.ready()
        assert runtime.stream()[1:] == ([b"a", b"Runtime.MarshalError"], END)


SH = """tools() {
	PATH=$PWD/bin
	stream text/plain
	printf tools
}
twice() {
	stream 'text/plain; x="é\\"'
	stream text/plain
}
waits() {
	id=own newline=own context=own
	stream text/plain
	ls /proc/self/fd | grep '[89]' >&2
	sleep 0.01 &
	wait
	printf waited
}
before() {
	printf early
	stream text/plain
	printf late
}
"""


@claim("sh: an error of `stream` says what is missing; what is printed before it is an error; `wait` waits for no stream")
def _():
    def call(function, **context):
        with Runtime("sh", f"own.{function}", files={"own.sh": SH}, env={"TMPDIR": context.pop("TMPDIR", ".")}) as runtime:
            runtime.ready()
            runtime.begin(None, **context)
            lines = [runtime.read()]
            while not {"end", "error", "response"} & set(lines[-1]):
                lines.append(runtime.read())
            assert sorted(os.listdir(runtime.root)) == [".log", "own.sh"]  # no pipe is left
            return lines, runtime.log()

    assert "stream needs base64, which is not in /" in call("tools", stream=True)[0][-1]["error"]["errorMessage"]
    assert "stream needs base64, which is not in /" in call("tools")[0][-1]["error"]["errorMessage"]
    assert "stream cannot make a pipe: " in call("waits", stream=True, TMPDIR="/none")[0][-1]["error"]["errorMessage"]
    assert "error" in call("twice", stream=True)[0][-1]
    lines, log = call("waits", stream=True)
    assert lines[0]["stream"] == {"contentType": "text/plain"} and lines[1]["base64"] == "d2FpdGVk" and "end" in lines[2], lines
    assert log == "", log
    assert "error" in call("before", stream=True)[0][-1]


def stream_with(shell, tools):
    """Streams in another shell. If there are tools, PATH has nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(f"{RUNTIMES}/sh", f"{folder}/sh")
        with open(f"{folder}/sh/language-runtime", encoding="utf-8") as file:
            text = file.read()
        with open(f"{folder}/sh/language-runtime", "w", encoding="utf-8") as file:
            file.write(text.replace("#!/bin/sh", f"#!{shell}", 1))
        os.mkdir(f"{folder}/bin")
        for tool, program in tools.items():
            os.symlink(program, f"{folder}/bin/{tool}")
        options = {"folder": folder, "env": {"PATH": f"{folder}/bin"} if tools else {}}
        with start("sh", "streams", **options) as runtime:
            runtime.ready()
            assert b"".join(runtime.stream()[1]) == RAW
            assert runtime.fail()["errorType"] == "Runtime.MarshalError"
        with start("sh", "streams_bytes_page", **options) as runtime:
            runtime.ready()
            assert runtime.respond(None)["body"] == "/wA="
        with start("sh", "streams_many", **options) as runtime:
            runtime.ready()
            assert runtime.respond(None) == "".join(f"{number}\n" for number in range(10000))


@claim("sh: bash streams, too")
def _():
    stream_with("/bin/bash", {})


@claim("sh: busybox streams, too, with its own tools")
def _():
    busybox = shutil.which("busybox", path=PATH)
    if not busybox:
        raise Missing("busybox is not installed")
    names = "sh awk base64 dd od mkfifo rm tr sed head seq sleep readlink"
    stream_with(f"{busybox} sh", dict.fromkeys(names.split(), busybox))

"""What untrusted clients send to the ports of `open-runtime serve`. t76 and tool/run have more."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

from hostile import add, fake
from peer import BOOTSTRAP, PATH, ROOT, marked, memory
from tap import within

TOOL = os.environ.get("OPEN_RUNTIME") or f"{ROOT}/dist/open-runtime"
PATH_OF_ALL = "/2015-03-31/functions/function/invocations"
CLOSED = None  # the connection is closed without an answer
LIMIT = 40_000  # the tool's memory, in KB


class Tool:
    """`open-runtime serve`, as a context manager."""

    def __init__(self):
        self.root = tempfile.mkdtemp()
        self.mark = f"OPEN_RUNTIME_TEST={os.environ.get('OPEN_RUNTIME_TEST', 'hostile')}/{os.path.basename(self.root)}"
        mark = self.mark.partition("=")[2]
        options = ["--concurrency", "100", "--port", "0", "--port-file", "port", "--journal", "journal", "--bootstrap", BOOTSTRAP, "--task-root", "."]
        variables = ["--env", f"SLSRUNTIME={fake('speaks')}", "--env", f"OPEN_RUNTIME_TEST={mark}"]
        with open(f"{self.root}/log", "wb") as log:
            self.process = subprocess.Popen(
                [TOOL, "serve", "fake.handler", "--quiet", *options, *variables],
                cwd=self.root,
                env={"PATH": PATH, "OPEN_RUNTIME_TEST": mark},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        within(10, lambda: os.path.exists(f"{self.root}/port"), self.log)
        with open(f"{self.root}/port") as file:
            self.port = int(file.read())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(3)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pid in marked(self.mark):
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.root)

    def log(self):
        with open(f"{self.root}/log", encoding="utf-8", errors="replace") as file:
            return file.read()

    def journal(self, what):
        with open(f"{self.root}/journal") as file:
            return [entry for entry in map(json.loads, file) if entry["what"] == what]

    def runtime_api(self):
        return int(self.journal("runtime-api")[0]["address"].rpartition(":")[2])


def ask(port, pieces, seconds):
    """Sends bytes, and returns what comes back until the connection ends, or that time is over."""
    got = b""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.settimeout(seconds)
        try:
            for piece in [pieces] if isinstance(pieces, bytes) else pieces:
                connection.sendall(piece)
        except OSError:
            pass  # the answer shows the result
        try:
            while more := connection.recv(1 << 16):
                got += more
        except OSError:
            pass
    return got


def request(head=(), body=b"[1]", method=b"POST", path=PATH_OF_ALL.encode(), version=b"HTTP/1.1", host=b"127.0.0.1", length=True):
    lines = [method + b" " + path + b" " + version, *([b"Host: " + host] if host is not None else []), *head]
    if length:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join([*lines, b"Connection: close", b"", b""]) + body


def statuses(got):
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3})", got)]


def gets(expected, sent, runs=None, seconds=3, port=lambda tool: tool.port, more=lambda tool: None):
    """Checks the statuses that come back, and the number of invocations. Then the function must answer an invocation."""
    with Tool() as tool:
        got = ask(port(tool), sent, seconds)
        found = [status for status in statuses(got) if status >= 200]
        assert found == expected or found in expected, (found, got[:600])
        more(tool)
        good = ask(tool.port, request(body=b"[2]"), 5)
        assert statuses(good) == [200] and good.endswith(b"[2]"), good[:600]
        id = re.search(rb"(?i)x-amzn-requestid: (\S+)", good)[1].decode()
        within(2, lambda: any(entry["requestId"] == id for entry in tool.journal("invocation")), tool.log)
        ran = len(tool.journal("invocation")) - 1
        assert ran == (found.count(200) if runs is None else runs), tool.journal("invocation")
        assert tool.process.poll() is None and "panicked" not in tool.log(), tool.log()[-2000:]
        took = memory(tool.process.pid)
        assert took <= LIMIT, f"{took} KB"


def sends(name, expected, sent, runs=None, is_long=False, **options):
    expected = [expected] if isinstance(expected, int) else [] if expected is CLOSED else expected
    add("tool", f"{name}: {claim(expected)}", lambda: gets(expected, sent, runs, **options), is_long)


def claim(expected):
    """Says what comes back: statuses, or one of several lists of statuses."""
    if not expected:
        return "the connection is closed"
    if isinstance(expected[0], list):
        return " or ".join(map(claim, expected))
    number = f"{len(expected)} times " if len(expected) > 1 and len(set(expected)) == 1 else ""
    return f"{number}status {' and '.join(map(str, dict.fromkeys(expected)))}"


# Request lines.
for name, expected, sent in [
    ("method GET", 404, request(method=b"GET", length=False, body=b"")),
    ("method PUT", 404, request(method=b"PUT")),
    ("a method in lower case", 404, request(method=b"post")),
    ("an unknown method", 404, request(method=b"X-Y")),
    ("method CONNECT", 404, request(method=b"CONNECT")),
    ("another path", 404, request(path=b"/")),
    ("the path *", 404, request(path=b"*", method=b"OPTIONS")),
    ("an empty path", 400, request(path=b"")),
    ("a path with ..", 404, request(path=b"/2015-03-31/functions/../../../invocations")),
    ("a function name with ..", 400, request(path=PATH_OF_ALL.replace("/function/", "/%2e%2e%2f/").encode())),
    ("a function name with a NUL", 400, request(path=PATH_OF_ALL.replace("/function/", "/%00/").encode())),
    ("a function name that is not UTF-8", 400, request(path=PATH_OF_ALL.replace("/function/", "/%ff/").encode())),
    ("a function name of 60 KB", 400, request(path=PATH_OF_ALL.replace("/function/", f"/{'x' * 60_000}/").encode())),
    ("a path of 70 KB", 414, request(path=b"/" + b"x" * 70_000)),
    ("a query of 60 KB", 200, request(path=PATH_OF_ALL.encode() + b"?" + b"x" * 60_000)),
    ("an absolute URL of this host", 200, request(path=b"http://127.0.0.1" + PATH_OF_ALL.encode())),
    ("an absolute URL of another host", 403, request(path=b"http://evil.example" + PATH_OF_ALL.encode())),
    ("a path with a NUL", 400, request(path=b"/\0")),
    ("HTTP/1.0", 200, request(version=b"HTTP/1.0")),
    ("HTTP/0.9", 400, b"GET /\r\n\r\n"),
    ("HTTP/3.0", 400, request(version=b"HTTP/3.0")),
    ("the preface of HTTP/2", CLOSED, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ("TLS", 400, b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + b"\0" * 99 + b"\r\n\r\n"),
    ("line feeds without carriage returns", 200, request().replace(b"\r\n", b"\n")),
    ("empty lines before the request", 200, b"\r\n" * 3 + request()),
]:
    is_long = name not in ("method GET", "a path with ..", "an absolute URL of another host", "TLS", "line feeds without carriage returns")
    sends(name, expected, sent, is_long=is_long)

# Origins and hosts. Nothing runs for a client that is not allowed.
for host in [
    b"evil.example",
    b"localhost.evil.example",
    b"127.0.0.1.evil.example",
    b"127.0.0.1@evil.example",
    b"localhost:80:80",
    b"0x7f.1",
    b"2130706433",
    b"",
    b"\xff",
    b"[::1",
    b"localhost.",
    b"x" * 60_000,
]:
    sends(f"Host: {host[:20]!r}", 403, request(host=host), is_long=host not in (b"evil.example", b"\xff", b"localhost."))
for host in b"localhost", b"LOCALHOST:1", b"[::1]:9", b"10.0.0.1":
    sends(f"Host: {host!r}", 200, request(host=host), is_long=host != b"[::1]:9")
sends("no Host", 200, request(host=None))
sends("two Hosts", 403, request([b"Host: evil.example"]))
for head in (
    b"Origin: null",
    b"Origin: http://127.0.0.1:9",
    b"Origin: \xff",
    b"Origin:",
    b"oRIGIN: x",
    b"Sec-Fetch-Site: cross-site",
    b"Sec-Fetch-Site: same-site",
    b"Sec-Fetch-Site: NONE",
):
    sends(head.decode("latin-1"), 403, request([head]), is_long=head not in (b"Origin: null", b"oRIGIN: x"))
sends(
    "a preflight request",
    403,
    request([b"Origin: http://evil.example", b"Access-Control-Request-Method: POST"], method=b"OPTIONS", body=b""),
)
sends("a form that a web page sends", 403, request([b"Origin: http://evil.example", b"Content-Type: text/plain"], body=b'{"a":1}='))
sends(
    "a web page that asks for the next event",
    403,
    request(method=b"GET", host=b"evil.example", path=b"/2018-06-01/runtime/invocation/next", body=b"", length=False),
    port=Tool.runtime_api,
)
sends("a web page that answers an invocation", 403, request([b"Origin: null"], path=b"/2018-06-01/runtime/invocation/x/response"), port=Tool.runtime_api)
sends("an answer to an unknown invocation", 400, request(path=b"/2018-06-01/runtime/invocation/x/response"), port=Tool.runtime_api)
sends("garbage to the Runtime API", 400, b"\0\xff\r\n\r\n", port=Tool.runtime_api)

# Header sections.
sends("a header of 300 KB", 200, request([b"X: " + b"x" * 300_000]))
sends("a header of 5 MB", 431, request([b"X: " + b"x" * 5_000_000]))
for number, expected in (90, 200), (99, 431), (5000, 431):
    sends(f"{number} headers", expected, request([b"X: x"] * number), is_long=number != 5000)
for name, expected, head in [
    ("a header whose name has a space", 400, b"X y: z"),
    ("a header whose name is not ASCII", 400, b"\xff: z"),
    ("a header without a name", 400, b": z"),
    ("a header on two lines", 400, b"X: a\r\n b"),
    ("a header with a NUL", 400, b"X: \0"),
    ("a trace id that is not UTF-8", 200, b"X-Amzn-Trace-Id: \xff"),
    ("a trace id with an escape sequence", 400, b"X-Amzn-Trace-Id: \x1b[31m"),
    ("a trace id of 60 KB", 200, b"X-Amzn-Trace-Id: " + b"x" * 60_000),
    ("a tenant id of 60 KB", 200, b"X-Amz-Tenant-Id: " + b"x" * 60_000),
    ("a client context that is not base64", 400, b"X-Amz-Client-Context: {}"),
    ("a client context that is not JSON", 400, b"X-Amz-Client-Context: ew=="),
    ("a client context of 4 KB", 400, b"X-Amz-Client-Context: " + b"e" * 4096),
    ("an unknown invocation type", 400, b"X-Amz-Invocation-Type: event"),
    ("an unknown log type", 400, b"X-Amz-Log-Type: tail"),
    ("Upgrade", 200, b"Upgrade: websocket"),
    ("Expect: 100-continue", 200, b"Expect: 100-continue"),
    ("an unknown Expect", 200, b"Expect: x"),
    ("X-HTTP-Method-Override", 200, b"X-HTTP-Method-Override: GET"),
]:
    sends(name, expected, request([head]), is_long=name not in ("a header with a NUL", "a trace id with an escape sequence", "a header on two lines"))


# Bodies.
def with_length(*lines, body=b"[1]"):
    return request(lines, body, length=False)


for name, expected, sent in [
    ("no length", 200, with_length(body=b"")),
    ("a negative length", 400, with_length(b"Content-Length: -1")),
    ("a length of 2^64", 400, with_length(b"Content-Length: 18446744073709551616")),
    ("a length in hexadecimal", 400, with_length(b"Content-Length: 0x3")),
    ("a length with a sign", 400, with_length(b"Content-Length: +3")),
    ("two different lengths", 400, with_length(b"Content-Length: 3", b"Content-Length: 4")),
    ("two equal lengths", 200, with_length(b"Content-Length: 3", b"Content-Length: 3")),
    ("a list of lengths", 400, with_length(b"Content-Length: 3, 3")),
    (
        "both a length and chunks",
        [[400], [200]],
        with_length(b"Content-Length: 3", b"Transfer-Encoding: chunked", body=b"3\r\n[1]\r\n0\r\n\r\n"),
    ),
    ("chunks", 200, with_length(b"Transfer-Encoding: chunked", body=b"1\r\n[\r\n2;x=y\r\n1]\r\n0\r\nX: y\r\n\r\n")),
    ("a chunk of 2^64", CLOSED, with_length(b"Transfer-Encoding: chunked", body=b"10000000000000000\r\n[1]\r\n0\r\n\r\n")),
    ("a chunk whose size is not a number", CLOSED, with_length(b"Transfer-Encoding: chunked", body=b"zz\r\n[1]\r\n0\r\n\r\n")),
    ("an unknown Transfer-Encoding", 400, with_length(b"Transfer-Encoding: gzip")),
    ("Transfer-Encoding: chunked, chunked", [[400], [200]], with_length(b"Transfer-Encoding: chunked, chunked", body=b"3\r\n[1]\r\n0\r\n\r\n")),
    ("a body that is not JSON", 400, request(body=b"{")),
    ("a body of two values", 400, request(body=b"1 2")),
    ("a body that is not UTF-8", 400, request(body=b'"\xff"')),
    ("a body with a byte order mark", 400, request(body=b"\xef\xbb\xbf[1]")),
    ("3,000,000 levels that are not closed", 400, request(body=b"[" * 3_000_000)),
    ("1,000,000 levels", 200, request(body=b"[" * 1_000_000 + b"]" * 1_000_000)),
    ("a body of 6 MB", 200, request(body=b'"' + b"x" * 5_999_998 + b'"')),
    ("a body of 7 MB", 413, request(body=b'"' + b"x" * 7_000_000 + b'"')),
    ("a body of 6 MB for an asynchronous invocation", 413, request([b"X-Amz-Invocation-Type: Event"], body=b'"' + b"x" * 5_999_998 + b'"')),
    ("a body in gzip", 400, request([b"Content-Encoding: gzip"], body=b"\x1f\x8b\x08" + b"\0" * 99)),
]:
    is_long = name not in (
        "a negative length",
        "two different lengths",
        "a chunk whose size is not a number",
        "a body of 7 MB",
        "3,000,000 levels that are not closed",
    )
    sends(name, expected, sent, is_long=is_long)
sends(
    "a body of 1 GB",
    [[413], []],
    [request(length=False, body=b"", head=[b"Content-Length: 1000000000"])] + [b"x" * 1_000_000] * 1000,
    runs=0,
    is_long=True,
    seconds=20,
)
sends("ten requests in one packet", [200] * 10, request().replace(b"Connection: close\r\n", b"") * 9 + request())
sends("a request, then garbage", [200, 400], request().replace(b"Connection: close\r\n", b"") + b"\0\xff\r\n\r\n")


# Interrupted, slow and many connections.
def cut(sent, resets):
    def more(tool):
        for _ in range(20):
            connection = socket.create_connection(("127.0.0.1", tool.port))
            connection.sendall(sent)
            if resets:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            connection.close()

    return more


def crowd(tool):
    """Opens 200 silent connections, and 50 that stop in a header section or body, all at once."""
    texts = [b""] * 200 + [request()[:30], request()[:-1]] * 25
    connections = []
    for text in texts:
        connections.append(socket.create_connection(("127.0.0.1", tool.port)))
        connections[-1].sendall(text)
    tool.crowd = connections


def parallel(tool):
    """Invokes from 100 callers at once. Each gets its own answer."""
    wrong = []

    def call(number):
        got = ask(tool.port, request(body=b"[%d]" % number), 20)
        if statuses(got) != [200] or not got.endswith(b"[%d]" % number):
            wrong.append((number, got[:300]))

    threads = [threading.Thread(target=call, args=(number,)) for number in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong, wrong[:3]


def is_closed_after(seconds, sent, most):
    """Checks that the connection of a slow client is closed in that time."""

    def more(tool):
        with socket.create_connection(("127.0.0.1", tool.port)) as connection:
            began = time.monotonic()
            connection.sendall(sent)
            connection.settimeout(most)
            assert connection.recv(100) == b"", "an answer"
            assert time.monotonic() - began >= seconds

    return more


GARBAGE = b"\0\r\n\r\n"
for name, sent in [
    ("in a header", request()[:30]),
    ("in the body", request()[:-1]),
    ("before the first byte", b""),
    ("in a chunk", with_length(b"Transfer-Encoding: chunked", body=b"ff\r\n[")),
]:
    sends(f"20 connections that are closed {name}", 400, GARBAGE, more=cut(sent, False), is_long=name != "in the body")
    sends(f"20 connections that are reset {name}", 400, GARBAGE, more=cut(sent, True), is_long=name != "in the body")
sends("250 connections that send no more", 400, GARBAGE, more=crowd)
sends("100 callers at once", 400, GARBAGE, runs=100, more=parallel)
sends("half a header section, until it is closed after 10 s", 400, GARBAGE, more=is_closed_after(9, request()[:30], 14), is_long=True)
sends("half a body, until the connection is closed after 10 s", 400, GARBAGE, more=is_closed_after(9, request()[:-1], 14), is_long=True)

"""A Runtime API that misbehaves below HTTP, for t24 and hostile/: each scenario gives its answers as bytes, or its actions.

usage: raw_api.py SCENARIO    writes its port to the file port, each request as a line to the file requests, and each header of it,
                              behind its method, to the file headers
"""
import os
import socket
import socketserver
import sys
import threading
import time

PARK = None  # never answers
CLOSE = b""


def answer(body=b"", status=b"200 OK", headers=(), length=True):
    lines = [b"HTTP/1.1 " + status, *headers]
    if length:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def event(number, *headers, timeout_ms=20000, body=None, **more):
    deadline = int(time.time() * 1000) + timeout_ms
    required = b"Lambda-Runtime-Aws-Request-Id: id-%d" % number, b"Lambda-Runtime-Deadline-Ms: %d" % deadline
    return answer(b"[%d]" % number if body is None else body, headers=(*required, *headers), **more)


def chunked(number, chunks):
    return event(number, b"Transfer-Encoding: chunked", length=False)[:-3] + chunks


def slowly(bytes_):
    for byte in bytes_:
        time.sleep(0.002)
        yield bytes([byte])


def idle(connection):
    time.sleep(0.6)
    return CLOSE


ACCEPTED = answer(b'{"status":"OK"}', b"202 Accepted")
SECRET = b"Lambda-Runtime-Trace-Id: sEcReT"

# The answers to /next and to posts: bytes, pieces of bytes, or a function of the connection. CLOSE closes, PARK waits.
SCENARIOS = {
    "garbage": ([b"sEcReT garbage\r\n\r\n"], []),
    "answers-twice": ([event(1) + event(2), event(2)], []),
    "continues": ([b"HTTP/1.1 100 Continue\r\n\r\n" + event(1)], []),
    "slow": ([lambda connection: slowly(event(1))], []),
    "until-the-end": ([event(1, b"Connection: close", length=False), event(2)], []),
    "no-reason": ([event(1).replace(b"200 OK", b"200 ")], []),
    "many-headers": ([event(1, *(b"X-%d: x" % number for number in range(100)))], []),
    "endless-head": ([event(1, SECRET, b"X: " + (3 << 20) * b"x")], []),
    "half-a-head": ([[event(1)[:30], PARK]], []),
    "ends-in-the-head": ([[event(1)[:30], CLOSE], event(1)], []),
    "closes-before": ([CLOSE, CLOSE, event(1)], []),
    "always-closes": ([CLOSE] * 9, []),
    "closes-while-idle": ([idle, idle, idle, idle, event(1)], []),
    "redirects": ([answer(status=b"302 Found", headers=[b"Location: http://127.0.0.1:1/sEcReT"])], []),
    "bad-chunks": ([chunked(1, b"zz\r\n[1]\r\n0\r\n\r\n"), event(1)], []),
    "chunks-that-end": ([[chunked(1, b"5\r\n[1]"), CLOSE], event(1)], []),
    "half-a-body": ([[event(1)[:-1], PARK]], []),
    "chunks-with-trailers": ([chunked(1, b"3;name=value\r\n[1]\r\n0\r\nX: y\r\n\r\n")], []),
    "wanders": ([event(1).replace(b"id-1", b"../../../x")], []),
    "goes-up": ([event(1).replace(b"id-1", b"..")], []),
    "never-registers": ([event(1)], []),
    "closes-always": ([event(number, b"Connection: close") for number in (1, 2, 3)], [answer(status=b"202 A", headers=[b"Connection: close"])] * 3),
    "refuses-unread": ([event(1), event(2)], [[answer(b"{}", b"413 Large"), CLOSE]]),
    "breaks-answers": ([event(1), event(2)], [CLOSE, CLOSE]),
    "speaks-of-nothing": ([event(1), event(2)], [answer(status=b"204 No Content", length=False)]),
}


class Api(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    lock = threading.Lock()

    def next_of(self, kind):
        with self.lock:
            if kind == "register":
                return [PARK] if SCENARIO == "never-registers" else answer(b"{}", b"403 Forbidden")
            left = self.script[kind]
            return left.pop(0) if left else {"next": PARK, "answers": ACCEPTED}[kind]


class Connection(socketserver.StreamRequestHandler):
    def handle(self):
        while self.one():
            pass

    def one(self):
        line = self.rfile.readline().decode()
        if not line:
            return False
        length, headers = 0, b""
        while (header := self.rfile.readline().strip().lower()):
            headers += line.split()[0].encode() + b" " + header + b"\n"
            name, _, value = header.partition(b":")
            length = int(value) if name == b"content-length" else length
        method, path, _ = line.split()
        kind = "register" if "extension" in path else "next" if method == "GET" else "answers"
        script = self.server.next_of(kind)
        body = b"" if SCENARIO == "refuses-unread" and length > 99 else self.rfile.read(length)
        with open("headers", "ab") as file:
            file.write(headers)
        with open("requests", "a") as file:
            file.write(f"{method} {path} {body.decode()}\n")
        script = script(self) if callable(script) else script
        for piece in [script] if isinstance(script, bytes) or script is PARK else script:
            if piece is PARK:
                time.sleep(60)
            if piece == CLOSE:
                return False
            self.wfile.write(piece)
        return script is not CLOSE and b"Connection: close" not in (script if isinstance(script, bytes) else b"")


if __name__ == "__main__":
    SCENARIO = sys.argv[1]
    Api.script = dict(zip(("next", "answers"), SCENARIOS[SCENARIO]))
    with Api(("127.0.0.1", 0), Connection) as api:
        with open("port.new", "w") as file:
            file.write(str(api.server_address[1]))
        os.rename("port.new", "port")
        api.serve_forever()

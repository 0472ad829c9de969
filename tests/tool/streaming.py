"""What the claims about streams share: bootstrap, and its callers, as far as a stream needs them."""
import base64
import contextlib
import re

from lib import serve
from stream_caller import STREAM, Caller

RUNTIME = "/2018-06-01/runtime"
INVOKE = "/2015-03-31/functions/function/invocations"
MODE = {"Lambda-Runtime-Function-Response-Mode": "streaming"}
CHUNKED = {"Transfer-Encoding": "chunked"}
ERROR_TYPE, ERROR_BODY = "Lambda-Runtime-Function-Error-Type", "Lambda-Runtime-Function-Error-Body"
ANNOUNCED = {"Trailer": f"{ERROR_TYPE}, {ERROR_BODY}"}
MIB = 1 << 20
MAX_RESPONSE = 6 * MIB + 100


class Runtime:
    """bootstrap, as far as a stream needs it."""

    def __init__(self, server):
        self.server = server
        self.connection = server.runtime()
        self.request_id = self.connection.ask("GET", f"{RUNTIME}/invocation/next").header("Lambda-Runtime-Aws-Request-Id")
        self.stream = server.runtime()

    def path(self, what):
        return f"{RUNTIME}/invocation/{self.request_id}/{what}"

    def begin(self, **headers):
        headers = {**MODE, **CHUNKED, **ANNOUNCED, **{name.replace("_", "-"): value for name, value in headers.items()}}
        self.stream.send("POST", self.path("response"), None, {name: value for name, value in headers.items() if value})
        return self

    def chunk(self, data):
        self.stream.socket.sendall(b"%x\r\n%s\r\n" % (len(data), data))
        return self

    def end(self, **trailers):
        """Returns the answer."""
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in trailers.items())
        self.stream.socket.sendall(f"0\r\n{lines}\r\n".encode())
        return self.stream.receive()

    def fail(self, error_type="Function.ValueError", body=b'{"errorType":"ValueError"}'):
        return self.end(**{ERROR_TYPE: error_type, ERROR_BODY: base64.b64encode(body).decode()})

    def next(self):
        self.connection.send("GET", f"{RUNTIME}/invocation/next")
        return self.connection


@contextlib.contextmanager
def puppet(*options, faults=None, timeout="60"):
    with serve("puppet", "--timeout", timeout, *options, init=False, faults=faults) as server:
        yield server


def stream(server, **headers):
    """A caller and the runtime that has its event."""
    caller = Caller(server.port, **headers)
    server.callers.append(caller)
    return caller, Runtime(server)


def memory_kb(pid, what="VmRSS"):
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(rf"{what}:\s+(\d+)", status.read())[1])

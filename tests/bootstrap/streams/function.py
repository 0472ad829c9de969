"""A function that streams: the real bootstrap under `open-runtime serve`, with the fake language runtime that the events script."""
import contextlib
import json
import os
import time

from lib import HERE, ROOT, serve
from stream_caller import Caller
from tap import within

TESTS = os.path.dirname(HERE)
ARCH = "arm64" if os.uname().machine in ("aarch64", "arm64") else "x86_64"
BOOTSTRAP = os.environ.get("BOOTSTRAP") or f"{ROOT}/dist/{ARCH}/bootstrap"
FAKE = os.path.join(TESTS, "fakes/runtimes/streams")
HTTP = "application/vnd.awslambda.http-integration-response"
ERROR_TYPE, ERROR_BODY = "lambda-runtime-function-error-type", "lambda-runtime-function-error-body"
MIB = 1 << 20
SECRET = "sEcReT"

RAW = {"stream": {}}
HEAD = {"stream": {"statusCode": 200}}
END = {"end": True}


def chunk(text):
    return {"chunk": text}


def error(error_type="Any", message="no", **more):
    return {"error": {"errorType": error_type, "errorMessage": message, **more}}


class Lambda:
    """A function under `open-runtime serve`."""

    def __init__(self, server):
        self.server = server
        self.root = os.path.join(server.folder, "root")

    def call(self, *steps, **options):
        event = steps[0] if steps and isinstance(steps[0], bytes) else json.dumps(steps).encode()
        caller = Caller(self.server.port, event=event, **options)
        caller.socket.settimeout(60)
        self.server.callers.append(caller)
        return caller

    def answer(self, *steps):
        """The body, and the members of InvokeComplete."""
        return self.call(*steps).read_head().complete()

    def fails(self, *steps, sent=b""):
        """The error that the caller gets after these bytes: its type and its object."""
        data, end = self.answer(*steps)
        assert data == sent, data
        details = json.loads(end["ErrorDetails"])
        assert details["errorType"] == end["ErrorCode"] or end["ErrorCode"].startswith("Function."), end
        return end["ErrorCode"], details

    def posts(self):
        """The requests that answer invocations: the last part of their paths."""
        return [note["path"].rpartition("/")[2] for note in self.requests()]

    def requests(self):
        return [note for note in self.server.notes("request") if note["method"] == "POST" and "/runtime/invocation/" in note["path"]]

    def last(self):
        return within(20, lambda: self.requests() and self.requests()[-1])

    def works(self):
        """The next invocation is served, with its own answer."""
        mark = str(time.monotonic())
        answer = self.answer(RAW, chunk(mark), END)
        assert answer == (mark.encode(), {}), ("the next invocation works", answer, self.server.err[-2000:])
        return True

    def path(self, name):
        return os.path.join(self.root, name)

    def has(self, name):
        return os.path.exists(self.path(name))

    def allow(self, name):
        open(self.path(name), "w").close()

    def starts(self):
        with open(self.path("starts")) as file:
            return [int(line) for line in file]

    def pid(self):
        return self.server.notes("spawned")[-1]["pid"]

    def exit_status(self, seconds=20):
        """That of the first bootstrap."""
        notes = within(seconds, lambda: self.server.notes("exit"))
        return notes[0]["status"].removeprefix("exit status: ")

    def warnings(self):
        return [line for line in self.server.err.splitlines() if line.startswith("bootstrap:")]

    def warned_once(self, text):
        assert len(within(5, self.warnings)) == 1 and text in self.warnings()[0], self.server.err
        return True


@contextlib.contextmanager
def function(*options, faults=None, timeout="30", middlewares=(), **variables):
    """`middlewares` are programs of one line: pairs of a name and what it does."""
    if faults is not None and not isinstance(faults, list):
        faults = [{"on": "response", "nth": 1, "do": faults}]
    names = ",".join(name.removesuffix(".d/serve") for name, _ in middlewares)
    variables = {"SLSRUNTIME": FAKE, **({"SLSMIDDLEWARES": names} if middlewares else {}), **variables}
    environment = [word for name, value in variables.items() for word in ("--env", f"{name}={value}")]
    files = {f"middlewares/{name}": program if program.startswith("#!") else f"#!/bin/sh\n{program}\n" for name, program in middlewares}
    # one execution environment: the next call shows what became of the last one
    options = ["--timeout", timeout, "--concurrency", "1", "--quiet", *options, *environment]
    with serve("fake.handler", *options, bootstrap=BOOTSTRAP, faults=faults, files=files) as server:
        it = Lambda(server)
        yield it
        assert not server.notes("stray"), server.notes("stray")
        assert SECRET not in server.err

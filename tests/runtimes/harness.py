"""Plays bootstrap for one language runtime over pipes, as strictly as bootstrap does. Every wait has a limit."""

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
RUNTIMES = os.path.join(HERE, "..", "..", "runtimes")
LIMIT = float(os.environ.get("LIMIT", 20))  # the limit of each wait in seconds; it is high because machines under load are slow
PATH = os.environ.get("OPEN_RUNTIME_PATH") or ":".join(
    folder for folder in os.environ["PATH"].split(":") if not folder.endswith("/shims")
)
F_SETPIPE_SZ = 1031  # Python 3.9 has no name for it
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:hello"


class Runtime:
    """A language runtime in its own task root. As a context manager it leaves no process behind."""

    takes_bytes = False  # whether a stream may have bytes between its lines

    def __init__(self, language, handler, files=None, env=None, folder=None, is_blocking=True, is_packets=False, pipe_size=1 << 16):
        self.root = tempfile.mkdtemp()
        for name, text in (files or {}).items():
            path = os.path.join(self.root, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        environment = {
            "PATH": PATH,
            "LAMBDA_TASK_ROOT": self.root,
            "SLSGRACE": "250",  # which bootstrap always sets
            "AWS_LAMBDA_FUNCTION_NAME": "hello",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/hello",
            "AWS_LAMBDA_LOG_STREAM_NAME": "stream",
        }
        environment.update(env or {})
        self.log_path = os.path.join(self.root, ".log")
        stdin, to_runtime = os.pipe()
        from_runtime, stdout = os.pipe2(os.O_DIRECT if is_packets else 0)  # with O_DIRECT a read returns what one write wrote
        fcntl.fcntl(stdout, F_SETPIPE_SZ, pipe_size)
        os.set_blocking(stdin, is_blocking)
        os.set_blocking(stdout, is_blocking)
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [os.path.join(folder or RUNTIMES, language, "language-runtime"), handler],
                cwd=self.root,
                env={name: value for name, value in environment.items() if value is not None},
                stdin=stdin,
                stdout=stdout,
                stderr=log,
                start_new_session=True,
            )
        os.close(stdin)
        os.close(stdout)
        self.process.stdin = open(to_runtime, "wb", 0)
        self.process.stdout = open(from_runtime, "rb", 0)
        self.pid = self.process.pid
        self.unread = b""
        os.set_blocking(self.process.stdin.fileno(), False)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.signal(signal.SIGKILL)
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(LIMIT)
        shutil.rmtree(self.root, ignore_errors=True)

    def signal(self, number):
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            pass

    def has_taken_signals(self):
        """Whether it has handled what it was sent, and sleeps again or has ended."""
        try:
            with open(f"/proc/{self.pid}/status", encoding="utf-8") as file:
                status = dict(line.split(":\t", 1) for line in file.read().splitlines() if ":\t" in line)
        except (FileNotFoundError, ProcessLookupError):
            return True
        return status["State"][0] in "SZ" and not int(status["SigPnd"], 16) and not int(status["ShdPnd"], 16)

    def write(self, data):
        """Writes and reads at the same time, as bootstrap does."""
        stdin, stdout = self.process.stdin.fileno(), self.process.stdout.fileno()
        rest = memoryview(data)
        end = time.monotonic() + LIMIT
        while rest:
            readable, writable, _ = select.select([stdout], [stdin], [], 1)
            assert time.monotonic() < end, "the runtime does not read"
            if readable:
                self.unread += self.read_some()
            if writable:
                rest = rest[os.write(stdin, rest) :]

    def read_some(self):
        data = os.read(self.process.stdout.fileno(), 1 << 20)
        assert data, f"STDOUT was closed; status {self.process.poll()}; log: {self.log()[-2000:]}"
        return data

    def read(self, limit=LIMIT):
        """Returns the next line, which must be a JSON object."""
        end = time.monotonic() + limit
        parts = [self.unread]
        while b"\n" not in parts[-1]:
            left = end - time.monotonic()
            assert left > 0 and select.select([self.process.stdout], [], [], left)[0], f"no line; log: {self.log()[-2000:]}"
            parts.append(self.read_some())
        line, _, self.unread = b"".join(parts).partition(b"\n")
        return json.loads(line)

    def read_bytes(self, count):
        """Returns so many bytes behind the line that was read last."""
        while len(self.unread) < count:
            self.unread += self.read_some()
        data, self.unread = self.unread[:count], self.unread[count:]
        return data

    def silent(self, seconds):
        """True if the runtime writes nothing for this long."""
        return not self.unread and not select.select([self.process.stdout], [], [], seconds)[0]

    def ready(self):
        message = self.read()
        assert list(message) == ["ready"], message
        return message["ready"]

    def begin(self, event, request_id="8f507cfc", deadline_ms=None, **context):
        deadline_ms = deadline_ms or int(time.time() * 1000) + 60000
        if context.get("stream") and self.takes_bytes:
            context["bytes"] = True
        context = {"requestId": request_id, "deadlineMs": deadline_ms, "functionArn": ARN, **context}
        line = json.dumps({"id": request_id, "event": event, "context": context}, separators=(",", ":"), ensure_ascii=False)
        self.write(line.encode("utf-8", "surrogatepass") + b"\n")

    def call(self, event, request_id="8f507cfc", **context):
        """Returns the answer to one call, which must have the id of the call."""
        self.begin(event, request_id, **context)
        answer = self.read()
        assert answer.pop("id", None) == request_id, answer
        return answer

    def respond(self, event, **context):
        answer = self.call(event, **context)
        assert list(answer) == ["response"], answer
        return answer["response"]

    def stream(self, event=None, request_id="8f507cfc", **context):
        """Returns the head, the chunks and the last line of a call that is answered by a stream."""
        self.begin(event, request_id, stream=True, **context)
        return self.rest_of_stream(request_id)

    def rest_of_stream(self, request_id="8f507cfc"):
        head, chunks = self.read(), []
        assert list(head) == ["id", "stream"] and head["id"] == request_id, head
        while True:
            line = self.read()
            assert line.pop("id") == request_id and len(line) == 1, line
            if "end" in line or "error" in line:
                return head["stream"], chunks, line
            chunks.append(self.chunk(line))

    def chunk(self, line):
        """The bytes of a line of a stream, or those that follow it."""
        if "bytes" in line:
            assert self.takes_bytes, line
            return self.read_bytes(line["bytes"])
        return line["chunk"].encode() if "chunk" in line else base64.b64decode(line["base64"], validate=True)

    def fail(self, event=None, **context):
        answer = self.call(event, **context)
        assert list(answer) == ["error"], answer
        return check_error(answer["error"])

    def fail_init(self):
        message = self.read()
        assert list(message) == ["error"], message
        assert self.process.wait(LIMIT) != 0
        return check_error(message["error"])

    def end(self):
        """Closes STDIN and returns the exit status."""
        self.process.stdin.close()
        return self.process.wait(LIMIT)

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def is_sleeping(self):
        with open(f"/proc/{self.pid}/stat") as file:
            return file.read().rpartition(") ")[2][0] == "S"


def check_error(error):
    assert {"errorMessage", "errorType", "stackTrace"} <= set(error), error
    assert all(isinstance(line, str) for line in error["stackTrace"]), error
    return error

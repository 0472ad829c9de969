"""A Lambda for one bootstrap: it sends what a try says, byte by byte, and keeps what comes back."""

import os
import resource
import shutil
import signal
import socketserver
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from raw_api import ACCEPTED, answer

ROOT = os.path.dirname(os.path.dirname(HERE))
ARCH = "arm64" if os.uname().machine in ("aarch64", "arm64") else "x86_64"
BOOTSTRAP = os.environ.get("BOOTSTRAP") or f"{ROOT}/dist/{ARCH}/bootstrap"
PATH = ":".join(folder for folder in os.environ["PATH"].split(":") if not folder.endswith("/shims"))
REGISTERED = answer(b"{}", headers=[b"Lambda-Extension-Identifier: x"])
HANG, CLOSE = None, b""  # pieces of an answer: never another byte, the end of the connection


class Posted:
    """What bootstrap said of an invocation, or of Init."""

    def __init__(self, path, headers, body):
        self.kind = path.rpartition("/")[2]
        self.id = "init" if "/init/" in path else path.split("/")[-2]
        self.headers, self.body = headers, body


class Api(socketserver.ThreadingTCPServer):
    """The Runtime API. `events` are what /next gives, one after the other; `posts` what the answers get."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, events, posts=(), register=REGISTERED):
        super().__init__(("127.0.0.1", 0), Connection)
        self.events, self.posts, self.register = list(events), list(posts), register
        self.posted, self.asked, self.given = [], 0, 0
        self.changed = threading.Condition()
        self.over = threading.Event()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # the peer has gone

    def next_for(self, method, path):
        with self.changed:
            if "/extension/" in path:
                return [HANG] if path.endswith("/event/next") else self.register
            if method == "POST":
                return self.posts.pop(0) if self.posts else ACCEPTED
            self.asked += 1
            self.changed.notify_all()
            self.changed.wait_for(lambda: self.events or self.over.is_set())
            self.given += 1
            return self.events.pop(0) if self.events else [CLOSE]

    def keep(self, posted):
        with self.changed:
            self.posted.append(posted)
            self.changed.notify_all()

    def wait(self, condition, seconds):
        with self.changed:
            return self.changed.wait_for(condition, seconds)

    def send(self, *events):
        with self.changed:
            self.events.extend(events)
            self.changed.notify_all()

    def close(self):
        self.over.set()
        with self.changed:
            self.changed.notify_all()
        self.shutdown()
        self.server_close()


class Connection(socketserver.StreamRequestHandler):
    rbufsize = 1 << 16

    def handle(self):
        while self.one():
            pass

    def one(self):
        line = self.rfile.readline().decode("latin-1")
        if not line:
            return False
        method, path, _ = line.split()
        headers = {}
        while header := self.rfile.readline().strip():
            name, _, value = header.partition(b":")
            headers[name.lower().decode()] = value.strip().decode("latin-1")
        body = self.rfile.read(int(headers.get("content-length", 0)))
        if method == "POST" and "/extension/" not in path:
            self.server.keep(Posted(path, headers, body))
        script = self.server.next_for(method, path)
        script = script() if callable(script) else script
        for piece in [script] if isinstance(script, bytes) else script:
            if piece is HANG:
                self.server.over.wait(60)
            if not piece:
                return False
            self.wfile.write(piece)
        return True


def limited(limits):
    def limit():
        for name, value in limits.items():
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))

    return limit


class Environment:
    """An execution environment: a bootstrap, its Lambda, and a task root. As a context, it leaves nothing behind."""

    def __init__(self, api, files=None, env=None, starter=(), handler="fake.handler", limits=None, **options):
        self.api, self.root = api, tempfile.mkdtemp()
        for name, text in (files or {}).items():
            path = os.path.join(self.root, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(text.encode() if isinstance(text, str) else text)
            os.chmod(path, 0o755)
        environment = {
            "PATH": PATH,
            "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:%d" % api.server_address[1],
            "LAMBDA_TASK_ROOT": self.root,
            "_HANDLER": handler,
            "OPEN_RUNTIME_TEST": os.environ.get("OPEN_RUNTIME_TEST", "hostile"),
            **(env or {}),
        }
        self.log_path = self.root + ".log"
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [*starter, BOOTSTRAP],
                cwd=self.root,
                env={name: value for name, value in environment.items() if value is not None},
                **{"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, **options},
                preexec_fn=limited(limits or {}),
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.poll() is not None or self.process.terminate()
        self.wait(2) is not None or self.process.kill()
        self.process.wait()
        self.api.close()
        shutil.rmtree(self.root, ignore_errors=True)
        os.remove(self.log_path)

    def wait(self, seconds):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def answered(self, number, seconds):
        """What was posted for the event id-NUMBER. None if bootstrap ended before, or took too long."""
        end = time.monotonic() + seconds
        mine = lambda: [posted for posted in self.api.posted if posted.id == f"id-{number}"]
        while not mine() and time.monotonic() < end:
            if self.process.poll() is not None:
                time.sleep(0.05)
                return next(iter(mine()), None)
            self.api.wait(mine, 0.1)
        return next(iter(mine()), None)

    def peak(self, pid=None):
        """The most memory that the process has had, in KB; since the last call of `forget_peak`."""
        with open(f"/proc/{pid or self.process.pid}/status") as file:
            return next((int(line.split()[1]) for line in file if line.startswith("VmHWM")), 0)

    def forget_peak(self, pid=None):
        with open(f"/proc/{pid or self.process.pid}/clear_refs", "w") as file:
            file.write("5")

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

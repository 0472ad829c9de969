"""A Lambda for one bootstrap: it sends the bytes of a try, and keeps what comes back."""

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
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))

from raw_api import ACCEPTED, answer

ROOT = os.path.dirname(os.path.dirname(HERE))
ARCH = "arm64" if os.uname().machine in ("aarch64", "arm64") else "x86_64"
BOOTSTRAP = os.environ.get("BOOTSTRAP") or f"{ROOT}/dist/{ARCH}/bootstrap"
PATH = ":".join(folder for folder in os.environ["PATH"].split(":") if not folder.endswith("/shims"))
REGISTERED = answer(b"{}", headers=[b"Lambda-Extension-Identifier: x"])
DESCRIPTORS = 8  # in addition to 0 to 2: two self-pipes, two connections, the language runtime's STDIN and STDOUT
HANG, CLOSE = None, b""  # pieces of an answer: HANG sends nothing more, CLOSE closes the connection


class Posted:
    """What bootstrap posted for an invocation, or for Init."""

    def __init__(self, path, headers, body):
        self.kind = path.rpartition("/")[2]
        self.id = "init" if "/init/" in path else path.split("/")[-2]
        self.headers, self.body = headers, body


class Api(socketserver.ThreadingTCPServer):
    """The Runtime API. /next is answered with `events`, one after the other, and posts with `posts`."""

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
        pass  # the peer closed the connection

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


def prepared(limits, before_exec):
    def prepare():
        for name, value in limits.items():
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))
        before_exec()

    return prepare


def lay_out(root, files):
    """Makes files from text or bytes, or by calling a function with the path."""
    for name, content in files.items():
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if callable(content):
            content(path)
            continue
        with open(path, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
        os.chmod(path, 0o755)


def marked(mark):
    """Returns the processes with this mark in their environment, which children inherit. Zombies have no environment."""
    pids = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                pids += [int(pid)] if mark.encode() in file.read().split(b"\0") else []
        except OSError:
            pass  # the process has ended, or belongs to another user
    return pids


def memory(pid):
    """Returns the peak memory of the process, in KB."""
    with open(f"/proc/{pid}/status") as file:
        return next((int(line.split()[1]) for line in file if line.startswith("VmHWM")), 0)


class Environment:
    """An execution environment: a bootstrap, its Lambda, and a task root. As a context manager it leaves nothing behind."""

    def __init__(
        self,
        api,
        files=None,
        env=None,
        starter=(),
        handler="fake.handler",
        limits=None,
        before_exec=lambda: None,
        folder=None,
        residents=0,
        **options,
    ):
        self.api, self.residents, self.root = api, residents, tempfile.mkdtemp(dir=folder)
        os.chmod(self.root, 0o777)
        lay_out(self.root, files or {})
        test = os.environ.get("OPEN_RUNTIME_TEST", "hostile")
        self.mark = f"OPEN_RUNTIME_TEST={test}/{os.path.basename(self.root)}"
        environment = {
            "PATH": PATH,
            "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:%d" % api.server_address[1],
            "LAMBDA_TASK_ROOT": self.root,
            "_HANDLER": handler,
            "OPEN_RUNTIME_TEST": self.mark.partition("=")[2],
            **(env or {}),
        }
        self.log_path = self.root + ".log"
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [*starter, BOOTSTRAP],
                cwd=self.root,
                env={name: value for name, value in environment.items() if value is not None},
                **{"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, **options},
                preexec_fn=prepared(limits or {}, before_exec),
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.poll() is not None or self.process.terminate()
        self.wait(2) is not None or self.process.kill()
        self.process.wait()
        self.api.close()
        for pid in marked(self.mark):
            os.kill(pid, signal.SIGKILL)
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

    def answered(self, id, seconds):
        """Returns what was posted for the event with that id. None if bootstrap ended before, or took too long."""
        end = time.monotonic() + seconds
        mine = lambda: [posted for posted in self.api.posted if posted.id == id]
        while not mine() and time.monotonic() < end:
            if self.process.poll() is not None:
                time.sleep(0.05)
                return next(iter(mine()), None)
            self.api.wait(mine, 0.1)
        return next(iter(mine()), None)

    def peak(self):
        return memory(self.process.pid)

    def survivors(self, expected, seconds=2):
        """Waits until the expected number of processes is left, or the time is over. Returns their number."""
        end = time.monotonic() + seconds
        while (found := len(marked(self.mark))) != expected and time.monotonic() < end:
            time.sleep(0.02)
        return found

    def starts(self):
        with open(f"{self.root}/starts") as file:
            return len(file.readlines())

    def leaks(self):
        """Returns what an idle bootstrap has too many of: descriptors, or children that it did not reap."""
        folder = f"/proc/{self.process.pid}"
        descriptors = [os.readlink(f"{folder}/fd/{fd}") for fd in os.listdir(f"{folder}/fd") if int(fd) > 2]
        with open(f"{folder}/task/{self.process.pid}/children") as file:
            children = file.read().split()
        too_many = len(descriptors) > DESCRIPTORS + 2 * self.residents or len(children) > 1 + self.residents
        return [descriptors, children] if too_many else []

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

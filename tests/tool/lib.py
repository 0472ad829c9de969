"""The parts that the claims of `run` share: the tool as a process, raw HTTP, the list of the claims."""
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))

import tap
from tap import within

ROOT = os.path.dirname(os.path.dirname(HERE))
CANDIDATES = [os.path.join(ROOT, place, "open-runtime") for place in ("dist", "target/release", "target/debug")]
TOOL = os.environ.get("OPEN_RUNTIME") or next(filter(os.path.exists, CANDIDATES), CANDIDATES[0])
BOOTSTRAP = os.path.join(HERE, "bootstrap")

claims = []


def rust(program):
    """The path of a program with AWS's crates for Rust."""
    if not shutil.which("cargo") and not os.path.exists(os.path.join(ROOT, ".cache/tool-rust/installed")):
        raise tap.Missing("cargo is not installed")
    done = subprocess.run([os.path.join(HERE, "rust/install")], stdout=subprocess.PIPE, check=True, timeout=800)
    return os.path.join(done.stdout.decode().strip(), program)


def boto3_folder():
    """The folder for PYTHONPATH that has boto3. It is searched from now on here, too."""
    done = subprocess.run([os.path.join(HERE, "boto3/install")], stdout=subprocess.PIPE, timeout=300)
    if done.returncode != 0:
        raise tap.Missing("no boto3 here")
    folder = done.stdout.decode().strip()
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return folder


def claim(title):
    """The function below it shows that the title is true."""
    return lambda show: claims.append((title, show))


def run_claims(wanted):
    chosen = [entry for entry in claims if not wanted or any(word in entry[0] for word in wanted)]
    tap.plan(len(chosen))
    for title, show in chosen:
        tap.attempt(title, show)
    tap.finish()


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(") ", 1)[1][0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Done:
    """The result of `open-runtime invoke`."""

    def __init__(self, process):
        self.status, self.out, self.err = process.returncode, process.stdout.decode(), process.stderr.decode()

    @property
    def json(self):
        return json.loads(self.out)


def invoke(handler, *options, bootstrap=BOOTSTRAP, stdin=b"", env=None, root=None):
    with tempfile.TemporaryDirectory() as empty:
        command = [TOOL, "invoke", handler, "--bootstrap", bootstrap, *options]
        command += [] if "--task-root" in options else ["--task-root", root or empty]
        return Done(subprocess.run(command, input=stdin, capture_output=True, timeout=30, env=env))


class Answer:
    def __init__(self, raw):
        self.raw = raw
        head, _, self.body = raw.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        self.status = int(lines[0].split()[1]) if lines[0] else None
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(b": ")
            self.headers[name.decode().lower()] = value
        self.was_reset = False

    @property
    def json(self):
        return json.loads(self.body)

    def header(self, name):
        value = self.headers.get(name.lower())
        return None if value is None else value.decode()


class Connection:
    """A raw HTTP connection, for tests that check single bytes."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.settimeout(20)

    def send(self, method, path, body=None, headers=()):
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {value}" for name, value in dict(headers).items())]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        try:
            self.socket.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b""))
        except ConnectionError:
            pass  # the answer shows the result

    def receive(self):
        """Returns one complete answer, or everything before the connection was closed or reset."""
        raw = b""
        while not self.is_whole(raw):
            try:
                more = self.socket.recv(1 << 20)
            except ConnectionResetError:
                answer = Answer(raw)
                answer.was_reset = True
                return answer
            if not more:
                break
            raw += more
        return Answer(raw)

    @staticmethod
    def is_whole(raw):
        head, end, body = raw.partition(b"\r\n\r\n")
        if not end:
            return False
        head = head.lower()
        if b"transfer-encoding: chunked" in head:
            return body.endswith(b"0\r\n\r\n")
        if b"content-length: " in head:
            return len(body) >= int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
        return True

    def ask(self, method, path, body=None, headers=()):
        self.send(method, path, body, headers)
        return self.receive()

    def is_silent(self):
        """True if nothing arrives for longer than any reaction takes."""
        self.socket.settimeout(0.3)
        try:
            return not self.socket.recv(1)
        except socket.timeout:
            return True
        finally:
            self.socket.settimeout(20)

    def is_closed(self):
        """True if the peer closed the connection without sending anything."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return False


class Server:
    """`open-runtime serve`."""

    def __init__(self, folder, process):
        self.folder, self.process = folder, process
        self.callers = []  # a caller that closes its connection may not be served
        self.port = int(within(20, lambda: self.read("port")))

    def read(self, name):
        try:
            with open(os.path.join(self.folder, name)) as file:
                return file.read()
        except FileNotFoundError:
            return ""

    @property
    def err(self):
        return self.read("stderr")

    @property
    def root(self):
        """The task root."""
        return os.path.join(self.folder, "root")

    def notes(self, what=None):
        complete = self.read("journal").split("\n")[:-1]  # the last line may be in the middle of being written
        notes = [json.loads(line) for line in complete]
        return [note for note in notes if what in (None, note["what"])]

    def note(self, what, **members):
        """Waits for a line of the journal."""
        def fits(note):
            return all(note[name] == value for name, value in members.items())
        return within(20, lambda: list(filter(fits, self.notes(what))))[0]

    def connect(self):
        return Connection(self.port)

    def runtime(self):
        """A connection to the Runtime API, for a test that plays bootstrap itself."""
        self.note("spawned")
        return Connection(int(self.note("runtime-api")["address"].rsplit(":", 1)[1]))

    def invoke(self, event=b"{}", name="function", query="", **headers):
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.connect().ask("POST", f"/2015-03-31/functions/{name}/invocations{query}", event, names)

    def start_invoking(self, event=b"{}"):
        connection = self.connect()
        self.callers.append(connection)
        connection.send("POST", "/2015-03-31/functions/function/invocations", event)
        return connection

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(10)


@contextlib.contextmanager
def serve(handler, *options, faults=None, init=True, bootstrap=BOOTSTRAP, files=()):
    """`files` are the names and texts of files in the task root."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: os.path.join(folder, name) for name in ("port", "journal", "stderr", "faults", "root")}
        os.mkdir(paths["root"])
        for name, text in dict(files).items():
            path = os.path.join(paths["root"], name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(text)
            os.chmod(path, 0o755)
        command = [TOOL, "serve", handler, "--bootstrap", bootstrap, "--task-root", paths["root"], "--port", "0"]
        command += ["--port-file", paths["port"], "--journal", paths["journal"], *options]
        if faults is not None:
            with open(paths["faults"], "w") as file:
                json.dump(faults, file)
            command += ["--faults", paths["faults"]]
        with open(paths["stderr"], "wb") as stderr:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, stdin=subprocess.DEVNULL)
        try:
            server = Server(folder, process)
            if init:
                server.note("init")
            yield server
            if process.poll() is None:
                assert server.stop() == 0
            for note in server.notes("spawned"):
                assert not is_alive(note["pid"]), "bootstrap is left"
        finally:
            process.kill()
            process.wait()
            process.stdout.close()

"""Runs the rows of a language under AWS's client and under ours, compares them, and prints TAP. See ../README.md."""
import concurrent.futures
import contextlib
import gzip
import http.server
import json
import os
import re
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
CACHE = ROOT / ".cache/compat"
TOOL = ROOT / "dist/open-runtime"
LIMIT_S = 60  # the limit of each wait
MASKS = [
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.,]?\d*Z?(\+\d\d:?\d\d)?",
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    r"^http://127.0.0.1:\d+",  # where serve listens
    r"(START|END|REPORT) RequestId.*\n",
]
SPOIL = "#!/bin/sh\ncase $1 in after | error) echo '\"spoiled\"' ;; esac\n"
TRACE = "Root=1-65a1b2c3-4d5e6f708192a3b4c5d6e7f8;Parent=53995c3f42cd8ad8;Sampled=1"  # tells X-Ray's SDKs to send
DEFAULTS = {"packages": [], "environment": {}, "ours": {}, "mask": [], "answers": [], "log": [], "arrives": [], "differs": {}, "not_logged": {}, "fails": []}


class Language:
    """The parts that the rows of a language share."""

    NAME = ""  # the name on the page
    HERE = Path()  # the folder with rows and not-run.json
    COLUMNS = ["program", "packages"]  # of the page, before the results
    RESULTS = ["raw", "CloudEvents"]
    PEER = "aws"  # the column that the others are compared with
    SAME = "same as AWS's"

    def interpreters(self, row):
        """Returns the variants that the row runs with, one test each."""

    def version(self, interpreter):
        """Returns the suffix of test titles, after a space. Empty if there is only one variant."""

    def columns(self, row):
        return [self.PEER, "raw", *(["cloudevents"] if "cloudevents" in row else [])]

    def peer(self, row, folder, interpreter):
        """Returns the results of PEER, as run_column does, if it does not run in the tool."""

    def copy_program(self, row, folder, *without):
        """Makes the task root from the files of the row, or of the row whose program it runs."""
        source = self.HERE / "rows" / row.get("program", row["name"])
        return shutil.copytree(source, folder / "task", ignore=shutil.ignore_patterns("row.json", "expected.json", "__pycache__", *without))

    def enter(self, folder):
        """A command that starts the tool."""
        return []

    def start(self, row, column, folder, interpreter, environment):
        """Returns the tool's options for this column. Adds what else it needs to the environment."""
        if column == self.PEER:
            return ["--bootstrap", self.aws_bootstrap(folder, interpreter)]
        if column == "raw":
            environment["SLSEVENTS"] = "raw"
        return []

    def path(self, interpreter):
        """The folder in which AWS's client and ours find it."""

    def deploy(self, row, folder, interpreter):
        """The task root, and the environment that leads to the packages."""

    def aws_bootstrap(self, folder, interpreter):
        """A program that starts AWS's client."""

    def told_by_log(self, log):
        """Returns the parts of the log that a vendor reads. They count as arrived."""
        return ""

    def head(self):
        """The first words of the page's section."""

    def cells(self, row):
        """The first cells of the row's line in the page, for COLUMNS."""


def main(language, arguments):
    page = spoil = None
    while arguments and arguments[0].startswith("--"):
        option = arguments.pop(0)
        if option == "--page" and arguments:
            page = arguments.pop(0)
        elif option == "--spoil":
            spoil = True
        else:
            sys.exit("usage: run [--page FILE] [--spoil] [ROW…]")
    rows = [read_row(language, name) for name in arguments or sorted(path.name for path in (language.HERE / "rows").iterdir())]
    jobs = [(row, interpreter) for row in rows for interpreter in language.interpreters(row)]
    print(f"1..{len(jobs)}", flush=True)
    failed = 0
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(int(os.environ.get("JOBS", 2))) as pool:
        results = pool.map(lambda job: try_row(language, *job, Path(folder), spoil), jobs)
        for number, ((row, interpreter), problems) in enumerate(zip(jobs, results), 1):
            failed += bool(problems)
            name = f"{language.NAME} {language.version(interpreter)}".strip()
            print(f"{'not ' if problems else ''}ok {number} - {name}: {row['title']}: {verdict(language, row)}")
            for problem in problems:
                print("# " + problem.replace("\n", "\n# "))
            sys.stdout.flush()
    if page:
        Path(page).write_text(describe(language, rows))
    return failed > 0


def read_row(language, name):
    return {"name": name, **DEFAULTS, **json.loads((language.HERE / "rows" / name / "row.json").read_text())}


def verdict(language, row):
    if language.PEER not in language.columns(row):
        return "works"
    return "differs as the page explains" if has_difference(row) else language.SAME


def has_difference(row):
    return row["differs"] or row["not_logged"] or "lost" in row


def try_row(language, row, interpreter, folder, spoil):
    """Returns the faults of the row, a text for each."""
    try:
        columns = {column: run_column(language, row, column, folder, spoil, interpreter) for column in language.columns(row)}
    except Exception as error:  # one row failed: the others still run
        output = getattr(error, "stderr", None) or b""
        return [f"{type(error).__name__}: {error} {output.decode()[-2000:]}"]
    return [problem for column, done in columns.items() for problem in problems_of(language, row, column, *done)] + list(differences(language, row, columns))


def problems_of(language, row, column, answers, log, arrived):
    is_peer = column == language.PEER
    for index, (pattern, (failed, answer)) in enumerate(zip(row["answers"], answers)):
        if failed != (row["fails"] is True or column in row["fails"] or index in row["fails"]):
            yield f"{column}: event {index} {'fails' if failed else 'does not fail'}: {answer}\n{log[-3000:]}"
        elif not (is_peer and str(index) in row["differs"]) and not re.search(pattern, answer):
            yield f"{column}: event {index}: the answer has no {pattern}: {answer}\n{log[-3000:]}"
    for pattern in row["log"]:
        if not re.search(pattern, log):
            yield f"{column}: the log has no {pattern}: {log[-3000:]}"
    for pattern in row["not_logged"]:
        if bool(re.search(pattern, log)) != is_peer:
            yield f"{column}: the log has {'no ' if is_peer else ''}{pattern}: {log[-3000:]}"
    for pattern in row["arrives"]:
        is_lost = not is_peer and "lost" in row
        if is_lost and re.search(pattern, arrived):
            yield f"{column}: {pattern} arrives, though it is told to be lost"
        elif not is_lost and not re.search(pattern, arrived):
            yield f"{column}: what arrived has no {pattern}: {arrived[-1500:]}\n{log[-1500:]}"


def differences(language, row, columns):
    """Returns undocumented differences from the peer, and documented ones that do not occur."""
    if language.PEER not in columns:
        return
    answers, log, _ = columns[language.PEER]
    for column in set(columns) - {language.PEER}:
        for index, (theirs, ours) in enumerate(zip(answers, columns[column][0])):
            is_same = essence(theirs, row) == essence(ours, row)
            if is_same == (str(index) in row["differs"]):
                what = "is the same, though a difference is told" if is_same else "differs"
                yield f"{column}: the answer to event {index} {what}:\n{language.PEER}: {theirs}\nours: {ours}"
        if row.get("same_log") and masked(log, row) != masked(columns[column][1], row):
            yield f"{column}: the log differs:\n{language.PEER}:\n{masked(log, row)}\nours:\n{masked(columns[column][1], row)}"


def essence(answer, row):
    """Reduces an error to type and message, because its stack has other frames in each client."""
    failed, text = answer
    told = json.loads(text)
    if failed and isinstance(told, dict):
        told = {name: told.get(name) for name in ("errorType", "errorMessage", "streamed")}
    return failed, masked(json.dumps(told, sort_keys=True), row)


def masked(text, row):
    for mask in [*MASKS, *row["mask"]]:
        text = re.sub(mask, "", text)
    return text.strip()


def run_column(language, row, column, folder, spoil, interpreter):
    """Sends the row's events to a function. Returns the answers, the log, and what arrived."""
    folder = Path(tempfile.mkdtemp(dir=folder))
    is_peer = column == language.PEER
    if is_peer and (done := language.peer(row, folder, interpreter)):
        return done
    task_root, environment = language.deploy(row, folder, interpreter)
    spoil = spoil and not is_peer
    is_lost = not is_peer and "lost" in row
    log = folder / "log"
    with Collector(folder) as collector, moto(row, folder) as aws:
        arrived = lambda: collector.text() + language.told_by_log(read(log))  # noqa: E731
        values = {"COLLECTOR": "127.0.0.1:9" if spoil else collector.address, "XRAY": "127.0.0.1:9" if spoil else collector.udp_address}
        values["TASK_ROOT"] = str(task_root)
        if any("${TLS}" in value for value in row["environment"].values()):
            values |= collector.listen_by_tls()
            values |= {"TLS": "127.0.0.1:9"} if spoil else {}
        environment |= {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", **aws, **row["environment"]}
        environment |= {} if is_peer else row["ours"]
        command = [*language.enter(folder), TOOL, "serve", row["cloudevents"] if column == "cloudevents" else row["handler"], "-q", "--port", "0"]
        command += ["--port-file", folder / "port", "--task-root", task_root, "--timeout", "30", "--init-limit", str(LIMIT_S), "--memory", "1024"]
        command += language.start(row, column, folder, interpreter, environment)
        if spoil:
            environment["SLSMIDDLEWARES"] = "spoil"
            write_executable(task_root / "middlewares/spoil", SPOIL)
        for name, value in environment.items():
            command += ["-e", name + "=" + re.sub(r"\$\{(\w+)\}", lambda match: values[match[1]], value)]

        def wait_until_told():
            wait_for(row["arrives"], arrived, 2 if is_lost else LIMIT_S)
            wait_for(row["log"], lambda: read(log), 2)  # another process may print it

        answers = ask(command, row, folder, language.path(interpreter), lambda: spoil or wait_until_told())
        return answers, read(log), arrived()


def ask(command, row, folder, path, before_end):
    with open(folder / "log", "wb") as log:
        environment = {**os.environ, "PATH": f"{path}:{os.environ['PATH']}"}
        environment.pop("VIRTUAL_ENV", None)
        server = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
    try:
        port = within(lambda: server.poll() is not None or read(folder / "port").strip())
        if port is True:
            raise AssertionError("serve ended: " + read(folder / "log"))
        answers = [invoke(port, read_event(event), row.get("stream")) for event in row["events"]]
        before_end()
        return answers
    finally:
        server.terminate()
        server.wait(30)


def invoke(port, event, is_stream=False):
    """Returns whether the invocation failed, and the answer."""
    if is_stream:
        return invoke_with_response_stream(port, event)
    request = urllib.request.Request(f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations", event, {"X-Amzn-Trace-Id": TRACE})
    with urllib.request.urlopen(request, timeout=100) as response:
        return "X-Amz-Function-Error" in response.headers, response.read().decode()


def invoke_with_response_stream(port, event):
    """Returns whether the stream ended with an error, and its bytes and the error in JSON. The bytes are the characters of a text."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/2021-11-15/functions/function/response-streaming-invocations", event, {"X-Amzn-Trace-Id": TRACE})
    with urllib.request.urlopen(request, timeout=100) as response:
        frames, streamed, end = response.read(), b"", {}
    while frames:
        length, headers = struct.unpack(">II", frames[:8])
        payload = frames[12 + headers : length - 4]
        if b"PayloadChunk" in frames[12 : 12 + headers]:
            streamed += payload
        else:
            end = json.loads(payload or b"{}")
        frames = frames[length:]
    error = json.loads(end["ErrorDetails"]) if "ErrorCode" in end else {}
    return "ErrorCode" in end, json.dumps({**error, "streamed": streamed.decode("latin-1")}, sort_keys=True)


def read_event(event):
    return json.dumps(event["inline"]).encode() if isinstance(event, dict) else (ROOT / "tests/events" / event).read_bytes()


def within(condition):
    end = time.monotonic() + LIMIT_S
    while not (found := condition()):
        if time.monotonic() > end:
            return None
        time.sleep(0.02)
    return found


def read(path):
    return path.read_text(errors="replace") if path.exists() else ""


def write_executable(path, text):
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@contextlib.contextmanager
def moto(row, folder):
    """Returns the environment that sets the addresses of AWS's APIs."""
    if not row.get("moto"):
        yield {}
        return
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with open(folder / "moto.log", "wb") as log:
        server = subprocess.Popen([CACHE / "judges/bin/moto_server", "-H", "127.0.0.1", "-p", str(port)], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        if not within(lambda: can_connect(port) or server.poll() is not None) or server.poll() is not None:
            raise AssertionError("moto does not start: " + read(folder / "moto.log"))
        yield {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
    finally:
        server.terminate()
        server.wait(30)


def can_connect(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        return True
    except OSError:
        return False


class Collector:
    """Receives what rows send by HTTP, HTTPS and UDP."""

    def __init__(self, folder):
        self.folder, self.parts, self.servers = folder, [], []

    def __enter__(self):
        parts = self.parts

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                body = self.read_body()
                plain = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else zlib.decompress(body) if self.headers.get("Content-Encoding") == "deflate" else body
                parts.append(f"{self.command} {self.path}\n{plain.decode('latin-1')}\n")
                answer = b"" if self.path.startswith("/v1/") else b"{}"
                if self.path.startswith("/echo"):
                    answer = json.dumps({"method": self.command, "path": self.path, "body": plain.decode()}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = do_PUT = answer

            def read_body(self):
                if self.headers.get("Transfer-Encoding") != "chunked":
                    return self.rfile.read(int(self.headers.get("Content-Length", 0)))
                body = b""
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return body

            def log_message(self, *_):
                pass

        self.handler = Handler
        self.address = self.listen()
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", 0))
        self.udp_address = f"127.0.0.1:{self.udp.getsockname()[1]}"
        threading.Thread(target=self.receive, daemon=True).start()
        return self

    def listen(self, tls=None):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler)
        server.handle_error = lambda *_: None  # ignores errors of clients that end during a connection
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)  # but in the connection's thread
        self.servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"127.0.0.1:{server.server_port}"

    def listen_by_tls(self):
        """Starts HTTPS with its own certificate. Returns what a row's environment needs for it."""
        key, certificate = self.folder / "key.pem", self.folder / "ca.pem"
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        command += ["-subj", "/CN=collector", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate]
        subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return {"TLS": self.listen(context), "CA": str(certificate)}

    def receive(self):
        while packet := self.udp.recv(1 << 16):
            self.parts.append(f"UDP\n{packet.decode('latin-1')}\n")

    def __exit__(self, *_):
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"", self.udp.getsockname())  # ends receive
        for server in self.servers:
            server.shutdown()
            server.server_close()

    def text(self):
        return "".join(self.parts)


def wait_for(patterns, arrived, limit_s):
    end = time.monotonic() + limit_s
    while time.monotonic() < end and not all(re.search(pattern, arrived()) for pattern in patterns):
        time.sleep(0.05)


def describe(language, rows):
    """The section of docs/compatibility.md."""
    columns = [*language.COLUMNS, *language.RESULTS]
    lines = [f"## {language.NAME}\n\n{language.head()}\n", f"| {' | '.join(columns)} |", "|" + " --- |" * len(columns)]
    for row in rows:
        said = "works (not compared)" if language.PEER not in language.columns(row) else "differs" if has_difference(row) else "same"
        results = [said, said if "cloudevents" in row else ""][: len(language.RESULTS)]
        lines.append("| " + " | ".join([*language.cells(row), *results]) + " |")
    notes = []
    for row in rows:
        notes += [f"- {row['title']}: {why}" for why in [*dict.fromkeys([*row["differs"].values(), *row["not_logged"].values()]), *[row[name] for name in ("lost", "why") if name in row]]]
    lines += ["", "What differs, and what to know:", "", *notes] if notes else []
    not_run = json.loads((language.HERE / "not-run.json").read_text())
    lines += ["", "Not run:", "", *(f"- {name}: {why}" for name, why in not_run.items())] if not_run else []
    return "\n".join(lines) + "\n\n"

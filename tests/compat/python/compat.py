"""Runs the rows for Python under AWS's client and under ours, compares them, and prints TAP. See ../README.md.

usage: compat.py [--page FILE] [--spoil] [ROW…]
"""
import concurrent.futures
import contextlib
import glob
import gzip
import http.server
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
CACHE = ROOT / ".cache/compat/python"
TOOL = ROOT / "dist/open-runtime"
LIMIT_S = 60  # of any wait
MASKS = [
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.,]?\d*Z?(\+\d\d:?\d\d)?",
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    r"^http://127.0.0.1:\d+",  # where serve listens
    r"(START|END|REPORT) RequestId.*\n",
]
SPOIL = "#!/bin/sh\ncase $1 in after | error) echo '\"spoiled\"' ;; esac\n"
TRACE = "Root=1-65a1b2c3-4d5e6f708192a3b4c5d6e7f8;Parent=53995c3f42cd8ad8;Sampled=1"  # X-Ray's SDKs are to send
DEFAULTS = {"packages": [], "environment": {}, "ours": {}, "mask": [], "answers": [], "log": [], "arrives": [], "differs": {}, "fails": []}


def main(arguments):
    page = spoil = None
    while arguments and arguments[0].startswith("--"):
        option = arguments.pop(0)
        if option == "--page":
            page = arguments.pop(0)
        elif option == "--spoil":
            spoil = True
        else:
            sys.exit(__doc__)
    rows = [read_row(name) for name in arguments or sorted(path.name for path in (HERE / "rows").iterdir())]
    jobs = [(row, python) for row in rows for python in (interpreters() if row.get("every_python") else [None])]
    print(f"1..{len(jobs)}", flush=True)
    failed = 0
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(int(os.environ.get("JOBS", 2))) as pool:
        results = pool.map(lambda job: try_row(*job, Path(folder), spoil), jobs)
        for number, ((row, python), problems) in enumerate(zip(jobs, results), 1):
            failed += bool(problems)
            print(f"{'not ' if problems else ''}ok {number} - Python{' ' + version_of(python) if python else ''}: {row['title']}: {verdict(row)}")
            for problem in problems:
                print("# " + problem.replace("\n", "\n# "))
            sys.stdout.flush()
    if page:
        Path(page).write_text(describe(rows))
    return failed > 0


def read_row(name):
    return {"name": name, **DEFAULTS, **json.loads((HERE / "rows" / name / "row.json").read_text())}


def verdict(row):
    if row.get("every_python"):
        return "works"  # under ours alone
    return "differs as the page explains" if row["differs"] or "lost" in row else "same as AWS's"


def try_row(row, python, folder, spoil):
    """What is wrong with the row, a text for each."""
    try:
        if python:
            columns = {"raw": run_column(row, "raw", folder, spoil, make_venv(python))}
        else:
            columns = {column: run_column(row, column, folder, spoil, CACHE / "venv") for column in columns_of(row)}
    except Exception as error:  # of one row: the others are worth a try
        output = getattr(error, "stderr", None) or b""
        return [f"{type(error).__name__}: {error} {output.decode()[-2000:]}"]
    return [problem for column, done in columns.items() for problem in problems_of(row, column, *done)] + list(differences(row, columns))


def columns_of(row):
    return ["aws", "raw", *(["cloudevents"] if "cloudevents" in row else [])]


def problems_of(row, column, answers, log, arrived):
    fails = row["fails"] is True or column in row["fails"]
    for index, (pattern, (failed, answer)) in enumerate(zip(row["answers"], answers)):
        if failed != fails:
            yield f"{column}: event {index} {'fails' if failed else 'does not fail'}: {answer}\n{log[-3000:]}"
        elif not (column == "aws" and str(index) in row["differs"]) and not re.search(pattern, answer):
            yield f"{column}: event {index}: the answer has no {pattern}: {answer}\n{log[-3000:]}"
    for pattern in row["log"]:
        if not re.search(pattern, log):
            yield f"{column}: the log has no {pattern}: {log[-3000:]}"
    for pattern in row["arrives"]:
        is_lost = column != "aws" and "lost" in row
        if is_lost and re.search(pattern, arrived):
            yield f"{column}: {pattern} arrives, though it is told to be lost"
        elif not is_lost and not re.search(pattern, arrived):
            yield f"{column}: what arrived has no {pattern}: {arrived[-1500:]}\n{log[-1500:]}"


def differences(row, columns):
    """What differs from AWS's and is not told of, and what is told of and does not differ."""
    if "aws" not in columns:
        return
    answers, log, _ = columns["aws"]
    for column in set(columns) - {"aws"}:
        for index, (theirs, ours) in enumerate(zip(answers, columns[column][0])):
            is_same = essence(theirs, row) == essence(ours, row)
            if is_same == (str(index) in row["differs"]):
                what = "is the same, though a difference is told" if is_same else "differs"
                yield f"{column}: the answer to event {index} {what}:\naws:  {theirs}\nours: {ours}"
        if row.get("same_log") and masked(log, row) != masked(columns[column][1], row):
            yield f"{column}: the log differs:\naws:\n{masked(log, row)}\nours:\n{masked(columns[column][1], row)}"


def essence(answer, row):
    """Of an error its type and message: its stack has other frames in each client."""
    failed, text = answer
    told = json.loads(text)
    if failed and isinstance(told, dict):
        told = {name: told.get(name) for name in ("errorType", "errorMessage")}
    return failed, masked(json.dumps(told, sort_keys=True), row)


def masked(text, row):
    for mask in [*MASKS, *row["mask"]]:
        text = re.sub(mask, "", text)
    return text.strip()


def run_column(row, column, folder, spoil, venv):
    """The answers, the log, and what arrived, when the row's events have been sent to a function."""
    folder = Path(tempfile.mkdtemp(dir=folder))
    task_root, environment = deploy(row, folder, venv)
    spoil = spoil and column != "aws"
    is_lost = column != "aws" and "lost" in row
    with Collector() as collector, moto(row, folder) as aws:
        values = {"COLLECTOR": "127.0.0.1:9" if spoil else collector.address, "XRAY": "127.0.0.1:9" if spoil else collector.udp_address}
        values["TASK_ROOT"] = str(task_root)
        environment |= {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", **aws, **row["environment"]}
        environment |= {} if column == "aws" else row["ours"]
        command = [TOOL, "serve", row["cloudevents"] if column == "cloudevents" else row["handler"], "-q", "--port", "0"]
        command += ["--port-file", folder / "port", "--task-root", task_root, "--timeout", "30", "--init-limit", str(LIMIT_S), "--memory", "1024"]
        if column == "aws":
            command += ["--bootstrap", aws_bootstrap(folder, venv)]
        elif column == "raw":
            environment["SLSEVENTS"] = "raw"
        if spoil:
            environment["SLSMIDDLEWARES"] = "spoil"
            write_executable(task_root / "middlewares/spoil", SPOIL)
        for name, value in environment.items():
            command += ["-e", name + "=" + re.sub(r"\$\{(\w+)\}", lambda match: values[match[1]], value)]
        answers = ask(command, row, folder, venv, lambda: spoil or collector.wait_for(row["arrives"], 2 if is_lost else LIMIT_S))
        return answers, (folder / "log").read_text(errors="replace"), collector.text()


def ask(command, row, folder, venv, before_end):
    with open(folder / "log", "wb") as log:
        environment = {**os.environ, "PATH": f"{venv}/bin:{os.environ['PATH']}"}
        environment.pop("VIRTUAL_ENV", None)
        server = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
    try:
        port = within(lambda: server.poll() is not None or read(folder / "port").strip())
        if port is True:
            raise AssertionError("serve ended: " + read(folder / "log"))
        answers = [invoke(port, read_event(event)) for event in row["events"]]
        before_end()
        return answers
    finally:
        server.terminate()
        server.wait(30)


def invoke(port, event):
    """Whether it failed, and the answer."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations", event, {"X-Amzn-Trace-Id": TRACE})
    with urllib.request.urlopen(request, timeout=100) as response:
        return "X-Amz-Function-Error" in response.headers, response.read().decode()


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
    return path.read_text() if path.exists() else ""


def write_executable(path, text):
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def deploy(row, folder, venv):
    """The task root, and the environment that leads to the packages."""
    task_root = folder / "task"
    shutil.copytree(HERE / "rows" / row["name"], task_root, ignore=shutil.ignore_patterns("row.json", "__pycache__"))
    environment = {}
    packages = task_root
    if row.get("deployed") == "layer":
        packages = folder / "layer/python"
        packages.mkdir(parents=True)
        environment["PYTHONPATH"] = str(packages)
    for name in top_levels(row["packages"]):
        if not (packages / name).exists():
            (packages / name).symlink_to(CACHE / "packages" / name)
    return task_root, environment


def top_levels(wanted):
    """The files and folders of these packages and of all that they depend on, as far as it is installed."""
    if not wanted:
        return set()
    installed = {}
    for folder in (CACHE / "packages").glob("*.dist-info"):
        text = (folder / "METADATA").read_text(errors="replace")
        installed[normal(re.search(r"^Name: (.+)$", text, re.M)[1])] = (folder, re.findall(r"^Requires-Dist: (.+)$", text, re.M))
    names, seen, left = set(), set(), [split(name) for name in wanted]
    for name, _ in left:
        if name not in installed:
            raise KeyError(f"{name} is not in requirements.txt")
    while left:
        name, extras = left.pop()
        if (name, extras) in seen or name not in installed:
            continue
        seen.add((name, extras))
        folder, requirements = installed[name]
        for line in (folder / "RECORD").read_text().splitlines():
            first = line.split(",")[0].split("/")[0]
            if first not in ("..", "__pycache__", "bin"):
                names.add(first)
        for requirement in requirements:
            extra = re.search(r"""extra == ["']([^"']+)["']""", requirement)
            if not extra or normal(extra[1]) in extras:
                left.append(split(requirement))
    return names


def split(requirement):
    name, extras = re.match(r"([\w.-]+)\s*(?:\[([^\]]*)\])?", requirement).groups()
    return normal(name), tuple(normal(extra.strip()) for extra in (extras or "").split(",") if extra)


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def aws_bootstrap(folder, venv):
    text = f'#!/bin/sh\nexport PYTHONPATH="{CACHE}/client${{PYTHONPATH:+:$PYTHONPATH}}"\nexec "{venv}/bin/python3" -m awslambdaric "$_HANDLER"\n'
    return write_executable(folder / "aws", text)


@contextlib.contextmanager
def moto(row, folder):
    """The environment that leads to AWS's APIs."""
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
    """Takes what rows send by HTTP and UDP."""

    def __enter__(self):
        self.parts = []
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

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_port}"
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", 0))
        self.udp_address = f"127.0.0.1:{self.udp.getsockname()[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        threading.Thread(target=self.receive, daemon=True).start()
        return self

    def receive(self):
        while packet := self.udp.recv(1 << 16):
            self.parts.append(f"UDP\n{packet.decode('latin-1')}\n")

    def __exit__(self, *_):
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"", self.udp.getsockname())  # ends receive
        self.server.shutdown()
        self.server.server_close()

    def text(self):
        return "".join(self.parts)

    def wait_for(self, patterns, limit_s):
        end = time.monotonic() + limit_s
        while time.monotonic() < end and not all(re.search(pattern, self.text()) for pattern in patterns):
            time.sleep(0.05)


def interpreters():
    """Every CPython from 3.10 on that this machine has."""
    found = {}
    folders = [*os.environ["PATH"].split(":"), "/usr/bin"]
    if shutil.which("pyenv"):
        root = subprocess.run(["pyenv", "root"], capture_output=True, text=True, check=True).stdout.strip()
        folders += glob.glob(f"{root}/versions/*/bin")
    for folder in folders:
        for path in glob.glob(f"{folder}/python3*"):
            if re.fullmatch(r"python3(\.\d+)?", os.path.basename(path)) and not folder.endswith("/shims"):
                found[os.path.realpath(path)] = None
    return [path for path in found if is_new_enough(path)]


def is_new_enough(python):
    check = "import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 10) or sys.prefix != sys.base_prefix)"
    return subprocess.run([python, "-c", check], capture_output=True).returncode == 0


def version_of(python):
    command = [python, "-c", "import platform; print(platform.python_version())"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def make_venv(python):
    """A venv of that interpreter, with the packages of imports.txt, setuptools among them."""
    venv = CACHE / "venvs" / re.sub(r"\W+", "-", python).strip("-")
    wanted = python + version_of(python) + (HERE / "imports.txt").read_text()
    mark = venv / "installed"
    if read(mark) != wanted:
        print(f"compat: installing a venv of {python}", file=sys.stderr, flush=True)
        shutil.rmtree(venv, ignore_errors=True)
        subprocess.run([python, "-m", "venv", venv], check=True, capture_output=True)
        pip = [venv / "bin/python3", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        subprocess.run([*pip, "-r", HERE / "imports.txt"], check=True, capture_output=True)
        mark.write_text(wanted)
    return venv


def describe(rows):
    """The section of docs/compatibility.md."""
    versions = dict(re.findall(r"^([\w.-]+)(?:\[[^\]]*\])?==([\w.]+)", "".join((HERE / f"{name}.txt").read_text() for name in ("client", "requirements")), re.M))
    lines = [f"## Python\n\nAWS's client is awslambdaric {versions['awslambdaric']}.\n", "| program | packages | raw | CloudEvents |", "| --- | --- | --- | --- |"]
    for row in rows:
        packages = ", ".join(f"{name} {versions[name]}" for name in (split(package)[0] for package in row["packages"]))
        said = "works (not compared)" if row.get("every_python") else "differs" if row["differs"] or "lost" in row else "same"
        lines.append(f"| {row['title']} | {packages or 'none'} | {said} | {said if 'cloudevents' in row else ''} |")
    lines += ["", "What differs, and what to know:", ""]
    for row in rows:
        lines += [f"- {row['title']}: {why}" for why in [*dict.fromkeys(row["differs"].values()), *[row[name] for name in ("lost", "why") if name in row]]]
    lines += ["", "Not run:", ""]
    lines += [f"- {name}: {why}" for name, why in json.loads((HERE / "not-run.json").read_text()).items()]
    return "\n".join(lines) + "\n\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

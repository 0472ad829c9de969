#!/usr/bin/env python3
"""Measures how many invocations in a second `open-runtime serve` answers, beside AWS's emulator.

usage: serve.py [--seconds S] [--passes N] [--rie PATH]

Both run our bootstrap with the child in C that echoes. tests/bench/load.c calls, and checks each answer. The emulator has one
environment and refuses a second call meanwhile, so one caller is all that it can serve. `serve` has 8 callers at --concurrency 8, and
for comparison one. The turns are A B C C B A, and the median of the passes counts. Then valgrind counts the tool's
instructions for one more warm invocation, as times on a busy machine say little. It fails if a goal is not reached.
"""
import argparse
import contextlib
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import candidates
import sessions

ROOT = candidates.ROOT
TOOL = ROOT / "dist/open-runtime"
ARCH = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
BOOTSTRAP = ROOT / "dist" / ARCH / "bootstrap"
EMULATORS = [ROOT / ".cache/aws-lambda-rie", *sorted((ROOT / ".cache").glob(f"*/sam/samcli/local/rapid/aws-lambda-rie-{ARCH}"))]
PATH = "/2015-03-31/functions/function/invocations"
RATE, RATIO = 5000, 5


class Serve:
    """`open-runtime serve` with the child in C."""

    def __init__(self, work, callers, prefix=()):
        port = work / "port"
        port.unlink(missing_ok=True)
        self.command = [*prefix, TOOL, "serve", "handler.echo", "--quiet", "--port", "0", "--port-file", port, "--task-root", work]
        self.command += ["--bootstrap", BOOTSTRAP, "--env", f"SLSRUNTIME={work}/echo/language-runtime"]
        self.command += ["--concurrency", callers]
        self.port, self.environment = port, None

    def address(self):
        return self.port.read_text().strip() if self.port.exists() else ""


class Emulator:
    """AWS's emulator with the same."""

    def __init__(self, work, program):
        with socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", 0))
            other.bind(("127.0.0.1", 0))
            self.number, api = one.getsockname()[1], other.getsockname()[1]
        self.command = [program, "--log-level", "error", "--runtime-interface-emulator-address", f"127.0.0.1:{self.number}"]
        self.command += ["--runtime-api-address", f"127.0.0.1:{api}", BOOTSTRAP, "handler.echo"]
        child = f"{work}/echo/language-runtime"
        self.environment = {"PATH": os.environ["PATH"], "LAMBDA_TASK_ROOT": str(work), "SLSRUNTIME": child}

    def address(self):
        with socket.socket() as probe:
            return "" if probe.connect_ex(("127.0.0.1", self.number)) else str(self.number)


@contextlib.contextmanager
def started(work, server):
    """The program, until it answers, and then to its end."""
    with open(work / "log", "w") as log:
        process = subprocess.Popen([str(word) for word in server.command], env=server.environment, stdout=log, stderr=log)
    try:
        limit = time.monotonic() + 60
        while not server.address():
            if process.poll() is not None or time.monotonic() > limit:
                sys.exit(f"serve: it does not start: {(work / 'log').read_text()[-2000:]}")
            time.sleep(0.02)
        yield
    finally:
        process.terminate()
        process.wait()


def rate(work, server, callers, seconds):
    """Answers in a second."""
    with started(work, server):
        load(work, server.address(), callers, 0.5)
        return load(work, server.address(), callers, seconds)["perSecond"]


def load(work, port, callers, seconds):
    done = subprocess.run([work / "load", port, PATH, str(callers), str(seconds)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"serve: {done.stderr[-2000:]}\n{(work / 'log').read_text()[-2000:]}")
    return json.loads(done.stdout)


def instructions(work):
    """Those of the tool for one more warm invocation, from two lives of different length."""
    found = []
    for seconds in (0.3, 3):
        counts = work / "counts"
        prefix = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={work}/callgrind", f"--log-file={counts}"]
        server = Serve(work, 1, prefix)
        with started(work, server):
            answers = load(work, server.address(), 1, seconds)["answers"]
        total = int(counts.read_text().rsplit("Collected :", 1)[1].split()[0])
        found.append((answers, total))
    (few, little), (many, much) = found
    return round((much - little) / (many - few))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--rie", type=Path, default=next(filter(os.path.exists, EMULATORS), None))
    options = parser.parse_args()
    if not options.rie:
        sys.exit("serve: there is no emulator; tests/run t90 fetches it, or name it with --rie")
    with tempfile.TemporaryDirectory() as work:
        work = Path(work)
        (work / "echo").mkdir()
        sessions.compile_c(work / "load", "load.c", "gcc")
        sessions.compile_c(work / "echo/language-runtime", "echo.c", "gcc", "-static")
        turns = [("emulator", 1), ("serve, 1 caller", 1), ("serve, 8 callers", 8)]
        rates = {name: [] for name, _ in turns}
        for _ in range(options.passes):
            for name, callers in turns + turns[::-1]:
                server = Emulator(work, options.rie) if name == "emulator" else Serve(work, callers)
                rates[name].append(rate(work, server, callers, options.seconds))
        medians = {name: statistics.median(values) for name, values in rates.items()}
        for name, median in medians.items():
            print(f"{name:<18}{median:>8.0f} in a second   ({min(rates[name]):.0f} to {max(rates[name]):.0f})")
        if shutil.which("valgrind"):
            print(f"the tool executes {instructions(work)} instructions for a warm invocation")
    ratio = medians["serve, 8 callers"] / medians["emulator"]
    print(f"with 8 callers, {ratio:.1f} times the emulator's rate")
    missed = [text for is_met, text in (
        (medians["serve, 8 callers"] >= RATE, f"not {RATE} in a second"),
        (ratio >= RATIO, f"not {RATIO} times the emulator's rate"),
    ) if not is_met]
    sys.exit(f"serve: {', '.join(missed)}" if missed else 0)


if __name__ == "__main__":
    main()

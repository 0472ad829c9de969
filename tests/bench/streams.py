#!/usr/bin/env python3
"""Measures streams under open-runtime: the time from the handler's first chunk to the caller, and the time of 200 MB.

usage: streams.py [--passes N]

The first chunk has the time at which the child wrote it, of the clock that all processes share. Our bootstrap and a bridge in C run
the same child in C, one after the other and back again: A B B A. Then each language streams 200 MB in chunks of 64 KiB, and Node.js
also under AWS's client. A small event beforehand warms each up. It fails if a goal is not reached.
"""
import argparse
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
PATH = "/2021-11-15/functions/function/response-streaming-invocations"
CHUNK = 1 << 16
MEGABYTES = 200
INVOCATIONS = 200
TTFB_RATIO, TTFB_MS, NODE_RATIO = 1.5, 1.5, 1.0


class Lambda:
    """`open-runtime serve`, which runs one program."""

    def __init__(self, folder, bootstrap, handler="handler.stream", **variables):
        self.folder = folder
        port = folder / "port"
        port.unlink(missing_ok=True)
        command = [TOOL, "serve", handler, "--port", "0", "--port-file", port, "--bootstrap", bootstrap, "--timeout", "300"]
        command += ["--task-root", candidates.HANDLERS / "streams", "--memory", "1769"]
        command += [part for name, value in variables.items() for part in ("--env", f"{name}={value}")]
        self.log = open(folder / "log", "w")
        self.process = subprocess.Popen([str(word) for word in command], stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + 60
        while not (port.exists() and port.read_text().strip()):
            if self.process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"streams: open-runtime does not start: {(folder / 'log').read_text()[-2000:]}")
            time.sleep(0.01)
        self.socket = socket.create_connection(("127.0.0.1", int(port.read_text())))
        self.socket.settimeout(300)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
        self.process.terminate()
        self.process.wait()
        self.log.close()

    def invoke(self, event):
        """Returns the nanoseconds until the first chunk, those until the end, and the bytes of the answer. The first ones count from the
        time in the first chunk."""
        event = json.dumps(event).encode()
        start = time.monotonic_ns()
        self.socket.sendall(b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" % (PATH.encode(), len(event), event))
        first, size, tail, seen = None, 0, b"", b""
        while b"0\r\n\r\n" not in tail or b"InvokeComplete" not in tail:
            data = self.socket.recv(1 << 20)
            now = time.monotonic_ns()
            if not data:
                sys.exit(f"streams: the connection was closed: {(self.folder / 'log').read_text()[-2000:]}")
            size += len(data)
            tail = (tail + data)[-300:]
            if first is None and size < 4096:
                seen += data
                _, found, text = seen.partition(b"application/octet-stream")
                digits = text[:20]
                if found and len(digits) == 20 and digits.isdigit():
                    first = now - int(digits)
        if b"ErrorCode" in tail:
            sys.exit(f"streams: the stream broke off: {tail}\n{(self.folder / 'log').read_text()[-2000:]}")
        return first, now - start, size


def first_chunks(work, bootstrap, child):
    environment = {"SLSRUNTIME": child}
    with Lambda(work, bootstrap, **environment) as function:
        for _ in range(20):
            function.invoke(0)
        return statistics.median(function.invoke(0)[0] for _ in range(INVOCATIONS))


def whole(work, bootstrap, warm, event, handler="handler.stream", **variables):
    """Seconds for 200 MB."""
    with Lambda(work, bootstrap, handler, **variables) as function:
        function.invoke(warm)
        _, ns, size = function.invoke(event)
        if size < (MEGABYTES - 1) << 20:
            sys.exit(f"streams: only {size} bytes came")
        return ns / 1e9


def bridge(work):
    """A program that starts the bridge with its child, as `bootstrap` is started."""
    path = work / "bridge"
    path.write_text(f'#!/bin/sh\nexec "{work}/bridge_stream" "{work}/child/language-runtime"\n')
    path.chmod(0o755)
    return path


def node_client(work):
    """AWS's client for Node.js, if `peers` has installed it."""
    client = candidates.PEERS / "nodejs-client/node_modules/ric4"
    node = next(iter(sorted(candidates.NODE.glob("22-*/bin/node"))), None)
    if not client.exists() or not node:
        return None
    path = work / "aws-client"
    path.write_text(f'#!/bin/sh\nexec "{node}" "{client}/index.mjs" "$_HANDLER"\n')
    path.chmod(0o755)
    return path, node


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--passes", type=int, default=6)
    passes = options.parse_args().passes
    report = {"first chunk, us": {}, f"{MEGABYTES} MB, s": {}}
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "child").mkdir()
        small = "musl-gcc" if shutil.which("musl-gcc") else "gcc"
        sessions.compile_c(work / "bridge_stream", "bridge_stream.c", small, "-static")
        sessions.compile_c(work / "child/language-runtime", "streamer.c", small, "-static")
        ours = ROOT / "dist" / candidates.ARCH / "bootstrap"
        pair = {"ours": ours, "bridge": bridge(work)}
        found = {name: [] for name in pair}
        for number in range(passes):
            for name in list(pair)[:: 1 if number % 2 == 0 else -1]:
                found[name].append(first_chunks(work, pair[name], work / "child") / 1000)
        ratio = statistics.median(a / b for a, b in zip(found["ours"], found["bridge"]))
        report["first chunk, us"] = {name: round(statistics.median(values), 1) for name, values in found.items()} | {"ratio": round(ratio, 2)}
        totals = report[f"{MEGABYTES} MB, s"]
        chunks = MEGABYTES * (1 << 20) // 49152 - 1  # Lambda takes no more than 200 MB
        for name in pair:
            totals[f"C, {name}"] = round(whole(work, pair[name], 0, chunks, SLSRUNTIME=work / "child"), 2)
        for language in ("nodejs", "python", "ruby", "php", "perl", "sh"):
            runtime = ROOT / "dist" / candidates.ARCH / "runtimes" / language
            runtime = runtime if runtime.exists() else ROOT / "runtimes" / language
            handler = "handler.stream_all" if language == "sh" else "handler.stream"  # `stream` is a function of the runtime for sh
            totals[language] = round(whole(work, ours, 1, MEGABYTES * 16, handler, SLSRUNTIME=runtime), 2)
        node = node_client(work)
        if node:
            path, interpreter = node
            program = f"{interpreter.parent}:/usr/bin:/bin"
            pair = {"aws": (path, {"PATH": program}), "ours": (ours, {"PATH": program, "SLSRUNTIME": ROOT / "runtimes/nodejs"})}
            seconds = {name: [] for name in pair}
            for number in range(passes):
                for name in list(pair)[:: 1 if number % 2 == 0 else -1]:
                    seconds[name].append(whole(work, pair[name][0], 1, MEGABYTES * 16, **pair[name][1]))
            report["Node.js 22, to AWS's client"] = round(statistics.median(a / b for a, b in zip(seconds["ours"], seconds["aws"])), 2)
    print(json.dumps(report, indent=1))
    goals = [
        (f"the first chunk is at most {TTFB_RATIO} times as late as by the bridge", ratio <= TTFB_RATIO),
        (f"the first chunk is there within {TTFB_MS} ms", report["first chunk, us"]["ours"] <= TTFB_MS * 1000),
        ("200 MB of Node.js take no longer than with AWS's client", report.get("Node.js 22, to AWS's client", 9) <= NODE_RATIO),
    ]
    for title, is_reached in goals:
        print(f"{'ok' if is_reached else 'NOT REACHED':12}{title}")
    return 0 if all(is_reached for _, is_reached in goals) else 1


if __name__ == "__main__":
    sys.exit(main())

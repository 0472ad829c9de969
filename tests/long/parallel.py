#!/usr/bin/env python3
"""200 callers at once for SECONDS, at --concurrency 8: every answer is its caller's own, none is missing, and memory stays.

usage: parallel.py SECONDS

The callers are tests/bench/load.c. Those that are throttled send their event again. The function is the child in C that echoes, under
the real bootstrap. The callers use the Invoke API, then a function URL, and then both again. The memory is compared from one round to the
other. Prints the figures as JSON. If something is
not as it must be, the reason is on stderr, and the exit status is 1.
"""
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
ROOT = TESTS.parent
ARCH = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
TOOL = os.environ.get("OPEN_RUNTIME", ROOT / "dist/open-runtime")
BOOTSTRAP = os.environ.get("BOOTSTRAP", ROOT / f"dist/{ARCH}/bootstrap")
CALLERS, CONCURRENCY = 200, 8
PATHS = {"invoke": "/2015-03-31/functions/function/invocations", "url": "/path"}
ROUNDS = 2
GROWTH_KB = 2048


def main():
    seconds = float(sys.argv[1])
    with tempfile.TemporaryDirectory() as work:
        work = Path(work)
        for program, source, options in (("load", "load.c", []), ("language-runtime", "echo.c", ["-static"])):
            command = ["gcc", "-O2", "-Wall", "-Wextra", "-Wno-unused-function", *options, "-o", work / program, TESTS / "bench" / source]
            subprocess.run(command, check=True)
        found = run(work, seconds / len(PATHS) / ROUNDS)
    print(json.dumps(found))


def run(work, seconds):
    command = [TOOL, "serve", "handler.echo", "--quiet", "--bootstrap", BOOTSTRAP, "--task-root", work, "--timeout", "60"]
    command += ["--env", f"SLSRUNTIME={work}/language-runtime", "--concurrency", str(CONCURRENCY)]
    command += ["--port", "0", "--http", "0", "--journal", work / "journal"]
    with open(work / "log", "w") as log:
        tool = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        ports = {name: tool.stdout.readline().strip().rsplit(":", 1)[1] for name in PATHS}
        answers, environments, memory = 0, 0, []
        for name in [*PATHS] * ROUNDS:
            figures, most = load(work, ports[name], name, seconds, tool.pid)
            memory.append(resident_kb(tool.pid))
            answers += figures["answers"]
            environments = max(environments, most)
    finally:
        tool.terminate()
        status = tool.wait(10)
    notes = (work / "journal").read_text().splitlines()
    spawned = sum('"what":"spawned"' in note for note in notes)
    check(status == 0, f"the tool ended with status {status}")
    check(environments == CONCURRENCY == spawned, f"{environments} environments at once, {spawned} in all")
    check(memory[-1] - memory[len(PATHS) - 1] < GROWTH_KB, f"the memory of the tool grew, in KB: {memory}")
    check(not (work / "log").read_text(), (work / "log").read_text()[-2000:])
    return {"answers": answers, "perSecond": round(answers / seconds / len(memory)), "environments": environments, "memoryKb": memory}


def load(work, port, name, seconds, pid=None):
    """The figures of the callers, and the largest number of environments that was seen meanwhile. What the callers count as answers
    has run, and nothing else."""
    journal, most = work / "journal", 0
    before = ended(journal)
    callers = subprocess.Popen([work / "load", port, PATHS[name], str(CALLERS), str(seconds)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while callers.poll() is None:
        if pid:
            most = max(most, len(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
        time.sleep(0.05)
    out, err = callers.communicate()
    check(callers.returncode == 0, f"{name}: {err}")
    figures = json.loads(out)
    limit = time.monotonic() + 10
    while (ran := ended(journal) - before) < figures["answers"] and time.monotonic() < limit:
        time.sleep(0.05)
    check(ran == figures["answers"], f"{name}: {figures['answers']} answers, but {ran} invocations")
    check(figures["throttled"] > 0, f"{name}: no caller was throttled")
    return figures, most


def ended(journal):
    """How many invocations have ended."""
    with open(journal) as lines:
        return sum('"what":"invocation"' in line for line in lines)


def resident_kb(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


def check(is_good, what):
    if not is_good:
        sys.exit(f"parallel: {what}")


if __name__ == "__main__":
    main()

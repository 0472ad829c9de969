#!/usr/bin/env python3
"""Cuts streams off at random points, from each side, and prints TAP. tests/long/long-streams.sh runs it.

STREAMS  how many; default: 1000
SEED     of the random choices, which is printed; default: another one each time
"""
import collections
import json
import os
import random
import signal
import sys
import threading
import time

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(TESTS, "tool"), os.path.join(TESTS, "bootstrap/streams")]

from function import END, HEAD, RAW, chunk, error, function
from lib import claim, is_alive, run_claims
from tap import within

STREAMS = int(os.environ.get("STREAMS", 1000))
SEED = int(os.environ.get("SEED", time.time_ns() % 1_000_000))
PRELUDE = b'{"statusCode":200}' + b"\0" * 8
DESCRIPTORS = 3 + 9  # bootstrap's, when it is idle
chance = random.Random(SEED)


def children(pid):
    found = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/children") as file:
            found += map(int, file.read().split())
    return found


def bootstrap(it):
    return children(it.server.process.pid)[0]


def send(number, pid_of):
    """Sends a signal, to a process that may have gone, and waits for its end: until then it may take the next invocation."""
    try:
        pid = pid_of()
        os.kill(pid, number)
    except (IndexError, OSError):
        return
    within(10, lambda: not is_alive(pid))


def read(caller, hangs_up_after):
    """What the caller gets: its bytes, and how that ended."""
    data = b""
    try:
        caller.read_head()
        while True:
            if hangs_up_after is not None and len(data) >= hangs_up_after:
                caller.socket.close()
                return data, "hung up"
            kind, payload = caller.message()
            if kind == "InvokeComplete":
                return data, json.loads(payload).get("ErrorCode", "complete")
            data += payload
    except (EOFError, ConnectionError):
        return data, "broken"


def script():
    """The steps of a handler, and the bytes that it sends."""
    head, sent = chance.choice([(RAW, b""), (HEAD, PRELUDE)])
    steps = [head]
    for _ in range(chance.randrange(4)):
        size, piece = chance.randrange(1, 1 << chance.randrange(4, 20)), chance.choice([1 << 16, 1 << 12, 700])
        steps += [["pour", size, min(size, piece)], ["sleep", chance.random() * chance.choice([0, 0.01, 0.05])]]
        sent += b"x" * (size // min(size, piece) * min(size, piece))
    return steps, sent


def slowly(steps):
    """The same steps, so slowly that a signal comes in between."""
    return [slow for step in steps for slow in (step, ["sleep", chance.random() * 0.1 / len(steps)])]


def cut(it, steps):
    """Adds an end to the steps, and returns what cuts the stream off: a function that is called at a random moment, or None."""
    kind = chance.choice(["complete", "error", "exit", "garbage", "close", "kill", "stop", "hang up", "timeout"])
    ends = {"error": [error()], "exit": [["exit", 3]], "garbage": ["garbage\n"], "close": [["close"], ["sleep", 5]], "timeout": [["sleep", 5]]}
    place = chance.randrange(1, len(steps) + 1) if kind in ends else len(steps)
    steps[place:place] = ends.get(kind, [])
    if kind in ("kill", "stop"):
        steps[:] = slowly(steps)
    if kind == "stop" and chance.random() < 0.5:
        steps.append(["sleep", 0.5])
    steps.append(END)
    acts = {"kill": lambda: send(signal.SIGKILL, lambda: children(bootstrap(it))[0]), "stop": lambda: send(signal.SIGTERM, lambda: bootstrap(it))}
    return kind, acts.get(kind)


def one(it, kind, steps, sent, act):
    caller = it.call(*steps)
    it.server.callers.clear()
    timer = threading.Timer(chance.random() * 0.1, act) if act else None
    if timer:
        timer.start()
    data, end = read(caller, chance.randrange(len(sent) + 1) if kind == "hang up" else None)
    if timer:
        timer.join()
    assert sent.startswith(data), f"{kind}: {len(data)} bytes that were not sent"
    if end == "complete":
        assert data == sent, f"{kind}: a complete response with {len(data)} of {len(sent)} bytes"
    assert end != "complete" or kind not in ("error", "exit", "timeout"), kind
    assert end == "complete" or kind != "complete", end
    return end


def note(outcomes):
    text = ", ".join(f"{name} {number}" for name, number in sorted(outcomes.items()))
    print(f"# seed {SEED}: {text}", flush=True)


@claim(f"{STREAMS * 3 // 4} streams that handler, caller and environment cut off, and the next invocation works each time")
def _():
    outcomes = collections.Counter()
    with function(timeout="1") as it:
        for number in range(STREAMS * 3 // 4):
            steps, sent = script()
            kind, act = cut(it, steps)
            try:
                outcomes[f"{kind}: {one(it, kind, steps, sent, act)}"] += 1
                it.works()
            except Exception as why:
                raise AssertionError(f"stream {number} of SEED={SEED}, {kind}, {json.dumps(steps)}") from why
        descriptors = os.listdir(f"/proc/{bootstrap(it)}/fd")
        assert len(descriptors) <= DESCRIPTORS, descriptors
    note(outcomes)


def faults():
    """At each second response the Runtime API breaks off."""
    def fault():
        do = chance.choice([{"reset": "mid-request"}, {"hangUp": True}, {"status": 413}, {"status": 500}, {"pauseMs": 100}])
        return {**do, "afterBytes": chance.randrange(1 << chance.randrange(1, 20))}
    return [{"on": "response", "nth": 2 * number + 1, "do": fault()} for number in range(STREAMS // 4)]


@claim(f"{STREAMS // 4} streams that the Runtime API cuts off, and the next invocation works each time")
def _():
    outcomes = collections.Counter()
    with function(faults=faults(), timeout="5") as it:
        for number in range(STREAMS // 4):
            steps, sent = script()
            steps.append(END)
            try:
                outcomes[one(it, "api", steps, sent, None)] += 1
                it.works()
            except Exception as why:
                raise AssertionError(f"stream {number} of SEED={SEED}, {json.dumps(steps)}") from why
    note(outcomes)


run_claims(sys.argv[1:])

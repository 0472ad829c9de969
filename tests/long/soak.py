"""Invokes the function of a local Lambda again and again with handlers that soak, and looks at bootstrap meanwhile.

usage: soak.py PORT NUMBER [long] [kill] [stop]    in the folder of the check; HOST is the pid of the local Lambda
  kill    children of bootstrap are killed at random moments
  stop    bootstrap and its children are stopped at random moments, for up to 40 ms, as Lambda freezes them
  long    most invocations are answered, so that many can be made
"""
import collections
import contextlib
import http.client
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time

PORT, NUMBER, HOW = int(sys.argv[1]), int(sys.argv[2]), set(sys.argv[3:])
HOST = os.environ["HOST"]
LONG = "long" in HOW
WARM = min(1000 if LONG else 100, NUMBER // 2)  # after so many, descriptors and memory must be what they are at the end
PIECE = 5000  # after so many the journal is read
RSS_KB = 512  # as much more memory is what an allocator may keep

# What the event asks for, how often in a thousand (in a long life: in ten thousand), and the errors that may come of it.
EXIT, TIMEOUT, LATE = "Runtime.ExitError", "Function.Timeout", "Sandbox.Timedout"
ANSWERED = {None} if LONG else set()
ACTIONS = {
    "echo": (700, 9698, {None}), "fail": (90, 200, {"Soaked"}), "exit": (40, 20, {EXIT}), "dump": (30, 10, {EXIT}),
    "garble": (30, 10, {EXIT} | ANSWERED),  # only a language runtime without a language can
    "close": (5, 2, {EXIT, TIMEOUT} | ANSWERED),  # its STDOUT may be open still, in a child that it has forked before
    "sleep": (5, 2, {TIMEOUT}), "fork": (50, 20, {None}), "shout": (10, 20, {None}), "twice": (40, 18, {None}),
}
seed = random.randrange(1 << 32)
chance = random.Random(seed)
print(f"seed {seed}")
peace = threading.Lock()  # while it is held nobody is killed or stopped
count = collections.Counter()
slow = collections.Counter()  # actions that a busy machine has not done in time


def children(parent, *name):
    found = subprocess.run(["pgrep", "-P", str(parent), *name], capture_output=True, text=True, check=False)
    return [int(pid) for pid in found.stdout.split()]


def bootstrap():
    pids = children(HOST, "^bootstrap$")
    assert len(pids) == 1, f"{len(pids)} bootstraps"
    return pids[0]


def look(pid):
    """Descriptors, children that are zombies, and memory in KB, when what is still ending has ended."""
    time.sleep(0.2)
    descriptors = sorted(os.readlink(f"/proc/{pid}/fd/{fd}").split(":")[0] for fd in os.listdir(f"/proc/{pid}/fd"))
    with open(f"/proc/{pid}/status") as status:
        memory = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    return descriptors, zombies(pid), memory


def zombies(parent):
    found = 0
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat") as stat:
                state, ppid = stat.read().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        found += state == "Z" and int(ppid) == parent
    return found


def disturb(stop):
    """Kills the present language runtime, wherever it is, or stops something, and waits for the next one to be ready."""
    while not stop.wait(random.uniform(1, 3) if LONG else random.uniform(0.02, 0.06)):
        with peace, contextlib.suppress(ProcessLookupError, AssertionError, IndexError):
            pid = bootstrap()
            kind = random.choice(sorted(HOW & {"kill", "stop"}))
            if kind == "kill":
                os.kill(random.choice(children(pid)), signal.SIGKILL)
            else:
                pause(random.choice([pid, *children(pid)]))
            count[kind] += 1


def pause(pid):
    os.kill(pid, signal.SIGSTOP)
    time.sleep(random.uniform(0, 0.04))
    os.kill(pid, signal.SIGCONT)


def invoke(connection, number, action):
    size = 20000 if number % 97 == 0 and action == "echo" else 10
    event = {"do": action, "n": number, "x": size * "x"}
    connection.request("POST", "/2015-03-31/functions/function/invocations", json.dumps(event, separators=(",", ":")))
    response = connection.getresponse()
    body = response.read()
    error, answer = LATE, body
    with contextlib.suppress(ValueError):
        answer = json.loads(body)
        error = answer["errorType"] if "errorType" in answer else None  # the emulator marks no errors
    allowed = ACTIONS[action][2] | ({EXIT, "Function.MiddlewareFailed"} if "kill" in HOW else set())
    allowed |= {TIMEOUT, LATE} if "stop" in HOW else set()
    slow[action] += error == TIMEOUT and error not in allowed
    assert response.status == 200 and (error in allowed or error == TIMEOUT), (number, action, error, answer)
    assert error or answer == event, (number, action, answer)
    count[error or "answers"] += 1
    return response.getheader("X-Amzn-RequestId")


def soak(connection):
    actions = chance.choices(list(ACTIONS), [often[LONG] for *often, _ in ACTIONS.values()], k=NUMBER)
    ids, early, journal = [], None, Journal()
    for number, action in enumerate(actions):
        with peace if action in ("sleep", "close") else contextlib.nullcontext():
            ids.append(invoke(connection, number, action))
        if number == WARM:
            with peace:
                early = bootstrap(), *look(bootstrap())
        if len(ids) == PIECE or number == NUMBER - 1:
            journal.has_answered(ids)
            ids = []
    for action, number in collections.Counter(actions).items():
        assert slow[action] <= max(2, number / 4), f"{slow[action]} of {number} timed out: {action}"
    return early


class Journal:
    """Each invocation was answered exactly once: the answers that Lambda took, piece by piece. The emulator has none."""

    def __init__(self):
        self.file = open("journal") if os.path.exists("journal") else None
        self.posted = {}

    def has_answered(self, ids):
        if not self.file:
            return
        taken, limit = collections.Counter(), time.monotonic() + 10
        while sum(taken.values()) < len(ids) and time.monotonic() < limit:
            self.read(taken)
        self.read(taken)
        late = collections.Counter({request_id: 1 for request_id in ids})
        late.subtract(taken)
        assert not +late or count[LATE], "an invocation was answered never"
        assert not -late, "an invocation was answered twice"
        # what is read need not fill the disk
        length = str(self.file.tell() // 4096 * 4096)
        subprocess.run(["fallocate", "--punch-hole", "--length", length, "journal"], capture_output=True, check=False)

    def read(self, taken):
        while line := self.file.readline():
            note = json.loads(line)
            if note["what"] == "request" and note["method"] == "POST" and note["requestId"]:
                self.posted[note["number"]] = note["requestId"]
            elif note["what"] == "answered" and note["number"] in self.posted:
                request_id = self.posted.pop(note["number"])
                taken[request_id] += note["status"] == 202


def main():
    began, stop = time.monotonic(), threading.Event()
    disturber = threading.Thread(target=disturb, args=[stop])
    if HOW & {"kill", "stop"}:
        disturber.start()
    try:
        first, *early = soak(http.client.HTTPConnection("127.0.0.1", PORT, timeout=60))
    finally:
        stop.set()
        if HOW & {"kill", "stop"}:
            disturber.join()
        print(f"{dict(count)} in {time.monotonic() - began:.1f} s", flush=True)
    last = bootstrap()
    limit = time.monotonic() + 10
    while (late := look(last))[:2] != (early[0], 0) and time.monotonic() < limit:
        pass  # what is still ending may take long
    print(f"descriptors, zombies, KB after {WARM}: {len(early[0])}, {early[1]}, {early[2]}; after {NUMBER}: {len(late[0])}, {late[1]}, {late[2]}")
    assert early[0] == late[0], "descriptors"
    assert late[1] == 0, "zombies"
    assert late[2] <= early[2] + RSS_KB, "memory"
    assert first == last or count[LATE], "bootstrap has ended"


main()

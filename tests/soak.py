"""Invokes the function of a local Lambda again and again with the fake that soaks, and looks at bootstrap meanwhile.

usage: soak.py PORT NUMBER [kill]    in the folder with the journal; with "kill", the language runtime is killed at random moments
"""
import contextlib
import http.client
import json
import os
import random
import signal
import sys
import threading
import time

PORT, NUMBER, KILLS = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:] == ["kill"]
WARM = min(100, NUMBER // 2)  # after so many, descriptors and memory must be what they are at the end
RSS_KB = 512  # as much more memory is what an allocator may keep

# What the event asks for, how often in a thousand, and the errors that may come of it.
EXIT, TIMEOUT = "Runtime.ExitError", "Function.Timeout"
ACTIONS = {
    "echo": (700, {None}), "fail": (90, {"Soaked"}), "exit": (40, {EXIT}), "dump": (30, {EXIT}), "garble": (30, {EXIT}),
    "close": (5, {EXIT, TIMEOUT}),  # its STDOUT may be open still, in a child that it has forked before
    "sleep": (5, {TIMEOUT}), "fork": (50, {None}), "shout": (10, {None}), "twice": (40, {None}),
}
seed = random.randrange(1 << 32)
chance = random.Random(seed)
print(f"seed {seed}")
peace = threading.Lock()  # while it is held nobody is killed


def bootstrap():
    with open("journal") as journal:
        pids = [json.loads(line)["pid"] for line in journal if '"spawned"' in line]
    assert len(pids) == 1, f"{len(pids)} environments: bootstrap has ended"
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


def kill_at_random(stop):
    """Kills the present language runtime, wherever it is, and waits a little for the next one to be ready."""
    kills = 0
    while not stop.wait(random.uniform(0.02, 0.06)):
        with open("task/starts") as starts:
            lines = starts.read().split()
        with peace, contextlib.suppress(ProcessLookupError):
            os.kill(int(lines[-1]), signal.SIGKILL)
            kills += 1
    print(f"{kills} kills")


def invoke(connection, number, action):
    size = 20000 if number % 97 == 0 and action == "echo" else 10
    event = {"do": action, "n": number, "x": size * "x"}
    connection.request("POST", "/2015-03-31/functions/function/invocations", json.dumps(event, separators=(",", ":")))
    response = connection.getresponse()
    answer = json.loads(response.read())
    error = answer["errorType"] if response.getheader("X-Amz-Function-Error") else None
    allowed = ACTIONS[action][1] | ({EXIT} if KILLS else set())
    assert response.status == 200 and error in allowed, (number, action, error, answer)
    assert error or answer == event, (number, action, answer)
    return response.getheader("X-Amzn-RequestId")


def soak(connection):
    actions = chance.choices(list(ACTIONS), [often for often, _ in ACTIONS.values()], k=NUMBER)
    ids, early, pid = [], None, bootstrap()
    for number, action in enumerate(actions):
        ids.append(invoke(connection, number, action))
        if number == WARM:
            with peace:
                early = look(pid)
    return ids, early


def answers_of(ids):
    """Each invocation was answered exactly once."""
    posted, taken = {}, {}
    with open("journal") as journal:
        for note in map(json.loads, journal):
            if note["what"] == "request" and note["method"] == "POST" and note["requestId"]:
                posted[note["number"]] = note["requestId"]
            if note["what"] == "answered" and note["number"] in posted and note["status"] == 202:
                request_id = posted[note["number"]]
                taken[request_id] = taken.get(request_id, 0) + 1
    assert taken == {request_id: 1 for request_id in ids}, "an invocation was answered twice, or never"


def main():
    began, stop = time.monotonic(), threading.Event()
    killer = threading.Thread(target=kill_at_random, args=[stop])
    if KILLS:
        killer.start()
    try:
        ids, early = soak(http.client.HTTPConnection("127.0.0.1", PORT, timeout=60))
    finally:
        stop.set()
        if KILLS:
            killer.join()
    late = look(bootstrap())
    print(f"{len(ids)} invocations in {time.monotonic() - began:.1f} s; {WARM}: {early}; {len(ids)}: {late}")
    assert early[0] == late[0], "descriptors"
    assert late[1] == 0, "zombies"
    assert late[2] <= early[2] + RSS_KB, "memory"
    answers_of(ids)


main()

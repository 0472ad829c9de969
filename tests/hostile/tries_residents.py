"""What resident middlewares do as processes, and what they write. t34 and t35 have more."""

import os

from hostile import Ends, Error, Right, Stops, event, event_of, of

# Runs `begin` before it is ready, and `command` in the first hook of that name.
SERVE = r"""#!/usr/bin/env -S python3 -IS
import json, os, signal, sys, time


def write(data):
    data = data if isinstance(data, bytes) else data.encode()
    while data:
        data = data[os.write(1, data):]


def answer(**members):
    write(json.dumps({"id": call["id"], **members}) + "\n")


def children(number, run):
    for _ in range(number):
        if os.fork() == 0:
            run()
            os._exit(0)


def hang():
    while True:
        time.sleep(60)


def is_first(name):
    try:
        os.mkdir(name)
        return True
    except OSError:
        return False


BEGIN
write('{"ready":{"protocol":1}}\n')
while line := sys.stdin.buffer.readline():
    call = json.loads(line)
    if call["hook"] == "HOOK" and is_first("done"):
        COMMAND
    else:
        answer()
"""


def serve(command, hook="before", begin=""):
    return SERVE.replace("HOOK", hook).replace("COMMAND", (command or "pass").replace("\n", "\n        ")).replace("BEGIN", begin)


def has(name, expected, command, hook="before", begin="", files=None, env=None, residents=1, seconds=10, **options):
    files = {"middlewares/m.d/serve": serve(command, hook, begin), **(files or {})}
    variables = {"SLSMIDDLEWARES": "m", **(env or {})}
    of("residents", name, expected, files=files, env=variables, residents=residents, seconds=seconds, **options)


def fails(name, why, command, hook="before", **options):
    expected = Error("Function.MiddlewareFailed", f"middleware m failed in its {hook} hook: {why}")
    has(name, expected, command, hook, **options)


def times_out(name, command, **options):
    expected = Error("Function.Timeout", "middleware m had not ended its before hook")
    has(name, expected, command, events=[lambda: event(1, timeout_ms=600)], **options)  # the time begins when it is given


# How it ends.
for status in 0, 1, 99, 255:
    fails(f"exits with {status}", f"it exited with status {status}", f"os._exit({status})", is_long=status not in (0, 99))
for number, name in (6, "ABRT"), (9, "KILL"), (11, "SEGV"), (15, "TERM"):
    fails(f"SIG{name} to itself", f"it was killed by signal {number} (SIG{name}", f"os.kill(os.getpid(), {number})", is_long=number != 9)
fails("SIGKILL to its group", "it was killed by signal 9", "os.kill(0, 9)")
fails("exits in the after hook", "it exited with status 3", "os._exit(3)", "after")
fails("exits in the middle of a line", "it exited with status 3 in the middle of a line", "write('{\"id\":'); os._exit(3)")
has("exits when it has answered", Right(), "answer(); os._exit(3)", "after")

# How it does not end.
times_out("hangs", "hang()")
times_out("ignores what it may, and hangs", "[signal.signal(number, signal.SIG_IGN) for number in (1, 2, 15)]; hang()")
times_out("stops", "os.kill(os.getpid(), 19)")
times_out("stops its group", "children(1, hang); os.kill(0, 19)")
times_out("moves to the group of bootstrap, and hangs", "os.setpgid(0, os.getpgid(os.getppid())); hang()")
times_out("half an answer", "write(json.dumps({'id': call['id']})); hang()")
times_out("a byte now and then", "[(write(' '), time.sleep(0.02)) for _ in range(500)]")
times_out("answers to other ids without end", "while True: write('{\"id\":\"other\"}\\n' * 1000)", is_long=True)
fails("closes STDOUT, and hangs", "it closed its STDIN or STDOUT and was killed", "os.close(1); hang()")
has("closes STDIN when it has answered", Right(), "os.close(0); answer(); hang()", "after")

# Processes that it leaves behind.
has("20 children that hold all it has", Right(), "children(20, hang); answer()")
fails("20 children that hold all it has, and exits", "it exited with status 0", "children(20, hang); os._exit(0)")
has("a child answers in its place", Right(), "children(1, answer); os.wait()")
has("200 children that end at once", Right(), "children(200, int); answer()")
has(
    "a daemon that holds its pipes",
    Right(),
    "children(1, lambda: (os.setsid(), open('begun', 'w'), hang()))\nwhile not os.path.exists('begun'): time.sleep(0.01)\nanswer()",
    survivors=1,
)

# What it writes.
LONG = "write(b'x' * 70_000_000)"
LEVELS = "write('{\"id\":\"%s\",\"output\":%s%s}\\n' % (call['id'], '[' * 500_000, ']' * 500_000))"
PIECES = "for byte in json.dumps({'id': call['id'], 'output': 7}).encode() + b'\\n': write(bytes([byte]))"
ESCAPED = "write('{\"id\":\"%s\",\"output\":7}\\n' % ''.join('\\\\u%04x' % ord(letter) for letter in call['id']))"
OTHERS = "write('{\"id\":\"other\"}\\n' * 10_000); answer(output=7)"
for name, line in [
    ("nothing", b""),
    ("a text", b"secret"),
    ("a number", b"3"),
    ("an array", b"[]"),
    ("an empty object", b"{}"),
    ("an id that is a number", b'{"id":3}'),
    ("two ids", b'{"id":"a","id":"a"}'),
    ("two outputs", b'{"id":"a","output":1,"output":2}'),
    ("not UTF-8", b'{"id":"a","output":"\xff"}'),
    ("a NUL", b"\0"),
    ("a byte order mark", b"\xef\xbb\xbf{}"),
    ("half an object", b'{"id":"a"'),
    ("levels without an end", b"[" * 100_000),
    ("the answer of a handler without an id", b'{"response":1}'),
]:
    why = "it was killed: its STDOUT carried no message of the protocol"
    is_long = name in ("a number", "an array", "a NUL", "half an object")
    fails(f"writes {name}", why, f"write({line + bytes([10])!r})", is_long=is_long)
fails("writes 70 MB in a line", "it was killed: its STDOUT carried no message of the protocol: a line of more than", LONG, peak=150_000)
fails("an output that is not JSON", "the output is not JSON", "write('{\"id\":\"%s\",\"output\":x}\\n' % call['id'])")
fails("another Init", "E: m", "write('{\"error\":{\"errorType\":\"E\",\"errorMessage\":\"m\"}}\\n')")
fails("another protocol", "it speaks version 2 of the protocol", "write('{\"ready\":{\"protocol\":2}}\\n')")
has("ready again", Right(), "write('{\"ready\":{\"protocol\":1}}\\n'); answer()")
has("answers to 10,000 other ids, and the right one", Right(b"7"), OTHERS, "after")
has("500,000 levels", Right(b"[" * 500_000 + b"]" * 500_000), LEVELS, "after")
has("members that nobody knows", Right(b"7"), "answer(output=7, more={'a': [1]})", "after")
has("an answer in small pieces", Right(b"7"), PIECES, "after")
has("an escaped id", Right(b"7"), ESCAPED, "after")

# What it reads.
EARLY = r"""write('{"ready":{"protocol":1}}\n')
if is_first("begun"):
    write(os.read(0, 64).split(b",")[0] + b"}\n")
    hang()"""
LARGE = b'"' + b"x" * 6_000_000 + b'"'
has("answers 6 MB with itself", Right(LARGE), "answer(output=call['input'])", events=[event_of(LARGE)], peak=80_000)
has(
    "answers before it has read 6 MB",
    Right(LARGE),
    "answer()",
    begin=EARLY,
    events=[event_of(LARGE)],
    peak=80_000,
)

# What it does to bootstrap.
for name in "CHLD", "PIPE", "CONT":
    command = f"[os.kill(os.getppid(), signal.SIG{name}) for _ in range(500)]; answer()"
    has(f"SIG{name} to bootstrap", Right(), command, is_long=name != "CHLD")
has("SIGTERM to bootstrap, and hangs", Stops(), "signal.signal(15, signal.SIG_IGN); open('ready', 'w'); hang()")
has("is idle, and ignores all that it may", Stops(), "answer(); signal.signal(15, signal.SIG_IGN); open('ready', 'w'); hang()", "after")
has("boots, and ignores SIGTERM", Stops(), "", begin="signal.signal(15, signal.SIG_IGN); open('ready', 'w'); hang()")
fails("takes itself away, and exits", "it exited with status 3", "os.remove('middlewares/m.d/serve'); os._exit(3)", again=False)

# Its file.
for name, content, told in [
    ("is a folder", lambda path: os.mkdir(path), "is not an executable file"),
    ("is a FIFO", lambda path: os.mkfifo(path, 0o755), "is not an executable file"),
    ("may not be executed", lambda path: os.close(os.open(path, os.O_CREAT, 0o644)), "is not an executable file"),
    ("is empty", b"", "Exec format error"),
    ("has no interpreter", b"#!/nowhere\n", "No such file or directory"),
    ("begins as a program does", b"\x7fELF" + b"\0" * 99, "Exec format error"),
    ("exits at once", "#!/bin/sh\nexit 3\n", "middleware m failed: it exited with status 3"),
    ("echoes", "#!/bin/sh\necho hello\nexec cat\n", "middleware m failed: it was killed: its STDOUT carried no message of the protocol"),
]:
    has(f"serve {name}", Ends(told), "", files={"middlewares/m.d/serve": content}, events=[])
TWENTY = {"SLSMIDDLEWARES": ",".join(["m"] * 20)}
has("20 of them", Right(), "answer()", env=TWENTY, residents=20, seconds=30)
has("20 of them, and 30 descriptors", Ends("(os error 24)"), "", env=TWENTY, limits={"NOFILE": 30}, events=[])

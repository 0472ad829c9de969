"""What middlewares do as processes, and what they print. t30 has more."""

import os

from hostile import Ends, Error, Right, Stops, event_of, of

EITHER = "off", "on"


def true(path):
    os.symlink("/usr/bin/true", path)


def has(name, expected, script, overlap=EITHER, is_long=False, env=None, files=None, seconds=10, **options):
    """Adds tries of a middleware with this script, with and without overlap. Only the first of the two is in the short run."""
    script = script if callable(script) or isinstance(script, bytes) else f"#!/bin/sh\n{script}\n"
    files = {"middlewares/m": script, **(files or {})}
    for number, on in enumerate(overlap):
        variables = {"SLSMIDDLEWARES": "m", "SLSOVERLAP": on, **(env or {})}
        title = f"{name}, {'with' if on == 'on' else 'without'} overlap"
        of("middlewares", title, expected, files=files, env=variables, is_long=is_long or number > 0, seconds=seconds, **options)


def before(command):
    """A script that runs only for the first event, like the file says of the language runtime."""
    return f"test $1 = before && test ! -e done && : >done && {{ {command}\n}}; exit 0"


def fails(name, why, command, **options):
    has(name, Error("Function.MiddlewareFailed", f"middleware m failed in its before hook: it {why}"), before(command), **options)


def times_out(name, command, **options):
    expected = Error("Function.Timeout", "middleware m had not ended its before hook")
    has(name, expected, before(command), **{"timeout_ms": 600, **options})


# How the process ends.
for status in 1, 2, 77, 98, 100, 126, 127, 128, 255:
    fails(f"exits with {status}", f"exited with status {status}", f"exit {status}", is_long=status not in (1, 255))
fails("exits with 99 and prints nothing", "exited with status 99, which means an early response", "exit 99")
fails("exits with 99 and prints a line feed", "exited with status 99, which means an early response", "echo; exit 99", is_long=True)
fails("exits with 99 and prints text that is not JSON", "printed 2 bytes that are not JSON", "echo '{{'; exit 99", is_long=True)
has("exits with 99 and prints a response", Right(b"99"), before("echo 99; exit 99"))
for number, name in (1, "HUP"), (6, "ABRT"), (9, "KILL"), (11, "SEGV"), (15, "TERM"):
    fails(f"sends SIG{name} to itself", f"was killed by signal {number} (SIG{name}", f"kill -{name} $$", is_long=number != 9)
fails("sends SIGKILL to its process group", "was killed by signal 9", "kill -9 0")
has("sends SIGTERM to its process group, which ignores it", Right(), before("trap '' TERM; kill 0"))
fails("is run by an interpreter that fails", "exited with status 1", "exec perl -e 'exit 1'")

# How it does not end.
times_out("hangs", "exec sleep 60")
times_out("ignores SIGTERM, SIGINT and SIGHUP, and hangs", "trap '' TERM INT HUP; while :; do sleep 60; done")
times_out("stops itself", "kill -STOP $$")
times_out("stops its process group", "sleep 60 & kill -STOP 0")
times_out("runs in an endless loop", "while :; do :; done", is_long=True)
times_out("moves to the process group of bootstrap, and hangs", "exec perl -e 'setpgrp(0, getpgrp(getppid())); sleep 60'")
times_out("closes all descriptors, and hangs", "exec <&- >&- 2>&-; exec sleep 60")
times_out("writes to stderr for ever", "exec yes >&2", is_long=True)
times_out("prints a byte every 20 ms for ever", "while :; do printf 1; sleep 0.02; done")
for hook in "after", "error":
    script = f"test $1 = {hook} && test ! -e done && : >done && exec sleep 60; test $1 = error || cat; exit 0"
    says = {"says": 'fail(b\'{"errorType":"E","errorMessage":"m"}\')'} if hook == "error" else {}
    expected = Error("E", "m") if hook == "error" else Error("Function.Timeout", "had not ended its after hook")
    has(f"hangs in the {hook} hook", expected, script, timeout_ms=600, files=says)

# Processes that it leaves behind.
has("leaves 20 children that hold its descriptors", Right(), before("for n in $(seq 20); do sleep 60 & done; cat"))
has("leaves a child that ignores signals", Right(b"5"), before("(trap '' TERM INT; sleep 60) & echo 5"))
has("leaves a daemon that holds its pipes", Right(b"6"), before("setsid sh -c ': >begun; exec sleep 60' & while test ! -e begun; do sleep 0.01; done; echo 6"), survivors=1)
has("starts 200 children that exit at once", Right(b"8"), before("for n in $(seq 200); do : & done; wait; echo 8"), is_long=True)

# Its output.
has(
    "prints 60 MB",
    Right(b'"' + b"x" * 60_000_000 + b'"'),
    before("printf '\"'; head -c 60000000 /dev/zero | tr '\\0' x; echo '\"'; exit 99"),
    peak=260_000,
    seconds=20,
    is_long=True,
)
fails("prints 70 MB", "printed more than 67108864 bytes", "head -c 70000000 /dev/zero", seconds=20, peak=150_000)
fails("prints for ever", "printed more than 67108864 bytes", "exec yes", seconds=20, peak=150_000)
has("prints 500,000 levels of arrays", Right(b"[" * 500_000 + b"]" * 500_000), before('perl -e \'print "[" x 500_000, "]" x 500_000\''))
has("prints an event in another form", Right(b'{"a":1e999999}'), before("echo '{\"a\":1e999999}'"))
for name, printed, wrong in [
    ("two values", "1 2", 3),
    ("100,000 levels that are not closed", "$(head -c 100000 /dev/zero | tr '\\0' '[')", 100_000),
    ("a byte order mark", "\\357\\273\\2771", 4),
    ("text that is not UTF-8", '"\\377"', 3),
    ("half a string", '"x', 2),
    ("a NUL", "\\000", 1),
    ("an escape sequence", "\\033[31m", 5),
    ("a message of the protocol", '{"id":"id-1","response":1}x', 27),
    ("NaN", "NaN", 3),
    ("a number with a leading zero", "01", 2),
]:
    command = f"printf '{printed}'" if "$(" not in printed else f'printf %s "{printed}"'
    fails(f"prints {name}", f"printed {wrong} bytes that are not JSON", command, is_long=name in ("NaN", "a NUL", "half a string"))
has("prints line breaks between tokens", Right(b"[ 1 , 2 ]"), before("printf '[\\n1\\r,\\n2\\n]\\n'"))
has("prints only spaces", Error("Function.MiddlewareFailed", "that are not JSON"), before("printf '  '"))
has("gets only the hooks before, after and error", Right(), "case $1 in before | after | error) ;; *) exit 1 ;; esac")

# Its input.
LARGE = b'"' + b"x" * 6_000_000 + b'"'
for name, command in [
    ("nothing", "exit 0"),
    ("one byte of", "dd bs=1 count=1 of=/dev/null 2>/dev/null"),
    ("nothing, and closes STDIN,", "exec <&-"),
    ("all, after 200 ms,", "sleep 0.2; cat"),
    ("all, in small blocks,", "dd bs=100k 2>/dev/null"),
    ("all, after it has written 1 MB,", "head -c 1000000 /dev/zero | tr '\\0' ' '; cat"),
]:
    has(
        f"reads {name} of 6 MB",
        Right(LARGE),
        before(command),
        events=[event_of(LARGE)],
        peak=60_000,
        is_long=name in ("one byte of", "nothing"),
    )
fails(
    "is killed when it has read half of 6 MB",
    "was killed by signal 9",
    "head -c 3000000 >/dev/null; kill -9 $$",
    events=[event_of(LARGE)],
    peak=60_000,
)

# Damage that it does to other processes.
for name in "CHLD", "PIPE", "CONT":
    has(f"sends SIG{name} to bootstrap 500 times", Right(), before(f"for n in $(seq 500); do kill -{name} $PPID; done; cat"), is_long=name != "CHLD")
has("sends SIGTERM to bootstrap, and hangs", Stops(), before("trap '' TERM; : >ready; sleep 60"))
has(
    "removes its own file",
    Error("Function.MiddlewareFailed", "m failed in its after hook"),
    before("rm middlewares/m; cat"),
    again=False,
    overlap=("off",),
)
has(
    "replaces its own file by a folder",
    Error("Function.MiddlewareFailed", "m failed in its after hook"),
    before("rm middlewares/m; mkdir middlewares/m"),
    again=False,
    overlap=("off",),
)
has("writes a file of 1 MB into the function's folder", Right(), before("head -c 1000000 /dev/zero >big; cat"), is_long=True)

# Its file.
for name, content, told in [
    ("is a folder", lambda path: os.mkdir(path), "is not an executable file"),
    ("is a FIFO", lambda path: os.mkfifo(path, 0o755), "is not an executable file"),
    ("is a symbolic link to itself", lambda path: os.symlink("m", path), "there is no such file"),
    ("is a broken symbolic link", lambda path: os.symlink("nowhere", path), "there is no such file"),
    ("is a device", lambda path: os.symlink("/dev/zero", path), "is not an executable file"),
    ("has no execute bit", lambda path: os.close(os.open(path, os.O_CREAT, 0o644)), "is not an executable file"),
]:
    has(name, Ends(told), content, events=[], overlap=("off",))
for name, content, told in [
    ("is empty", b"", "Exec format error"),
    ("has no line with #!", b"cat\n", "Exec format error"),
    ("names an interpreter that does not exist", b"#!/nowhere\n", "No such file or directory"),
    ("begins like an ELF program", b"\x7fELF" + b"\0" * 99, "Exec format error"),
]:
    has(name, Error("Function.MiddlewareFailed", told), content, again=False)
has("is a symbolic link to a program", Right(), true)
for value in "..", ".", "/", "m/", "a/m", "../middlewares/m", "m m", "x" * 5000, "M", "m\x1b", "ｍ", "m.d", "-", "m\nm":
    of(
        "middlewares",
        f"a middleware is named {value[:20]!r}",
        Ends("SLSMIDDLEWARES names"),
        events=[],
        files={"middlewares/m": "#!/bin/sh\n"},
        env={"SLSMIDDLEWARES": value},
        is_long=value not in ("..", "a/m"),
    )
for number, on in (200, "off"), (200, "on"), (1000, "on"), (1000, "off"):
    names = ",".join(["m"] * number)
    has(f"is in the list {number} times", Right(), true, overlap=(on,), env={"SLSMIDDLEWARES": names}, seconds=30, is_long=number > 200 or on == "off")
has("is in the list 40 times, with a limit of 60 descriptors", Right(), true, overlap=("on",), env={"SLSMIDDLEWARES": ",".join(["m"] * 40)}, limits={"NOFILE": 60})

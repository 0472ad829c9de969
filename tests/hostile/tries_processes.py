"""What a language runtime does as a process, apart from its output: for the first event, or before it is ready."""

import os
import signal
import time

from hostile import Ends, Error, Right, Stops, of
from tap import within


def says(name, expected, code, **options):
    of("processes", f"the language runtime {name}", expected, files={"says": code}, **options)


def ends_so(name, how, code, **options):
    says(name, Error("Runtime.ExitError", f"the language runtime {how}"), code, **options)


def times_out(name, code, **options):
    expected = Error("Function.Timeout", "Task timed out after 1.00 seconds")
    says(name, expected, code, **{"timeout_ms": 600, **options})


def begins(name, expected, code, **options):
    of("processes", f"before it is ready, the language runtime {name}", expected, files={"begins": code}, **options)


def terminated(name, code, **options):
    of("processes", f"bootstrap gets SIGTERM while the language runtime {name}", Stops(), files={"begins": code}, events=[], **options)


WAS_CLOSED = "closed its STDIN or STDOUT and was killed"
LATE = rb"""'{"id":"id-1","response":666}\n'""".decode()

# How the process ends.
for status in 0, 1, 99, 255:
    ends_so(f"exits with {status}", f"exited with status {status}", f"os._exit({status})", is_long=status in (1, 99))
for number, told in (11, "11 (SIGSEGV)"), (15, "15 (SIGTERM)"), (2, "2 (SIGINT)"), (13, "13 (SIGPIPE)"), (34, "34"):
    code = f"signal.signal({number}, signal.SIG_DFL); os.kill(os.getpid(), {number})"
    ends_so(f"sends signal {number} to itself", f"was killed by signal {told}", code, is_long=number != 11)
ends_so("sends SIGKILL to its process group", "was killed by signal 9 (SIGKILL, as when memory runs out)", "os.kill(0, 9)")
ends_so("prints half a line and exits", "exited with status 3 in the middle of a line", "say(b'{\"id'); os._exit(3)")
ends_so("is replaced by a program that exits", "exited with status 1", "os.execv('/bin/false', ['false'])")
ends_so("ends by an exception", "exited with status 1", "1 / 0")
says("sends SIGTERM to its process group, which ignores it", Right(), "ignore(15); os.kill(0, 15); answer(event)")
says(
    "is replaced by a program that prints each line that it reads",
    Error("Runtime.MarshalError", "a JSON object without ready, response or error"),
    "say(call); os.execv('/bin/cat', ['cat'])",
    again=False,
)
says(
    "removes the task root and exits, so that it cannot be started again",
    Ends("the language runtime cannot be kept alive: Runtime.ExitError: ", Error("Runtime.ExitError", "status 3")),
    "[os.unlink(name) for name in os.listdir('.')]; os.rmdir(os.getcwd()); os._exit(3)",
)

# How it does not end.
times_out("stops itself", "os.kill(os.getpid(), 19)")
times_out("stops its process group", "children(1, hang); os.kill(0, 19)")
times_out("ignores every signal", "ignore(); hang()")
times_out("blocks every signal", "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65)); signal.sigwait([40])")
times_out("prints half a line and hangs", "say(b'{\"id'); hang()")
times_out("moves to the process group of bootstrap, and hangs", "to_the_group_of_bootstrap(); ignore(2, 15); hang()")
times_out("starts a child in a process group of its own, and hangs", "children(1, lambda: (os.setpgid(0, 0), hang())); hang()", survivors=1)
times_out("is replaced by a program that hangs", "os.execv('/bin/sleep', ['sleep', '60'])")
times_out("runs in an endless loop", "while True: pass")
times_out("runs in an endless loop, and ignores SIGTERM and SIGINT", "ignore(2, 15)\nwhile True: pass", is_long=True)
times_out("answers unknown calls for ever, also after the warning", "ignore(2, 15); flood()")
times_out("writes to stderr for ever", "ignore(2, 15)\nwhile True: os.write(2, b'x')", is_long=True)
times_out("leaves a silent daemon that holds its pipes, and hangs", "daemon(hang); hang()", survivors=1)
says("answers after the warning", Right(), "signal.signal(15, lambda *_: answer(event)); signal.pause()", timeout_ms=800)

# Children.
says("leaves 20 children that hold its descriptors, and answers", Right(), "children(20, hang); answer(event)")
ends_so("leaves 20 children that hold its descriptors, and exits", "exited with status 0", "children(20, hang); os._exit(0)")
says("starts 500 children that exit at once, and answers", Right(), "children(500, int); answer(event)")
says("has a child that answers for it", Right(), "children(1, lambda: answer(event)); os.wait()")
ends_so("leaves a child that prints for ever, and exits", "exited with status 0", "children(1, flood); os._exit(0)")
says(
    "has a child that answers for it, and then exits",
    Right(),
    "children(1, lambda: answer(event)); os.wait(); os._exit(0)",
    starts=2,
)
says(
    "forks 200 times, and the last child answers",
    Right(),
    "for _ in range(200):\n    if os.fork(): os.wait(); os._exit(0)\nanswer(event); os._exit(0)",
    starts=2,
    is_long=True,
)
says("leaves a silent daemon that holds its pipes, and answers", Right(), "daemon(hang); answer(event)", survivors=1)
ends_so("leaves a silent daemon, and exits", "exited with status 0", "daemon(hang); os._exit(0)", survivors=1)
ends_so("leaves a daemon that prints for ever, and exits", "exited with status 0", "daemon(flood); os._exit(0)")
says(
    "leaves a daemon that answers the call again after it ended",
    Right(),
    f"daemon(lambda: (wait(0.3), [say(b{LATE}) for _ in range(9)])); answer(event)",
)

# Its descriptors.
ends_so("closes STDOUT and does not exit", WAS_CLOSED, "os.close(1); hang()")
ends_so("closes all descriptors and does not exit", WAS_CLOSED, "os.closerange(0, 1024); hang()")
says("closes STDIN and answers", Right(), "os.close(0); answer(event)")
says("closes stderr and answers", Right(), "os.close(2); answer(event)")
says("opens as many descriptors as it may, and answers", Right(), "try:\n    while True: os.dup(0)\nexcept OSError: answer(event)")
says("writes 20 MB to stderr and answers", Right(), "for _ in range(20): os.write(2, b'x' * 1_000_000)\nanswer(event)")
says("writes its answer byte by byte", Right(), 'for byte in b\'{"id":"id-1","response":[1]}\\n\': say(bytes([byte]))')
says("pauses in the middle of its answer", Right(), 'say(b\'{"id":"id-1","resp\'); wait(0.2); say(b\'onse":[1]}\\n\')')
says("makes STDOUT non-blocking, and answers", Right(), "os.set_blocking(1, False); answer(event)")
says("writes to STDIN and answers", Right(), "try: os.write(0, b'x')\nexcept OSError: answer(event)")

# Its files and other surroundings.
for name in "SIGCHLD", "SIGPIPE", "SIGWINCH", "SIGURG", "SIGCONT":
    code = f"for _ in range(5000): os.kill(os.getppid(), {int(getattr(signal, name))})\nanswer(event)"
    says(f"sends {name} to bootstrap 5,000 times", Right(), code, is_long=name in ("SIGWINCH", "SIGURG"))


def frozen(environment):
    """Stops bootstrap until after the deadline, as in a frozen environment."""
    within(5, lambda: os.path.exists(f"{environment.root}/called"))
    environment.signal(signal.SIGSTOP)
    time.sleep(0.8)
    environment.signal(signal.SIGCONT)


times_out("hangs while bootstrap is frozen until after the deadline", "tell('called'); hang()", meanwhile=frozen)
says(
    "answers while bootstrap is frozen until after the deadline",
    Right(),
    "tell('called'); wait(0.1); answer(event)",
    timeout_ms=600,
    meanwhile=frozen,
)

# Before it is ready.
for name, told, code in [
    ("exits with 0", "the language runtime exited with status 0", "os._exit(0)"),
    ("is killed", "was killed by signal 9 (SIGKILL", "os.kill(0, 9)"),
    ("closes STDOUT", WAS_CLOSED, "os.close(1); hang()"),
    ("prints 100,000 empty lines", "its STDOUT carried no message of the protocol", "say(b'\\n' * 100_000); hang()"),
    ("prints a line of 64 MB", "a line of more than", "say(b'x' * (64 << 20)); hang()"),
    ("prints ready without a protocol", "no message of the protocol", "say(b'{\"ready\":{}}\\n'); hang()"),
    ("is ready for protocol 2", "Runtime.InvalidProtocol", 'say(b\'{"ready":{"protocol":2}}\\n\'); hang()'),
    ("is ready for protocol 2^64", "no message of", 'say(b\'{"ready":{"protocol":18446744073709551616}}\\n\'); hang()'),
    ("is ready for a protocol that is a text", "no message of", 'say(b\'{"ready":{"protocol":"1"}}\\n\'); hang()'),
    ("prints an error that is a number", '"errorMessage":"3"', "say(b'{\"error\":3}\\n'); hang()"),
    ("prints an error with 1,500,000 levels", "Init Error", "say(b'{\"error\":', b'[' * 1_500_000, b']' * 1_500_000, b'}\\n'); hang()"),
]:
    begins(name, Ends(told), code, events=[], is_long=name.endswith(("text", "2^64", "levels")))
begins("leaves a daemon that holds its pipes, and exits", Ends("exited with status 0"), "daemon(hang); os._exit(0)", survivors=2)
begins("leaves a daemon that holds its pipes", Right(), "daemon(hang); ready()", survivors=1)
begins("answers a call that it has not got", Right(), f"say(b{LATE}); ready()")
begins("prints ready ten times", Right(), "for _ in range(10): ready()")
begins("prints ready byte by byte", Right(), 'for byte in b\'{"ready":{"protocol":1}}\\n\': say(bytes([byte]))')
begins("takes 300 ms, while the event waits", Right(), "wait(0.3); ready()")
begins(
    "prints ready with an unknown member of 1,500,000 levels",
    Right(),
    "say(b'{\"ready\":{\"protocol\":1,\"more\":', b'[' * 1_500_000, b']' * 1_500_000, b'}}\\n')",
)

# SIGTERM. t60 has more.
terminated("is idle and ignores SIGTERM", "ignore(); ready(); tell('ready'); hang()")
terminated("is idle and stopped", "ready(); tell('ready'); os.kill(0, 19)")
terminated("is idle, in the process group of bootstrap", "ignore(); to_the_group_of_bootstrap(); ready(); tell('ready'); hang()")
terminated("is idle and prints for ever", "ignore(); ready(); tell('ready'); flood()")
terminated("is idle, with children that ignore SIGTERM", "ignore(); ready(); children(9, hang); tell('ready'); hang()")
terminated("exits again and again", "ready(); tell('ready'); wait(0.1); os._exit(1)")
terminated("boots and ignores SIGTERM", "ignore(); tell('ready'); hang()")
terminated("boots and has printed half a line", "ignore(); say(b'{\"rea'); tell('ready'); hang()", is_long=True)
for number in 2, 15:
    says(f"hangs while bootstrap gets signal {number}", Stops(), "ignore(); tell('ready'); hang()", is_long=number == 2)

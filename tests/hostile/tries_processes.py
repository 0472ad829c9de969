"""What a language runtime does as a process, apart from its output: for the first event, or before it is ready."""

import os
import signal
import time

from hostile import Ends, Error, Right, Stops, of
from tap import within


def says(name, expected, code, **options):
    of("processes", name, expected, files={"says": code}, **options)


def ends_so(name, how, code, **options):
    says(name, Error("Runtime.ExitError", f"the language runtime {how}"), code, **options)


def times_out(name, code, **options):
    expected = Error("Function.Timeout", "Task timed out after 1.00 seconds")
    says(name, expected, code, **{"timeout_ms": 600, **options})


def begins(name, expected, code, **options):
    of("processes", f"before it is ready, {name}", expected, files={"begins": code}, **options)


def terminated(name, code, **options):
    of("processes", f"SIGTERM while it {name}", Stops(), files={"begins": code}, events=[], **options)


WAS_CLOSED = "closed its STDIN or STDOUT and was killed"
LATE = rb"""'{"id":"id-1","response":666}\n'""".decode()

# How the process ends.
for status in 0, 1, 99, 255:
    ends_so(f"exits with {status}", f"exited with status {status}", f"os._exit({status})", is_long=status in (1, 99))
for number, told in (11, "11 (SIGSEGV)"), (15, "15 (SIGTERM)"), (2, "2 (SIGINT)"), (13, "13 (SIGPIPE)"), (34, "34"):
    code = f"signal.signal({number}, signal.SIG_DFL); os.kill(os.getpid(), {number})"
    ends_so(f"signal {number} to itself", f"was killed by signal {told}", code, is_long=number != 11)
ends_so("SIGKILL to its group", "was killed by signal 9 (SIGKILL, as when memory runs out)", "os.kill(0, 9)")
ends_so("half a line, and the end", "exited with status 3 in the middle of a line", "say(b'{\"id'); os._exit(3)")
ends_so("another program, that ends", "exited with status 1", "os.execv('/bin/false', ['false'])")
ends_so("an exception", "exited with status 1", "1 / 0")
says("SIGTERM to its group, which ignores it", Right(), "ignore(15); os.kill(0, 15); answer(event)")
says(
    "another program, that gives each line back",
    Error("Runtime.MarshalError", "a JSON object without ready, response or error"),
    "say(call); os.execv('/bin/cat', ['cat'])",
    again=False,
)
says(
    "takes the task root away, so that it cannot be started again",
    Ends("the language runtime cannot be kept alive: Runtime.ExitError: ", Error("Runtime.ExitError", "status 3")),
    "[os.unlink(name) for name in os.listdir('.')]; os.rmdir(os.getcwd()); os._exit(3)",
)

# How it does not end.
times_out("stops", "os.kill(os.getpid(), 19)")
times_out("stops its group", "children(1, hang); os.kill(0, 19)")
times_out("ignores every signal", "ignore(); hang()")
times_out("blocks every signal", "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65)); signal.sigwait([40])")
times_out("half a line, and no more", "say(b'{\"id'); hang()")
times_out("moves to the group of bootstrap, and hangs", "to_the_group_of_bootstrap(); ignore(2, 15); hang()")
times_out("a child in a group of its own, and hangs", "children(1, lambda: (os.setpgid(0, 0), hang())); hang()", survivors=1)
times_out("another program, that hangs", "os.execv('/bin/sleep', ['sleep', '60'])")
times_out("spins", "while True: pass")
times_out("spins, and ignores SIGTERM and SIGINT", "ignore(2, 15)\nwhile True: pass", is_long=True)
times_out("goes on when it is warned, with answers to others", "ignore(2, 15); flood()")
times_out("writes to stderr without end", "ignore(2, 15)\nwhile True: os.write(2, b'x')", is_long=True)
times_out("a silent daemon that holds its pipes, and hangs", "daemon(hang); hang()", survivors=1)
says("answers when it is warned", Right(), "signal.signal(15, lambda *_: answer(event)); signal.pause()", timeout_ms=800)

# Children.
says("20 children that hold all it has", Right(), "children(20, hang); answer(event)")
ends_so("20 children that hold all it has, and ends", "exited with status 0", "children(20, hang); os._exit(0)")
says("500 children that end at once", Right(), "children(500, int); answer(event)")
says("a child answers in its place", Right(), "children(1, lambda: answer(event)); os.wait()")
ends_so("a child that floods, and ends", "exited with status 0", "children(1, flood); os._exit(0)")
says(
    "a child answers in its place, and it ends then",
    Right(),
    "children(1, lambda: answer(event)); os.wait(); os._exit(0)",
    starts=2,
)
says(
    "is a new process 200 times, until one answers",
    Right(),
    "for _ in range(200):\n    if os.fork(): os.wait(); os._exit(0)\nanswer(event); os._exit(0)",
    starts=2,
    is_long=True,
)
says("a silent daemon that holds its pipes", Right(), "daemon(hang); answer(event)", survivors=1)
ends_so("a silent daemon, and ends", "exited with status 0", "daemon(hang); os._exit(0)", survivors=1)
ends_so("a daemon that floods, and ends", "exited with status 0", "daemon(flood); os._exit(0)")
says(
    "a daemon that answers when the call is over",
    Right(),
    f"daemon(lambda: (wait(0.3), [say(b{LATE}) for _ in range(9)])); answer(event)",
)

# Its descriptors.
ends_so("closes STDOUT and lives on", WAS_CLOSED, "os.close(1); hang()")
ends_so("closes all it has, and lives on", WAS_CLOSED, "os.closerange(0, 1024); hang()")
says("closes STDIN, and answers", Right(), "os.close(0); answer(event)")
says("closes stderr", Right(), "os.close(2); answer(event)")
says("opens what it may", Right(), "try:\n    while True: os.dup(0)\nexcept OSError: answer(event)")
says("20 MB of stderr", Right(), "for _ in range(20): os.write(2, b'x' * 1_000_000)\nanswer(event)")
says("an answer byte by byte", Right(), 'for byte in b\'{"id":"id-1","response":[1]}\\n\': say(bytes([byte]))')
says("an answer with a pause in it", Right(), 'say(b\'{"id":"id-1","resp\'); wait(0.2); say(b\'onse":[1]}\\n\')')
says("STDOUT does not block", Right(), "os.set_blocking(1, False); answer(event)")
says("writes to its STDIN", Right(), "try: os.write(0, b'x')\nexcept OSError: answer(event)")

# Its files and other surroundings.
for name in "SIGCHLD", "SIGPIPE", "SIGWINCH", "SIGURG", "SIGCONT":
    code = f"for _ in range(5000): os.kill(os.getppid(), {int(getattr(signal, name))})\nanswer(event)"
    says(f"{name} to bootstrap, 5,000 times", Right(), code, is_long=name in ("SIGWINCH", "SIGURG"))


def frozen(environment):
    """Stops bootstrap until after the deadline, as in a frozen environment."""
    within(5, lambda: os.path.exists(f"{environment.root}/called"))
    environment.signal(signal.SIGSTOP)
    time.sleep(0.8)
    environment.signal(signal.SIGCONT)


times_out("bootstrap is frozen past the deadline, while it hangs", "tell('called'); hang()", meanwhile=frozen)
says(
    "bootstrap is frozen past the deadline, while it answers",
    Right(),
    "tell('called'); wait(0.1); answer(event)",
    timeout_ms=600,
    meanwhile=frozen,
)

# Before it is ready.
for name, told, code in [
    ("it exits with 0", "the language runtime exited with status 0", "os._exit(0)"),
    ("it is killed", "was killed by signal 9 (SIGKILL", "os.kill(0, 9)"),
    ("it closes STDOUT", WAS_CLOSED, "os.close(1); hang()"),
    ("100,000 empty lines", "its STDOUT carried no message of the protocol", "say(b'\\n' * 100_000); hang()"),
    ("a line of 64 MB", "a line of more than", "say(b'x' * (64 << 20)); hang()"),
    ("what is ready is nothing", "no message of the protocol", "say(b'{\"ready\":{}}\\n'); hang()"),
    ("ready for protocol 2", "Runtime.InvalidProtocol", 'say(b\'{"ready":{"protocol":2}}\\n\'); hang()'),
    ("ready for protocol 2^64", "no message of", 'say(b\'{"ready":{"protocol":18446744073709551616}}\\n\'); hang()'),
    ("ready for a protocol in text", "no message of", 'say(b\'{"ready":{"protocol":"1"}}\\n\'); hang()'),
    ("an error that is a number", '"errorMessage":"3"', "say(b'{\"error\":3}\\n'); hang()"),
    ("an error of 1,500,000 levels", "Init Error", "say(b'{\"error\":', b'[' * 1_500_000, b']' * 1_500_000, b'}\\n'); hang()"),
]:
    begins(name, Ends(told), code, events=[], is_long=name.endswith(("text", "2^64", "levels")))
begins("a daemon that holds its pipes, and the end", Ends("exited with status 0"), "daemon(hang); os._exit(0)", survivors=2)
begins("a daemon that holds its pipes", Right(), "daemon(hang); ready()", survivors=1)
begins("an answer to a call that is not yet", Right(), f"say(b{LATE}); ready()")
begins("ready ten times", Right(), "for _ in range(10): ready()")
begins("ready byte by byte", Right(), 'for byte in b\'{"ready":{"protocol":1}}\\n\': say(bytes([byte]))')
begins("it takes a while, and the event waits", Right(), "wait(0.3); ready()")
begins(
    "ready with 1,500,000 levels of more",
    Right(),
    "say(b'{\"ready\":{\"protocol\":1,\"more\":', b'[' * 1_500_000, b']' * 1_500_000, b'}}\\n')",
)

# SIGTERM. t60 has more.
terminated("is idle, and ignores it", "ignore(); ready(); tell('ready'); hang()")
terminated("is idle, and stopped", "ready(); tell('ready'); os.kill(0, 19)")
terminated("is idle, in the group of bootstrap", "ignore(); to_the_group_of_bootstrap(); ready(); tell('ready'); hang()")
terminated("is idle, and floods", "ignore(); ready(); tell('ready'); flood()")
terminated("is idle, with children that ignore it", "ignore(); ready(); children(9, hang); tell('ready'); hang()")
terminated("dies again and again", "ready(); tell('ready'); wait(0.1); os._exit(1)")
terminated("is not ready, and ignores it", "ignore(); tell('ready'); hang()")
terminated("is not ready, in the middle of a line", "ignore(); say(b'{\"rea'); tell('ready'); hang()", is_long=True)
for number in 2, 15:
    says(f"signal {number} to bootstrap meanwhile", Stops(), "ignore(); tell('ready'); hang()", is_long=number == 2)

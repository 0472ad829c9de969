"""How bootstrap is started: environment, files, descriptors, limits. t10 and t12 have more."""

import os
import signal
import subprocess
from pathlib import Path

from hostile import Either, Ends, Right, Stops, of
from peer import BOOTSTRAP

HELLO = "def h(event, context):\n    return event\n"


def can_be_entered(path):
    """Whether any user can get to that path."""
    folders = path.resolve().parents
    return all(folder.stat().st_mode & 0o001 for folder in folders)


NO_OTHER_USER = "root" if os.getuid() != 0 else None if can_be_entered(Path(BOOTSTRAP)) else "folder that other users can enter"


def starts(name, expected, events=None, **options):
    events = [] if isinstance(expected, (Ends, Stops)) and events is None else events
    of("start", name, expected, events, **options)


def has(name, expected, env, **options):
    starts(name, expected, env=env, **options)


def of_python(name, expected, files=None, handler="m.h", **options):
    starts(name, expected, files={"m.py": HELLO} if files is None else files, handler=handler, runtime=None, **options)


# Variables of Open Runtime.
for name, told in [
    ("SLSGRACE", "a whole number of milliseconds from 0 to 900000"),
    ("SLSEVENTS", "a comma-separated list of"),
    ("SLSBATCH", "fail or report"),
    ("SLSOVERLAP", "on or off"),
    ("SLSLOG", "error, warn, info or debug"),
    ("SLSLOGERRORS", "type or full"),
    ("SLSDEBUG", "a comma-separated list of host:port"),
    ("SLSWRAPPER", "the absolute path of an executable file"),
    ("AWS_LAMBDA_EXEC_WRAPPER", "the absolute path of an executable file"),
]:
    for value in "\x1b[31m", "x" * 100_000, "１", "on\noff", b"\xff":
        expected = Ends("text in UTF-8" if value == b"\xff" else name if len(value) > 99 else told)
        has(f"{name} is {value[:9]!r}", expected, {name: value}, is_long=value != "\x1b[31m")
for value in "-1", "1e3", "900001", "18446744073709551616", "250ms", "0x10", "+1", "1.5", "٣":
    expected = Right() if value == "+1" else Ends("SLSGRACE")
    has(f"SLSGRACE is {value}", expected, {"SLSGRACE": value}, is_long=value not in ("-1", "1e3"))
for name in "SLSGRACE", "SLSEVENTS", "SLSMIDDLEWARES", "SLSDEBUG", "SLSWRAPPER", "SLSLOG":
    has(
        f"{name} has only spaces and commas",
        Right(),
        {name: " ,, , " if "S," in f"{name}," and name in ("SLSEVENTS", "SLSMIDDLEWARES") else "  "},
        is_long=name != "SLSEVENTS",
    )

# Variables of Lambda.
for value in (
    "127.0.0.1",
    ":80",
    "127.0.0.1:",
    "127.0.0.1:99999",
    "127.0.0.1:0x50",
    "a:1",
    "127.0.0.1:1/x",
    "me@127.0.0.1:1",
    "127.0.0.1:1\r\nX: y",
    "http://127.0.0.1:1",
    "[::1",
    "x" * 100_000,
    b"\xff",
):
    told = "AWS_LAMBDA_RUNTIME_API is not text in UTF-8" if value == b"\xff" else "Runtime API: connecting to AWS_LAMBDA_RUNTIME_API failed: "
    has(f"AWS_LAMBDA_RUNTIME_API is {value[:20]!r}", Ends(told), {"AWS_LAMBDA_RUNTIME_API": value}, is_long=len(value) in (20, 9))
for value in "nowhere", "/dev/null", "/etc/passwd", "", "x" * 5000, "/proc/self/fd/9", "\n":
    has(f"LAMBDA_TASK_ROOT is {value[:20]!r}", Ends("Init Error"), {"LAMBDA_TASK_ROOT": value}, is_long=value in ("\n", "/etc/passwd"))
for name, env in [
    ("PATH, HOME and TMPDIR are not set", {"PATH": None, "HOME": None, "TMPDIR": None}),
    ("PATH has only folders that do not exist", {"PATH": "/nowhere:" * 1000}),
    ("there are 1,000 variables of 1 KB", {f"V{number}": "x" * 1000 for number in range(1000)}),
    ("there are 15 variables of 100 KB", {f"V{number}": "x" * 100_000 for number in range(15)}),
    ("names and values of variables are not UTF-8", {b"\xff": b"\xff", b"SLS\xff": b"\xff", "LANG": "xx_YY"}),
    ("variables name a proxy for all requests", {name: "http://127.0.0.1:1" for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")}),
    ("the variables of ld.so are set", {"LD_PRELOAD": "/nowhere.so", "LD_LIBRARY_PATH": "/nowhere", "LD_BIND_NOW": "1"}),
    ("the variables of Rust's standard library are set", {"RUST_BACKTRACE": "full", "RUST_MIN_STACK": "x", "RUST_LOG": "trace"}),
    ("AWS_LAMBDA_LOG_FORMAT and _LEVEL are nonsense", {"AWS_LAMBDA_LOG_FORMAT": "\x1b", "AWS_LAMBDA_LOG_LEVEL": "x" * 9999}),
]:
    has(name, Right(), env)

# The handler's name. Any name reaches the language runtime, or is refused.
ODD = [
    "a",
    ".",
    "..",
    "/",
    "a.",
    ".a",
    "../x.y",
    "-e",
    "--version.x",
    "$(id).h",
    "`id`.h",
    "%s%n.h",
    "m.h;id",
    "'\".h",
    "\x1b[31m.h",
    "a\nb.h",
    "ﬀ.h",
    "😀.h",
    "*.h",
    "m.h m.h",
    "x" * 100_000 + ".h",
]
for handler in ODD:
    starts(f"the handler is {handler[:12]!r}", Right(), handler=handler, is_long=handler not in ("-e", "$(id).h", ".."))
    of_python(
        f"the handler is {handler[:12]!r}, without SLSRUNTIME",
        Ends("Init Error"),
        handler=handler,
        is_long=handler not in ("-e", "..", "../x.y", "\x1b[31m.h"),
    )
for handler in "", " ", "\n":
    starts(f"the handler is {handler!r}", Ends("the name of a handler, like file.function"), handler=handler)
starts("the handler's name is not UTF-8", Ends("text in UTF-8"), handler=b"\xff.h")
of_python("the handler's name has spaces around it", Right(), handler=" m.h ")

# The handler's file.
for name, content, expected in [
    ("is a folder", lambda path: os.mkdir(path), Ends("Init Error")),
    ("is a FIFO", lambda path: os.mkfifo(path), Ends("Init Error")),
    ("is a symbolic link to itself", lambda path: os.symlink("m.py", path), Ends("Init Error")),
    ("is a broken symbolic link", lambda path: os.symlink("nowhere", path), Ends("Init Error")),
    ("is a symbolic link to /dev/null", lambda path: os.symlink("/dev/null", path), Ends("Init Error")),
    ("is empty", "", Ends("Runtime.HandlerNotFound")),
    ("is not UTF-8", b"\xff", Ends("Runtime.UserCodeSyntaxError")),
    ("is UTF-16", HELLO.encode("utf-16"), Ends("Init Error")),
    ("contains a NUL", "\0", Ends("Init Error")),
    ("has a byte order mark", b"\xef\xbb\xbf" + HELLO.encode(), Right()),
    ("is 5 MB", "#" + "x" * 5_000_000 + "\n" + HELLO, Right()),
    ("has 10,000 levels of parentheses", "(" * 10_000, Ends("Init Error")),
    ("raises an exception", "1 / 0", Ends("ZeroDivisionError")),
    ("calls sys.exit", "import sys; sys.exit(0)", Ends("Init Error")),
    ("calls os._exit", "import os; os._exit(0)", Ends("exited with status 0")),
    ("kills its process group", "import os; os.kill(0, 9)", Ends("was killed by signal 9")),
    ("closes all descriptors", "import os; os.closerange(0, 64)", Ends("Init Error")),
    ("closes STDIN, STDOUT and stderr", "import os; os.closerange(0, 3)\n" + HELLO, Right()),
    ("prints 5 MB", "print('x' * 5_000_000)\n" + HELLO, Right()),
    ("prints text that looks like the protocol", "print('{\"error\":{}}')\nimport os; os.write(1, b'{\"error\":{}}\\n')\n" + HELLO, Right()),
    (
        "replaces functions that the language runtime needs",
        "import json, sys, os\nsys.stdout = sys.stdin = None\njson.dumps = json.loads = os.write = os.read = None\n" + HELLO,
        Right(),
    ),
    ("changes the working directory", "import os; os.chdir('/')\n" + HELLO, Right()),
    ("starts a daemon", "import os, signal\nbegun, began = os.pipe()\nif not os.fork():\n    os.setsid()\n    os.write(began, b'x')\n    signal.pause()\nos.read(begun, 1)\n" + HELLO, Right()),
]:
    survivors = 1 if name == "starts a daemon" else 0
    of_python(f"the handler's file {name}", expected, files={"m.py": content}, survivors=survivors)
of_python("the handler's file has an endless loop", Stops(), files={"m.py": "open('ready', 'w')\nwhile True: pass"})
of_python(
    "the handler's file blocks all signals and sleeps",
    Stops(),
    files={"m.py": "import signal\nsignal.pthread_sigmask(0, range(1, 65))\nopen('ready', 'w')\nwhile True: signal.pause()"},
)
of_python(
    "the handler's file cannot be read",
    Ends("Init Error"),
    files={"m.py": lambda path: os.close(os.open(path, os.O_CREAT, 0))},
    lacks=NO_OTHER_USER,
    user=65534,
)

# The language runtime's file.
for name, content, told in [
    ("is a folder without a language runtime", lambda path: os.mkdir(path), "SLSRUNTIME"),
    ("is a FIFO", lambda path: os.mkfifo(path, 0o755), "SLSRUNTIME"),
    ("is a symbolic link to itself", lambda path: os.symlink("r", path), "SLSRUNTIME"),
    ("is a broken symbolic link", lambda path: os.symlink("nowhere", path), "SLSRUNTIME"),
    ("is empty", "", "a script needs a first line with #!"),
    ("has no line with #!", "hello", "a script needs a first line with #!"),
    ("names an interpreter that does not exist", "#!/nowhere\n", "the interpreter that its first line names, is missing"),
    ("names a folder as its interpreter", "#!/tmp\n", "it needs the execute bit"),
    ("names itself as its interpreter", lambda path: (open(path, "w").write(f"#!{path}\n"), os.chmod(path, 0o755)), "cannot start"),
    ("begins like an ELF program", b"\x7fELF" + b"\0" * 100, "a script needs a first line with #!"),
    ("is the beginning of an ELF program", open(BOOTSTRAP, "rb").read(1000), "was killed by signal 11 (SIGSEGV)"),
]:
    starts(f"the language runtime {name}", Ends(told), files={"r": content}, runtime=None, env={"SLSRUNTIME": "./r"})
starts(
    "the language runtime has no execute bit for this user",
    Ends("it needs the execute bit"),
    files={"r": lambda path: os.close(os.open(path, os.O_CREAT, 0o700))},
    runtime=None,
    env={"SLSRUNTIME": "./r"},
    lacks=NO_OTHER_USER,
    user=65534,
)
for value in "..", ".", "/", "\x1b", "x" * 5000, "python/../python", "a\nb", "-c", " / ":
    starts(f"SLSRUNTIME is {value[:16]!r}", Ends("SLSRUNTIME="), runtime=None, env={"SLSRUNTIME": value}, is_long=value not in ("..", "/"))

# Descriptors.
for name, redirection in [("STDIN", "<&-"), ("STDOUT", ">&-"), ("stderr", "2>&-"), ("STDIN, STDOUT and stderr", "<&- >&- 2>&-")]:
    starter = ["/bin/sh", "-c", f'exec "$@" {redirection}', "sh"]
    starts(f"closed: {name}", Right(), starter=starter)
    of_python(f"closed: {name}, with Python", Right(), starter=starter)
many = "".join(f" {number}</dev/null" for number in range(3, 10))
starts("seven more descriptors are open", Right(), starter=["/bin/sh", "-c", f'exec "$@" {many}', "sh"], again=False)


def inherits_many():
    for number in range(10, 200):
        os.dup2(0, number, inheritable=True)


of_python("190 more descriptors are open", Right(), before_exec=inherits_many, again=False)

# Limits.
for number in range(3, 17):
    starts(
        f"the limit of descriptors is {number}",
        Either(Right(), Ends("(os error 24)")),
        limits={"NOFILE": number},
        is_long=number % 4 != 0,
    )
for name, limits in [
    ("the address space is limited to 4 MB", {"AS": 4 << 20}),
    ("the address space is limited to 12 MB", {"AS": 12 << 20}),
    ("the address space is limited to 20 MB", {"AS": 20 << 20}),
    ("the data segment is limited to 1 MB", {"DATA": 1 << 20}),
    ("the stack is limited to 64 KB", {"STACK": 64 << 10}),
    ("the stack is limited to 128 KB", {"STACK": 128 << 10}),
    ("files are limited to 64 KB", {"FSIZE": 1 << 16}),
    ("core files and locked memory are not permitted", {"CORE": 0, "MEMLOCK": 0}),
]:
    starts(name, Either(Right(), Ends("Init Error")), limits=limits)
for number in 1, 2:
    starts(f"the user may have {number} processes", Either(Right(), Ends("cannot start")), limits={"NPROC": number}, lacks=NO_OTHER_USER, user=65534)


# Signals.
def ignores_all():
    for number in set(range(1, 65)) - {9, 19, 32, 33}:
        signal.signal(number, signal.SIG_IGN)


def blocks_all():
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))


for name, before_exec in ("ignored", ignores_all), ("blocked", blocks_all):
    starts(f"every signal is {name}", Right(), before_exec=before_exec)
    of_python(f"every signal is {name}, with Python", Right(), before_exec=before_exec)
    starts(f"every signal is {name} when SIGTERM comes", Stops(), before_exec=before_exec, files={"begins": "ready(); tell('ready'); hang()"})

# Its name and arguments.
starts("bootstrap gets 1,000 arguments", Right(), starter=["/bin/sh", "-c", 'exec "$@" $(seq 1000)', "sh"])
starts("bootstrap gets an empty argv[0]", Right(), starter=["/usr/bin/perl", "-e", "$p = shift; exec {$p} ''"])


# The file system.
UNSHARE = "/usr/bin/unshare", "-m"
NO_MOUNTS = (
    None if os.path.exists(UNSHARE[0]) and subprocess.run([*UNSHARE, "true"], stderr=subprocess.DEVNULL).returncode == 0 else "mounts"
)


def within(commands):
    return [*UNSHARE, "/bin/sh", "-c", f'{commands} && exec "$@"', "sh"]


def empties(folder):
    """Mounts an empty read-only file system over the folder, and in it the repository, if it was there."""
    repository = str(Path(__file__).resolve().parents[2])
    if not repository.startswith(f"{folder}/"):
        return f"mount -t tmpfs -o ro none {folder}"
    saved = f"mount --bind {repository} /mnt && mount -t tmpfs none {folder} && mkdir -p {repository}"
    return f"{saved} && mount --bind /mnt {repository} && mount -o remount,ro {folder}"


for name, commands in [
    ("/tmp is empty and read-only", empties("/tmp")),
    ("/proc is empty", empties("/proc")),
    ("/dev is empty", empties("/dev")),
    ("/opt is empty", empties("/opt")),
]:
    starts(name, Right(), starter=within(commands), folder="/var/tmp", lacks=NO_MOUNTS)
    of_python(f"{name}, with Python", Either(Right(), Ends("Init Error")), starter=within(commands), folder="/var/tmp", lacks=NO_MOUNTS)
of_python("all file systems are read-only", Right(), starter=within("mount -o bind,remount,ro /"), folder="/var/tmp", lacks=NO_MOUNTS)

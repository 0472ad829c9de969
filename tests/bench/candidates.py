"""What `make bench` measures: programs that answer each event with itself, by language."""
import os
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CACHE = ROOT / ".cache"
PEERS = CACHE / "bench"
IS_ARM = platform.machine() in ("aarch64", "arm64")
ARCH = "arm64" if IS_ARM else "x86_64"
NODE = CACHE / "node-versions/node_modules"
NODE_ARCH = "arm64" if IS_ARM else "x64"
HANDLERS = HERE / "handlers"

# What Lambda sets, the same for all. Nothing of the user's environment is passed on.
ENVIRONMENT = {
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
    "AWS_LAMBDA_FUNCTION_NAME": "bench",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/bench",
    "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/24/[$LATEST]8f507cfc",
    "AWS_REGION": "eu-west-1",
    "LAMBDA_TASK_ROOT": str(HANDLERS),
    "LANG": "en_US.UTF-8",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "TZ": ":UTC",
    "_HANDLER": "handler.same",
}

OURS = "Open Runtime"


@dataclass
class Candidate:
    """A program that is measured. `needs` is what must be there for it."""

    name: str
    title: str
    command: list
    environment: dict = field(default_factory=dict)
    needs: Path = None
    files: list = None  # what it brings, with folders; default: the program
    counts: bool = False  # whether its system calls and instructions are counted
    is_peer: bool = False  # AWS's client
    is_bare: bool = False  # an interpreter with an empty program, whose start and end are measured

    def is_here(self):
        return Path(self.needs or self.command[0]).exists()


@dataclass
class Family:
    """Candidates that are compared. The first is ours, and the ratios are those of ours to each other one."""

    name: str
    title: str
    candidates: list
    scale: float = 1  # how many invocations there are, in comparison
    is_quick: bool = False  # whether --quick measures it


def locked(file, prefix):
    """The version behind the prefix in a file of the tests, without its last part."""
    return re.search(re.escape(prefix) + r"(\d+\.\d+)", (ROOT / "tests" / file).read_text()).group(1)


def ours(name, dist, language, **environment):
    bootstrap, runtime = Path(dist) / "bootstrap", Path(dist) / "runtimes" / environment["SLSRUNTIME"]
    files = [bootstrap] + ([runtime] if runtime.parent.name == "runtimes" else [])
    return Candidate(name, f"{OURS}, {language}", [str(bootstrap)], environment, files=files)


def ours_and(dist, against, language, **environment):
    """Our candidate, and the same of another build, if there is one."""
    found = [ours("ours", dist, language, **environment)]
    if against:
        found.append(ours("against", against, f"{language}, of {against}", **environment))
    return found


def bare(program, *options, **environment):
    """The interpreter with an empty program: with the options that our language runtime gives it, and, if there are some, without them."""
    program = shutil.which(str(program), path=ENVIRONMENT["PATH"]) or str(program)
    found = {"bare": list(options), **({"plain": []} if options else {})}
    return [
        Candidate(name, " ".join([Path(program).name, *given]), [program, *given, "/dev/null"], environment, is_bare=True)
        for name, given in found.items()
    ]


def families(work, dist, against=None):
    """`work` has the C programs, and a copy of `dist` as in a layer."""
    return [
        c_family(work, dist, against),
        python_family(work, dist, against),
        *(node_family(version, dist, against) for version in ("20", "22", "24")),
        family_alone("ruby", "Ruby", 0.5, dist, against, bare("ruby", "--disable-gems")),
        family_alone("php", "PHP", 0.5, dist, against, bare("php")),
        family_alone("perl", "Perl", 0.5, dist, against, bare("perl", PERL_BADLANG="0")),
        family_alone("sh", "shell", 0.2, dist, against, bare("sh")),
        # The handler is cat, which is started for each event.
        family_alone("exec", "an executable file", 0.2, dist, against, bare("cat"), _HANDLER=shutil.which("cat") or "/bin/cat"),
        Family("resident", "resident middlewares", []),
        Family("mapping", "the mapping of events", []),
    ]


def family_alone(name, title, scale, dist, against, interpreter, **environment):
    """A language for which AWS has no client that could be measured."""
    return Family(name, title, [*ours_and(dist, against, title, SLSRUNTIME=name, **environment), *interpreter], scale)


def c_family(work, dist, against):
    child, rust = work / "echo/language-runtime", PEERS / "lambda_runtime/bin"
    title = "lambda_runtime " + locked("bench/lambda_runtime/Cargo.toml", 'lambda_runtime = "=')
    candidates = ours_and(dist, against, "a child in C", SLSRUNTIME=str(child))
    candidates += [
        Candidate("bridge", "a bridge in C, the same child", [str(work / "bridge"), str(child)]),
        Candidate("floor", "the floor: a program in C", [str(work / "floor")]),
        Candidate("lambda_runtime", title, [str(rust / "threads")], is_peer=True),
        Candidate("lambda_runtime-current", f"{title}, current_thread", [str(rust / "current")], is_peer=True),
    ]
    for candidate in candidates:
        candidate.counts = candidate.name in ("ours", "against", "bridge")
    return Family("c", "a child in C", candidates, is_quick=True)


def python():
    """Debian's Python if it is here, else the one behind a version manager's shim."""
    if Path("/usr/bin/python3").exists():
        return Path("/usr/bin/python3")
    program = "import os, sys; print(os.path.realpath(sys.executable))"
    return Path(subprocess.run(["python3", "-c", program], capture_output=True, text=True, check=True).stdout.strip())


def python_family(work, dist, against):
    interpreter = python()
    client = PEERS / "python/client"
    path = f"{interpreter.parent}:{ENVIRONMENT['PATH']}"
    command = [str(interpreter), "-m", "awslambdaric", ENVIRONMENT["_HANDLER"]]
    title = "awslambdaric " + locked("compat/python/client.txt", "awslambdaric==")
    environment = {"PYTHONPATH": str(client), "PATH": path}
    aws = Candidate("awslambdaric", title, command, environment, client / "awslambdaric", [client], is_peer=True)
    found = ours_and(dist, against, "Python", PATH=path, SLSRUNTIME="python")
    # On Lambda the folders of layers are read-only, so that Python compiles the language runtime at each start.
    layer = ours("ours-layer", work / "layer", "Python, no bytecode", PATH=path, SLSRUNTIME="python", PYTHONDONTWRITEBYTECODE="1")
    return Family("python", "Python", [*found, layer, aws, *bare(interpreter, "-S")], is_quick=True)


def node_family(version, dist, against):
    folder = NODE / f"{version}-{NODE_ARCH}/bin"
    modules = PEERS / "nodejs-client/node_modules"
    path = f"{folder}:{ENVIRONMENT['PATH']}"
    if version == "20":
        package, start, native = "ric3", "bin/index.mjs", "dist/rapid-client.node"
        parts = ["bin", "dist", "package.json"]
    else:
        package, start, native = "ric4", "index.mjs", "rapid-client.node"
        parts = [start, native, "package.json"]
    command = [str(folder / "node"), str(modules / package / start), ENVIRONMENT["_HANDLER"]]
    found = ours_and(dist, against, f"Node.js {version}", PATH=path, SLSRUNTIME="nodejs")
    for candidate in found:
        candidate.needs = folder / "node"
    title = "aws-lambda-ric " + locked("runtimes/nodejs-client/package.json", f'"{package}": "npm:aws-lambda-ric@')
    files = [modules / package / part for part in parts]
    aws = Candidate("aws-lambda-ric", title, command, {"PATH": path}, modules / package / native, files, is_peer=True)
    return Family(f"node{version}", f"Node.js {version}", [*found, aws, *bare(folder / "node")], is_quick=version == "20")


def environment_of(candidate):
    return {**ENVIRONMENT, **candidate.environment}


def find(candidates):
    """Those that can be run here, and those that cannot."""
    here = [candidate for candidate in candidates if candidate.is_here()]
    return here, [candidate for candidate in candidates if candidate not in here]


def machine():
    """The machine in words, for the page."""
    text = Path("/proc/cpuinfo").read_text()
    models = [line.split(":", 1)[1].strip() for line in text.splitlines() if line.startswith("model name")]
    return f"{os.cpu_count()} cores of {models[0] if models else platform.machine()}, Linux {platform.release().split('-')[0]}"

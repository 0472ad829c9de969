"""Runs candidates under `measure`, one after another and back again, and compares them pass by pass."""
import json
import os
import re
import shutil
import statistics
import subprocess
from pathlib import Path

import candidates
import payloads

# The events of a session that is measured for small events, for its start alone, or for large events: how many invocations come
# before those that count, and how many count.
SMALL = {"100B": (300, 2000), "10KB": (300, 500), "sqs": (100, 300), "apigw": (100, 300), "s3": (100, 300)}
STARTS = {"100B": (0, 5)}
LARGE = {"1MB": (3, 12), "5.5MB": (1, 5)}
COUNTED = ("100B", "10KB", "sqs", "apigw")  # events for which system calls are counted
FEW, MANY = 50, 300


class Failure(Exception):
    """A candidate or a tool did not do what it should."""


class Bench:
    """The folder with all that a run makes: the C programs, events, logs and responses."""

    def __init__(self, work, cpu):
        self.work = work
        self.cpu = cpu

    def prepare(self, dist):
        """Compiles the C programs, writes the events, and copies `dist` as it is in a layer."""
        payloads.write(self.work / "events")
        shutil.rmtree(self.work / "layer", ignore_errors=True)
        shutil.copytree(dist, self.work / "layer", symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        for folder in ("responses", "logs", "echo"):
            (self.work / folder).mkdir(parents=True, exist_ok=True)
        compile_c(self.work / "measure", "measure.c", "gcc")
        small = "musl-gcc" if shutil.which("musl-gcc") else "gcc"
        for name in ("floor", "bridge"):
            compile_c(self.work / name, f"{name}.c", small, "-static")
        compile_c(self.work / "echo/language-runtime", "echo.c", small, "-static")

    def session(self, candidate, events, prefix=()):
        """One life of the program. `events` is {name: (skipped, counted)}; a bare one gets none. Returns {metric: value}."""
        events = {} if candidate.is_bare else events
        command = [self.work / "measure", "--log", self.log(candidate), "--keep", self.work / "responses"]
        if self.cpu is not None:
            command += ["--cpu", self.cpu]
        command += [f"{name}:{self.work}/events/{name}:{skip}:{count}" for name, (skip, count) in events.items()]
        command += ["--", *prefix, *candidate.command]
        environment = candidates.environment_of(candidate)
        folder = environment["LAMBDA_TASK_ROOT"]
        run = subprocess.run([str(word) for word in command], env=environment, cwd=folder, capture_output=True, text=True)
        if run.returncode != 0:
            raise Failure(f"cannot measure {candidate.title}: {run.stderr.strip()}\n{self.log(candidate).read_text()[-2000:]}")
        self.check_responses(candidate, events)
        return flat(json.loads(run.stdout))

    def log(self, candidate):
        return self.work / "logs" / candidate.name

    def check_responses(self, candidate, events):
        """A free-form event must come back as it is. The others may be mapped."""
        for name in set(events) & set(payloads.FREE_FORM):
            response = json.loads((self.work / "responses" / name).read_bytes())
            if response != json.loads((self.work / "events" / name).read_bytes()):
                raise Failure(f"{candidate.title} does not answer {name} with itself")

    def passes(self, family, events, count, say):
        """Returns {candidate: [{metric: value} of each pass]}. Every second pass goes backwards: A B B A."""
        runs = {candidate.name: [] for candidate in family}
        for number in range(count):
            for candidate in family if number % 2 == 0 else family[::-1]:
                runs[candidate.name].append(self.session(candidate, events))
            say(number + 1, count)
        return runs

    def system_calls(self, candidate, event, *options):
        """The system calls of one warm invocation: of the program alone, or with -f of all its processes."""
        return self.difference(event, lambda count: self.calls_of(candidate, event, count, options))

    def calls_of(self, candidate, event, count, options):
        table = self.work / "logs/strace"
        table.unlink(missing_ok=True)
        self.session(candidate, {event: (0, count)}, ["strace", *options, "-c", "-o", table])
        return total_calls(table.read_text())

    def instructions(self, candidate, event):
        """The instructions of one warm invocation, of the program alone."""
        return self.difference(event, lambda count: self.instructions_of(candidate, event, count))

    def instructions_of(self, candidate, event, count):
        out = self.work / "logs/callgrind.out"
        self.session(candidate, {event: (0, count)}, ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"])
        found = re.search(r"Collected : (\d+)", self.log(candidate).read_text())
        if not found:
            raise Failure(f"valgrind counts no instructions of {candidate.title}: {self.log(candidate).read_text()[-500:]}")
        return int(found.group(1))

    def difference(self, event, total):
        """What one more invocation adds: start and end cancel out."""
        few, many = total(FEW), total(MANY)
        return round((many - few) / (MANY - FEW), 2)

    def counts(self, candidate):
        """What is counted, not timed: {metric: spread}. Without strace or valgrind it is left out."""
        found = {}
        if shutil.which("strace"):
            for event in COUNTED:
                found[f"{event}/calls"] = self.system_calls(candidate, event)
            found["100B/tree_calls"] = self.system_calls(candidate, "100B", "-f")
        if shutil.which("valgrind"):
            for event in COUNTED:
                found[f"{event}/instructions"] = self.instructions(candidate, event)
        return {metric: spread([value]) for metric, value in found.items()}


def compile_c(program, source, compiler, *options):
    """Compiles a program, unless it is newer than its sources."""
    sources = [candidates.HERE / source, candidates.HERE / "api.h"]
    if program.exists() and program.stat().st_mtime > max(path.stat().st_mtime for path in sources):
        return
    command = [compiler, *options, "-O2", "-Wall", "-Wextra", "-Wno-unused-function", "-o", f"{program}.new", str(sources[0])]
    subprocess.run(command, check=True)
    os.replace(f"{program}.new", program)


def total_calls(table):
    """The number in the last line of what strace -c prints."""
    line = re.search(r"^\s*100\.00\s+(.*)\stotal$", table, re.MULTILINE)
    if not line:
        raise Failure(f"strace has counted nothing: {table[-500:]}")
    numbers = line.group(1).split()
    return int(numbers[2])  # seconds, usecs/call, calls, errors


def flat(result):
    """{"cold": …, "events": {"100B": {"p50": …}}} becomes {"cold": …, "100B/p50": …}."""
    found = {name: value for name, value in result.items() if name != "events"}
    for event, values in result["events"].items():
        found.update({f"{event}/{name}": value for name, value in values.items()})
    return found


def spread(values):
    """The median, and the tenth and ninetieth of a hundred."""
    ordered = sorted(values)
    last = len(ordered) - 1
    return {"p50": statistics.median(ordered), "p10": ordered[round(last * 0.1)], "p90": ordered[round(last * 0.9)]}


def summary(runs):
    """{metric: spread} of the passes of one candidate."""
    return {metric: spread([run[metric] for run in runs]) for metric in runs[0]}


def ratios(ours, theirs):
    """{metric: spread} of the ratios, pass by pass."""
    pairs = list(zip(ours, theirs))
    metrics = [metric for metric in ours[0] if all(other.get(metric) for _, other in pairs)]
    return {metric: spread([one[metric] / other[metric] for one, other in pairs]) for metric in metrics}


def size_of(paths):
    """The bytes of files, and of all files in folders, without Python's bytecode and what links refer to."""
    files = [file for path in map(Path, paths) for file in ([path] if path.is_file() else path.rglob("*"))]
    return sum(file.stat().st_size for file in files if file.is_file() and not file.is_symlink() and "__pycache__" not in file.parts)

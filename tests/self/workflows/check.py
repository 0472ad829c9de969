"""Checks our own rules for GitHub workflows, which no tool checks. usage: check.py FILE…     prints the faults

Each job has a limit of time and rights of its own; a new run of a workflow takes the place of an old one, or waits for it; what
is pinned by a commit says which version that is; and what is run is a script of the project.
"""

import re
import sys
from pathlib import Path

import yaml

# A command of the project, or one that the runner needs first.
COMMAND = re.compile(r"(make [\"$a-zA-Z-]+|scripts/release build .*|gh release create .*|sudo env \"PATH=\$PATH\" scripts/setup [a-z-]+|sudo sysctl \S+)\s*")


JOB = {"name", "runs-on", "timeout-minutes", "permissions", "strategy", "steps"}
STEP = {"name", "uses", "with", "run", "env"}


def troubles(path):
    text = Path(path).read_text()
    workflow = yaml.safe_load(text)
    if workflow.get("permissions") != {}:
        yield "permissions: must be {}, and given to each job"
    if "group" not in workflow.get("concurrency", {}):
        yield "no concurrency group"
    for uses in re.findall(r"uses: *(.*)", text):
        if not re.fullmatch(r"[\w/.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", uses):
            yield f"uses {uses}: must be a commit, with its version behind it"
    for name, job in workflow["jobs"].items():
        unknown = (set(job) - JOB) | {member for step in job["steps"] for member in set(step) - STEP}
        if unknown:
            yield f"job {name} has {unknown}: unknown, or not among those of check.py"
        if "timeout-minutes" not in job or "permissions" not in job:
            yield f"job {name} needs timeout-minutes and permissions"
        for step in job["steps"]:
            if "run" in step and not COMMAND.fullmatch(step["run"]):
                yield f"job {name} runs {step['run']!r}: put it into a script"


bad = [f"{path}: {trouble}" for path in sys.argv[1:] for trouble in troubles(path)]
print(*bad, sep="\n")
sys.exit(1 if bad or len(sys.argv) < 2 else 0)

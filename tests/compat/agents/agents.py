"""Runs vendors' agents under AWS's clients and under ours, compares what arrives, and prints TAP. See ../README.md.

usage: agents.py [--page FILE] [--spoil] [ROW…]
"""
import concurrent.futures
import json
import os
import platform
import re
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "common"))

import compat  # noqa: E402
import packages  # noqa: E402

CACHE = compat.ROOT / ".cache/compat/agents"
LAYER = compat.ROOT / "dist" / platform.machine().replace("aarch64", "arm64")
NAMES = {"aws": "AWS's client", "provided": "provided", "managed": "managed"}
# A namespace of its own, in which /opt holds the layers.
IN_LAYERS = """
mount --bind "$1" /opt
test ! -d /opt/nodejs/node_modules || mount --bind "$2" /opt/nodejs/node_modules
shift 2
exec "$@"
"""


def main(arguments):
    page = spoil = None
    while arguments and arguments[0].startswith("--"):
        option = arguments.pop(0)
        if option == "--page":
            page = arguments.pop(0)
        elif option == "--spoil":
            spoil = True
        else:
            sys.exit(__doc__)
    rows = [read_row(name) for name in arguments or sorted(path.name for path in (HERE / "rows").iterdir())]
    print(f"1..{len(rows)}", flush=True)
    failed = 0
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(int(os.environ.get("JOBS", 2))) as pool:
        for number, (row, problems) in enumerate(zip(rows, pool.map(lambda row: try_row(row, Path(folder), spoil), rows)), 1):
            failed += bool(problems)
            print(f"{'not ' if problems else ''}ok {number} - agents: {row['title']}: {said_of(row)}")
            for problem in problems:
                print("# " + problem.replace("\n", "\n# "))
            sys.stdout.flush()
    if page:
        Path(page).write_text(describe(rows))
    return failed > 0


def read_row(name):
    return {"name": name, **compat.DEFAULTS, "columns": list(NAMES), **json.loads((HERE / "rows" / name / "row.json").read_text())}


def said_of(row):
    return "works (not compared)" if "aws" not in row["columns"] else "differs" if row["differs"] or "lost" in row else "same as AWS's"


def try_row(row, folder, spoil):
    """What is wrong with the row, a text for each."""
    try:
        columns = {column: run_column(row, column, folder, spoil) for column in row["columns"]}
    except Exception as error:  # of one row: the others are worth a try
        return [f"{type(error).__name__}: {error}"]
    return [problem for column, done in columns.items() for problem in compat.problems_of(row, column, *done)] + list(compat.differences(row, columns))


def run_column(row, column, folder, spoil):
    """The answers, the log, and what arrived, when the row's events have been sent to a function."""
    folder = Path(tempfile.mkdtemp(dir=folder))
    task_root = folder / "task"
    shutil.copytree(HERE / "rows" / row["name"], task_root, ignore=shutil.ignore_patterns("row.json", "opt", "__pycache__"))
    layers = make_layers(row, folder)
    spoil = spoil and column != "aws"
    with compat.Collector() as collector:
        values = {"COLLECTOR": "127.0.0.1:9" if spoil else collector.address, "XRAY": "127.0.0.1:9" if spoil else collector.udp_address}
        environment = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", **as_managed(row, column), **row["environment"]}
        if column == "managed" and "AWS_LAMBDA_EXEC_WRAPPER" in environment:
            environment["SLSWRAPPER"] = environment.pop("AWS_LAMBDA_EXEC_WRAPPER")
        environment |= {} if column == "aws" else row["ours"]
        command = ["unshare", "-m" if os.geteuid() == 0 else "-rm", "sh", "-euc", IN_LAYERS, "sh", layers, CACHE / "nodejs/node_modules"]
        command += [compat.TOOL, "serve", row["handler"], "-q", "--port", "0", "--port-file", folder / "port", "--task-root", task_root]
        command += ["--timeout", "30", "--init-limit", str(compat.LIMIT_S), "--memory", "1024"]
        command += ["--bootstrap", aws_client(row, folder) if column == "aws" else "/opt/bootstrap"]
        command += [f"--managed={managed_runtime(row)}"] if column == "managed" else []
        if spoil:
            environment["SLSMIDDLEWARES"] = "spoil"
            compat.write_executable(task_root / "middlewares/spoil", compat.SPOIL)
        for name, value in environment.items():
            command += ["-e", name + "=" + re.sub(r"\$\{(\w+)\}", lambda match: values[match[1]], value)]
        limit_s = 2 if column != "aws" and "lost" in row else 15
        answers = compat.ask(command, row, folder, CACHE / "venv/bin", lambda: spoil or collector.wait_for(row["arrives"], limit_s))
        return answers, (folder / "log").read_text(errors="replace"), collector.text()


def make_layers(row, folder):
    """What /opt holds: Open Runtime, the vendor's packages, and the row's own `opt`."""
    layers = folder / "opt"
    shutil.copytree(HERE / "rows" / row["name"] / "opt", layers) if (HERE / "rows" / row["name"] / "opt").exists() else layers.mkdir()
    for name, target in {"bootstrap": "bootstrap", "open-runtime": "bootstrap", "runtimes": "runtimes"}.items():
        (layers / name).symlink_to(LAYER / target)
    if row["language"] == "nodejs":
        (layers / "nodejs/node_modules").mkdir(parents=True)
        return layers
    (layers / "python").mkdir(exist_ok=True)
    for name in packages.top_levels(row["packages"], CACHE / "packages"):
        (layers / "python" / name).symlink_to(CACHE / "packages" / name)
    (layers / "python/bin").symlink_to(CACHE / "packages/bin")
    return layers


def as_managed(row, column):
    """What a managed runtime's own start sets before it starts the wrapper."""
    if column == "provided" or row["language"] == "python":
        return {"AWS_EXECUTION_ENV": f"AWS_Lambda_{managed_runtime(row)}"} if column == "aws" else {}
    major = managed_runtime(row).strip("nodejs.x")
    path = f"/opt/nodejs/node{major}/node_modules:/opt/nodejs/node_modules:/var/runtime/node_modules:/var/runtime"
    return {"NODE_PATH": path, "AWS_EXECUTION_ENV": f"AWS_Lambda_nodejs{major}.x"}


def managed_runtime(row):
    return "python3.11" if row["language"] == "python" else "nodejs20.x"


def aws_client(row, folder):
    """AWS's client as a bootstrap, which starts the wrapper as those of managed runtimes do."""
    if row["language"] == "python":
        client, command = CACHE / "client", f'"{CACHE}/venv/bin/python3" "{HERE}/aws_client.py"'
    else:
        client, command = CACHE / "nodejs/node_modules/aws-lambda-ric", f'node "{HERE}/aws_client.mjs"'
    text = f'#!/bin/sh\nexport AWS_CLIENT="{client}"\nexec ${{AWS_LAMBDA_EXEC_WRAPPER:+"$AWS_LAMBDA_EXEC_WRAPPER"}} {command}\n'
    return compat.write_executable(folder / "aws", text)


def versions():
    lock = json.loads((HERE / "nodejs/package-lock.json").read_text())["packages"]
    found = {place.removeprefix("node_modules/"): package["version"] for place, package in lock.items() if "version" in package}
    return found | dict(re.findall(r"^([\w.-]+)==([\w.]+)", (HERE / "requirements.txt").read_text(), re.M))


def describe(rows):
    """The section of docs/compatibility.md."""
    version = versions()
    lines = ["## Agents\n", "Each under AWS's client, on `provided` and through the wrapper of a managed runtime.\n"]
    lines += ["| agent | packages | arrives |", "| --- | --- | --- |"]
    for row in rows:
        packages = ", ".join(f"{name} {version[name]}" for name in row["packages"])
        lines.append(f"| {row['title']} | {packages} | {said_of(row)} |")
    notes = []
    for row in rows:
        notes += [f"- {row['title']}: {why}" for why in [*dict.fromkeys(row["differs"].values()), *[row[name] for name in ("lost", "why") if name in row]]]
    lines += ["", "What differs, and what to know:", "", *notes] if notes else []
    lines += ["", "Not run:", ""]
    lines += [f"- {name}: {why}" for name, why in json.loads((HERE / "not-run.json").read_text()).items()]
    return "\n".join(lines) + "\n\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

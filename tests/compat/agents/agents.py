"""The rows for vendors' agents: see ../README.md. usage: agents.py [--page FILE] [--spoil] [ROW…]"""
import base64
import gzip
import json
import os
import platform
import re
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "common"))
import compat as common  # noqa: E402
import packages as installed  # noqa: E402

CACHE = common.CACHE
LAYER = common.ROOT / "dist" / platform.machine().replace("aarch64", "arm64")
# A separate mount namespace, in which /opt has the layers.
IN_LAYERS = """
mount --bind "$1" /opt
test ! -d /opt/nodejs/node_modules || mount --bind "$2" /opt/nodejs/node_modules
shift 2
exec "$@"
"""


class Agents(common.Language):
    NAME = "Agents"
    HERE = HERE
    COLUMNS = ["agent", "packages"]
    RESULTS = ["arrives"]

    def interpreters(self, row):
        return [row["language"]]

    def version(self, interpreter):
        return ""

    def columns(self, row):
        return ["aws", "provided", "managed"]

    def path(self, interpreter):
        return CACHE / "python/venv/bin"

    def deploy(self, row, folder, interpreter):
        make_layers(row, folder / "opt")
        return self.copy_program(row, folder, "opt"), {}

    def enter(self, folder):
        namespace = "-m" if os.geteuid() == 0 else "-rm"
        return ["unshare", namespace, "sh", "-euc", IN_LAYERS, "sh", folder / "opt", CACHE / "agents/nodejs/node_modules"]

    def start(self, row, column, folder, interpreter, environment):
        for name, value in as_managed(row, column).items():
            environment.setdefault(name, value)
        if column == "managed" and "AWS_LAMBDA_EXEC_WRAPPER" in environment:
            environment["SLSWRAPPER"] = environment.pop("AWS_LAMBDA_EXEC_WRAPPER")
        managed = [f"--managed={managed_runtime(row)}"] if column == "managed" else []
        return ["--bootstrap", self.aws_bootstrap(folder, interpreter) if column == "aws" else "/opt/bootstrap", *managed]

    def aws_bootstrap(self, folder, interpreter):
        """Starts the wrapper as a managed runtime does."""
        commands = {
            "python": f'"{CACHE}/python/venv/bin/python3" "{HERE}/aws_client.py"',
            "nodejs": f'node --require "{HERE}/../nodejs/native.cjs" "{HERE}/../nodejs/ric3.mjs"',
        }
        client = f'export AWS_CLIENT="{CACHE}/python/client"'
        text = f'#!/bin/sh\n{client}\nexec ${{AWS_LAMBDA_EXEC_WRAPPER:+"$AWS_LAMBDA_EXEC_WRAPPER"}} {commands[interpreter]}\n'
        return common.write_executable(folder / "aws", text)

    def told_by_log(self, log):
        """Returns New Relic's lines, as its reader of CloudWatch's logs gets them. One may follow output without a line feed."""
        lines = re.findall(r'\[\d+, ?"NR_LAMBDA_MONITORING", ?"([^"]+)"\]', log)
        return "".join(f"NEW RELIC\n{gzip.decompress(base64.b64decode(line)).decode()}\n" for line in lines)

    def head(self):
        return "Each under AWS's client, on `provided` and through the wrapper of a managed runtime."

    def cells(self, row):
        return [row["title"], ", ".join(f"{name} {versions(row['language'])[name]}" for name in row["packages"])]


def make_layers(row, layers):
    """Makes the files of /opt: Open Runtime, the vendor's packages, and the row's own `opt`."""
    own = HERE / "rows" / row.get("program", row["name"]) / "opt"
    shutil.copytree(own, layers) if own.exists() else layers.mkdir()
    for name, target in {"bootstrap": "bootstrap", "open-runtime": "bootstrap", "runtimes": "runtimes"}.items():
        (layers / name).symlink_to(LAYER / target)
    if row["language"] == "nodejs":
        (layers / "nodejs/node_modules").mkdir(parents=True)
        return
    (layers / "python").mkdir(exist_ok=True)
    for name in installed.top_levels(row["packages"], CACHE / "agents/packages"):
        (layers / "python" / name).symlink_to(CACHE / "agents/packages" / name)
    (layers / "python/bin").symlink_to(CACHE / "agents/packages/bin")


def as_managed(row, column):
    """Returns the variables that a managed runtime sets before it starts the wrapper."""
    if column == "provided" or row["language"] == "python":
        return {"AWS_EXECUTION_ENV": f"AWS_Lambda_{managed_runtime(row)}"} if column == "aws" else {}
    major = managed_runtime(row).strip("nodejs.x")
    path = f"/opt/nodejs/node{major}/node_modules:/opt/nodejs/node_modules:/var/runtime/node_modules:/var/runtime"
    return {"NODE_PATH": path, "AWS_EXECUTION_ENV": f"AWS_Lambda_nodejs{major}.x"}


def managed_runtime(row):
    return "python3.11" if row["language"] == "python" else "nodejs20.x"


def versions(language):
    if language == "python":
        return dict(re.findall(r"^([\w.-]+)==([\w.]+)", (HERE / "requirements.txt").read_text(), re.M))
    lock = json.loads((HERE / "nodejs/package-lock.json").read_text())["packages"]
    return {place.removeprefix("node_modules/"): package["version"] for place, package in lock.items() if "version" in package}


if __name__ == "__main__":
    sys.exit(common.main(Agents(), sys.argv[1:]))

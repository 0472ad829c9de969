"""The rows for Node.js: see ../README.md. usage: compat.py [--page FILE] [--spoil] [ROW…]"""
import json
import platform
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "common"))
import compat as common  # noqa: E402

CACHE = common.ROOT / ".cache"
MACHINE = "arm64" if platform.machine() == "aarch64" else "x64"
VERSIONS = ["20", "22", "24"]
CLIENTS = {"20": "ric3", "22": "ric3", "24": "ric4"}
STARTS = {"ric3": HERE / "ric3.mjs", "ric4": CACHE / "nodejs-client/node_modules/ric4/index.mjs"}


class NodeJs(common.Language):
    NAME = "Node.js"
    HERE = HERE
    COLUMNS = ["program", "packages", "Node.js"]

    def interpreters(self, row):
        return row.get("versions", VERSIONS)

    def version(self, interpreter):
        return interpreter

    def path(self, interpreter):
        return CACHE / f"node-versions/node_modules/{interpreter}-{MACHINE}/bin"

    def deploy(self, row, folder, interpreter):
        """Packages are links. Node.js finds their dependencies beside their targets."""
        task_root = self.copy_program(row, folder)
        for name in row["packages"]:
            link = task_root / "node_modules" / name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(installed(row) / "node_modules" / name)
        if "build" in row:
            command = ["node", CACHE / "compat/nodejs/packages/node_modules/esbuild/bin/esbuild", *row["build"]]
            subprocess.run(command, cwd=task_root, check=True, capture_output=True, env={"PATH": f"{self.path(interpreter)}:/usr/bin:/bin"})
        return task_root, {}

    def aws_bootstrap(self, folder, interpreter):
        text = f'#!/bin/sh\nexec "{self.path(interpreter)}/node" --require "{HERE}/native.cjs" "{STARTS[CLIENTS[interpreter]]}"\n'
        return common.write_executable(folder / "aws", text)

    def head(self):
        node = locked(HERE.parents[1] / "runtimes/node-versions")
        client = locked(HERE.parents[1] / "runtimes/nodejs-client")
        runs = [f"{node[version + '-x64']} with aws-lambda-ric {client[CLIENTS[version]]}" for version in VERSIONS]
        return f"Each program runs under Node.js {', '.join(runs[:-1])} and {runs[-1]} as AWS's client, or under those that the table names."

    def cells(self, row):
        versions = locked(HERE / installed(row).name)
        packages = ", ".join(f"{name} {versions[name]}" for name in row["packages"])
        return [row["title"], packages or "none", ", ".join(row.get("versions", VERSIONS))]


def installed(row):
    return CACHE / "compat/nodejs" / row.get("from", "packages")


def locked(folder):
    """Returns the version of each package in the lock file of the folder."""
    packages = json.loads((folder / "package-lock.json").read_text())["packages"]
    return {path.removeprefix("node_modules/"): package["version"] for path, package in packages.items() if path}


if __name__ == "__main__":
    sys.exit(common.main(NodeJs(), sys.argv[1:]))

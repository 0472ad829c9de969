"""The rows for Python: see ../README.md. usage: compat.py [--page FILE] [--spoil] [ROW…]"""
import glob
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "common"))
import compat as common  # noqa: E402
import packages as installed  # noqa: E402

CACHE = common.CACHE / "python"


class Python(common.Language):
    NAME = "Python"
    HERE = HERE

    def interpreters(self, row):
        return every_python() if row.get("every_python") else [None]

    def version(self, interpreter):
        return version_of(interpreter) if interpreter else ""

    def columns(self, row):
        return ["raw"] if row.get("every_python") else super().columns(row)

    def path(self, interpreter):
        return self.venv(interpreter) / "bin"

    def venv(self, interpreter):
        return make_venv(interpreter) if interpreter else CACHE / "venv"

    def deploy(self, row, folder, interpreter):
        task_root = self.copy_program(row, folder)
        environment = {}
        packages = task_root
        if row.get("deployed") == "layer":
            packages = folder / "layer/python"
            packages.mkdir(parents=True)
            environment["PYTHONPATH"] = str(packages)
        for name in installed.top_levels(row["packages"], CACHE / "packages"):
            if not (packages / name).exists():
                (packages / name).symlink_to(CACHE / "packages" / name)
        return task_root, environment

    def aws_bootstrap(self, folder, interpreter):
        text = f'#!/bin/sh\nexport PYTHONPATH="{CACHE}/client${{PYTHONPATH:+:$PYTHONPATH}}"\nexec "{self.venv(interpreter)}/bin/python3" -m awslambdaric "$_HANDLER"\n'
        return common.write_executable(folder / "aws", text)

    def head(self):
        return f"AWS's client is awslambdaric {versions()['awslambdaric']}."

    def cells(self, row):
        packages = ", ".join(f"{name} {versions()[name]}" for name in (installed.split(package)[0] for package in row["packages"]))
        return [row["title"], packages or "none"]


def versions():
    locks = "".join((HERE / f"{name}.txt").read_text() for name in ("client", "requirements"))
    return dict(re.findall(r"^([\w.-]+)(?:\[[^\]]*\])?==([\w.]+)", locks, re.M))


def every_python():
    """Returns every CPython from 3.10 on that this machine has."""
    found = {}
    folders = [*os.environ["PATH"].split(":"), "/usr/bin"]
    if shutil.which("pyenv"):
        root = subprocess.run(["pyenv", "root"], capture_output=True, text=True, check=True).stdout.strip()
        folders += glob.glob(f"{root}/versions/*/bin")
    for folder in folders:
        for path in glob.glob(f"{folder}/python3*"):
            if re.fullmatch(r"python3(\.\d+)?", os.path.basename(path)) and not folder.endswith("/shims"):
                found[os.path.realpath(path)] = None
    return [path for path in found if is_new_enough(path)]


def is_new_enough(python):
    check = "import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 10) or sys.prefix != sys.base_prefix)"
    return subprocess.run([python, "-c", check], capture_output=True).returncode == 0


def version_of(python):
    command = [python, "-c", "import platform; print(platform.python_version())"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def make_venv(python):
    """Makes a venv of that interpreter with the packages of imports.txt, which include setuptools."""
    venv = CACHE / "venvs" / re.sub(r"\W+", "-", python).strip("-")
    wanted = python + version_of(python) + (HERE / "imports.txt").read_text()
    mark = venv / "installed"
    if common.read(mark) != wanted:
        print(f"compat: installing a venv of {python}", file=sys.stderr, flush=True)
        shutil.rmtree(venv, ignore_errors=True)
        subprocess.run([python, "-m", "venv", venv], check=True, capture_output=True)
        pip = [venv / "bin/python3", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        subprocess.run([*pip, "-r", HERE / "imports.txt"], check=True, capture_output=True)
        mark.write_text(wanted)
    return venv


if __name__ == "__main__":
    sys.exit(common.main(Python(), sys.argv[1:]))

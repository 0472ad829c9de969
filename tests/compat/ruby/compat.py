"""The rows for Ruby: see ../README.md. usage: compat.py [--page FILE] [--spoil] [ROW…] | --live FOLDER [ROW…] | --record FOLDER [ROW…]"""
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "common"))
import compat as common  # noqa: E402
import debs  # noqa: E402
import recorded  # noqa: E402

PACKAGES = common.CACHE / "ruby/packages/usr"


class Ruby(common.Language):
    NAME = "Ruby"
    HERE = HERE

    def interpreters(self, row):
        return [None]

    def version(self, interpreter):
        return ""

    def path(self, interpreter):
        return Path(shutil.which("ruby")).parent

    def peer(self, row, folder, interpreter):
        """Returns the recorded results."""
        return recorded.results(self, row["name"])

    def deploy(self, row, folder, interpreter):
        """The packages are in vendor/bundle, where Lambda finds gems."""
        task_root = self.copy_program(row, folder)
        if not row["packages"]:
            return task_root, {}
        make_bundle(task_root / f"vendor/bundle/ruby/{series()}.0")
        return task_root, {"LD_LIBRARY_PATH": str(PACKAGES / f"lib/{machine()}")}

    def head(self):
        told = recorded.told(self, "errors")
        return f"What AWS's client, aws_lambda_ric {told['client']}, answers was recorded under Ruby {told['ruby']}. The packages are Debian's."

    def cells(self, row):
        return [row["title"], debs.told(row, HERE / "debs.txt")]


class Live(Ruby):
    """Compares with AWS's client in a folder, not with what it answered once."""

    def __init__(self, client):
        self.client = client

    def peer(self, row, folder, interpreter):
        return None

    def deploy(self, row, folder, interpreter):
        task_root, environment = super().deploy(row, folder, interpreter)
        return task_root, {**environment, "GEM_PATH": f"{task_root}/vendor/bundle/ruby/{series()}.0:"}

    def aws_bootstrap(self, folder, interpreter):
        """Keeps Ruby 3.1 from adding to messages what Ruby 3.2 and later, which Lambda has, do not add."""
        options = "--disable-error_highlight --disable-did_you_mean"
        return common.write_executable(folder / "aws", f'#!/bin/sh\nexec ruby {options} "{HERE}/client.rb" "{self.client}"\n')


def make_bundle(bundle):
    """Makes a folder of gems as Bundler does. For gems that Debian packages as libraries, it has the whole library."""
    (bundle / "gems").mkdir(parents=True)
    (bundle / "specifications").mkdir()
    built = PACKAGES / f"lib/{machine()}/rubygems-integration/{series()}.0"
    (bundle / "extensions").symlink_to(built / "extensions")
    for gems in (PACKAGES / "share/rubygems-integration/all", PACKAGES / f"share/rubygems-integration/{series()}.0", built):
        for specification in (gems / "specifications").iterdir():
            (bundle / "specifications" / specification.name).symlink_to(specification)
            gem = bundle / "gems" / specification.stem
            if (gems / "gems" / gem.name).exists():
                gem.symlink_to(gems / "gems" / gem.name)
            else:
                gem.mkdir()
                (gem / "lib").symlink_to(PACKAGES / "lib/ruby/vendor_ruby")


def machine():
    """Debian's name of this machine, as in the names of folders."""
    return next((PACKAGES / "lib").glob("*-linux-gnu*")).name


def series():
    return subprocess.run(["ruby", "-e", "print RUBY_VERSION[/\\d+\\.\\d+/]"], capture_output=True, text=True, check=True).stdout


def warn_of_another_ruby():
    told = recorded.told(Ruby(), "errors")["ruby"]
    if not told.startswith(series() + "."):
        print(f"compat: this is Ruby {series()}, and AWS's client was recorded under {told}: messages may differ", file=sys.stderr)


def record(client, names):
    """Writes expected.json of these rows. Default: all rows."""
    version = re.search(r"VERSION = '([\d.]+)'", (client / "lib/aws_lambda_ric/version.rb").read_text())[1]
    ruby = subprocess.run(["ruby", "-e", "print RUBY_VERSION"], capture_output=True, text=True, check=True).stdout
    names = names or sorted(path.name for path in (HERE / "rows").iterdir())
    recorded.record(Live(client), names, {"client": version, "ruby": ruby})


if __name__ == "__main__":
    if sys.argv[1:2] == ["--record"] and sys.argv[2:]:
        record(Path(sys.argv[2]).resolve(), sys.argv[3:])
    elif sys.argv[1:2] == ["--live"] and sys.argv[2:]:
        sys.exit(common.main(Live(Path(sys.argv[2]).resolve()), sys.argv[3:]))
    else:
        warn_of_another_ruby()
        sys.exit(common.main(Ruby(), sys.argv[1:]))

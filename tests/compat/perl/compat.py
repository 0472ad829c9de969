"""The rows for Perl: see ../README.md. usage: compat.py [--page FILE] [--spoil] [ROW…] | --live FOLDER ROW… | --record FOLDER VERSION ROW…"""
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "common"))
import compat as common  # noqa: E402
import plain  # noqa: E402

PACKAGES = common.CACHE / "perl/packages/usr"


class Perl(plain.Plain):
    NAME = "Perl"
    HERE = HERE
    INTERPRETER = ["perl", "-I."]
    SUFFIX = ".pl"
    RUNTIME = "AWS::Lambda"

    def deploy(self, row, folder, interpreter):
        libraries = next((PACKAGES / "lib").glob("*-linux-gnu*"))
        compiled = next((libraries / "perl5").iterdir())
        return self.copy_program(row, folder), {"PERL5LIB": f"{PACKAGES}/share/perl5:{compiled}", "LD_LIBRARY_PATH": str(libraries)}

    def head(self):
        return (
            "AWS has no client for Perl. Each program is compared with itself, run by `perl` outside of Lambda, or with what it answered "
            "once under [AWS::Lambda](https://metacpan.org/dist/AWS-Lambda). The packages are Debian's."
        )


class Live(Perl):
    """Runs rows under AWS::Lambda in a folder, not with what it answered once."""

    def __init__(self, client):
        self.client = client

    def peer(self, row, folder, interpreter):
        return None

    def aws_bootstrap(self, folder, interpreter):
        command = f"""exec perl "-I{self.client}/lib" -MAWS::Lambda::Bootstrap -e 'bootstrap(@ARGV)'"""
        return common.write_executable(folder / "aws-lambda", f"#!/bin/sh\n{command}\n")


if __name__ == "__main__":
    sys.exit(plain.main(Perl, Live, sys.argv[1:]))

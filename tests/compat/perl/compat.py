"""The rows for Perl: see ../README.md. usage: compat.py [--page FILE] [--spoil] [ROW…]"""
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "common"))
import compat as common  # noqa: E402
import plain  # noqa: E402


class Perl(plain.Plain):
    NAME = "Perl"
    HERE = HERE
    INTERPRETER = ["perl", "-I."]
    SUFFIX = ".pl"

    def deploy(self, row, folder, interpreter):
        return self.copy_program(row, folder), {"PERL5LIB": str(common.CACHE / "perl/packages/usr/share/perl5")}

    def head(self):
        return "AWS has no client for Perl: each program is compared with itself, run by `perl` outside of Lambda. The packages are Debian's."


if __name__ == "__main__":
    sys.exit(common.main(Perl(), sys.argv[1:]))

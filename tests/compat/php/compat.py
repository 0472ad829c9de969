"""The rows for PHP: see ../README.md. usage: compat.py [--page FILE] [--spoil] [ROW…] | --live FOLDER ROW… | --record FOLDER VERSION ROW…"""
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "common"))
import compat as common  # noqa: E402
import plain  # noqa: E402

PACKAGES = common.CACHE / "php/packages/usr"


class Php(plain.Plain):
    NAME = "PHP"
    HERE = HERE
    INTERPRETER = ["php", "-d", "display_errors=0", "-d", "log_errors=1", "-d", "error_log=", "-d", "html_errors=0"]
    SUFFIX = ".php"
    RUNTIME = "Bref"

    def deploy(self, row, folder, interpreter):
        """The packages are in vendor, which the program adds to its include_path, as Debian's packages expect. PHP loads extensions."""
        task_root = self.copy_program(row, folder)
        if row["packages"]:
            (task_root / "vendor").symlink_to(PACKAGES / "share/php")
        return task_root, load_extensions(row.get("extensions", []), task_root)

    def head(self):
        return (
            "AWS has no client for PHP. Each program is compared with itself, run by `php` outside of Lambda, or with what it answered "
            "once under [Bref](https://bref.sh)'s runtime for functions. The packages are Debian's."
        )


class Live(Php):
    """Runs rows under Bref in a folder, not with what it answered once."""

    def __init__(self, bref):
        self.bref = bref

    def peer(self, row, folder, interpreter):
        return None

    def deploy(self, row, folder, interpreter):
        """Bref needs curl."""
        extensions = [*row.get("extensions", []), "curl"]
        return super().deploy({**row, "extensions": extensions}, folder, interpreter)

    def aws_bootstrap(self, folder, interpreter):
        """Starts Bref's loop again when it ends, as Bref's layers do. Bref must not send its statistics."""
        command = f'BREF_PING_DISABLE=1 php "{HERE}/bref.php" "{self.bref}" "{PACKAGES}/share/php"'
        return common.write_executable(folder / "bref", f"#!/bin/sh\nwhile {command}\ndo\n\t:\ndone\n")


def load_extensions(names, task_root):
    """Returns the environment by which PHP loads these extensions, and finds their libraries."""
    if not names:
        return {}
    (task_root / "php.d").mkdir()
    lines = [f"extension={next((PACKAGES / 'lib/php').glob(f'*/{name}.so'))}\n" for name in names]
    (task_root / "php.d/extensions.ini").write_text("".join(lines))
    return {"PHP_INI_SCAN_DIR": f":{task_root}/php.d", "LD_LIBRARY_PATH": str(next((PACKAGES / "lib").glob("*-linux-gnu*")))}


if __name__ == "__main__":
    sys.exit(plain.main(Php, Live, sys.argv[1:]))

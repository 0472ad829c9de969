"""The rows for PHP: see ../README.md. usage: compat.py [--page FILE] [--spoil] [ROW…]"""
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "common"))
import compat as common  # noqa: E402
import plain  # noqa: E402


class Php(plain.Plain):
    NAME = "PHP"
    HERE = HERE
    INTERPRETER = ["php", "-d", "display_errors=0", "-d", "log_errors=1", "-d", "error_log=", "-d", "html_errors=0"]
    SUFFIX = ".php"

    def deploy(self, row, folder, interpreter):
        """The packages are in vendor, which the program adds to its include_path, as Debian's packages expect."""
        task_root = self.copy_program(row, folder)
        if row["packages"]:
            (task_root / "vendor").symlink_to(common.CACHE / "php/packages/usr/share/php")
        return task_root, {}

    def head(self):
        return "AWS has no client for PHP: each program is compared with itself, run by `php` outside of Lambda. The packages are Debian's."


if __name__ == "__main__":
    sys.exit(common.main(Php(), sys.argv[1:]))

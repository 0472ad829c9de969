"""SnapStart: runs what AWS's package snapshot_restore_py has registered, around the snapshot. Imported with SnapStart alone."""
import sys

from open_runtime import decode, describe_error, flush, write_response


class Lines:
    """The lines from bootstrap. Answers those of hooks, which come before the first call, and passes the others on."""

    def __init__(self, lines):
        self.lines = lines

    def readline(self, size):
        line = self.lines.readline(size)
        while line[:200].find(b',"hook":"') > 0 and len(line) < size:
            answer(decode(line.decode()))
            line = self.lines.readline(size)
        self.readline = self.lines.readline
        return line


def answer(call):
    try:
        run(call["hook"])
        member, json = "response", "null"
    except BaseException as error:
        member, json = "error", describe_error(error, call["id"])
    try:
        flush()
    except Exception:
        pass  # user code has closed its stdout
    write_response(member, json, call["id"])


def run(hook):
    """As AWS's client: the hooks before the snapshot from the last to the first, those after it from the first to the last."""
    registered = sys.modules.get("snapshot_restore_py")
    if hook == "before-snapshot" and registered:
        hooks = registered.get_before_snapshot()
        while hooks:
            function, args, kwargs = hooks.pop()
            function(*args, **kwargs)
    if hook == "after-restore":
        if "random" in sys.modules:
            sys.modules["random"].seed()  # or each environment of the snapshot would have the same numbers
        for function, args, kwargs in registered.get_after_restore() if registered else ():
            function(*args, **kwargs)

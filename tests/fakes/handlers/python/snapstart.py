"""For SnapStart: says in the file `said` when the hooks run that it has registered with AWS's package."""
import os

from snapshot_restore_py import register_after_restore, register_before_snapshot


def say(what):
    with open("said", "a") as file:
        print(what, file=file)
    if os.environ.get("FAILS") == what:
        raise KeyError(f"{what} has failed")


register_before_snapshot(say, "before")
register_after_restore(say, "after")


def handler(event, context):
    say("call")
    return event

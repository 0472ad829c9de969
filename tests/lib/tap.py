"""For every program of the tests in Python: TAP, <https://testanything.org/>, and waiting.

A test is reported by what is wrong with it (`report`), or by a function that raises what is wrong (`attempt`). `finish` ends the
program. What a machine lacks (`Missing`) is a skip, and a failure where CI=true.
"""

import os
import sys
import time
import traceback

count = failures = 0
planned = False


class Missing(Exception):
    """This machine lacks what the test needs."""


def plan(number):
    """Says how many tests there will be; a program that cannot know leaves it to `finish`."""
    global planned
    planned = True
    print(f"1..{number}", flush=True)


def report(title, trouble=(), notes=()):
    """Prints the result of one test. Trouble has a text for each thing that is wrong; twenty are enough."""
    global count, failures
    count += 1
    failures += bool(trouble)
    print(f"{'not ok' if trouble else 'ok'} {count} - {title}")
    for text in [*trouble][:20] + [*notes]:
        for line in str(text).splitlines():
            print(f"#\t{line[:1000]}")
    sys.stdout.flush()


def skip(title, reason, notes=()):
    report(f"{title} # SKIP {reason}", notes=notes)


def attempt(title, test):
    """Runs a test, which raises what is wrong, and prints its result."""
    try:
        test()
    except Missing as what:
        if os.environ.get("CI") == "true":
            report(title, [what])
        else:
            skip(title, what)
    except Exception:
        report(title, [traceback.format_exc()])
    else:
        report(title)


def finish():
    """Ends the program: status 0 if there was a test and none failed."""
    if not planned:
        plan(count)
    sys.exit(failures > 0 or count == 0)


def within(limit, condition, explain=lambda: ""):
    """Waits until the condition holds, for at most so many seconds; what it gave. What `explain` gives is said when it does not."""
    end = time.monotonic() + limit
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < end, f"not within {limit} s {explain()}".rstrip()
        time.sleep(0.005)

"""For every test program in Python: TAP, <https://testanything.org/>, and waiting.

`report` takes the faults of a test, and `attempt` a function that raises them. `finish` ends the program. A test that raises
`Missing`, because the machine lacks something, is skipped, or fails if CI=true.
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
    """Prints the number of tests. A program that does not know it leaves that to `finish`."""
    global planned
    planned = True
    print(f"1..{number}", flush=True)


def report(title, trouble=(), notes=()):
    """Prints the result of one test. `trouble` has a text for each fault, of which twenty are printed."""
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
    """Runs a test, which raises its fault, and prints its result."""
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
    """Waits at most this many seconds for the condition, and returns its value. The error has the result of `explain`."""
    end = time.monotonic() + limit
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < end, f"not within {limit} s {explain()}".rstrip()
        time.sleep(0.005)

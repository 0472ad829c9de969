"""Runs the tries, each a line of a table, and prints TAP. See ./run."""

import os
import sys
import time
import traceback

from peer import HERE, REGISTERED, Api, Environment
from raw_api import event


tries = []


class Try:
    """One line of a table: what is sent, and what is expected of it."""

    def __init__(self, group, name, run):
        self.group, self.name, self.run = group, name, run


def add(group, name, run):
    tries.append(Try(group, name, run))


class Right:
    """The event is answered with this JSON, which may be left to the try to tell."""

    def __init__(self, json=b"[1]"):
        self.json = json


class Error:
    """The event is answered with an error of this type, whose message has this text."""

    def __init__(self, type, text=""):
        self.type, self.text = type, text


class Ends:
    """bootstrap ends by itself with status 1, and its log has this text."""

    def __init__(self, text, is_answered=False):
        self.text, self.is_answered = text, is_answered


def fake(name):
    return name if name.startswith("/") else f"{HERE}/{name}"


def lambda_for(expected, events, seconds=5, peak=9000, runtime="speaks", posts=(), register=REGISTERED, env=None, **options):
    """The try: the first event meets what is expected, a second one is served after it, and no more memory is taken, in KB."""
    api = Api(events, posts, register)
    with Environment(api, env={"SLSRUNTIME": fake(runtime), **(env or {})}, **options) as environment:
        if isinstance(expected, Ends):
            status = environment.wait(seconds)
            assert status == 1, f"status {status}, not 1; log: {environment.log()[-1000:]}"
            assert expected.text in environment.log(), environment.log()[-2000:]
        else:
            check(expected, environment.answered(1, seconds), environment)
            took = environment.peak()
            assert took <= peak, f"{took} KB, more than {peak} KB"
            api.send(event(2))
            check(Right(b"[2]"), environment.answered(2, seconds), environment)
        ids = [posted.id for posted in api.posted if posted.id != "init"]
        assert len(ids) - len(set(ids)) <= len(posts), f"answered twice: {ids}"
        assert "panicked" not in environment.log(), environment.log()[-2000:]


def check(expected, posted, environment):
    assert posted, f"no answer; status {environment.process.poll()}; log: {environment.log()[-2000:]}"
    if isinstance(expected, Right):
        assert posted.kind == "response", posted.body[:1000]
        assert posted.body == expected.json, (len(posted.body), posted.body[:300], expected.json[:300])
    else:
        assert posted.kind == "error", posted.body[:1000]
        assert posted.body.startswith(b'{"errorType":"%s","errorMessage":' % expected.type.encode()), posted.body[:1000]
        assert expected.text.encode() in posted.body, posted.body[:1000]


def main(words):
    chosen = [one for one in tries if all(word in f"{one.group}: {one.name}" for word in words)]
    print(f"1..{len(chosen)}")
    failed = 0
    for number, one in enumerate(chosen, 1):
        title, began = f"{number} - {one.group}: {one.name}", time.monotonic()
        try:
            reason = one.run()
            print(f"ok {title}" + (f" # SKIP {reason}" if reason else ""), flush=True)
        except Exception:
            failed += 1
            print(f"not ok {title}")
            print("".join(f"# {line}\n" for line in traceback.format_exc().splitlines()[-12:]), end="", flush=True)
        if os.environ.get("V") == "1":
            print(f"# {time.monotonic() - began:.2f} s", flush=True)
    return failed == 0


if __name__ == "__main__":
    sys.modules["hostile"] = sys.modules["__main__"]
    for name in ("tries_bootstrap",):
        __import__(name)
    sys.exit(not main(sys.argv[1:]))

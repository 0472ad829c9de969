"""Runs the tries, which are lines of tables, and prints TAP. See ./run."""

import multiprocessing
import os
import sys
import time
import traceback

from peer import HERE, REGISTERED, Api, Environment
import raw_api
import tap
from tap import within


JOBS = 4
MORE_KB = int(os.environ.get("HOSTILE_MORE_KB") or 0)
tries, chosen = [], []


class Try:
    """One line of a table: what is sent, and what is expected. Only `run --long` runs those with is_long."""

    def __init__(self, group, name, run, is_long):
        self.group, self.name, self.run, self.is_long = group, name, run, is_long


def event(number, *headers, timeout_ms=3_600_000, **more):
    """Like raw_api.event, with a deadline that does not pass during the other tries."""
    return raw_api.event(number, *headers, timeout_ms=timeout_ms, **more)


def event_of(text, number=1):
    """An event with this body."""
    return event(number, body=text)


def of(group, name, expected, events=None, is_long=False, timeout_ms=3_600_000, lacks=None, claim=None, **options):
    """Adds a try of bootstrap. /next answers with `events`; default: event 1, with that timeout. The try is skipped if this
    machine lacks something. Its title is a claim: what the peer does, and what follows from it."""

    def run():
        if lacks:
            return f"no {lacks} here"
        given = events() if callable(events) else events
        return lambda_for(expected, [event(1, timeout_ms=timeout_ms)] if given is None else given, **options)

    add(group, f"{name}: {claim or expected.claim}", run, is_long)


def add(group, name, run, is_long=False):
    tries.append(Try(group, name, run, is_long))


class Right:
    """Expected: the event is answered with this JSON."""

    claim = "the event gets the right answer"

    def __init__(self, json=b"[1]"):
        self.json = json


class Error:
    """Expected: the event is answered with an error of this type, whose message contains this text."""

    def __init__(self, type, text=""):
        self.type, self.text = type, text
        self.claim = f"the invocation fails with {type}"


class Ends:
    """Expected: bootstrap exits by itself with status 1, and its log contains this text. Before, it may give this answer."""

    claim = "bootstrap exits, and the log says why"

    def __init__(self, text, answer=None):
        self.text, self.answer = text, answer


class Stops:
    """Expected: after the event was sent, or the language runtime wrote the file ready, SIGTERM ends all processes in time."""

    claim = "SIGTERM ends all processes in time"

    def __init__(self, seconds=0.6):
        self.seconds = seconds


class Either:
    """Expected: one of two results, if the kernel decides which."""

    def __init__(self, *expected):
        self.expected = expected
        self.claim = " or ".join(one.claim for one in expected)


def fake(name):
    return name if name is None or name.startswith("/") else f"{HERE}/{name}"


def lambda_for(
    expected,
    events,
    seconds=5,
    peak=9000,
    runtime="speaks",
    posts=(),
    register=REGISTERED,
    env=None,
    meanwhile=None,
    survivors=0,
    again=True,
    starts=1,
    id="id-1",
    **options,
):
    """Runs a try: the first event has the expected result, a second one is served, nothing leaks, only the survivors are left,
    and the memory stays below `peak` KB. `meanwhile` runs after the first event was given. The second event is given after the
    language runtime was started `starts` times."""
    api = Api(events, posts, register)
    with Environment(api, env={"SLSRUNTIME": fake(runtime), **(env or {})}, **options) as environment:
        if meanwhile:
            assert api.wait(lambda: api.given > 0, seconds), environment.log()[-2000:]
            meanwhile(environment)
        if isinstance(expected, Either):
            environment.answered(id, seconds)
            expected = expected.expected[environment.process.poll() is not None]
        if isinstance(expected, Ends):
            ends(expected, environment, seconds)
        elif isinstance(expected, Stops):
            stops(expected, environment, seconds)
        else:
            serves(expected, environment, seconds, peak, again, starts, id)
        ids = [posted.id for posted in api.posted if posted.id != "init"]
        assert len(ids) - len(set(ids)) <= len(posts), f"answered twice: {ids}"
        assert "panicked" not in environment.log(), environment.log()[-2000:]
        environment.process.poll() is not None or environment.process.terminate()
        status = environment.wait(1)
        assert status is not None, "SIGTERM does not end it"
        assert status in (0, 1), f"ended by {status}"
        left = environment.survivors(survivors)
        assert left == survivors, f"{left} processes are left"


def ends(expected, environment, seconds):
    status = environment.wait(seconds)
    assert status == 1, f"status {status}, not 1; log: {environment.log()[-1000:]}"
    assert expected.text in environment.log(), environment.log()[-2000:]
    answered = [posted for posted in environment.api.posted if posted.id != "init"]
    if expected.answer:
        check(expected.answer, next(iter(answered), None), environment)
    else:
        assert not answered, answered[0].body[:1000]


def stops(expected, environment, seconds):
    within(seconds, lambda: os.path.exists(f"{environment.root}/ready"), environment.log)
    assert environment.process.poll() is None, environment.log()[-2000:]
    began = time.monotonic()
    environment.process.terminate()
    status = environment.wait(seconds)
    took = time.monotonic() - began
    assert status == 0, f"status {status}; log: {environment.log()[-2000:]}"
    assert took <= expected.seconds, f"{took:.3f} s"


def serves(expected, environment, seconds, peak, again, starts, id):
    check(expected, environment.answered(id, seconds), environment)
    took = environment.peak()
    assert took <= peak + MORE_KB, f"{took} KB, more than {peak + MORE_KB} KB"
    if again:
        within(2, lambda: starts == 1 or environment.starts() >= starts, lambda: f"{environment.starts()} starts")
        environment.api.send(event(2))
        check(Right(b"[2]"), environment.answered("id-2", seconds), environment)
        assert environment.api.wait(lambda: environment.api.asked > environment.api.given, 2), "the next event is not asked for"
        leaks = environment.leaks()
        assert not leaks, f"leaks: {leaks}"


def check(expected, posted, environment):
    assert posted, f"no answer; status {environment.process.poll()}; log: {environment.log()[-2000:]}"
    if isinstance(expected, Right):
        assert posted.kind == "response", posted.body[:1000]
        assert posted.body == expected.json, (len(posted.body), posted.body[:300], posted.body[-100:], expected.json[:300])
    else:
        assert posted.kind == "error", posted.body[:1000]
        assert posted.body.startswith(b'{"errorType":"%s","errorMessage":' % expected.type.encode()), posted.body[:1000]
        assert expected.text.encode() in posted.body, posted.body[:1000]


def attempt(index):
    """Runs one of the chosen tries in its own process. Returns why it is skipped, its fault, and how long it took."""
    began, reason, trouble = time.monotonic(), None, []
    try:
        reason = chosen[index].run()
    except Exception:
        trouble = traceback.format_exc().splitlines()[-12:]
    return reason, trouble, time.monotonic() - began


def main(words):
    is_long = "--long" in words
    words = [word for word in words if word != "--long"]
    chosen.extend(one for one in tries if (is_long or not one.is_long) and all(word in f"{one.group}: {one.name}" for word in words))
    tap.plan(len(chosen))
    with multiprocessing.get_context("fork").Pool(JOBS) as pool:  # most of a try is waiting
        for one, (reason, trouble, took) in zip(chosen, pool.imap(attempt, range(len(chosen)))):
            notes = [f"{took:.2f} s"] if os.environ.get("V") == "1" else []
            if reason:
                tap.skip(f"{one.group}: {one.name}", reason, notes)
            else:
                tap.report(f"{one.group}: {one.name}", trouble, notes)
    tap.finish()


if __name__ == "__main__":
    sys.modules["hostile"] = sys.modules["__main__"]
    for name in sorted(os.listdir(HERE)):
        if name.startswith("tries_") and name.endswith(".py"):
            __import__(name[:-3])
    main(sys.argv[1:])

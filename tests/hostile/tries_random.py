"""Random mutations from a seed. The short run has a fixed one, so that it gives the same result each time; the long run takes and
prints another each time. HOSTILE_SEED=N sets the seed, HOSTILE_RANDOM=N the number of each kind."""

import json
import os
import random
import sys

from hostile import add, event, event_of
from peer import CLOSE, HERE, Api, Environment
from raw_api import answer
from tap import within

IS_LONG = "--long" in sys.argv
SEED = int(os.environ.get("HOSTILE_SEED") or (random.SystemRandom().randrange(1 << 32) if IS_LONG else 1))
NUMBER = int(os.environ.get("HOSTILE_RANDOM") or 20)
AT_ONCE = 1000  # the number of events for one bootstrap

PIECES = [
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b":",
    b",",
    b"\\",
    b"\n",
    b"\r\n",
    b"\0",
    b"\xff",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b" ",
    b"\t",
]
PIECES += [
    b"-",
    b"0",
    b"1e9",
    b"18446744073709551616",
    b"null",
    b"true",
    b"\\u0000",
    b"\\ud83d",
    b'"id":',
    b'"response":',
    b'"error":',
    b'"ready":',
]
PIECES += [
    b'"context":{',
    b"id-1",
    b"id-2",
    b"Content-Length: 5\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"HTTP/1.1 200 OK\r\n",
    b"\r\n\r\n",
]


def mutated(random, text):
    """Makes one to four changes: flips a bit, adds or removes a byte, inserts another text's piece, doubles or removes a part."""
    for _ in range(random.randint(1, 4)):
        at, end = sorted(random.randint(0, len(text)) for _ in range(2))
        text = random.choice(
            [
                lambda: text[:at] + bytes([text[at] ^ 1 << random.randrange(8)]) + text[at + 1 :] if at < len(text) else text,
                lambda: text[:at] + bytes([random.randrange(256)]) + text[at:],
                lambda: text[:at] + random.choice(PIECES) + text[at:],
                lambda: text[:at] + random.choice(PIECES) + text[end:],
                lambda: text[:end] + text[at:],
                lambda: text[:at] + text[end:] if end - at < 20 else text[:at] + text[at + 1 :],
                lambda: text[:at],
            ]
        )()
    return text


def survives(api, environment):
    """Checks that event 2 is answered once with itself, or the environment ended and logged the reason, in time."""
    environment.answered("id-2", 10)
    log = environment.log()
    assert "panicked" not in log, log[-2000:]
    status = environment.process.poll()
    if status is None:
        bodies = [posted.body for posted in api.posted if posted.id == "id-2"]
        assert bodies == [b"[2]"], f"{bodies}; log: {log[-2000:]}"
        assert not environment.leaks(), environment.leaks()
        environment.process.terminate()
        assert environment.wait(1) == 0, "SIGTERM does not end it"
    else:
        assert status == 1 and "bootstrap: " in log, f"{status}; log: {log[-2000:]}"


SAID = [
    b'{"id":"id-1","response":[1]}\n',
    b'{"id":"id-1","response":{"a":[1,2.5e3,"\\u00e9\\n"],"b":null}}\n',
    b'{"id":"id-1","error":{"errorType":"E","errorMessage":"m","stackTrace":["at f"],"trace":["E: m"]}}\n',
    b'{"ready":{"protocol":1,"name":"n","version":"1","concurrency":4}}\n',
    b'{"error":{"errorType":"E","errorMessage":"m"}}\n',
]


def says(random):
    """A language runtime prints a mutated line, then the right one. Event 1 may have any result."""
    line = mutated(random, random.choice(SAID))
    api = Api([event(1, timeout_ms=2000)])
    with Environment(api, env={"SLSRUNTIME": f"{HERE}/speaks"}, files={"says": f"say({line!r}); answer(event); tell('done')"}) as environment:
        posted = environment.answered("id-1", 10)
        assert posted or environment.process.poll() is not None, f"no answer to {line!r}"
        # The mutated text may have a second line. That must arrive before event 2, or event 2 would fail.
        within(10, lambda: os.path.exists(f"{environment.root}/done") or environment.starts() > 1 or environment.process.poll() is not None, lambda: f"{line!r} is not read")
        api.send(event(2))
        try:
            if posted and b"id-2" not in line:
                survives(api, environment)
        except AssertionError as error:
            raise AssertionError(f"{line!r}: {error}") from None


def answers(random):
    """Mutates an event, the answer to a response, or the answer to a registration. Then the connection ends."""
    kind = random.choice(["event", "post", "register"])
    good = {
        "event": event(1, b"Lambda-Runtime-Trace-Id: Root=1", b'Lambda-Runtime-Client-Context: {"a":1}'),
        "post": answer(b'{"status":"OK"}', b"202 Accepted", [b"Content-Type: application/json"]),
        "register": answer(b"{}", headers=[b"Lambda-Extension-Identifier: x"]),
    }
    odd = [mutated(random, good[kind]), CLOSE]
    events = [odd if kind == "event" else good["event"], event(2)]
    options = {"posts": [odd]} if kind == "post" else {"register": odd} if kind == "register" else {}
    api = Api(events, **options)
    with Environment(api, env={"SLSRUNTIME": f"{HERE}/speaks"}) as environment:
        try:
            survives(api, environment)
        except AssertionError as error:
            raise AssertionError(f"{kind} {odd[0]!r}: {error}") from None


def is_json(text):
    """True if the text is JSON as in RFC 8259: Python's own parser, in strict mode, accepts it."""

    def refuse(constant):
        raise ValueError(constant)

    try:
        json.loads(text.decode("utf-8"), parse_constant=refuse, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return False
    return True


EVENTS = [
    b'{"a":[1,-2.5e+3,true,false,null,"\\u00e9\\n\\"",{}],"b":{"c":"\xc3\xa9"}}',
    b'[[],{},"",0,-0,1E5,"\\ud83d\\ude00", "\\/"]',
    b'{"id":"id-1","event":1,"context":{"requestId":"x"},"clientContext":{},"response":1}',
    b' \t\r\n{ "a" : 1 }\n',
    b'"\xf0\x9f\x98\x80\\u0000"',
]


def reads(random, number):
    """Mutates events. JSON comes back unchanged, and anything else is an error of that call."""
    texts = [mutated(random, random.choice(EVENTS)) for _ in range(number)]
    texts = [text for text in texts if text.strip(b" \t\r\n")]  # t20 has empty events
    api = Api([event_of(text, count) for count, text in enumerate(texts, 1)])
    env = {"SLSRUNTIME": f"{HERE}/speaks", "SLSEVENTS": "raw"}
    with Environment(api, env=env) as environment:
        within(60, lambda: len(api.posted) >= len(texts) or environment.process.poll() is not None, environment.log)
        for text, posted in zip(texts, api.posted, strict=True):
            if is_json(text):
                line = text.replace(b"\r", b" ").replace(b"\n", b" ").strip()
                assert (posted.kind, posted.body) == ("response", line), (text, posted.body)
            else:
                assert posted.kind == "error" and b"Runtime.UnmarshalError" in posted.body, (text, posted.body)


def closely(random):
    """Answers within 50 ms of the deadline. Event 1 is answered once, with this answer or a timeout, and event 2 with its own."""
    timeout_ms, offset_ms = 400, random.randint(-50, 50)
    api = Api([event(1, timeout_ms=timeout_ms)])
    wait = (timeout_ms - 50 + offset_ms) / 1000
    files = {"says": f"ignore(2, 15); wait({wait}); answer(event)"}
    with Environment(api, env={"SLSRUNTIME": f"{HERE}/speaks"}, files=files) as environment:
        posted = environment.answered("id-1", 5)
        assert posted, environment.log()[-2000:]
        assert posted.body == b"[1]" or b"Function.Timeout" in posted.body, posted.body[:500]
        api.send(event(2))
        survives(api, environment)
        assert environment.process.poll() == 0 and len(api.posted) == 2, [(one.id, one.body[:99]) for one in api.posted]


def add_random(name, claim, number, do, is_long=False):
    """Adds the random tries. Each has its own seed in its title, so that it can be repeated alone."""
    for count in range(number):
        seed = f"{SEED}/{name}/{count}"
        add("random", f"{name}, HOSTILE_SEED={SEED} number {count}: {claim}", lambda seed=seed: do(random.Random(seed)), is_long)


add_random("messages of the language runtime", "the invocation ends, and the next event is served", NUMBER, says)
add_random("answers of the Runtime API", "bootstrap serves the next event, or exits and says why", NUMBER, answers)
add_random("answers close to the deadline", "each event is answered once", max(4, NUMBER // 10), closely)
add_random("events", "each gets its own answer", max(1, NUMBER * 5 // AT_ONCE), lambda random: reads(random, min(AT_ONCE, NUMBER * 50)))

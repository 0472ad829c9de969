"""One table of unusual documents for every language runtime: each gets the same JSON, and no document ends a process.

Each is valid JSON, for bootstrap refuses the rest. A document comes back as it was, in the language's own numbers, or it fails its
own call, with a clear error; the next call is served by the same process. MEMORY and SECONDS are the limits.
"""

import json
import os
import sys

from claims import claim
from claims_common import LANGUAGES, start
from tap import within

getattr(sys, "set_int_max_str_digits", lambda limit: None)(0)  # so that Python can read 5,000 digits

SECONDS = 10  # of CPU time, for one document in both directions
MEMORY = 32 << 10, 20  # for all: this many KB, and times the largest document: interpreters need much for small values

NUMBERS = "a number that the language has not got"
DEEP = "an error that says so"
ODD = {
    "1,000 levels of objects": (b'{"a":' * 1000 + b"1" + b"}" * 1000, DEEP),
    "9,990 levels": (b"[" * 9990 + b"]" * 9990, DEEP),
    "10,001 levels": (b"[" * 10001 + b"]" * 10001, DEEP),
    "100,000 levels": (b"[" * 100000 + b"]" * 100000, DEEP),
    "100,000 levels of objects": (b'{"a":' * 100000 + b"1" + b"}" * 100000, DEEP),
    "a number of 5,000 digits": (b"9" * 5000, NUMBERS),
    "a number of 100,000 digits behind the point": (b"0." + b"1" * 100000, NUMBERS),
    "1e999": (b"1e999", NUMBERS),
    "-1e999 within": (b'{"a":[-1e999]}', NUMBERS),
    "1e-999": (b"1e-999", NUMBERS),
    "-0": (b"-0", NUMBERS),
    "9007199254740993": (b"9007199254740993", NUMBERS),
    "half a surrogate pair": (rb'"a\ud83db"', None),
    "the other half": (rb'"\ude00\ud83d"', None),
    "half a pair in a name": (rb'{"\ud83d":1}', None),
    "a pair by escapes": (rb'"\ud83d\ude00"', "😀"),
    "members that come twice": (b'{"a":1,"b":2,"a":3}', {"a": 3, "b": 2}),
    "__proto__": (b'{"__proto__":{"admin":true},"a":{"constructor":{"prototype":1}}}', ...),
    "an empty name": (b'{"":{"":1}}', ...),
    "names that are numbers": (b'{"1":1,"0":{"-1":2}}', ...),
    "65,535 escapes": (b'"' + rb"\n" * 65535 + b'"', ...),
    "200,000 escapes": (b'"' + rb"\"" * 200000 + b'"', ...),
    "100,000 escaped escapes": (b'"' + rb"\\" * 100000 + b'"', ...),
    "50,000 escapes by number": (b'"' + rb"\u00e9" * 50000 + b'"', ...),
    "NUL by its escape": (rb'{"a\u0000b":"\u0000"}', ...),
    "every control character": (json.dumps("".join(map(chr, range(32)))).encode(), ...),
    "line breaks of Unicode": ('"\u2028\u2029\x85\x7f\ufeff"'.encode(), ...),
    "a string of 6 MB": (b'"' + b"x" * 6000000 + b'"', ...),
    "300,000 small values": (b"[" + b"[1]," * 300000 + b"1]", ...),
    "100,000 members": (b"{" + b",".join(b'"n%d":%d' % (n, n) for n in range(100000)) + b"}", ...),
    "blanks": (b' [ 1 ,\t{ "a" : [ ] } ] ', ...),
}


def peak(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def cpu_seconds(pid):
    """Returns the CPU time of a process and of the children that it has waited for."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        return sum(map(int, stat.read().rsplit(")", 1)[1].split()[11:15])) / os.sysconf("SC_CLK_TCK")


def line_of(runtime):
    """Returns the next line as bytes, since it may contain what Python cannot read."""
    parts = [runtime.unread]
    while b"\n" not in parts[-1]:
        within(20 * SECONDS, lambda: not runtime.silent(0.05))
        runtime.unread = b""
        parts.append(runtime.read_some())
    line, _, runtime.unread = b"".join(parts).partition(b"\n")
    return line


def judge(document, expected, answer):
    """Returns None, or the fault of the answer."""
    start_of = b'{"id":"odd",'
    if not answer.startswith(start_of):
        return "not an answer to this call"
    if answer.startswith(start_of + b'"error":'):
        error = json.loads(answer)["error"]
        is_clear = error["errorType"] in ("Runtime.UnmarshalError", "Runtime.MarshalError") and error["errorMessage"]
        return None if is_clear and expected in (DEEP, NUMBERS, None) else f"{error['errorType']}: {error['errorMessage']}"
    response = answer[len(start_of + b'"response":') : -1]
    if expected == DEEP:
        return None if response == document else "not as it was"
    try:
        value = json.loads(response)
    except ValueError:
        return "not JSON"
    if expected in (NUMBERS, None):
        return None
    return None if value == (json.loads(document) if expected is ... else expected) else "not as it was"


@claim("unusual documents come back, or fail only their own call", *LANGUAGES)
def _(language):
    with start(language) as runtime:
        runtime.ready()
        before = peak(runtime.pid)
        wrong = {}
        for name, (document, expected) in ODD.items():
            runtime.write(b'{"id":"odd","event":' + document + b',"context":{"requestId":"odd","deadlineMs":9999999999999}}\n')
            began = cpu_seconds(runtime.pid)
            problem = judge(document, expected, line_of(runtime))
            took = cpu_seconds(runtime.pid) - began
            if took > SECONDS:
                problem = f"took {took} s of CPU time"
            if problem:
                wrong[name] = problem
            assert runtime.respond(name, request_id="next") == name
        assert not wrong, wrong
        constant, factor = MEMORY
        grown = peak(runtime.pid) - before
        assert grown <= constant + factor * max(len(document) for document, _ in ODD.values()) // 1024, f"{grown} KB more"

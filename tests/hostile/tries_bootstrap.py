"""What the Runtime API and the language runtime do to bootstrap: by answers, events and messages."""

import base64
import json
import re
import zlib

from hostile import Ends, Error, Right, event, event_of, of
from peer import CLOSE
from raw_api import chunked


# What a language runtime prints: Python that tests/hostile/speaks runs for the first event. The peak is that of bootstrap's
# memory in KB: at most three times the line that it read.
LARGE = 30_000_000
def message(text):
    return f"""b'"errorMessage":"' + ({text}).encode() + b'"'"""


for name, member in [
    ("a message with two-byte characters", message('"é" * 15_000_000')),
    ("a message with escapes", message(r'"\\u0000" * 5_000_000')),
    ("a message with quotes", message(r'"\\\"" * 15_000_000')),
    ("a stack that is one string", """b'"stackTrace":["' + b"x" * 29_999_900 + b'"]'"""),
    ("a stack with many frames", """b'"stackTrace":[' + b'"at f",' * 4_000_000 + b'""]'"""),
    ("a trace", """b'"trace":["' + b"x" * 29_999_900 + b'"]'"""),
    ("an unknown member", """b'"more":' + b"[" * 14_999_900 + b"]" * 14_999_900"""),
    ("a message that is nested arrays", """b'"errorMessage":' + b"[" * 14_999_900 + b"]" * 14_999_900"""),
]:
    says = f"""fail(b'{{"errorType":"E",' + {member} + b'}}')"""
    of(
        "speaks",
        f"an error of 30 MB with {name}",
        Error("E"),
        files={"says": says},
        peak=3 * LARGE // 1024,
        seconds=20,
        is_long=name not in ("a message with two-byte characters", "a trace", "a message that is nested arrays"),
    )
for size in 8_000, 16_000, 20_000, 40_000, 65_000, 65_300, 70_000:
    says = f"""fail(b'{{"errorType":"E","errorMessage":"' + b"x" * {size} + b'"}}')"""
    of("speaks", f"an error of {size:,} bytes", Error("E"), files={"says": says})
of(
    "speaks",
    "an error with 3,000 frames",
    Error("E"),
    files={"says": """fail(b'{"errorType":"E","stackTrace":[' + b'"at f",' * 3000 + b'""]}')"""},
)

# What /next answers. t24 has more.
for name, bytes_ in [
    ("HTTP/1.0", event(1).replace(b"HTTP/1.1", b"HTTP/1.0")),
    ("chunks of one byte", chunked(1, b"1\r\n[\r\n1\r\n1\r\n1\r\n]\r\n0\r\n\r\n")),
    ("a header of 900 KB", event(1, b"X: " + b"x" * 900_000)),
    ("status 102 before the answer", b"HTTP/1.1 102 Processing\r\n\r\n" + event(1)),
]:
    of("http", name, Right(), [bytes_])

for number in 200, 1000, 40_000:
    of(
        "http",
        f"{number} headers",
        Ends("GET /runtime/invocation/next failed: protocol: http parse resulted in too many headers"),
        [event(1, *(b"X-%d: x" % one for one in range(number)))],
    )


def with_length(*lines, body=b"[1]"):
    return event(1, *lines, length=False)[:-3] + body


GONE = [CLOSE]  # if bootstrap asks again, nothing listens any more
FAILED = "GET /runtime/invocation/next failed: "
for name, bytes_, expected in [
    ("both a length and chunks", with_length(b"Content-Length: 3", b"Transfer-Encoding: chunked", body=b"3\r\n[1]\r\n0\r\n\r\n"), Right()),
    ("two equal lengths", with_length(b"Content-Length: 3", b"Content-Length: 3"), Right()),
    ("two different lengths", [with_length(b"Content-Length: 3", b"Content-Length: 2"), CLOSE], Ends(FAILED)),
    ("a negative length", [with_length(b"Content-Length: -1"), CLOSE], Ends(FAILED)),
    ("a length of 2^64", [with_length(b"Content-Length: 18446744073709551616"), CLOSE], Ends(FAILED)),
    ("a length of 2^63", [with_length(b"Content-Length: 9223372036854775808"), CLOSE], Ends(FAILED)),
    ("a length of 1 TB", [with_length(b"Content-Length: 1000000000000"), CLOSE], Ends(FAILED)),
    ("an empty length", [with_length(b"Content-Length:"), CLOSE], Ends(FAILED)),
    ("a body of 300 MB", lambda: [event_of(b"0" * 300_000_000)], Ends(FAILED)),
    ("status 101 before the answer", [b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + event(1), CLOSE], Ends(FAILED)),
    ("status 103 before the answer", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + event(1), Right()),
    ("a Content-Encoding of gzip for a body that is not gzip", event(1, b"Content-Encoding: gzip"), Right()),
    ("line feeds without carriage returns", event(1).replace(b"\r\n", b"\n"), Right()),
    ("a header on two lines", [event(1, b"X: a\r\n b"), CLOSE], Ends(FAILED)),
    ("NUL in a header", [event(1, b"X: \0"), CLOSE], Ends(FAILED)),
    ("a header whose name has a space", [event(1, b"X y: z"), CLOSE], Ends(FAILED)),
    ("a header without a name", [event(1, b": z"), CLOSE], Ends(FAILED)),
    ("a header without a colon", [event(1, b"X"), CLOSE], Ends(FAILED)),
    ("empty lines before the answer", b"\r\n\r\n" + event(1), Right()),
    ("status 2000", [event(1).replace(b"200 OK", b"2000 OK"), CLOSE], Ends(FAILED)),
]:
    sent = [bytes_] + ([] if isinstance(expected, Right) else [GONE] * 9)
    of("http", name, expected, sent, seconds=10, is_long=name == "a body of 300 MB", peak=300_000 if name == "a body of 300 MB" else 9000)

# The headers of /next.
NO_ID = "the request id has characters that a request id cannot have"
for id in "%2F..%2F", "a b", "a?b", "a#b", "a\\b", "é", "a/b", ".", "..", "a;b", "a%00", "a\tb":
    of("ids", f"the request id {id!r}", Ends(NO_ID), [event(1).replace(b"id-1", id.encode())], is_long=id not in ("%2F..%2F", "a b", "é"))
for id in "...", "-", "_", "x" * 10_000:
    of("ids", f"the request id {id[:9]!r}", Right(), [event(1).replace(b"id-1", id.encode())], id=id)
of("ids", "a request id of 300 KB", Ends("failed: "), [event(1).replace(b"id-1", b"x" * 300_000)])
of("ids", "two request ids", Right(), [event(1, b"Lambda-Runtime-Aws-Request-Id: id-9")])
of("ids", "an invocation id of 100 KB", Right(), [event(1, b"Lambda-Runtime-Invocation-Id: " + b"x" * 100_000)])
of(
    "ids",
    "an invocation id of 15 KB, with an error of 64 KB",
    Error("E"),
    [event(1, b"Lambda-Runtime-Invocation-Id: " + b"x" * 15_000)],
    files={"says": """fail(b'{"errorType":"E","errorMessage":"' + b"x" * 65_000 + b'"}')"""},
)
PAST = Error("Function.Timeout", "it had not begun")
for deadline, expected in [
    ("0", PAST),
    ("1", PAST),
    ("9223372036854775807", Right()),
    ("9223372036854775808", Right()),
    ("18446744073709551615", Right()),
    ("18446744073709551616", Right()),
    ("1000000000000000", Right()),
    ("0x7fffffffffff", Right()),
    ("99999999999999.5", Right()),
    ("9e15", Right()),
    (" 9999999999999 ", Right()),
    ("٣", Right()),
]:
    sent = re.sub(rb"Deadline-Ms: \d+", b"Deadline-Ms: " + deadline.encode(), event(1))
    of("ids", f"the deadline {deadline!r}", expected, [sent], is_long=deadline in ("1", "٣", "9e15"))
of("ids", "two deadlines", Right(), [event(1, b"Lambda-Runtime-Deadline-Ms: 0")])
DEEP = b"[" * 200_000 + b"]" * 200_000
for name in b"Client-Context", b"Cognito-Identity":
    for what, value in [
        ("200,000 levels", DEEP),
        ("not UTF-8", b'"\xff"'),
        ("two values", b"1 2"),
        ("text that imitates the context", b'1},"context":{"requestId":"x"}'),
        ("not JSON", b"x"),
    ]:
        of("ids", f"{name.decode()} is {what}", Right(), [event(1, b"Lambda-Runtime-%s: %s" % (name, value))], peak=12_000)
for name in b"Trace-Id", b"Invoked-Function-Arn", b"Aws-Tenant-Id":
    of(
        "ids",
        f"a {name.decode()} of 200 KB",
        Right(),
        [event(1, b"Lambda-Runtime-%s: %s" % (name, b"x" * 200_000))],
        is_long=name != b"Trace-Id",
    )

# Events, through a language runtime that echoes them.
for name, text in [
    ("100,000 levels of arrays", b"[" * 100_000 + b"]" * 100_000),
    ("a number of 5,000 digits", b"9" * 5000),
    ("the number 1e999999", b"1e999999"),
    ("half a surrogate pair", rb'"\ud83d"'),
    ("duplicate members", b'{"a":1,"a":2}'),
    ("200,000 escapes", b'"' + rb"\"" * 200_000 + b'"'),
    ("escaped NULs", rb'"\u0000\u0000"'),
    ("a member __proto__", b'{"a member __proto__":{"a":1}}'),
    ("a string of 6 MB", b'"' + b"x" * 6_000_000 + b'"'),
    ("a number of 6 MB", b"1" * 6_000_000),
    ("500,000 levels of objects", b'{"a":' * 500_000 + b"1" + b"}" * 500_000),
    ("100,000 members with the same name", b"{" + b'"a":1,' * 100_000 + b'"a":1}'),
]:
    of("events", name, Right(text), [event_of(text)], peak=9000 + 3 * len(text) // 1024, seconds=20)
for name, text in [
    ("3,000,000 levels that are not closed", b"[" * 3_000_000),
    ("not UTF-8", b'"\xff"'),
    ("an overlong form of UTF-8", b'"\xc0\xaf"'),
    ("a byte order mark", b"\xef\xbb\xbf[1]"),
    ("a NUL", b"\0"),
    ("two values", b"1 2"),
    ("text that imitates the context", b'1,"context":{"requestId":"x"}'),
]:
    of("events", name, Error("Runtime.UnmarshalError", "the event is not JSON"), [event_of(text)], peak=9000 + 3 * len(text) // 1024)

for name, text in ("no byte", b""), ("white space", b" \r\n "):
    of("events", name, Right(b"null"), [event_of(text)])

# What a language runtime prints. t22 has more.
for name, says, expected in [
    ("not UTF-8", r"""say(b'{"id":"', id, b'","response":"\xff"}\n')""", Error("Runtime.MarshalError", "the response is not JSON")),
    (
        "a response that only begins like JSON",
        r"""say(b'{"id":"', id, b'","response":{bad}\n')""",
        Error("Runtime.MarshalError", "the response is not JSON"),
    ),
    (
        "such a response to an unknown call",
        r"""say(b'{"id":"another","response":{bad}\n')""",
        Error("Runtime.ExitError", "no message of the protocol"),
    ),
    ("a response with 1,500,000 levels", 'answer(b"[" * 1_500_000 + b"]" * 1_500_000)', Right(b"[" * 1_500_000 + b"]" * 1_500_000)),
    (
        "an unknown member with 1,500,000 levels",
        """say(b'{"id":"', id, b'","more":', b"[" * 1_500_000, b"]" * 1_500_000, b',"response":[1]}\\n')""",
        Right(),
    ),
    ("an answer to a later event", """say(b'{"id":"id-2","response":666}\\n'); answer(event)""", Right()),
    ("an error type that imitates a header", r"""fail(b'{"errorType":"E\\r\\nX-Evil: 1","errorMessage":"m"}')""", Error(r"E\r\nX-Evil: 1", "m")),
    (
        "a second ready, with a concurrency of 2^64 - 1",
        """say(b'{"ready":{"protocol":1,"concurrency":18446744073709551615}}\\n'); answer(event)""",
        Right(),
    ),
    ("a second ready, with a concurrency of 0", """say(b'{"ready":{"protocol":1,"concurrency":0}}\\n'); answer(event)""", Right()),
    ("3,000,000 answers to unknown calls", """say(b'{"id":"x","response":1}\\n' * 3_000_000); answer(event)""", Right()),
    ("10,000,000 empty lines", 'say(b"\\n" * 10_000_000)', Error("Runtime.ExitError", "no message of the protocol")),
    ("a line of 64 MB", 'say(b"x" * (64 << 20))', Error("Runtime.ExitError", "a line of more than")),
]:
    of("speaks", name, expected, files={"says": says}, peak=9000 if "MB" not in name else 3 * 64 * 1024, seconds=20)

# Packed data in events.
BATCH = ",".join(f'{{"specversion":"1.0","id":"{number}","source":"/s","type":"t"}}' for number in range(80_000))
REQUEST = {
    "version": "2.0",
    "rawPath": "/",
    "headers": {"content-type": "application/cloudevents-batch+json"},
    "requestContext": {"http": {"method": "POST"}, "requestId": "r"},
    "body": f"[{BATCH}]",
}
ANSWERED = (
    b'{"statusCode":200,"headers":{"content-type":"application/cloudevents-batch+json"},"body":%s,"isBase64Encoded":false}'
    % json.dumps(REQUEST["body"]).encode()
)
of(
    "events",
    "80,000 CloudEvents in one HTTP request",
    Right(ANSWERED),
    [event_of(json.dumps(REQUEST).encode())],
    env={"SLSEVENTS": "unwrap"},
    peak=80_000,
    seconds=30,
    is_long=True,
)


def logs(megabytes):
    """An event of CloudWatch Logs whose data unpacks to this many bytes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = b"".join(packer.compress(b" " * 1_000_000) for _ in range(megabytes)) + packer.flush()
    return b'{"awslogs":{"data":"' + base64.b64encode(packed) + b'"}}'


WAS_LEFT = {"says": """answer(b"true" if b'"type":"com.amazonaws.logs"' in event and len(event) < 2_000_000 else b"false")"""}
for megabytes in 31, 33, 1000:
    of(
        "events",
        f"logs that unpack to {megabytes} MB",
        Right(b"true"),
        files=WAS_LEFT,
        events=lambda megabytes=megabytes: [event_of(logs(megabytes))],
        peak=60_000,
        seconds=30,
        is_long=True,
    )

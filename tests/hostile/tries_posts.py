"""What the Runtime API answers to the posts of bootstrap. t24 has more."""

import time

from hostile import Ends, Error, Right, event, of
from peer import CLOSE, HANG
from raw_api import ACCEPTED, answer

POST = "POST /runtime/invocation/{id}/response"
FAILED = 'fail(b\'{"errorType":"E","errorMessage":"m"}\')'


def dripping(bytes_, seconds):
    def pieces():
        for byte in bytes_:
            time.sleep(seconds / len(bytes_))
            yield bytes([byte])

    return pieces


def goes_on(name, post, is_long=False, events=None, **options):
    """Adds tries with a response, and with an error."""
    of("posts", name, Right(), events, posts=[post], is_long=is_long, **options)
    of("posts", f"{name}, to an error", Error("E"), events, posts=[post], files={"says": FAILED}, is_long=True, **options)


def ends(name, told, posts, is_long=False, **options):
    of("posts", name, Ends(told, Right()), posts=posts, is_long=is_long, **options)
    told = told.replace("/response", "/error")
    of("posts", f"{name}, to an error", Ends(told, Error("E")), posts=posts, files={"says": FAILED}, is_long=True, **options)


for status in (
    b"200 OK",
    b"201 Created",
    b"202 ",
    b"204 No Content",
    b"206 x",
    b"299 x",
    b"300 x",
    b"301 Moved",
    b"307 x",
    b"400 Bad",
    b"401 x",
    b"404 x",
    b"410 Gone",
    b"413 x",
    b"418 Teapot",
    b"429 x",
    b"499 x",
):
    goes_on(
        f"status {status.decode()}",
        answer(b"{}", status, [b"Location: http://127.0.0.1:1/"]),
        status not in (b"202 ", b"301 Moved", b"404 x", b"418 Teapot"),
    )
for status in b"500 x", b"501 x", b"503 x", b"599 x", b"600 x", b"999 x":
    ends(
        f"status {status.decode()}",
        f"{POST} failed: HTTP status {status[:3].decode()}",
        [answer(b"{}", status)],
        status not in (b"500 x", b"999 x"),
    )
of("posts", "a body of 20 MB", Right(), posts=[answer(b"x" * 20_000_000, b"202 A")], peak=40_000)
goes_on("a body of 300 KB in chunks of 3 bytes", answer(b"", b"202 A", [b"Transfer-Encoding: chunked"], length=False) + b"3\r\nabc\r\n" * 100_000 + b"0\r\n\r\n")
goes_on("a body without a length", [answer(b"{}", b"202 A", [b"Connection: close"], length=False), CLOSE])
goes_on("a body shorter than its length", [b"HTTP/1.1 202 A\r\nContent-Length: 99\r\n\r\n{}", CLOSE])
goes_on("an answer that breaks off in a header", [b"HTTP/1.1 202 A\r\nContent-Le", CLOSE])
goes_on("a closed connection", [CLOSE])
goes_on("status 100 before the answer", b"HTTP/1.1 100 Continue\r\n\r\n" + ACCEPTED)
goes_on("status 103 before the answer", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ACCEPTED)
goes_on("a header of 900 KB", answer(b"", b"202 A", [b"X: " + b"x" * 900_000]))
goes_on("an answer byte by byte", dripping(ACCEPTED, 0.5))
goes_on("an answer after 2 s", lambda: (time.sleep(2), [ACCEPTED])[1], True)
goes_on("a Content-Encoding of gzip for a body that is not gzip", answer(b"x", b"202 A", [b"Content-Encoding: gzip"]))
goes_on(
    "cookies, Upgrade and Keep-Alive", answer(b"", b"202 A", [b"Set-Cookie: a=b", b"Upgrade: h2c", b"Keep-Alive: timeout=0"])
)
goes_on("garbage after the answer", ACCEPTED + b"\0\xff garbage")
goes_on("an event after the answer", ACCEPTED + event(7), True)
goes_on("a second answer after the first", ACCEPTED + ACCEPTED)
ends("two answers that break off in a header", f"{POST} failed: ", [[b"HTTP/1.1 202 A\r\nCon", CLOSE]] * 2)
ends(
    "1,000 headers",
    f"{POST} failed: protocol: http parse resulted in too many headers",
    [answer(b"", b"202 A", [b"X-%d: x" % n for n in range(1000)])] * 2,
)
ends("no answer", f"{POST} failed: ", [[HANG]] * 2, True, seconds=12)
goes_on("a body byte by byte, for a minute", dripping(answer(b"x" * 3000, b"202 A"), 60), True, seconds=14)
for name, bytes_ in [
    ("status 099", b"HTTP/1.1 099 x\r\nContent-Length: 0\r\n\r\n"),
    ("status 20", b"HTTP/1.1 20 x\r\nContent-Length: 0\r\n\r\n"),
    ("status 2020", b"HTTP/1.1 2020 x\r\nContent-Length: 0\r\n\r\n"),
    ("HTTP/2.0", b"HTTP/2.0 202 A\r\nContent-Length: 0\r\n\r\n"),
    ("HTTP/0.9", b"202\r\n\r\n"),
    ("garbage", b"\0\xff garbage\r\n\r\n"),
]:
    ends(name, f"{POST} failed: ", [bytes_] * 2)

# Registration, whose failure is not an Init error, and posts of Init errors.
for name, bytes_ in [
    ("an id of 900 KB", answer(b"{}", headers=[b"Lambda-Extension-Identifier: " + b"x" * 900_000])),
    ("an id with control characters", answer(b"{}", headers=[b"Lambda-Extension-Identifier: \x01\x1b"])),
    ("an id that is not UTF-8", answer(b"{}", headers=[b"Lambda-Extension-Identifier: \xff"])),
    ("two ids", answer(b"{}", headers=[b"Lambda-Extension-Identifier: x", b"Lambda-Extension-Identifier: y"])),
    ("no id", answer(b"{}")),
    ("status 301", answer(b"{}", b"301 x", [b"Location: http://127.0.0.1:1/"])),
    ("status 500", answer(b"{}", b"500 x")),
    ("garbage", b"\0\xff garbage\r\n\r\n"),
    ("a closed connection", [CLOSE]),
    ("a body of 20 MB", answer(b"x" * 20_000_000, headers=[b"Lambda-Extension-Identifier: x"])),
    ("no answer", [HANG]),
    ("an answer byte by byte", dripping(answer(b"{}", headers=[b"Lambda-Extension-Identifier: x"]), 0.3)),
    ("a body byte by byte, for ever", dripping(answer(b"x" * 3000, headers=[b"Lambda-Extension-Identifier: x"]), 60)),
]:
    of("posts", f"to the registration: {name}", Right(), register=bytes_, peak=40_000 if "MB" in name else 9000)
for name, bytes_ in [
    ("status 202", ACCEPTED),
    ("status 500", answer(b"{}", b"500 x")),
    ("garbage", b"\0\xff garbage\r\n\r\n"),
    ("a closed connection", [CLOSE]),
    ("no answer", [HANG]),
]:
    of(
        "posts",
        f"to an Init error: {name}",
        Ends("no module nowhere"),
        [],
        posts=[bytes_] * 2,
        seconds=12,
        is_long=name == "no answer",
        files={"begins": 'say(b\'{"error":{"errorType":"E","errorMessage":"no module nowhere"}}\\n\')'},
    )

"""What SLSDEBUG permits, and what events ask for: the language runtime is told only of debuggers that are listed."""

from hostile import Ends, Right, event_of, of

TOLD = """
context = call[call.rindex(b',"context":{'):]
at = context.find(b'"debug":')
answer(b'null' if at < 0 else context[at + 8 : context.index(b'}', at) + 1])
"""


def asks(permitted, event, debug=None, is_long=False, env=None, **options):
    """Adds a try of an event. `debug` is what the language runtime is told."""
    event = event if isinstance(event, bytes) else event.encode()
    env = {"SLSDEBUG": permitted, **(env or {})}
    title = f"SLSDEBUG={permitted[:30]!r} and {event[:60].decode('utf-8', 'replace')}"
    claim = "no debugger" if debug is None else "the debugger reaches the language runtime"
    expected = Right(b"null" if debug is None else debug.encode())
    of("debug", title, expected, [event_of(event)], files={"says": TOLD}, env=env, is_long=is_long, claim=claim, **options)


def debugger(host, port, stops=False):
    return f'{{"host":"{host}","port":{port},"break":{"true" if stops else "false"}}}'


def names(permitted, target, host=None, port=9, stops=False, **options):
    """Adds a try of an event that names this target. The target is listed if there is a host."""
    debug = None if host is None else debugger(host, port, stops)
    asks(permitted, f'{{"_debugProxy":"{target}"}}', debug, **options)


ONE, V6, ANY_PORT, ANY_HOST, ALL = "debug.example:9", "[::1]:9", "debug.example:*", "*:9", "*"

# Listed targets.
names(ONE, "debug.example:9", "debug.example")
names(ONE, "DEBUG.example:9", "DEBUG.example", is_long=True)
names(ONE, "debug.example:9/break", "debug.example", stops=True)
names(ONE, "debug.example:09", "debug.example")
names(V6, "[::1]:9", "::1")
names(V6, "[::1]:9/break", "::1", stops=True, is_long=True)
names(ANY_PORT, "debug.example:65535", "debug.example", 65535)
names(ANY_HOST, "anything:9", "anything")
names(ALL, "anything:1", "anything", 1)
names(" a:1 ,, debug.example:9 , ", "debug.example:9", "debug.example")
names("a:1," * 5000 + ONE, "debug.example:9", "debug.example")

# Targets that are not listed.
for target in [
    "debug.example:8",
    "debug.example:99",
    "debug.example.:9",
    "x.debug.example:9",
    "debug.example.evil:9",
    "debug.exampl:9",
    "debug-example:9",
    "127.0.0.1:9",
    "localhost:9",
    "[::1]:9",
    "0:9",
]:
    names(ONE, target, is_long=target not in ("debug.example:8", "debug.example.:9", "x.debug.example:9"))
for target in "[::2]:9", "[0:0:0:0:0:0:0:1]:9", "[::ffff:127.0.0.1]:9", "[::1]:8", "[::1%lo]:9", "::1:9", "[::1:9":
    names(V6, target, is_long=target not in ("[::2]:9", "::1:9"))
for target in "debug.example:9", "[debug.example]:9", "*:9", "[*]:9", "debug.example:*":
    names("a:1,b:*", target, is_long=target == "[*]:9")
for target in "a:8", "*:9", "[*]:9", ":9":
    names(ANY_HOST, target, is_long=target in ("a:8", ":9"))

# Malformed targets, with everything permitted.
for target in [
    "",
    ":",
    ":9",
    "a",
    "a:",
    "a:0",
    "a:65536",
    "a:+9",
    "a:-9",
    "a: 9",
    "a:9 ",
    " a:9",
    "a:9/",
    "a:9/break/break",
    "a:9/BREAK",
    "a:9/break/",
    "/break",
    "a:９",
    "a:٩",
    "a:9\\n",
    "a\\u0000:9",
    "\\u0061:9",
    "a:9\\/break",
    'a\\":9',
    "me@a:9",
    "http://a:9",
    "a/b:9",
    "a,b:9",
    "a;b:9",
    "a%62:9",
    "a\\\\:9",
    "ａ:9",
    "xn--é:9",
    "[]:9",
    "[a:9",
    "a]:9",
    "[[::1]]:9",
    "[::1]",
    "*",
    "*:*",
    "a:*",
    "a:0x9",
    "a:9e0",
    "a:99999999999999999999",
    "a" * 100_000,
]:
    names(ALL, target, is_long=target not in ("a:9/break/break", "a:９", "\\u0061:9", "me@a:9", "*", "a:*"))
for value in "9", "null", "true", '["a:9"]', '{"host":"a","port":9}', '{"a:9":1}', "[]", "-0", '""', "1e999999":
    asks(ALL, f'{{"_debugProxy":{value}}}', is_long=value not in ('["a:9"]', "null"))

# Places of the key in events.
HERE = '"_debugProxy":"a:9"'
A9, B9 = debugger("a", 9), debugger("b", 9)
asks("", f"{{{HERE}}}")
asks(ALL, f"[{{{HERE}}}]")
asks(ALL, f'{{"a":{{{HERE}}}}}')
asks(ALL, '{"_debugproxy":"a:9"}')
asks(ALL, '{"debugproxy":"a:9"}')
asks(ALL, '{"specversion":"1.0","debugproxy":"a:9"}', A9)
asks(ALL, '{"_debug\\u0050roxy":"a:9"}', is_long=True)
asks(ALL, f'{{{HERE},"_debugProxy":"b:9"}}', B9)
asks("a:9", f'{{{HERE},"_debugProxy":"b:9"}}')
asks("b:9", f'{{{HERE},"_debugProxy":"b:9"}}', B9)
asks(ALL, f'{{"debug":{{"host":"evil"}},"context":{{"debug":{{"host":"evil"}}}}}}')
asks(ALL, f'{{"Records":[{{"eventSource":"aws:sqs","messageId":"1","body":"{{}}",{HERE}}}]}}', env={"SLSEVENTS": "raw"})
asks(ALL, '"_debugProxy"', is_long=True)
asks(ALL, r'{"a":"\"_debugProxy\":\"a:9\""}')
asks(ALL, f'{{"a":{"[" * 100_000}{"]" * 100_000},{HERE}}}', A9, peak=20_000)
asks(ALL, f"{{{HERE}}}", A9, env={"SLSEVENTS": "raw"})

# Values of SLSDEBUG. t10 and the group start: have more.
for value in (
    "on",
    "1",
    "true",
    "a",
    "a:",
    ":9",
    "a:0",
    "a:65536",
    "a:9/break",
    "::1:9",
    "[::1]",
    "**",
    "*:*:*",
    "a b:9",
    "a:9;b:9",
    "ａ:9",
    "a:９",
    "http://a:9",
    "/a/:9",
):
    of(
        "debug",
        f"SLSDEBUG={value}",
        Ends("a comma-separated list of host:port, host:* and *"),
        [],
        env={"SLSDEBUG": value},
        is_long=value not in ("on", "a:9/break", "**"),
    )

"""Random JSON, and sample events with random faults."""

import json

WORDS = ["", "a", "é\u2028😀", "\u0000\u001f", "\x7f\u0085", "\ud800", '"\\/', "x" * 300, "%", "a b", "<>[]{}^`|", "2024-05-31T16:08:37Z", "-1", "1e999"]
NUMBERS = ["0", "-0", "1.0", "1E400", "-1e-400", "123456789012345678901234567890", "0.1000", "1717171717123", "1e3", "9" * 400]
NAMES = ["id", "source", "type", "specversion", "Records", "eventSource", "s3", "Sns", "dynamodb", "requestContext", "http", "data", "records", "detail-type", "detail"]


def make_events(samples, rng, rounds):
    """Yields the bytes of events."""
    values = [json.loads(sample) for sample in samples]
    for _ in range(rounds):
        text = write(changed(rng.choice(values), rng, rng.randint(1, 4)) if rng.random() < 0.8 else value(rng, 4), rng).encode("utf-8", "surrogatepass")
        yield broken(text, rng) if rng.random() < 0.15 else text
    yield b""
    yield b" \t\r\n"


# Deeper than Python's own parser can read.
DEEP = [b"[" * 100_000 + b"]" * 100_000, b'{"Records":[' * 50_000 + b"1" + b"]}" * 50_000, b'[{"s3":' * 50_000 + b"1" + b"}]" * 50_000]


class Raw(str):
    """Returns the text of a random number."""


def value(rng, depth):
    """Returns a random JSON value. Objects are lists of pairs: names may occur twice."""
    kind = rng.randint(0, 6 if depth else 4)
    if kind == 0:
        return rng.choice([None, True, False])
    if kind in (1, 2):
        return rng.choice(WORDS)
    if kind in (3, 4):
        return Raw(rng.choice(NUMBERS))
    if kind == 5:
        return [value(rng, depth - 1) for _ in range(rng.randint(0, 4))]
    return {rng.choice(WORDS + NAMES): value(rng, depth - 1) for _ in range(rng.randint(0, 4))}


def changed(tree, rng, times):
    """Returns a copy with this many changed places."""
    tree = json.loads(json.dumps(tree))
    for _ in range(times):
        tree = change(tree, rng)
    return tree


def change(tree, rng):
    """Replaces, removes or doubles the value at a random place."""
    if isinstance(tree, (dict, list)) and tree and rng.random() < 0.85:
        keys = list(tree) if isinstance(tree, dict) else range(len(tree))
        key = rng.choice(keys)
        act = rng.random()
        if act < 0.7:
            tree[key] = change(tree[key], rng)
        elif act < 0.8:
            del tree[key]
        elif isinstance(tree, list):
            tree.insert(key, tree[key] if rng.random() < 0.5 else value(rng, 2))
        else:
            tree[rng.choice(NAMES + WORDS)] = tree[key]
        return tree
    return value(rng, 3)


def write(tree, rng):
    """Returns JSON text with random white space, escapes and members with the same name."""
    blank = lambda: rng.choice(["", "", "", " ", "\n", "\r\n\t "])
    if isinstance(tree, Raw):
        return str(tree)
    if isinstance(tree, dict):
        members = list(tree.items())
        if members and rng.random() < 0.05:
            members.append(rng.choice(members))
        return "{" + ",".join(blank() + text(name, rng) + blank() + ":" + blank() + write(member, rng) + blank() for name, member in members) + blank() + "}"
    if isinstance(tree, list):
        return "[" + ",".join(blank() + write(element, rng) + blank() for element in tree) + blank() + "]"
    if isinstance(tree, str):
        return text(tree, rng)
    return json.dumps(tree)


def text(string, rng):
    """Returns a JSON string, sometimes with every character escaped. Lone surrogates must be escaped."""
    is_ascii = rng.random() < 0.5 or any(0xD800 <= ord(character) <= 0xDFFF for character in string)
    if rng.random() < 0.03:
        return '"' + "".join(f"\\u{ord(character):04X}" if ord(character) < 0x10000 else json.dumps(character)[1:-1] for character in string) + '"'
    return json.dumps(string, ensure_ascii=is_ascii)


def broken(data, rng):
    """Returns changed bytes, which may not be JSON any more."""
    at = rng.randrange(len(data)) if data else 0
    return rng.choice([data[:at], data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :], data + b"x", data[:at] + data[at:] * 2, b"\xef\xbb\xbf" + data])

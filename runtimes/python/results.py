"""Turns results into JSON that need more than the encoder: bytes and Decimals. Imported at the first one."""
import json
import posix
import re

import open_runtime

MARK = posix.urandom(16).hex()  # random, so that no other text contains it
MARKED = re.compile(f'"{MARK}([^"]*)"')


def of_bytes(result):
    """Returns bytes that are JSON, such as those of orjson, as text on one line."""
    try:
        text = result.decode()
        open_runtime.deeply(lambda: json.loads(text, parse_int=str, parse_float=str, parse_constant=refuse))
    except ValueError as error:
        raise TypeError(f"bytes that are not JSON ({error}); encode them, with base64 for example") from error
    return text.replace("\n", " ").replace("\r", " ")


def refuse(constant):
    raise ValueError(f"{constant} is not JSON")


def failure(error):
    """What the call fails with if its result cannot be encoded."""
    hint = "; return None or a string for NaN and Infinity" if "JSON compliant" in str(error) else ""
    return open_runtime.failure("Runtime.MarshalError", f"Unable to marshal response: {error}{hint}")


def mark_number(value):
    """Returns a string to encode in place of a Decimal, because a float would lose digits."""
    if not value.is_finite():
        raise ValueError(f"{value} is not JSON compliant")
    open_runtime.restore_numbers = restore_numbers
    return f"{MARK}{value}"


def restore_numbers(text):
    return MARKED.sub(r"\1", text) if MARK in text else text

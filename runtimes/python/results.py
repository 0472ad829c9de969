"""Results that JSON has no form for at once: bytes, Decimals. Imported at the first one."""
import json
import posix
import re

import open_runtime

MARK = posix.urandom(16).hex()  # nobody else's text has it
MARKED = re.compile(f'"{MARK}([^"]*)"')


def of_bytes(result):
    """Bytes that are JSON, as orjson makes them, are the response, in one line."""
    try:
        text = result.decode()
        open_runtime.deeply(lambda: json.loads(text, parse_int=str, parse_float=str, parse_constant=refuse))
    except ValueError as error:
        raise TypeError(f"bytes that are not JSON ({error}); encode them, with base64 for example") from error
    return text.replace("\n", " ").replace("\r", " ")


def refuse(constant):
    raise ValueError(f"{constant} is not JSON")


def describe(error):
    hint = "; return None or a string for NaN and Infinity" if "JSON compliant" in str(error) else ""
    return f"{error}{hint}"


def mark_number(value):
    """A string to encode in place of a Decimal, whose digits no float has."""
    if not value.is_finite():
        raise ValueError(f"{value} is not JSON compliant")
    open_runtime.restore_numbers = restore_numbers
    return f"{MARK}{value}"


def restore_numbers(text):
    return MARKED.sub(r"\1", text) if MARK in text else text

"""usage: same_json.py EXPECTED FILE: exits with status 0 if the file contains that JSON, which may be @FILE. Numbers are
compared digit by digit."""
import json
import sys


def read(text):
    return json.loads(text, parse_int=number, parse_float=number, object_pairs_hook=members)


def number(digits):
    return ("number", digits)


def members(pairs):
    """Ignores the order of members. Names may occur twice."""
    return ("object", sorted(pairs, key=repr))


def contents(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


expected, actual = sys.argv[1], contents(sys.argv[2])
if expected.startswith("@"):
    expected = contents(expected[1:])
if read(expected) != read(actual):
    sys.exit(f"expected: {expected[:2000]}\nactual:   {actual[:2000]}")

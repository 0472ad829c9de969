"""usage: same_json.py EXPECTED FILE: exit 0 if the file holds that JSON. Numbers are compared digit by digit."""
import json
import sys


def read(text):
    return json.loads(text, parse_int=number, parse_float=number, object_pairs_hook=members)


def number(digits):
    return ("number", digits)


def members(pairs):
    """The order of members does not matter, and names may occur twice."""
    return ("object", sorted(pairs, key=repr))


with open(sys.argv[2], encoding="utf-8") as file:
    actual = file.read()
if read(sys.argv[1]) != read(actual):
    sys.exit(f"expected: {sys.argv[1][:2000]}\nactual:   {actual[:2000]}")

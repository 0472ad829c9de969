#!/usr/bin/env python3
"""Prints the kinds of src/cloudevents/kinds.rs as the rows of the table in docs/event-kinds.md. usage: kinds.py FILE

It shows the first alternative of each template, and the whole text of a member of which only a part is taken.
"""
import re
import sys

NAMED = {"@P": "aws", "@R": "REGION", "@A": "ACCOUNT", "@key": "KEY", "@broker": "BROKER", "@onlyref": "REF", "@operation": "OPERATION"}


def main(file):
    text = open(file, encoding="utf-8").read()
    constants = dict(re.findall(r'^macro_rules! (\w+) \{\s*\(\) => \{\s*"([^"]*)"', text, re.M))
    table = text[text.index("static KINDS") : text.index("\n];")]
    rows = [row(part, constants) for part in re.split(r"\bkind!\(", table)[1:]]
    for line in dict.fromkeys(rows):
        print(line)


def row(part, constants):
    name, columns, methods = re.match(r'"([^"]+)", "[^"]*",\s*\[(.*?)\]\)(.*)', part, re.S).groups()
    words = re.findall(r'"([^"]*)"|(\w+)!\(\)', columns)
    event_type, source, _, _, subject = (constants[word] if word else string for string, word in words)
    if not event_type:
        event_type, source, subject = "its own", "its own", "its own"
    else:
        event_type, source, subject = (code(event_type), code(source) or "the function's ARN", code(subject))
    per = "record" if re.search(r"\.(record|element|listed|grouped)\(", methods) else "event"
    return f"| `{name}` | {event_type} | {source} | {subject} | {per} |"


def code(template):
    shown = re.sub(r"\{([^}]*)\}", lambda braces: member(braces[1]), template.partition("|")[0])
    return f"`{shown}`" if shown else ""


def member(path):
    first = path.split(",")[0].lstrip("^")
    if first.endswith("#3"):
        return "REGION"  # of an ARN
    if first == "eventID<:":
        return "SHARD"
    if first in NAMED:
        return NAMED[first]
    return f"{{{re.split('[!<]', first)[0].replace('>', '.').replace('/', '.')}}}"


main(*sys.argv[1:])

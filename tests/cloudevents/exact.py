"""An independent reader of JSON that loses nothing."""

import json


def exact(text):
    """Parses a JSON text and keeps every digit and every member, including those with the same name."""
    return json.loads(
        text,
        parse_int=lambda digits: ("number", digits),
        parse_float=lambda digits: ("number", digits),
        parse_constant=not_json,
        object_pairs_hook=lambda pairs: ("object", pairs),
    )


def not_json(word):
    raise ValueError(word)


def member(value, name):
    """Returns a member of an exact object."""
    return dict(value[1]).get(name)

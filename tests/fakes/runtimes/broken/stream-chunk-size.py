"""Sends each item as one chunk."""


def pieces(part):
    return [part]

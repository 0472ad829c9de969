"""Reads characters where bytes come."""


def take_bytes(data):
    return data.decode("utf-8", "replace").encode() if len(data) == 1 else data

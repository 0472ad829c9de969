"""Writes the stack as one text."""
describe = describe_error


def describe_error(error):
    described = describe(error)
    if Task.latest is not None and not hasattr(error, "error_type"):
        described["stackTrace"] = "".join(described["stackTrace"])
    return described

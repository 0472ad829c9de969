"""Drops the message of an exception in top-level code."""
describe = describe_error


def describe_error(error):
    described = describe(error)
    if Task.latest is None and not isinstance(error, Failure):
        described["errorMessage"] = "cannot load the handler"
    return described

"""Shows where it was itself, not where the handler was stuck."""
describe = describe_error


def describe_error(error):
    described = describe(error)
    if isinstance(error, FunctionTimeout):
        described["stackTrace"] = ["runtime.py:1 in take_sigterm"]
    return described

"""Tells the first exception again for each that follows."""
describe = describe_error
first = []


def describe_error(error):
    if hasattr(error, "error_type"):
        return describe(error)
    first.append(describe(error))
    return first[0]

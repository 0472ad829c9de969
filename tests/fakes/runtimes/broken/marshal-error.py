"""Has its language's own name for what JSON cannot hold."""


def marshal(value):
    try:
        return encode(value)
    except (RecursionError, ValueError) as error:
        raise Failure("Runtime.MarshalError", f"JSON cannot hold the result: {error}")

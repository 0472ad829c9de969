"""Ends at an event that is not JSON."""
read = read_event


def read_event(line):
    call_id, event, context = read(line)
    if isinstance(event, Failure) and not any(word in str(event) for word in ("recursion", "digits", "codec")):
        sys.exit(1)
    return call_id, event, context

"""Ends at an event that is too deep."""
read = read_event


def read_event(line):
    call_id, event, context = read(line)
    if isinstance(event, Failure) and "recursion" in str(event):
        sys.exit(1)
    return call_id, event, context

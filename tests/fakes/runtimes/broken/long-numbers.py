"""Ends at a number with too many digits."""
read = read_event


def read_event(line):
    call_id, event, context = read(line)
    if isinstance(event, Failure) and "digits" in str(event):
        sys.exit(1)
    return call_id, event, context

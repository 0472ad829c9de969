"""Ends at a line that is not UTF-8."""
read = read_event


def read_event(line):
    call_id, event, context = read(line)
    if isinstance(event, Failure) and "codec" in str(event):
        sys.exit(1)
    return call_id, event, context

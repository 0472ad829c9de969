"""Has room for a line of 4 MB."""
read = read_event


def read_event(line):
    call_id, event, context = read(line)
    if len(line) > 4 << 20 and isinstance(event, dict):
        event = Failure("Runtime.UnmarshalError", "the line is too long")
    return call_id, event, context

"""Refuses a line with a member that it does not know."""
read = read_event


def read_event(line):
    call_id, event, context = read(line)
    if not isinstance(event, Failure) and set(decode(line.decode())) - {"id", "event", "context", "hook", "input"}:
        event = Failure("Runtime.UnmarshalError", "the line has an unknown member")
    return call_id, event, context

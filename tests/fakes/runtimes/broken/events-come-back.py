"""Has no type of its own for true."""
read = read_event


def read_event(line):
    call_id, event, context = read(line)
    return call_id, 1 if event is True else event, context

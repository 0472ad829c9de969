"""Ends at half of a surrogate pair, which UTF-8 has not got."""
read = read_event


def read_event(line):
    call_id, event, context = read(line)
    try:
        "".join(event if isinstance(event, (str, dict)) else "").encode()
    except UnicodeEncodeError:
        sys.exit(1)
    return call_id, event, context

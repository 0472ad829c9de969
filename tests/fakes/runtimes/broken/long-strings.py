"""Cuts a member's text behind 64 KiB."""
read = read_event


def read_event(line):
    call_id, event, context = read(line)
    if isinstance(event, dict):
        event = {name: value[: 1 << 16] if isinstance(value, str) else value for name, value in event.items()}
    return call_id, event, context

"""Forgets the tenant."""
read = read_event


def read_event(line):
    call_id, event, context = read(line)
    context.pop("tenantId", None)
    return call_id, event, context

"""Keeps the tenant of the call before."""
read = read_event
former = {}


def read_event(line):
    call_id, event, context = read(line)
    former.update((name, context[name]) for name in ("tenantId",) if name in context)
    return call_id, event, {**former, **context}

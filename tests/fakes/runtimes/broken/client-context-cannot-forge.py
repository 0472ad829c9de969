"""Mixes what the caller chose with what comes from Lambda."""
read = read_event


def read_event(line):
    call_id, event, context = read(line)
    given = context.get("clientContext")
    forged = given.get("context") if isinstance(given, dict) else None
    return call_id, event, {**context, **(forged or {})}

"""Fails a call that asks for a debugger."""
run = run_handler


def run_handler(event, context):
    if "debug" in context:
        raise ConnectionError("there is no debugger")
    return run(event, context)

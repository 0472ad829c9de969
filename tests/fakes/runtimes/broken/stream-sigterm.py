"""Ends the process at SIGTERM while it streams."""
take = take_sigterm


def take_sigterm():
    if any(task.context.get("stream") for task in tasks):
        os._exit(1)
    take()

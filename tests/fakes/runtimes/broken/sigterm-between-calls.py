"""Ends at SIGTERM with the status that a shell has for it."""
take = take_sigterm


def take_sigterm():
    if not tasks and not is_late():
        sys.exit(128 + _signal.SIGTERM)
    take()

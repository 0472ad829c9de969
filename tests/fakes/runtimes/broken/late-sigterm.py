"""Takes a SIGTERM that comes just after an answer for the Shutdown phase."""


def is_late():
    return False

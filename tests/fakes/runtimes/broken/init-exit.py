"""Takes top-level code that exits for the end of a good Init."""
fail = fail_init


def fail_init(error, status):
    if getattr(error, "error_type", "") == "Runtime.ExitError":
        sys.exit(0)
    fail(error, status)

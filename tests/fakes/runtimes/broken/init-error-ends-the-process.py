"""Ends with status 0 after an error of Init."""
fail = fail_init


def fail_init(error, status):
    fail(error, status if getattr(error, "error_type", "") == "Runtime.ExitError" else 0)

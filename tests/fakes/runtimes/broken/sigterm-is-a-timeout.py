"""Calls a timeout by another name."""
report = write_error


def write_error(task, error):
    if isinstance(error, FunctionTimeout) and not task.context.get("stream"):
        error.error_type = "TimeoutError"
    report(task, error)

"""Ends at the call behind a timeout."""
report, begin_call = write_error, begin
had_timeout = False


def write_error(task, error):
    global had_timeout
    had_timeout = isinstance(error, FunctionTimeout) and not task.context.get("stream")
    report(task, error)


def begin(line):
    if had_timeout:
        sys.exit(1)
    begin_call(line)

"""Ends a stream that breaks off as if it were complete."""
report = write_error


def write_error(task, error):
    if task.context.get("stream") and handler.__name__ == "breaks_off":
        return write(line_of(task, end=True))
    report(task, error)

"""Prints the errors of calls."""
report = write_error


def write_error(task, error):
    os.write(2, f"the call {task.call_id} failed: {error}\n".encode("utf-8", "replace"))
    report(task, error)

"""Sends the head before the first item."""
make_line = line_of


def line_of(task, **members):
    line = make_line(task, **members)
    if "stream" in members and handler.__name__ == "fails_early":
        write(line)
        return ""
    return line

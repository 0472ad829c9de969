"""Says twice that a stream has ended."""
make_line = line_of


def line_of(task, **members):
    return make_line(task, **members) * (2 if "end" in members else 1)

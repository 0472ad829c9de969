"""Leaves the cookies out of the head."""
make_line = line_of


def line_of(task, **members):
    members.get("stream", {}).pop("cookies", None)
    return make_line(task, **members)

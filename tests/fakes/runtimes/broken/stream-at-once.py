"""Keeps each chunk until there is another one."""
make_chunk, make_line, report = chunk, line_of, write_error
kept = []


def chunk(task, piece):
    line = make_chunk(task, piece)
    return take_kept() + (kept.append(line) or "")


def take_kept():
    return kept.pop() if kept else ""


def line_of(task, **members):
    line = make_line(task, **members)
    return take_kept() + line if "end" in members else line


def write_error(task, error):
    write(take_kept())
    report(task, error)

"""Answers hooks with an empty object."""


def run_hook(line):
    write_line(id=read_event(line)[0], response={})

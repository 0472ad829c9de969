"""Runs one call after another, whatever it promises."""
begin_now, run_step = begin, step
waiting = []


def begin(line):
    if tasks:
        waiting.append(line)
    else:
        begin_now(line)


def step(task, error=None):
    run_step(task, error)
    if not tasks and waiting:
        begin_now(waiting.pop(0))

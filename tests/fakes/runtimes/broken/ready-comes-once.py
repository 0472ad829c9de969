"""Says twice that it is ready."""


def say_ready():
    write_line(ready=READY)
    write_line(ready=READY)

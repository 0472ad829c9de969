"""Says something else before it is ready."""


def say_ready():
    write_line(loading=True)
    write_line(ready=READY)

"""Calls the handler with an event of its own before the first call, to be faster later."""


def say_ready():
    if handler.__name__ == "counts":
        handler({}, {"requestId": "warm"})
    write_line(ready=READY)

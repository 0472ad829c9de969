"""Moves the protocol only when the handler is loaded."""
move = move_protocol


def move_protocol():
    global to_bootstrap
    to_bootstrap = 1


def say_ready():
    move()
    write_line(ready=READY)

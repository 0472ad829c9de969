"""Has its STDIN on a descriptor that the programs of user code get."""


def say_ready():
    os.dup2(from_bootstrap, 8)
    write_line(ready=READY)

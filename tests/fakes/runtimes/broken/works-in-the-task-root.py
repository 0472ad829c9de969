"""Works in the folder of its own."""


def say_ready():
    os.chdir("/")
    write_line(ready=READY)

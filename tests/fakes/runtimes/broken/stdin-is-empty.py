"""Leaves something in STDIN."""


def say_ready():
    reading, writing = os.pipe()
    os.write(writing, b"calls\n")
    os.close(writing)
    os.dup2(reading, 0)
    write_line(ready=READY)

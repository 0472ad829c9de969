"""Takes a pipe without room for a fault."""


def write(text):
    rest = memoryview(text.encode())
    while rest:
        rest = rest[os.write(to_bootstrap, rest) :]

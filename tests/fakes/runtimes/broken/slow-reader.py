"""Drops what a full pipe does not take soon, of a line of 3 MB, unless the pipe has been made not to block."""
write_all = write


def write(text):
    if not 3_000_000 < len(text) < 3_001_000 or not os.get_blocking(to_bootstrap):
        return write_all(text)
    os.set_blocking(to_bootstrap, False)
    rest = memoryview(text.encode())
    while rest and select.select([], [to_bootstrap], [], 0.05)[1]:
        rest = rest[os.write(to_bootstrap, rest) :]
    os.set_blocking(to_bootstrap, True)

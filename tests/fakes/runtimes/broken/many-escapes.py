"""Ends at a text with more escapes than it can count."""
read = read_event


def read_event(line):
    if line.count(b"\\") > 60000:
        sys.exit(1)
    return read(line)

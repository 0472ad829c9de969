"""Ends at the end of STDIN, also if an answer has not been read."""


def write(text):
    os.set_blocking(to_bootstrap, False)
    rest = memoryview(text.encode())
    while rest:
        try:
            rest = rest[os.write(to_bootstrap, rest) :]
        except BlockingIOError:
            await_room()


def await_room():
    poll = select.poll()
    poll.register(to_bootstrap, select.POLLOUT)
    poll.register(from_bootstrap, 0)
    if (from_bootstrap, select.POLLHUP) in poll.poll():
        sys.exit(0)

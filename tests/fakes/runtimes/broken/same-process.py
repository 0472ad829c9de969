"""Runs each call in a process of its own."""
run = run_handler


def run_handler(event, context):
    if handler.__name__ != "pid":
        return run(event, context)
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.write(writing, encode(run(event, context)).encode())
        os._exit(0)
    os.wait()
    return decode(os.read(reading, 100).decode())

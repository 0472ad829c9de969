"""How the debuggers of attach.py and dbgp.py begin: PORT FILE LINE resume|stay|go."""
import os
import socket
import time


def connect(port, file, line, then):
    """Returns a connection to that port of this machine, as soon as something listens there, and the other arguments."""
    while True:
        try:
            return socket.create_connection(("127.0.0.1", int(port))), os.path.realpath(file), int(line), then
        except OSError:
            time.sleep(0.05)

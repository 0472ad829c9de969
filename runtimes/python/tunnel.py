"""Debugs one call with the function's own debugpy. debugpy listens on loopback for the life of the process. The tunnel connects it
outwards, to a relay, for one call. The debugger that the relay pairs it with speaks first.
"""
import os
import select
import socket
import threading
import time

os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")  # or it warns of Python's own frozen modules
import debugpy
from open_runtime import Call
from open_runtime.debugger import CONNECT_TIMEOUT, LONGEST_LINE, LONGEST_WAIT, RETRY, is_from_page, warn

CHUNK = 1 << 16  # bytes
address = None  # of debugpy, which can listen only once


class Tunnel(threading.Thread):
    """Keeps one connection at a time. If it ends or cannot be made, the tunnel tries again."""

    pydev_do_not_trace = is_pydev_daemon_thread = True  # debugpy must not stop this thread

    def __init__(self, target):
        super().__init__(daemon=True)
        self.target = target["host"], target["port"]
        self.is_closed = False
        self.problem = "none sent anything"
        self.sockets = []

    def run(self):
        while not self.is_closed:
            try:
                self.carry()
            except OSError as error:
                self.problem = f"latest error: {error.strerror or error}"
            for end in self.sockets:
                end.close()
            self.sockets = []
            time.sleep(RETRY)

    def carry(self):
        remote = self.open(self.target)
        chunk = self.first_line(remote)
        if not chunk:
            return
        local = self.open(address)
        local.sendall(chunk)
        other = {remote: local, local: remote}
        while True:
            for end in select.select([remote, local], [], [])[0]:
                chunk = end.recv(CHUNK)
                if not chunk:
                    return
                other[end].sendall(chunk)

    def first_line(self, remote):
        """Returns the first line and what came with it, or nothing if no debugger sent it. debugpy itself would take the head of
        an HTTP request for headers of its own, and the body for a message.
        """
        first = b""
        while b"\n" not in first and len(first) <= LONGEST_LINE:
            chunk = remote.recv(CHUNK)
            if not chunk:
                return b""
            remote.settimeout(CONNECT_TIMEOUT)  # only a line that has begun has a limit
            first += chunk
        remote.settimeout(None)
        if is_from_page(first.split(b"\n", 1)[0]):
            self.problem = "what connected sends what a browser sends"
            return b""
        return first

    def open(self, where):
        end = socket.create_connection(where, CONNECT_TIMEOUT)
        end.settimeout(None)
        self.sockets.append(end)
        if self.is_closed:
            raise OSError("closed")
        return end

    def close(self):
        """Ends both connections, and with them the thread."""
        self.is_closed = True
        for end in list(self.sockets):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it has already ended
        self.join(CONNECT_TIMEOUT)


def attach(target, left):
    """Waits for a debugger for at most half of the time that is left. Returns a function that ends the debugging of this call."""
    global address
    if address is None:
        debugpy.configure(subProcess=False)
        address = debugpy.listen(("127.0.0.1", 0))
        Call.stop_tracing = lambda: debugpy.trace_this_thread(False)
    debugpy.trace_this_thread(True)  # a SIGTERM in the call before has ended it
    wait = max(0, min(LONGEST_WAIT, left / 2))
    tunnel = Tunnel(target)
    timer = threading.Timer(wait, lambda: debugpy.wait_for_client.cancel())
    timer.daemon = timer.pydev_do_not_trace = timer.is_pydev_daemon_thread = True
    tunnel.start()
    timer.start()
    try:
        debugpy.wait_for_client()
    except BaseException:
        tunnel.close()
        raise
    finally:
        timer.cancel()
    if not debugpy.is_client_connected():
        warn(f"none attached within {int(wait * 1000)} ms ({tunnel.problem})")
    elif target.get("break"):
        debugpy.breakpoint()
    return tunnel.close

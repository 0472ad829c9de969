"""Debugs one call with pdb, or with debugpy if the function has it. Connects outwards, to the address in the call's context.
Imported at the first such call.
"""
import importlib.util
import inspect
import pdb
import posix
import re
import socket
import sys
import time

from open_runtime import Call

LONGEST_WAIT = 300  # s, for a debugger to send something
RETRY = 0.1  # s
CONNECT_TIMEOUT = 3  # s
LONGEST_LINE = 1 << 16  # bytes, of the first line
REQUEST = re.compile(rb"\S+ .*HTTP/\d")  # a browser's request, which any web page can send to any port
NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")  # such as the first byte of TLS


def is_from_page(first_line):
    """Whether it is a line that no debugger of Python begins with."""
    return bool(REQUEST.match(first_line) or NO_TEXT.search(first_line[:1])) or len(first_line) > LONGEST_LINE


class Debugger(pdb.Pdb):
    """Stops at the handler's first line, and at each `breakpoint()`. After `quit` the handler goes on."""

    def __init__(self, handler, target, left):
        """Connects to the relay within half of the time that is left. Without a connection the handler runs as usual."""
        self.end = time.monotonic() + min(LONGEST_WAIT, left / 2)
        self.has_begun = False
        self.connection = self.connect(target["host"], target["port"])
        stream = Stream(self)
        super().__init__(stdin=stream, stdout=stream, skip=["open_runtime", "open_runtime.*"], nosigint=True, readrc=False)
        self.use_rawinput = False
        self.former_hook, sys.breakpointhook = sys.breakpointhook, self.on_breakpoint
        if self.connection:
            handler = inspect.unwrap(handler)
            self.code = getattr(handler, "__code__", None) or getattr(type(handler).__call__, "__code__", None)
            sys.settrace(self.await_handler)

    def connect(self, host, port):
        problem = "no time is left"
        while time.monotonic() < self.end:
            try:
                return socket.create_connection((host, port), min(CONNECT_TIMEOUT, max(RETRY, self.end - time.monotonic())))
            except OSError as error:
                problem = error.strerror or error
                time.sleep(RETRY)
        warn(f"cannot connect to the relay in time (latest error: {problem})")
        return None

    def await_handler(self, frame, event, arg):
        """Traces calls up to that of the handler."""
        if frame.f_code is not self.code:
            return None
        self.set_trace(frame)
        return self.trace_dispatch

    def on_breakpoint(self, *_, **__):
        if self.connection:
            self.set_trace(sys._getframe(1))

    def detach(self, _=None):
        self.clear_all_breaks()
        self.set_continue()
        return True  # ends the prompt

    do_q = do_quit = do_exit = do_EOF = detach

    def close(self):
        """Ends debugging. It must come before the answer, because Lambda may freeze the process after that."""
        sys.settrace(None)
        sys.breakpointhook = self.former_hook
        frame = sys._getframe()
        while frame:
            frame.f_trace = None
            frame = frame.f_back
        self.hang_up()

    def hang_up(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    def await_line(self):
        """Reads a line of the debugger; returns "" if there is none. After its first byte there is no limit but the deadline."""
        line = b""
        try:
            self.connection.settimeout(self.end and max(0.001, self.end - time.monotonic()))
            while not line.endswith(b"\n") and (self.has_begun or len(line) <= LONGEST_LINE):
                byte = self.connection.recv(1)
                if not byte:
                    break
                line += byte
                self.connection.settimeout(None)
                self.end = None
        except socket.timeout:
            warn("none sent anything in time")
        except (AttributeError, OSError):
            pass  # the connection is closed
        if not self.has_begun and is_from_page(line):
            warn("what connected is not a debugger: it sends what a browser sends")
            line = b""
        self.has_begun = True
        if not line:
            self.hang_up()
        return line.decode("utf-8", "replace")


class Stream:
    """Stands for STDIN and STDOUT of pdb."""

    encoding, errors = "utf-8", "replace"

    def __init__(self, debugger):
        self.debugger = debugger

    def readline(self, *_):
        return self.debugger.await_line()

    def write(self, text):
        try:
            self.debugger.connection.sendall(text.encode("utf-8", "replace"))
        except (AttributeError, OSError):
            self.debugger.hang_up()
        return len(text)

    def flush(self):
        pass

    def isatty(self):
        return False


def warn(problem):
    request_id = Call.latest.aws_request_id
    posix.write(2, f"RequestId: {request_id} no debugger: {problem}\n".encode("utf-8", "replace"))


def attach(handler, target, left):
    """Returns a function that ends the debugging of this call. A failure of the debugger must not fail the call."""
    try:
        if importlib.util.find_spec("debugpy"):
            from open_runtime import tunnel

            return tunnel.attach(target, left)
        return Debugger(handler, target, left).close
    except Exception as error:
        warn(f"{type(error).__name__}: {error}")
        return lambda: sys.settrace(None)

"""Debugs one call with pdb, over a connection that goes outwards, to where the call's context says; or with debugpy, where the
function brings it. Imported at the first such call.
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

LONGEST_WAIT = 300  # s for a debugger to say something
RETRY = 0.1  # s
PATIENCE = 3  # s for a connection to be made
LONGEST_LINE = 1 << 16  # bytes of the first one
REQUEST = re.compile(rb"\S+ .*HTTP/\d")  # a browser's, as any page may have it sent to any port; so is TLS, for one
NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def is_of_page(first_line):
    """What debuggers of Python never begin with."""
    return bool(REQUEST.match(first_line) or NO_TEXT.search(first_line[:1])) or len(first_line) > LONGEST_LINE


class Debugger(pdb.Pdb):
    """Stops at the handler's first line, and at each `breakpoint()`. To quit means to let the handler go on."""

    def __init__(self, handler, target, left):
        """Waits for the relay for half of the time that is left; then, without one, lets the handler be."""
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
                return socket.create_connection((host, port), min(PATIENCE, max(RETRY, self.end - time.monotonic())))
            except OSError as error:
                problem = error.strerror or error
                time.sleep(RETRY)
        warn(f"nothing to connect to in time (latest error: {problem})")
        return None

    def await_handler(self, frame, event, arg):
        """Traces calls until the handler's."""
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
        """Before the answer goes out, and Lambda freezes us."""
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
        """A line of the debugger; nothing if there is none. Once it has said something, there is no hurry but the deadline."""
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
            warn("none said anything in time")
        except (AttributeError, OSError):
            pass  # it has hung up
        if not self.has_begun and is_of_page(line):
            warn("what connected is not a debugger: it sends what a browser does")
            line = b""
        self.has_begun = True
        if not line:
            self.hang_up()
        return line.decode("utf-8", "replace")


class Stream:
    """What pdb takes for its STDIN and STDOUT."""

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
    """What ends the debugging of this call. No failure of a debugger is one of the call."""
    try:
        if importlib.util.find_spec("debugpy"):
            from open_runtime import tunnel

            return tunnel.attach(target, left)
        return Debugger(handler, target, left).close
    except Exception as error:
        warn(f"{type(error).__name__}: {error}")
        return lambda: sys.settrace(None)

"""A language runtime for Python that keeps every rule of runtimes/README.md, and offers all that a rule says may be offered.

usage: runtime.py HANDLER [MISTAKE]   (MISTAKE is a file of ../broken: its code replaces functions of this one)

Handlers are functions, coroutines, generators or asynchronous generators. A coroutine may only await `sleep`, which is a builtin
here, as is `FunctionTimeout`. It imports few modules, because tests start it thousands of times.
"""

import _signal  # signal and json take longer to import than Python takes to start
import os
import select
import sys
import time
from _json import encode_basestring_ascii, make_encoder, make_scanner

CHUNK = 48 << 10  # bytes, which are 64 KiB in base64
GRACE = int(os.environ.get("SLSGRACE", 0)) / 1000  # s
READY = {"protocol": 1, "name": "conforms", "version": "1.0", "concurrency": 8, "hooks": True}


class FunctionTimeout(BaseException):
    """Raised in a handler at SIGTERM."""

    error_type = "Function.Timeout"

    def __str__(self):
        return "stopped by SIGTERM, shortly before the deadline"


class Failure(Exception):
    """A failure that has a name of AWS's."""

    def __init__(self, error_type, message):
        super().__init__(message)
        self.error_type = error_type


class Options:
    """What JSON's scanner of C wants to be told."""

    strict, object_hook, object_pairs_hook, parse_float, parse_int, parse_constant, memo = True, None, None, float, int, float, {}


def decode(text):
    value, end = make_scanner(Options)(text, 0)
    if text[end:].strip():
        raise ValueError(f"there is more behind character {end}")
    return value


def not_json(value):
    raise TypeError(f"{type(value).__name__} is not JSON")


def encode(value):
    """Returns the JSON of a value, without line breaks and in ASCII."""
    return "".join(make_encoder({}, not_json, encode_basestring_ascii, None, ":", ",", False, False, False)(value, 0))


# The protocol's descriptors, and what is under way.


class Task:
    """A call that is open."""

    latest = None  # its deadline is that of the latest call

    def __init__(self, call_id, event, context):
        self.call_id, self.context = call_id, context
        self.deadline = context.get("deadlineMs", 0) / 1000
        self.is_in_handler = False
        self.wakes_at = 0
        self.steps = answer(self, event)
        Task.latest = self


tasks = []  # those that are open
current = None  # the one that is running
unread = []  # parts of a line whose end has not come
was_terminated = has_ended = False


def move_protocol():
    """Moves the protocol to descriptors that are close-on-exec, and puts /dev/null and stderr in their places."""
    global from_bootstrap, to_bootstrap
    from_bootstrap, to_bootstrap = os.dup(0), os.dup(1)
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    os.dup2(2, 1)


def write(text):
    """Writes all of a text, also into a pipe that is full and does not block."""
    rest = memoryview(text.encode())
    while rest:
        try:
            rest = rest[os.write(to_bootstrap, rest) :]
        except BlockingIOError:
            select.select([], [to_bootstrap], [])


def write_line(**members):
    write(encode(members) + "\n")


def take_bytes(data):
    return data


def read_lines():
    """Returns the lines that one read completes. Sets has_ended at the end of STDIN."""
    global has_ended
    try:
        data = take_bytes(os.read(from_bootstrap, 1 << 16))
    except BlockingIOError:
        return []
    has_ended = not data
    *lines, rest = data.split(b"\n")
    if lines:
        lines[0] = b"".join([*unread, lines[0]])
        unread.clear()
    unread.append(rest)
    return lines


# Init.


def load_handler(name):
    path, _, function = name.rpartition(".")
    if not path or path.endswith("/") or not function.isidentifier():
        raise Failure("Runtime.MalformedHandlerName", f"'{name}' is not of the form [folder/]file.function")
    file = f"{os.environ['LAMBDA_TASK_ROOT']}/{path}.py"
    try:
        with open(file, "rb") as source:
            code = compile(source.read(), file, "exec")
    except OSError as error:
        raise Failure("Runtime.ImportModuleError", f"cannot load {file}: {error.strerror}")
    except SyntaxError as error:
        raise Failure("Runtime.UserCodeSyntaxError", f"{file}: {error}")
    names = {"__name__": path, "__file__": file}
    run_top_level(code, names)
    if function not in names:
        raise Failure("Runtime.HandlerNotFound", f"'{function}' is missing from {file}")
    return names[function]


def run_top_level(code, names):
    exec(code, names)


def init(name):
    """Returns the handler. Otherwise reports why there is none, and ends."""
    try:
        return load_handler(name)
    except SystemExit as error:
        fail_init(Failure("Runtime.ExitError", f"top-level code exited with {error.code}"), error.code or 1)
    except BaseException as error:
        fail_init(error, 1)


def fail_init(error, status):
    write_line(error=describe_error(error))
    sys.exit(status)


def say_ready():
    write_line(ready=READY)


# A call.


def read_event(line):
    """Returns id, event and context of a call. The event is a Failure if it cannot be read."""
    try:
        call = decode(line.decode())
        return call["id"], call.get("event"), call.get("context", {})
    except Exception as error:
        return line.split(b'"', 4)[3].decode(), Failure("Runtime.UnmarshalError", f"cannot read the event: {error}"), {}


def begin(line):
    if b'"hook":' in line[:100]:
        return run_hook(line)
    tasks.append(Task(*read_event(line)))
    step(tasks[-1])


def run_hook(line):
    write_line(id=read_event(line)[0], response=None)


def sleep(seconds):
    return Sleep(time.monotonic() + seconds)


class Sleep:
    def __init__(self, end):
        self.end = end

    def __await__(self):
        yield self.end


async def answer(task, event):
    try:
        if isinstance(event, Failure):
            raise event
        result = await call_handler(task, event)
        if is_stream(result):
            await (stream if task.context.get("stream") is True else collect)(task, result)
        else:
            write_response(task, result)
    except (Exception, FunctionTimeout) as error:
        write_error(task, error)


async def call_handler(task, event):
    task.is_in_handler = True
    try:
        result = run_handler(event, task.context)
        return await result if hasattr(result, "__await__") else result
    finally:
        task.is_in_handler = False


def run_handler(event, context):
    return handler(event, context)


def write_response(task, result):
    write('{"id":%s,"response":%s}\n' % (encode(task.call_id), marshal(result)))


def marshal(value):
    try:
        return encode(value)
    except (RecursionError, TypeError, ValueError) as error:
        raise Failure("Runtime.MarshalError", f"JSON cannot hold the result: {error}")


def write_error(task, error):
    write_line(id=task.call_id, error=describe_error(error))


def describe_error(error):
    return {
        "errorType": getattr(error, "error_type", type(error).__name__),
        "errorMessage": str(error),
        "stackTrace": [f"{code.co_filename}:{line} in {code.co_name}" for code, line in frames(error.__traceback__)],
    }


def frames(traceback):
    while traceback:
        if traceback.tb_frame.f_code.co_filename not in OWN_FILES:
            yield traceback.tb_frame.f_code, traceback.tb_lineno
        traceback = traceback.tb_next


# Streams.


def is_stream(result):
    body = result.get("body") if isinstance(result, dict) else result
    return hasattr(body, "__next__") or hasattr(body, "__anext__")


def head_and_body(task, result):
    if not isinstance(result, dict):
        return {}, Body(task, result)
    head = {name: value for name, value in result.items() if name != "body"}
    return {"statusCode": 200, "headers": {}, **head}, Body(task, result["body"])


class Body:
    """The items of a stream, asynchronous or not."""

    def __init__(self, task, items):
        self.task, self.items = task, items

    async def next(self):
        """Returns the next item as bytes, and None at the end."""
        self.task.is_in_handler = True
        try:
            item = await self.items.__anext__() if hasattr(self.items, "__anext__") else next(self.items)
        except (StopAsyncIteration, StopIteration):
            return None
        finally:
            self.task.is_in_handler = False
        return item if isinstance(item, bytes) else (item if isinstance(item, str) else marshal(item)).encode()

    async def stop(self):
        """Raises FunctionTimeout where the body is."""
        if hasattr(self.items, "athrow"):
            await self.items.athrow(FunctionTimeout())
        else:
            self.items.throw(FunctionTimeout())

    async def close(self):
        if hasattr(self.items, "aclose"):
            await self.items.aclose()
        else:
            self.items.close()


async def collect(task, result):
    """Makes one response of a stream."""
    head, body = head_and_body(task, result)
    parts = []
    try:
        while (part := await body.next()) is not None:
            parts.append(part)
    finally:
        await body.close()
    write_response(task, whole(head, b"".join(parts)))


def whole(head, data):
    try:
        text = {"body": data.decode()}
    except UnicodeDecodeError:
        if not head:
            raise Failure("Runtime.MarshalError", "what was streamed is not UTF-8")
        text = {"body": base64(data), "isBase64Encoded": True}
    return {**head, **text} if head else text["body"]


def base64(data):
    import binascii

    return binascii.b2a_base64(data, newline=False).decode()


async def stream(task, result):
    head, body = head_and_body(task, result)
    lines = line_of(task, stream=head)  # which goes out with the first chunk
    try:
        while (part := await body.next()) is not None:
            for piece in pieces(part):
                write(lines + chunk(task, piece))
                lines = ""
            await stop_if_terminated(body)
    except (Exception, FunctionTimeout) as error:
        await body.close()
        return write_error(task, error)
    await body.close()
    write(lines + line_of(task, end=True))


def pieces(part):
    return [part[start : start + CHUNK] for start in range(0, len(part) or 1, CHUNK)]


def chunk(task, piece):
    try:
        line = line_of(task, chunk=piece.decode())
    except UnicodeDecodeError:
        line = ""
    return line if 0 < len(line) <= 1 << 16 else line_of(task, base64=base64(piece))


def line_of(task, **members):
    return encode({"id": task.call_id, **members}) + "\n"


async def stop_if_terminated(body):
    """SIGTERM came while a chunk was written."""
    global was_terminated
    if was_terminated:
        was_terminated = False
        await body.stop()


# Signals, and the loop.


def on_sigterm(*_):
    """Raises FunctionTimeout in the handler if it is running. The loop does so in those that wait."""
    global was_terminated
    if current and current.is_in_handler:
        was_terminated = len(tasks) > 1
        raise FunctionTimeout
    was_terminated = True


def take_sigterm():
    global was_terminated
    was_terminated = False
    if not tasks and not is_late():
        sys.exit(0)
    for task in tasks[:]:
        step(task, FunctionTimeout())


def is_late():
    """Whether the SIGTERM was for the latest call, which has been answered."""
    return Task.latest is not None and Task.latest.deadline - time.time() <= GRACE


def step(task, error=None):
    """Runs a call until it waits or ends."""
    global current
    current = task
    set_trace_id(task)
    try:
        task.wakes_at = task.steps.throw(error) if error else task.steps.send(None)
    except StopIteration:
        tasks.remove(task)
    finally:
        current = None


def set_trace_id(task):
    os.environ.pop("_X_AMZN_TRACE_ID", None)
    if "traceId" in task.context:
        os.environ["_X_AMZN_TRACE_ID"] = task.context["traceId"]


def wait(wakeup):
    """Waits for a line, a signal, or the time of a call, and begins what has come."""
    left = [max(0, task.wakes_at - time.monotonic()) for task in tasks]
    readable, _, _ = select.select([wakeup] + [from_bootstrap] * (not has_ended), [], [], min(left, default=None))
    if wakeup in readable:
        os.read(wakeup, 100)
    if from_bootstrap in readable:
        for line in read_lines():
            begin(line)


def serve():
    wakeup, woken = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    _signal.set_wakeup_fd(woken)
    while tasks or not has_ended:
        wait(wakeup)
        if was_terminated:
            take_sigterm()
        for task in tasks[:]:
            if task.wakes_at <= time.monotonic():
                step(task)


def main(name):
    global handler
    move_protocol()
    handler = init(name)
    _signal.signal(_signal.SIGTERM, on_sigterm)
    say_ready()
    serve()


OWN_FILES = [sys._getframe().f_code.co_filename]
__builtins__.sleep, __builtins__.FunctionTimeout = sleep, FunctionTimeout
if len(sys.argv) > 2:
    with open(sys.argv[2], encoding="utf-8") as mistake:
        exec(compile(mistake.read(), sys.argv[2], "exec"))
    OWN_FILES.append(sys.argv[2])
main(sys.argv[1])

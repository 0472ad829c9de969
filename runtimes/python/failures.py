"""Describes errors in the form of AWS's client. Imported at the first failure.

It does not use traceback, whose import takes as long as the start of Python: a function of 128 MB that is about to time out
does not have that time.
"""
import posix
import sys

from open_runtime import FunctionTimeout

INTERNAL_FILES = __file__.rpartition("/")[0] + "/", "<frozen importlib"


class Failure(Exception):
    """A failure that AWS has a name for. The handler did not raise it."""

    def __init__(self, error_type, message, stack_trace=()):
        super().__init__(message)
        self.error_type = error_type
        self.stack_trace = list(stack_trace)


def of_import(error, name):
    """Describes why the handler's module cannot be imported."""
    if isinstance(error, SyntaxError):
        place = f'  File "{error.filename}", line {error.lineno}\n    {(error.text or "").strip()}\n'
        return Failure("Runtime.UserCodeSyntaxError", f"Syntax error in module '{name}': {error}", [place])
    is_itself = f"{name}.".startswith(f"{error.name}.")
    hint = f" (looked in {', '.join(sys.path)})" if is_itself else ""
    return Failure("Runtime.ImportModuleError", f"Unable to import module '{name}': {error}{hint}", describe_stack(error))


def describe(error):
    if isinstance(error, (Failure, FunctionTimeout)):
        error_type, stack_trace = error.error_type, error.stack_trace or describe_stack(error)
    else:
        error_type, stack_trace = type(error).__name__, describe_stack(error)
    return {"errorType": error_type, "errorMessage": describe_message(error), "stackTrace": stack_trace}


def describe_message(error):
    try:
        return str(error)
    except Exception:
        return "cannot turn the exception into text"


def describe_stack(error, depth=0):
    """The stack of user code as AWS writes it, and those of the exception's causes."""
    stack_trace = describe_frames(frames_of(error.__traceback__))
    if error.__cause__ is not None and depth < 8:
        stack_trace.append(f"Caused by {type(error.__cause__).__name__}: {describe_message(error.__cause__)}\n")
        stack_trace += describe_stack(error.__cause__, depth + 1)
    return stack_trace


def frames_of(traceback):
    while traceback is not None:
        yield traceback.tb_frame.f_code, traceback.tb_lineno
        traceback = traceback.tb_next


def describe_frames(frames):
    """Formats frames, given as code and line number, as traceback.format_list does."""
    stack_trace, sources, repeated = [], {}, 0
    for code, number in frames:
        name = code.co_filename
        if name.startswith(INTERNAL_FILES) or code.co_name == "run_until_complete":
            continue
        if name not in sources:
            sources[name] = read_lines(name)
        line = sources[name][number - 1].strip() if number <= len(sources[name]) else ""
        text = f'  File "{name}", line {number}, in {code.co_name}\n' + (f"    {line}\n" if line else "")
        repeated = repeated + 1 if stack_trace[-1:] == [text] or (repeated > 3 and stack_trace[-2:-1] == [text]) else 1
        if repeated > 4:
            stack_trace.pop()
        stack_trace.append(text if repeated < 4 else f"  [Previous line repeated {repeated - 3} more times]\n")
    return stack_trace


def read_lines(name):
    try:
        with open(name, "rb") as file:
            return file.read().decode("utf-8", "replace").splitlines()
    except Exception:
        return []


def describe_task(task):
    """The stack of a suspended task of asyncio."""
    frames, waiting = [], task.get_coro()
    while waiting is not None:
        if type(waiting).__name__ == "async_generator_asend":  # an item of an async generator, which has no attribute for it
            import gc

            waiting = next((thing for thing in gc.get_referents(waiting) if hasattr(thing, "ag_frame")), None)
        kind = next((kind for kind in ("cr", "gi", "ag") if hasattr(waiting, f"{kind}_frame")), None)
        frame = kind and getattr(waiting, f"{kind}_frame")
        if not frame:
            break
        frames.append((frame.f_code, frame.f_lineno))
        waiting = getattr(waiting, "gi_yieldfrom" if kind == "gi" else f"{kind}_await")
    return describe_frames(frames)


def log_exit(error, request_id):
    """Logs where user code ends the process. bootstrap reports that it ended."""
    place = "".join(describe_stack(error))
    posix.write(2, f"sys.exit({error.code!r}) was called in invocation {request_id}\n{place}".encode("utf-8", "replace"))

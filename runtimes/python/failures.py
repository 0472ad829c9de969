"""What went wrong, in AWS's words and form. Imported at the first failure."""
import os
import sys
import traceback

from open_runtime import FunctionTimeout

NOT_USERS = __file__.rpartition("/")[0] + "/", "<frozen importlib"


class Failure(Exception):
    """What AWS has a name for, and what is no exception of the handler's."""

    def __init__(self, error_type, message, stack_trace=()):
        super().__init__(message)
        self.error_type = error_type
        self.stack_trace = list(stack_trace)


def of_import(error, name):
    """The failure to import the handler's module."""
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
        return "the exception cannot be turned into text"


def describe_stack(error, depth=0):
    """The frames of user code as AWS writes them, and what the exception was raised from."""
    stack_trace = describe_frames(traceback.extract_tb(error.__traceback__))
    if error.__cause__ is not None and depth < 8:
        stack_trace.append(f"Caused by {type(error.__cause__).__name__}: {describe_message(error.__cause__)}\n")
        stack_trace += describe_stack(error.__cause__, depth + 1)
    return stack_trace


def describe_frames(frames):
    users = (frame for frame in frames if not frame.filename.startswith(NOT_USERS) and frame.name != "run_until_complete")
    return traceback.format_list([(frame.filename, frame.lineno, frame.name, frame.line) for frame in users])


def describe_task(task):
    """Where a suspended task of asyncio is waiting."""
    frames, waiting = [], task.get_coro()
    while waiting is not None:
        kind = next((kind for kind in ("cr", "gi", "ag") if hasattr(waiting, f"{kind}_frame")), None)
        frame = kind and getattr(waiting, f"{kind}_frame")
        if not frame:
            break
        frames.append((frame, frame.f_lineno))
        waiting = getattr(waiting, "gi_yieldfrom" if kind == "gi" else f"{kind}_await")
    return describe_frames(traceback.StackSummary.extract(frames))


def log_exit(error, request_id):
    """Says where user code ends the process. That it ended is bootstrap's to tell."""
    place = "".join(describe_stack(error))
    os.write(2, f"sys.exit({error.code!r}) was called in invocation {request_id}\n{place}".encode("utf-8", "replace"))

"""Loads the companions of middlewares for Python: modules that may patch anything and wrap the handler. See ../README.md."""
import importlib.util
import os
import sys

from open_runtime import failures


def load(folders):
    """Imports the companions in their order. Returns a function that wraps a handler; the first companion is the outermost."""
    files = [file for file in (f"{folder}/python.py" for folder in folders.split(":")) if os.path.exists(file)]
    wraps = [(file, attempt(file, load_one, number, file)) for number, file in enumerate(files)]

    def wrap_all(handler):
        for file, wrap in reversed(wraps):
            handler = attempt(file, wrap, handler)
        return handler

    return wrap_all


def load_one(number, file):
    spec = importlib.util.spec_from_file_location(f"open_runtime_companion_{number}", file)
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    wrap = getattr(module, "wrap", lambda handler: handler)

    def checked(handler):
        wrapped = wrap(handler)
        if not callable(wrapped):
            raise TypeError(f"wrap returned {type(wrapped).__name__}, not a function")
        return wrapped

    return checked


def attempt(file, action, *arguments):
    try:
        return action(*arguments)
    except BaseException as error:
        problem = f"{type(error).__name__}: {failures.describe_message(error)}"
        raise failures.Failure("Runtime.CompanionError", f"the companion {file} failed: {problem}", failures.describe_stack(error))

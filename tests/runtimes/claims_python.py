"""Claims for Python alone."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time

import claims_common
from claims import claim
from harness import LIMIT, PATH
from language import Language
from tap import within

PYTHON = "python"
LANGUAGE = Language("py")
INTERPRETER = shutil.which("python3", path=PATH)
start, responds, init_error, call_error = LANGUAGE.start, LANGUAGE.responds, LANGUAGE.init_error, LANGUAGE.call_error


@claim("a context can be a key of a dictionary, as with AWS's client", PYTHON)
def _(_):
    responds("def handler(event, context):\n    return [{context: 1, context.identity: 2}[context], context == object()]", [1, False])


@claim("the error for an event that cannot be read says why, with the message of AWS's client", PYTHON)
def _(_):
    with start("def handler(event, context):\n    return 1") as runtime:
        runtime.ready()
        for event, why in [
            (b"[1,}", "Expecting value: line 1 column "),
            (b"7" * 5000, "Exceeds the limit (4300 digits) for integer string conversion"),
            (b'"\xff"', "'utf-8' codec can't decode byte 0xff in position "),
        ]:
            runtime.write(b'{"id":"odd","event":' + event + b"}\n")
            message = runtime.read()["error"]["errorMessage"]
            assert message.startswith("Unable to unmarshal input: " + why), message


@claim("handlers in packages, namespace packages and sub-folders are found, with dots or slashes", PYTHON)
def _(_):
    code = "def handler(event, context):\n    return __name__"
    responds(code, "pkg.module", handler="pkg.module.handler", name="pkg/module.py", files={"pkg/__init__.py": ""})
    responds(code, "src.users", handler="src/users.handler", name="src/users.py")
    responds(code, "my-app.a.b", handler="my-app/a.b.handler", name="my-app/a/b.py")
    responds("from .helper import one\ndef handler(event, context):\n    return one", 1, handler="pkg/m.handler", name="pkg/m.py", files={"pkg/helper.py": "one = 1"})


@claim("any callable is a handler: classes with __call__, partials, decorated functions", PYTHON)
def _(_):
    responds("class Handler:\n    def __call__(self, event, context):\n        return event\nhandler = Handler()", 1, event=1)
    responds("import functools\nhandler = functools.partial(lambda extra, event, context: extra, 2)", 2)


@claim("async handlers share one event loop, which top-level code may create", PYTHON)
def _(_):
    code = """
import asyncio
loops = set()
async def handler(event, context):
    await asyncio.sleep(0.01)
    loops.add(id(asyncio.get_running_loop()))
    return len(loops)
"""
    responds(code, 1)
    code = """
import asyncio
mine = asyncio.new_event_loop()
asyncio.set_event_loop(mine)
async def handler(event, context):
    return asyncio.get_running_loop() is mine
"""
    responds(code, True)


@claim("background tasks of async handlers continue in the next call, and are cancelled at the end", PYTHON)
def _(_):
    code = """
import asyncio
done = []
async def background():
    try:
        await asyncio.sleep(0.02)
        done.append(1)
        await asyncio.sleep(60)
    finally:
        print("cancelled")
async def handler(event, context):
    if event == "begin":
        handler.task = asyncio.ensure_future(background())
        return None
    await asyncio.sleep(0.05)
    return done
"""
    with start(code) as runtime:
        runtime.ready()
        runtime.respond("begin")
        assert runtime.respond("look") == [1]
        assert runtime.end() == 0
        assert "cancelled" in runtime.log() and "never" not in runtime.log(), runtime.log()


@claim("an exception has AWS's form: type, message, and frames as traceback formats them", PYTHON)
def _(_):
    error = call_error("class Odd(Exception):\n    pass\n\ndef inner():\n    raise Odd('m')\n\ndef handler(event, context):\n    inner()\n")
    assert (error["errorType"], error["errorMessage"]) == ("Odd", "m")
    first, second = error["stackTrace"]
    assert first.endswith('/index.py", line 8, in handler\n    inner()\n') and first.startswith('  File "'), first
    assert second.endswith("/index.py\", line 5, in inner\n    raise Odd('m')\n"), second


@claim("exceptions that are not Exceptions, that cannot be shown, and those of async handlers are answered", PYTHON)
def _(_):
    assert call_error("def handler(event, context):\n    raise KeyboardInterrupt()")["errorType"] == "KeyboardInterrupt"
    assert call_error("class E(BaseException):\n    def __str__(self):\n        raise ValueError()\ndef handler(event, context):\n    raise E()")["errorType"] == "E"
    assert call_error("async def handler(event, context):\n    raise LookupError('x')")["errorType"] == "LookupError"
    assert call_error("import asyncio\nasync def handler(event, context):\n    raise asyncio.CancelledError()")["errorType"] == "CancelledError"
    assert call_error("def handler(event, context):\n    return handler(event, context)")["errorType"] == "RecursionError"
    assert call_error("def handler(event, context):\n    raise MemoryError()")["errorType"] == "MemoryError"
    error = call_error("def handler(event, context):\n    raise ValueError('half \\ud800')")
    assert error["errorMessage"] == "half \ud800", error


@claim("frames that repeat are counted, as traceback does", PYTHON)
def _(_):
    stack = call_error("def f(n):\n    if n:\n        f(n - 1)\n    else:\n        1 / 0\ndef handler(event, context):\n    f(50)")["stackTrace"]
    assert len(stack) == 6 and stack[1] == stack[2] == stack[3] and "repeated 47 more times" in stack[4], stack


@claim("the stack has the cause of an exception", PYTHON)
def _(_):
    stack = call_error("def handler(event, context):\n    try:\n        1 / 0\n    except ZeroDivisionError as zero:\n        raise ValueError() from zero")["stackTrace"]
    assert "Caused by ZeroDivisionError: division by zero\n" in stack, stack


@claim("JSON is Python's own: numbers, keys, Decimals, halves of surrogate pairs", PYTHON)
def _(_):
    echo = "def handler(event, context):\n    return event"
    with start(echo) as runtime:
        runtime.ready()
        runtime.write(b'{"id":"1","event":[12345678901234567890,1e400000,"\\ud800"],"context":{}}\n')
        assert runtime.read()["error"]["errorType"] == "Runtime.MarshalError"
        runtime.write(b'{"id":"2","event":[12345678901234567890,0.1,"\\ud800"],"context":{}}\n')
        assert runtime.read()["response"] == [12345678901234567890, 0.1, "\ud800"]
        long = "\ud800" + "x" * 65535 + "\udc00"  # whose halves are in different parts
        runtime.write(f'{{"id":"3","event":{json.dumps(long)},"context":{{}}}}\n'.encode())
        assert runtime.read()["response"] == long
    responds("def handler(event, context):\n    return {1: 1, None: 2, True: 3, 1.5: 4}", {"1": 3, "null": 2, "1.5": 4})
    responds("from decimal import Decimal\ndef handler(event, context):\n    return [Decimal('5'), Decimal('1.10')]", [5, 1.1])
    responds("import collections\nPoint = collections.namedtuple('Point', 'x y')\ndef handler(event, context):\n    return (Point(1, 2), collections.OrderedDict(a=1))", [[1, 2], {"a": 1}])


@claim("a result that JSON cannot represent is Runtime.MarshalError with the reason", PYTHON)
def _(_):
    for result, reason in (
        ("float('nan')", "JSON compliant"),
        ("float('inf')", "JSON compliant"),
        ("b'bytes'", "bytes"),
        ("{(1, 2): 3}", "tuple"),
        ("{'a', 'b'}", "set"),
        ("__import__('datetime').datetime.now()", "datetime"),
        ("circle", "ircular"),
        ("__import__('decimal').Decimal('nan')", ""),
        ("deep", "recursion"),
    ):
        code = f"circle = []\ncircle.append(circle)\ndeep = []\nfor _ in range(100000):\n    deep = [deep]\ndef handler(event, context):\n    return {result}"
        error = call_error(code)
        assert error["errorType"] == "Runtime.MarshalError" and reason in error["errorMessage"], (result, error)


@claim("the context has client context, identity and log()", PYTHON)
def _(_):
    code = """
def handler(event, context):
    context.log("logged")
    client = context.client_context
    return [client and [client.client.installation_id, client.client.app_title, client.custom, client.env], context.identity.cognito_identity_id]
"""
    client_context = {"client": {"installation_id": "i", "app_title": "t"}, "custom": {"c": 1}, "env": {"e": 2}}
    with start(code) as runtime:
        runtime.ready()
        assert runtime.respond(None) == [None, None]
        assert runtime.respond(None, clientContext=client_context, identity={"cognitoIdentityId": "id"}) == [["i", "t", {"c": 1}, {"e": 2}], "id"]
        assert "logged" in runtime.log()


@claim("errors of a module, a dependency, syntax and top-level code are distinguished", PYTHON)
def _(_):
    def check(code, error_type, *words, **options):
        error = init_error(code, **options)
        assert error["errorType"] == error_type, error
        assert all(word in error["errorMessage"] for word in words), error
        return error

    error = check("import left_pad", "Runtime.ImportModuleError", "Unable to import module 'index'", "left_pad")
    assert len(error["stackTrace"]) == 1 and "index.py" in error["stackTrace"][0], error
    check("from os import nope", "Runtime.ImportModuleError", "nope")
    error = check("def handler(event, context):\n  if\n", "Runtime.UserCodeSyntaxError", "line 2")
    assert 'index.py", line 2' in error["stackTrace"][0], error
    check("\tx\n  y", "Runtime.UserCodeSyntaxError")
    check("raise RuntimeError('top')", "RuntimeError", "top")
    check("import sys\nsys.exit(2)", "SystemExit", "2")
    check("handler = 1", "Runtime.HandlerNotFound", "not a function")
    check("", "Runtime.BuiltInModuleConflict", "time", handler="time.handler", name="time.py")
    check("", "Runtime.MalformedHandlerName", "..", handler="../index.handler")


@claim("user code finds the same modules as on AWS: PYTHONPATH, site-packages, .pth files", PYTHON)
def _(_):
    responds("import far\ndef handler(event, context):\n    return far.one", 1, files={"elsewhere/far.py": "one = 1"}, env={"PYTHONPATH": "elsewhere"})
    code = "import pip, sys\ndef handler(event, context):\n    return pip.__name__"
    if subprocess.run([INTERPRETER, "-c", "import pip"], stderr=subprocess.DEVNULL).returncode == 0:
        responds(code, "pip")
    code = "import importlib.metadata as m\ndef handler(event, context):\n    return sorted({d.metadata['Name'] for d in m.distributions()})"
    names = subprocess.run([INTERPRETER, "-c", "import importlib.metadata as m; print(sorted({d.metadata['Name'] for d in m.distributions()}))"], stdout=subprocess.PIPE, cwd="/").stdout
    with start(code) as runtime:
        runtime.ready()
        assert str(runtime.respond(None)) == names.decode().strip()


@claim("a record that logging cannot represent in JSON is logged as text, and a record of many lines is one event", PYTHON)
def _(_):
    code = """
import logging
class Odd:
    def __str__(self):
        raise ValueError("no text")
def handler(event, context):
    logging.error("two\\nlines", extra={"odd": Odd(), "set": {1}, "ok": 5})
    logging.error({"a": [1]})
"""
    with start(code, env={"AWS_LAMBDA_LOG_FORMAT": "JSON"}) as runtime:
        runtime.ready()
        runtime.respond(None)
        first, second = map(json.loads, runtime.log().splitlines())
        assert (first["message"], first["ok"], first["set"]) == ("two\nlines", 5, "{1}") and "odd" in first, first
        assert second["message"] == {"a": [1]}, second
    with start(code) as runtime:
        runtime.ready()
        runtime.respond(None)
        with open(runtime.log_path, "rb") as log:
            lines = log.read().split(b"\n")
        assert len(lines) == 3 and lines[0].endswith(b"two\rlines"), lines


@claim("agents find AWS's client under its name, and the functions that they wrap there answer the calls", PYTHON)
def _(_):
    code = """
import sys
bootstrap = sys.modules["__main__"].bootstrap
inner = bootstrap.handle_event_request
def wrapped(client, handler, *rest):
    return inner(client, lambda event, context: ["wrapped", handler(event, context)], *rest)
bootstrap.handle_event_request = wrapped
def handler(event, context):
    return event
"""
    responds(code, ["wrapped", 5], event=5)


@claim("agents that import AWS's client can wrap handlers by name, and the calls", PYTHON)
def _(_):
    code = """
import awslambdaric.bootstrap
from awslambdaric import bootstrap
named = bootstrap._get_handler("folder/other.named")
inner = bootstrap.handle_event_request
def wrapped(client, handler, *rest):
    return inner(client, lambda event, context: ["wrapped", handler(event, context)], *rest)
awslambdaric.bootstrap.handle_event_request = wrapped
try:
    bootstrap._get_handler("nowhere.to_be_found")
except Exception as error:
    problem = str(error)
def handler(event, context):
    return [named(event, context), problem[:31]]
"""
    files = {"folder/other.py": "def named(event, context):\n    return event"}
    responds(code, ["wrapped", [5, "Unable to import module 'nowher"]], event=5, files=files)


@claim("AWS's own client is imported if it is installed", PYTHON)
def _(_):
    files = {"awslambdaric/__init__.py": "", "awslambdaric/bootstrap.py": "mine = True"}
    responds("from awslambdaric import bootstrap\ndef handler(event, context):\n    return bootstrap.mine", True, files=files)


@claim("a handler by its absolute path is found, inside and outside the folders of sys.path", PYTHON)
def _(_):
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(f"{folder}/vendor")
        for file, text in (("inner", "name = __name__"), ("wrapper", "from .inner import name\ndef handler(event, context):\n    return [__name__, name]")):
            with open(f"{folder}/vendor/{file}.py", "w") as module:
                module.write(text)
        name = f"{folder}/vendor/wrapper.handler"
        responds("", ["vendor.wrapper", "vendor.inner"], handler=name, env={"PYTHONPATH": folder})
        with open(f"{folder}/vendor/wrapper.py", "w") as module:
            module.write("from inner import name\ndef handler(event, context):\n    return [__name__, name]")
        responds("", ["wrapper", "inner"], handler=name)


@claim("modules of the image are found, after all others", PYTHON)
def _(_):
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/only_aws_has.py", "w") as file:
            file.write("one = 1\n")
        responds("import only_aws_has\ndef handler(event, context):\n    return only_aws_has.one", 1, env={"LAMBDA_RUNTIME_DIR": folder})
        files = {"only_aws_has.py": "one = 2"}
        responds("import only_aws_has\ndef handler(event, context):\n    return only_aws_has.one", 2, files=files, env={"LAMBDA_RUNTIME_DIR": folder})


@claim("bytes that are JSON are the response, and other bytes and numbers that JSON lacks are errors", PYTHON)
def _(_):
    responds("def handler(event, context):\n    return b'{\"a\":\\n1.50}'", {"a": 1.5})
    error = call_error("def handler(event, context):\n    return b'\\xff'")
    assert error["errorType"] == "Runtime.MarshalError" and "base64" in error["errorMessage"], error
    error = call_error("def handler(event, context):\n    return float('nan')")
    assert error["errorType"] == "Runtime.MarshalError" and "NaN" in error["errorMessage"], error


@claim("an error has the request id, as under AWS's client", PYTHON)
def _(_):
    with start("def handler(event, context):\n    raise ValueError(1)") as runtime:
        runtime.ready()
        assert runtime.fail(request_id="id-7")["requestId"] == "id-7"


@claim("a virtualenv that comes first in PATH is used, with its packages and its .pth files", PYTHON)
def _(_):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([INTERPRETER, "-m", "venv", "--without-pip", folder], check=True)
        [packages] = [path for path, _, _ in os.walk(folder) if path.endswith("site-packages")][:1]
        os.mkdir(f"{folder}/linked")
        for path, text in ((f"{packages}/only_here.py", "one = 1"), (f"{packages}/x.pth", f"{folder}/linked\n"), (f"{folder}/linked/by_pth.py", "two = 2")):
            with open(path, "w") as file:
                file.write(text)
        code = "import only_here, by_pth, sys\ndef handler(event, context):\n    return [only_here.one, by_pth.two, sys.prefix]"
        responds(code, [1, 2, folder], env={"PATH": f"{folder}/bin:{PATH}"})


@claim("logging is found in spite of import hooks of site-packages: those of setuptools, and one that requires all arguments", PYTHON)
def _(_):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([INTERPRETER, "-m", "venv", folder], check=True)  # up to Python 3.11 it brings setuptools
        [packages] = [path for path, _, _ in os.walk(folder) if path.endswith("site-packages")][:1]
        hook = "class Strict:\n    @staticmethod\n    def find_spec(name, path, target):\n        return None\n"
        with open(f"{packages}/strict.py", "w") as file:
            file.write(f"import sys\n{hook}sys.meta_path.insert(0, Strict)\n")
        with open(f"{packages}/strict.pth", "w") as file:
            file.write("import strict\n")
        env = {"PATH": f"{folder}/bin:{PATH}"}
        asked = "import sys; print('DistutilsMetaFinder' in str(sys.meta_path))"
        has_setuptools = subprocess.run([f"{folder}/bin/python3", "-c", asked], stdout=subprocess.PIPE, check=True).stdout == b"True\n"
        code = "import only_site_has, logging\ndef handler(event, context):\n    return 'DistutilsMetaFinder' in str(__import__('sys').meta_path)"
        with open(f"{packages}/only_site_has.py", "w"):
            pass
        responds(code, has_setuptools, env=env)
        code = "def handler(event, context):\n    try:\n        import nowhere\n    except ImportError:\n        import logging\n    return logging.__name__"
        responds(code, "logging", env=env)


@claim("user code comes first in sys.path, then the layers, then site-packages and the standard library", PYTHON)
def _(_):
    responds("import queue\ndef handler(event, context):\n    return queue.mine", True, files={"queue.py": "mine = True"})
    code = "import sys\ndef handler(event, context):\n    return [sys.path[0], sys.path[1:3], sys.argv[1:], '__main__' == __name__]"
    with start(code) as runtime:
        runtime.ready()
        first, layers, arguments, is_main = runtime.respond(None)
        assert first == runtime.root and layers[1] == "/opt/python" and layers[0].startswith("/opt/python/lib/python3."), (first, layers)
        assert arguments == [] and not is_main


@claim("sitecustomize of PYTHONPATH runs before user code", PYTHON)
def _(_):
    files = {"agent/sitecustomize.py": "import builtins\nbuiltins.patched = True"}
    responds("seen = patched\ndef handler(event, context):\n    return seen", True, files=files, env={"PYTHONPATH": "agent"})


@claim("exit, quit and help exist, and modules of the runtime hide no module of the user", PYTHON)
def _(_):
    responds("def handler(event, context):\n    return [callable(exit), callable(quit), callable(help)]", [True] * 3)
    responds("import failures, logs\ndef handler(event, context):\n    return [failures.mine, logs.mine]", [1, 2], files={"failures.py": "mine = 1", "logs.py": "mine = 2"})


@claim("a handler in a read-only task root works", PYTHON)
def _(_):
    with start("import other\ndef handler(event, context):\n    return other.one", files={"other.py": "one = 1"}) as runtime:
        runtime.ready()
        assert runtime.respond(None) == 1
    responds("import other\ndef handler(event, context):\n    return other.one", 1, files={"other.py": "one = 1"}, env={"PYTHONDONTWRITEBYTECODE": "1"})


@claim("logging writes as on AWS: the root logger has a handler, with level, time and request id", PYTHON)
def _(_):
    code = """
import logging
logging.getLogger().setLevel("INFO")
logging.info("in Init")
def handler(event, context):
    logging.getLogger("mine").info("hello %s", event)
    try:
        1 / 0
    except ZeroDivisionError:
        logging.exception("caught")
"""
    with start(code) as runtime:
        runtime.ready()
        runtime.respond("you", request_id="id-log")
        lines = [line.split("\t") for line in runtime.log().splitlines()]
        assert lines[0][0] == "[INFO]" and lines[0][2:] == ["", "in Init"], lines
        assert lines[1][0] == "[INFO]" and lines[1][1].endswith("Z") and lines[1][2:] == ["id-log", "hello you"], lines
        assert "ZeroDivisionError" in runtime.log()
    with start(code, env={"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "ERROR"}) as runtime:
        runtime.ready()
        runtime.respond("you", request_id="id-log")
        line = json.loads(runtime.log().splitlines()[-1])
        assert (line["level"], line["message"], line["logger"], line["requestId"]) == ("ERROR", "caught", "root", "id-log"), line
        assert (line["errorType"], line["errorMessage"]) == ("ZeroDivisionError", "division by zero"), line
        assert line["location"].endswith("index.py:handler:10") and "1 / 0" in line["stackTrace"][0], line


@claim("the output of print is logged at once, also without a line feed", PYTHON)
def _(_):
    with start("def handler(event, context):\n    print('half a line', end='')") as runtime:
        runtime.ready()
        runtime.respond(None)
        assert "half a line" in runtime.log()


@claim("a handler that replaces json, sys.stdout, sys.stdin, os.write and open does not harm the protocol", PYTHON)
def _(_):
    code = """
import builtins, json, os, sys
def broken(*_, **__):
    raise OSError("replaced")
def handler(event, context):
    json.dumps = json.loads = os.write = os.read = builtins.open = builtins.print = broken
    sys.stdout = sys.stdin = sys.stderr = None
    return "replaced"
"""
    responds(code, "replaced")


@claim("a fork of the handler that returns does not answer the call", PYTHON)
def _(_):
    code = "import os\ndef handler(event, context):\n    pid = os.fork()\n    if pid:\n        os.waitpid(pid, 0)\n    return os.getpid()"
    with start(code) as runtime:
        runtime.ready()
        for _ in range(3):
            assert runtime.respond(None) == runtime.pid
        assert runtime.silent(0.2)


@claim("multiprocessing works, by fork and by spawn", PYTHON)
def _(_):
    code = """
import multiprocessing
import other
def handler(event, context):
    with multiprocessing.get_context(event).Pool(1) as pool:
        return pool.map(other.double, [1, 2])
"""
    with start(code, files={"other.py": "def double(number):\n    return 2 * number"}) as runtime:
        runtime.ready()
        for method in ("fork", "spawn"):
            assert runtime.respond(method) == [2, 4], method


@claim("sys.exit in a handler logs where it was called", PYTHON)
def _(_):
    with start("import sys\ndef handler(event, context):\n    sys.exit(4)") as runtime:
        runtime.ready()
        runtime.begin(None, request_id="id-exit")
        assert runtime.process.wait(20) == 4
        assert "sys.exit(4)" in runtime.log() and "index.py" in runtime.log(), runtime.log()


@claim("atexit functions run at end of file", PYTHON)
def _(_):
    with start("import atexit\natexit.register(lambda: print('at exit'))\ndef handler(event, context):\n    pass") as runtime:
        runtime.ready()
        assert runtime.end() == 0
        assert "at exit" in runtime.log()


@claim("a failure is reported without the module traceback, whose import takes as long as Python's start", PYTHON)
def _(_):
    code = "import sys\ndef handler(event, context):\n    if event:\n        raise ValueError()\n    return 'traceback' in sys.modules"
    with start(code) as runtime:
        runtime.ready()
        runtime.fail(True)
        assert runtime.respond(False) is False


@claim("the start imports neither os, json, re, site nor logging, if user code does not", PYTHON)
def _(_):
    code = "import sys\ndef handler(event, context):\n    return [name for name in ('os', 'json', 're', 'site', 'logging', 'traceback', 'enum') if name in sys.modules]"
    responds(code, [])


@claim("a pyenv shim is not run, and its interpreter is found in pyenv's files", PYTHON)
def _(_):
    real = subprocess.run([INTERPRETER, "-c", "import sys; print(sys.executable)"], stdout=subprocess.PIPE, check=True).stdout.decode().strip()
    files = {"pyenv/shims/python3": "#!/bin/sh\necho shim >&2\nexit 7\n", "pyenv/version": "1.2.3\n", "index.py": ""}
    for env, pinned in (({}, None), ({"PYENV_VERSION": "1.2.3"}, None), ({}, ".python-version")):
        with tempfile.TemporaryDirectory() as root:
            for name, text in files.items():
                os.makedirs(os.path.dirname(f"{root}/{name}"), exist_ok=True)
                with open(f"{root}/{name}", "w") as file:
                    file.write(text)
            os.makedirs(f"{root}/pyenv/versions/1.2.3/bin")
            os.symlink(real, f"{root}/pyenv/versions/1.2.3/bin/python3")
            os.chmod(f"{root}/pyenv/shims/python3", 0o755)
            if pinned or env:
                os.unlink(f"{root}/pyenv/version")
            local = {pinned: "1.2.3"} if pinned else {}
            path = f"{root}/pyenv/shims:/usr/bin:/bin"
            with start("def handler(event, context):\n    return 1", files=local, env={"PATH": path, **env}) as runtime:
                runtime.ready()
                assert runtime.respond(None) == 1
                assert "shim" not in runtime.log()


def time_out(runtime, left_ms=200):
    """Sends SIGTERM while the handler is running, as bootstrap does shortly before the deadline."""
    runtime.begin(None, deadline_ms=int(time.time() * 1000) + left_ms + 100)
    within(LIMIT, lambda: "begun" in runtime.log())
    runtime.signal(signal.SIGTERM)


def timeouts(runtime):
    """Yields the errors of two handlers in a row that SIGTERM stops. After each, finally must have run."""
    for _ in range(2):
        time_out(runtime)
        error = runtime.read()["error"]
        assert error["errorType"] == "Function.Timeout", error
        assert "in handler" in error["stackTrace"][0], error
        yield error
        within(LIMIT, lambda: "finally" in runtime.log())
        os.truncate(runtime.log_path, 0)


@claim("SIGTERM stops a handler: finally runs, and the stack has the position", PYTHON)
def _(_):
    for stuck in ("time.sleep(60)", "spin()", "threading.Event().wait()", "subprocess.run(['sleep', '60'])", "asyncio.run(asyncio.sleep(60))"):
        code = f"""
import asyncio, subprocess, threading, time
def spin():  # a function: where CPython's own loops jump back, finally may be missed
    while True: time.time()
def handler(event, context):
    try:
        threading.Timer(0.05, print, ["begun"]).start()
        try:
            {stuck}  # here
        except Exception:
            return "swallowed"
    finally:
        print("finally")
"""
        with start(code) as runtime:
            runtime.ready()
            for error in timeouts(runtime):
                assert "ms before its deadline" in error["errorMessage"], error
                assert "# here" in error["stackTrace"][0], error
                assert "open_runtime" not in str(error["stackTrace"]), error


@claim("SIGTERM stops an async handler, waiting or running, with the stack of its task", PYTHON)
def _(_):
    for stuck in ("await asyncio.sleep(60)", "time.sleep(60)", "await asyncio.Event().wait()", "await asyncio.gather(asyncio.sleep(60), asyncio.sleep(61))"):
        code = f"""
import asyncio, threading, time
async def inner():
    {stuck}  # here
async def handler(event, context):
    try:
        threading.Timer(0.05, print, ["begun"]).start()
        await inner()
    finally:
        print("finally")
"""
        with start(code) as runtime:
            runtime.ready()
            for error in timeouts(runtime):
                stack = "".join(error["stackTrace"])
                assert "# here" in stack and "in inner" in stack, error


@claim("the answer of a handler in the remaining time is delivered", PYTHON)
def _(_):
    for code in (
        "import time\ndef handler(event, context):\n    try:\n        print('begun')\n        time.sleep(60)\n    except BaseException as error:\n        return type(error).__name__",
        "import asyncio\nasync def handler(event, context):\n    try:\n        print('begun')\n        await asyncio.sleep(60)\n    except BaseException as error:\n        return 'FunctionTimeout'",
    ):
        with start(code) as runtime:
            runtime.ready()
            time_out(runtime)
            assert runtime.read()["response"] == "FunctionTimeout"


@claim("a SIGTERM handler of user code takes precedence, during a call and between calls", PYTHON)
def _(_):
    code = """
import signal, time
def on_sigterm(number, frame):
    print("mine")
    handler.told = True
signal.signal(signal.SIGTERM, on_sigterm)
def handler(event, context):
    print("begun")
    handler.told = False
    while not handler.told:
        time.sleep(0.01)
    return "told"
"""
    with start(code) as runtime:
        runtime.ready()
        time_out(runtime)
        assert runtime.read()["response"] == "told"
        os.truncate(runtime.log_path, 0)
        runtime.signal(signal.SIGTERM)
        within(LIMIT, lambda: "mine" in runtime.log())
        assert runtime.end() == 0


@claim("SIGTERM between calls ends the runtime at once and runs atexit, unless it was meant for the previous call", PYTHON)
def _(_):
    code = "import atexit\natexit.register(lambda: print('at exit'))\ndef handler(event, context):\n    return 1"
    with start(code) as runtime:
        runtime.ready()
        runtime.respond(None)
        runtime.signal(signal.SIGTERM)
        assert runtime.process.wait(20) == 0
        assert "at exit" in runtime.log()
    with start(code) as runtime:
        runtime.ready()
        runtime.respond(None, deadline_ms=int(time.time() * 1000) + 200)
        runtime.signal(signal.SIGTERM)
        assert runtime.respond(None) == 1


@claim("a handler that blocks in C code logs its position at SIGINT", PYTHON)
def _(_):
    with start("def handler(event, context):\n    print('begun')\n    return sum(range(10 ** 11))") as runtime:
        runtime.ready()
        time_out(runtime)
        runtime.signal(signal.SIGINT)
        within(LIMIT, lambda: "index.py" in runtime.log() and "line 3 in handler" in runtime.log())


@claim("SIGTERM ends forks of the handler as any process", PYTHON)
def _(_):
    code = """
import os, signal, time
def handler(event, context):
    pid = os.fork()
    if not pid:
        time.sleep(60)
        os._exit(0)
    time.sleep(0.05)
    os.kill(pid, signal.SIGTERM)
    return os.waitpid(pid, 0)[1]
"""
    responds(code, 15)


@claim("an async generator streams, as the result and as the body, and its tasks go on between two items", PYTHON)
def _(_):
    code = """
import asyncio

async def items():
    for number in range(2):
        await asyncio.sleep(0.01)
        yield f"{number};"

async def page(event, context):
    await asyncio.sleep(0)
    return {"statusCode": 201, "body": items()}

async def handler(event, context):
    async with asyncio.Lock():  # its task must be the same for all items
        task = asyncio.current_task()
        async for item in items():
            assert asyncio.current_task() is task
            yield item
"""
    with start(code) as runtime:
        runtime.ready()
        assert runtime.stream() == ({}, [b"0;", b"1;"], {"end": True})
        assert runtime.respond(None) == "0;1;"
    with start(code, handler="index.page") as runtime:
        runtime.ready()
        assert runtime.stream() == ({"statusCode": 201, "headers": {}}, [b"0;", b"1;"], {"end": True})


@claim("SIGTERM stops an async stream where it waits, and says where that is", PYTHON)
def _(_):
    code = """
import asyncio

async def items():
    try:
        yield "begun"
        print("begun")
        await asyncio.sleep(60)
    finally:
        print("finally")

async def handler(event, context):
    async for item in items():
        yield item
"""
    with start(code) as runtime:
        runtime.ready()
        for _ in range(2):
            claims_common.time_out(runtime, stream=True)
            _, chunks, last = runtime.rest_of_stream()
            stack = "".join(last["error"]["stackTrace"])
            assert chunks == [b"begun"] and last["error"]["errorType"] == "Function.Timeout", last
            assert "in items" in stack and "in handler" in stack and "runtimes/" not in stack, stack
            claims_common.check_cleanup(runtime)


@claim("a file, a pipe and an iterable object stream as a body, and are closed", PYTHON)
def _(_):
    code = """
import io, subprocess

files = []

class Pages:
    def __iter__(self):
        yield "page"
    def close(self):
        print("closed")

def handler(event, context):
    if event == "pipe":
        process = subprocess.Popen(["echo", "piped"], stdout=subprocess.PIPE)
        return {"body": process.stdout}
    if event == "again":
        return files[0].closed
    if event == "file":
        files.append(open(__file__, "rb"))
        return {"body": files[0]}
    return {"body": Pages() if event == "pages" else io.StringIO("x" * 100000)}
"""
    with start(code) as runtime:
        runtime.ready()
        assert b"".join(runtime.stream("file")[1]) == code.encode()
        assert runtime.respond("again") is True
        assert runtime.stream("pipe")[1] == [b"piped\n"]
        assert runtime.stream("pages")[1] == [b"page"] and "closed" in runtime.log()
        assert b"".join(runtime.stream("text")[1]) == b"x" * 100000


@claim("collections are no streams, and a half of a character in a chunk is replaced", PYTHON)
def _(_):
    responds("def handler(event, context):\n    return {'body': [1, (2,)], 'none': None}", {"body": [1, [2]], "none": None})
    for result in ("{1}", "{'body': {1}}", "{'body': object()}", "{'x': iter([])}", "[iter([])]"):
        with start(f"def handler(event, context):\n    return {result}") as runtime:
            runtime.ready()
            assert runtime.fail(stream=True)["errorType"] == "Runtime.MarshalError", result
    with start("def handler(event, context):\n    yield '\\ud83d\\ude00 \\ud83d'\n    yield 'next'") as runtime:
        runtime.ready()
        assert runtime.stream()[1] == ["\U0001f600 \ufffd".encode(), b"next"]


@claim("sys.exit in a stream ends the process, and an error in close() fails the stream", PYTHON)
def _(_):
    with start("import sys\ndef handler(event, context):\n    yield 'begun'\n    sys.exit(3)") as runtime:
        runtime.ready()
        runtime.begin(None, stream=True)
        assert runtime.read()["stream"] == {} and runtime.read()["chunk"] == "begun"
        assert runtime.process.wait(LIMIT) == 3
    code = "class Body:\n    def __iter__(self):\n        yield 'all'\n    def close(self):\n        raise OSError('not closed')\ndef handler(event, context):\n    return {'body': Body()}"
    with start(code) as runtime:
        runtime.ready()
        _, chunks, last = runtime.stream()
        assert chunks == [b"all"] and last["error"]["errorMessage"] == "not closed", last

"""Language runtime for Python: loads the handler, then answers calls on descriptors 8 and 9 (see ../README.md).

Python starts with -S. Modules that only some handlers need (os, site, json, logging, asyncio, traceback, the files beside this
one) are imported when they are needed, because together they take several times as long as Python itself.
"""
import _signal  # signal imports enum, enum imports re
import builtins
import faulthandler
import posix
import sys
import time
from _frozen_importlib import ModuleSpec
from _frozen_importlib_external import PathFinder

FROM_BOOTSTRAP = 8
TO_BOOTSTRAP = 9
DEEP = 10000  # levels of JSON; more could exhaust the stack
LONG = 1 << 16  # bytes: a longer line is read and written in parts
TEXT = 1 << 12  # characters: a longer text is worth a closer look
CONTROLS = b"\1" * 32 + b"\0" * 224  # maps control characters to 1, other bytes to 0
CO_GENERATOR, CO_COROUTINE, CO_ASYNC_GENERATOR = 0x20, 0x80, 0x200  # as inspect has them
PLAIN = {dict, list, str, int, float, bool, bytes, type(None)}  # results of these types are not streams
write, now = posix.write, time.time  # user code may replace what others see
__path__ = [__file__.rpartition("/")[0]]  # makes this module a package: `from open_runtime import failures`


def load_handler(name):
    """Loads the handler, after the companions of middlewares: they may patch what it imports, and wrap it."""
    wrap = load_companions()
    return wrap(find_handler(name))


def find_handler(name):
    """Imports the handler that `src/users.create`, `pkg.module.function` or `/opt/vendor/module.function` names."""
    module_name, _, function_name = in_sys_path(name).replace("/", ".").rpartition(".")
    if not all(module_name.split(".")) or not function_name:
        raise failure("Runtime.MalformedHandlerName", f"'{name}' is not of the form [folder/]module.function")
    if module_name.partition(".")[0] in sys.builtin_module_names:
        raise failure("Runtime.BuiltInModuleConflict", f"'{module_name}' is the name of a module built into Python")
    StandardFinder.names.discard(module_name.partition(".")[0])
    module = import_module(module_name)
    handler = getattr(module, function_name, None)
    if not callable(handler):
        what = "missing from" if handler is None else "not a function in"
        where = getattr(module, "__file__", None) or list(module.__path__)
        raise failure("Runtime.HandlerNotFound", f"Handler '{function_name}' is {what} module '{module_name}' ({where})")
    flags = getattr(getattr(handler, "__code__", None), "co_flags", 0)
    if flags & (CO_COROUTINE | CO_ASYNC_GENERATOR):
        from open_runtime import event_loop

        event_loop.get()  # imports asyncio, which is slow, in Init
    if flags & (CO_GENERATOR | CO_ASYNC_GENERATOR):
        from open_runtime import streams  # noqa: F401
    return handler


def in_sys_path(name):
    """Makes an absolute name relative to a folder in sys.path. If none contains it, its own folder becomes the first one."""
    if name[:1] != "/":
        return name
    for folder in sys.path:
        if folder and name.startswith(folder + "/"):
            return name[len(folder) + 1 :]
    folder, _, name = name.rpartition("/")
    sys.path.insert(0, folder)
    return name


def load_companions():
    folders = environ("SLSCOMPANIONS")
    if not folders:
        return lambda handler: handler
    from open_runtime import companions

    return companions.load(folders)


def import_module(name):
    try:
        __import__(name)
    except (ImportError, SyntaxError) as error:
        from open_runtime import failures

        raise failures.of_import(error, name)
    return sys.modules[name]


def read_event(line):
    """Returns id, event and context of a call. If Python cannot parse it, the event is the failure, and the context None."""
    try:
        call = decode(line.decode())
        return call["id"], call.get("event"), take_context(call.get("context", {}))
    except Exception as error:
        request_id = line[:200].decode("utf-8", "replace").split('"')[3]  # the protocol says that {"id":"…", comes first
        return request_id, failure("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}"), None


def take_context(given):
    """Makes the context of a call that begins."""
    context = Call.latest = LambdaContext(given)
    set_trace_id(given.get("traceId"))
    return context


def call_handler(handler, event, context, request_id):
    """Calls the handler. Returns the last member of the answer, `response` or that which ends a stream, and its value as JSON."""
    if context is None:
        raise event
    Call.context = context
    close = None
    try:
        if context._debug:
            from open_runtime import debugger

            close = debugger.attach(handler, context._debug, context.get_remaining_time_in_millis() / 1000)
        result = handler(event, context)
        if type(result) is not dict and hasattr(type(result), "__await__"):  # most results are; hasattr is slow where there is none
            from open_runtime import event_loop

            result = event_loop.run(result)
        if type(result) not in PLAIN or type(result) is dict and type(result.get("body")) not in PLAIN:
            from open_runtime import streams

            if streams.is_stream(result):
                return streams.answer(result, context._may_stream and request_id, context._takes_bytes)
    finally:
        Call.context = None
        if close:
            close()
    try:
        if not isinstance(result, bytes):
            return "response", encode(result)
        from open_runtime import results

        return "response", results.of_bytes(result)
    except Exception as error:
        from open_runtime import results

        raise results.failure(error)


def write_response(member, json, request_id):
    head = f'{{"id":{encode_basestring(request_id)},"{member}":'
    if len(json) <= LONG:
        return write_line(f"{head}{json}}}\n")
    write_line(head)
    for start in range(0, len(json), LONG):  # in parts, because a copy of the whole would need as much memory again
        write_line(json[start : start + LONG])
    write_line("}\n")


def write_line(line):
    """Writes a line, or a part of one, as a whole. UTF-8 cannot hold halves of surrogate pairs, so they become JSON's escapes."""
    write_bytes(line.encode("utf-8", "backslashreplace"))


def write_bytes(rest):
    try:
        written = write(TO_BOOTSTRAP, rest)
        while written < len(rest):
            rest = memoryview(rest)[written:]
            written = write(TO_BOOTSTRAP, rest)
    except OSError:
        posix._exit(1)  # bootstrap has ended, or this is a process that the handler forked


def write_init_error(json):
    write_line(f'{{"error":{json}}}\n')


def describe_error(error, request_id=""):
    from open_runtime import failures

    return encode({**failures.describe(error), "requestId": request_id})


def failure(error_type, message):
    from open_runtime import failures

    return failures.Failure(error_type, message)


def environ(name):
    return posix.environ.get(name.encode(), b"").decode()


class Members:
    """An object with the given members. Its repr is that of AWS's objects."""

    def __init__(self, **members):
        self.__dict__.update(members)

    def __repr__(self):
        members = ",".join(f"{name}={value}" for name, value in vars(self).items() if name[0] != "_")
        return f"{type(self).__name__}([{members}])"


class CognitoIdentity(Members):
    def __init__(self, given):
        self.cognito_identity_id = given.get("cognitoIdentityId")
        self.cognito_identity_pool_id = given.get("cognitoIdentityPoolId")


class LambdaContext(Members):
    """https://docs.aws.amazon.com/lambda/latest/dg/python-context.html"""

    def __init__(self, given):
        self.aws_request_id = given.get("requestId")
        self.log_group_name = FUNCTION["log_group_name"]  # one by one: Python keeps members that all instances have faster
        self.log_stream_name = FUNCTION["log_stream_name"]
        self.function_name = FUNCTION["function_name"]
        self.memory_limit_in_mb = FUNCTION["memory_limit_in_mb"]
        self.function_version = FUNCTION["function_version"]
        self.invoked_function_arn = given.get("functionArn")
        self.client_context, self._w3c_fields = None, {}
        if "clientContext" in given:
            from open_runtime import client_context

            client_context.add(self, given["clientContext"])
        self.identity = CognitoIdentity(given.get("identity", FUNCTION))
        self.tenant_id = given.get("tenantId")
        self._epoch_deadline_time_in_ms = given.get("deadlineMs", 0)
        self._debug = given.get("debug")
        self._may_stream, self._takes_bytes = given.get("stream"), given.get("bytes")

    def get_remaining_time_in_millis(self):
        return max(0, self._epoch_deadline_time_in_ms - int(now() * 1000))

    def w3c(self):
        """Returns the W3C trace context that came with the client context."""
        return dict(self._w3c_fields)

    def log(self, message):
        from open_runtime import logs

        logs.LogSink.log(str(message))


FUNCTION = {
    "log_group_name": environ("AWS_LAMBDA_LOG_GROUP_NAME") or None,
    "log_stream_name": environ("AWS_LAMBDA_LOG_STREAM_NAME") or None,
    "function_name": environ("AWS_LAMBDA_FUNCTION_NAME") or None,
    "memory_limit_in_mb": environ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE") or None,
    "function_version": environ("AWS_LAMBDA_FUNCTION_VERSION") or None,
}


def set_trace_id(trace_id, name=b"_X_AMZN_TRACE_ID"):
    """Sets the variable in os.environ. Before os is imported, sets it in posix.environ, which os.environ is made from, and for
    child processes.
    """
    if "os" in sys.modules:
        environment = sys.modules["os"].environb
    else:
        environment = posix.environ
        posix.putenv(name, trace_id.encode()) if trace_id else posix.unsetenv(name)
    if trace_id:
        environment[name] = trace_id.encode()
    elif name in environment:
        del environment[name]


GRACE_MS = int(environ("SLSGRACE") or 0)  # bootstrap sets and checks it


class FunctionTimeout(BaseException):
    """Raised at the current line of the handler, shortly before the deadline. `except Exception` does not catch it."""

    error_type = "Function.Timeout"
    stack_trace = None  # that of an async handler that was waiting


class Call:
    """What the handler of SIGTERM must know."""

    context = None  # that of the current call, while the handler runs
    latest = None  # that of the latest call
    is_awaited = False  # whether the process waits for the next call
    is_last = False  # whether no more calls are read
    is_writing = False  # whether a line of a stream is being written, which must not be cut
    timeout = None  # what to raise behind that line
    telemetry = None  # the descriptor for frames of the log
    stop_tracing = None  # ends the tracing by debugpy


def on_sigterm(number, frame):
    """SIGTERM means, during a call, that little time is left, and between calls that the Shutdown phase has begun."""
    if Call.context:
        left = Call.context.get_remaining_time_in_millis()
        timeout = FunctionTimeout(f"the handler was still running {left} ms before its deadline")
        if Call.stop_tracing:
            Call.stop_tracing()  # or debugpy, if it stops the handler, would stop it again at each line on the way out
        if Call.is_writing:
            Call.timeout = timeout
        elif "open_runtime.event_loop" in sys.modules:
            sys.modules["open_runtime.event_loop"].interrupt(timeout)
        else:
            raise timeout
    elif not Call.latest or Call.latest.get_remaining_time_in_millis() > GRACE_MS:  # otherwise it was meant for that call
        Call.is_last = True
        if Call.is_awaited:
            sys.exit()


def find_spec(name):
    """Returns the spec of a top-level module. Calls each finder as importlib does: with all three arguments."""
    specs = (finder.find_spec(name, None, None) for finder in sys.meta_path if hasattr(finder, "find_spec"))
    return next((spec for spec in specs if spec), None)


class LateSite:
    """A finder that runs `site` (site-packages, .pth files, virtualenv) when an import first finds nothing."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if path is None:
            cls.run()
            return find_spec(name)

    @classmethod
    def find_distributions(cls, context):
        """Tells importlib.metadata what is installed in the folders that `site` adds."""
        from importlib.metadata import DistributionFinder, MetadataPathFinder

        known = set(sys.path)
        cls.run()
        late = [folder for folder in sys.path if folder not in known]
        return MetadataPathFinder.find_distributions(DistributionFinder.Context(name=context.name, path=late))

    @classmethod
    def run(cls):
        import site

        sys.meta_path.remove(cls)
        site.main()


class StandardFinder:
    """A finder for the modules of the standard library that AWS's client imports before the handler. As with AWS's client, a file
    of the function with such a name does not replace the module, unless it is the handler's file.
    """

    names = {
        *("abc", "atexit", "codecs", "collections", "contextlib", "copyreg", "decimal", "enum", "functools", "genericpath"),
        *("importlib", "io", "json", "keyword", "linecache", "logging", "math", "numbers", "operator", "os", "posixpath"),
        *("re", "reprlib", "site", "stat", "string", "textwrap", "threading", "token", "tokenize", "traceback", "types"),
        *("warnings", "weakref"),
    }
    submodules = {"collections": ("abc",), "importlib": ("machinery", "util")}
    path = None  # sys.path without the function's folders

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name in cls.names:
            spec = PathFinder.find_spec(name, cls.path, target)
            if spec and (name in cls.submodules or name == "logging" and not target):  # a reload has a target
                spec.loader = StandardLoader(spec.loader)
            return spec


class AwsClientFinder:
    """The last finder: without AWS's client, agents that import `awslambdaric.bootstrap` get aws_client.py."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name in ("awslambdaric", "awslambdaric.bootstrap"):
            return ModuleSpec(name, cls, is_package=name == "awslambdaric")

    @staticmethod
    def create_module(spec):
        return find_in_main("bootstrap") if spec.name == "awslambdaric.bootstrap" else None

    @staticmethod
    def exec_module(module):
        pass


class StandardLoader:
    """Loads a module as user code finds it on AWS: sets up `logging`, and imports submodules that are imported there."""

    def __init__(self, loader):
        self.loader = loader

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        loader = module.__loader__ = module.__spec__.loader = self.loader
        if hasattr(loader, "exec_module"):
            loader.exec_module(module)
        else:
            exec(loader.get_code(module.__name__), module.__dict__)  # zipimport until Python 3.9
        if module.__name__ == "logging":
            from open_runtime import logs

            logs.set_up(module)
        else:
            offer_submodules(module, StandardFinder.submodules[module.__name__])


def offer_submodules(module, names):
    """Imports these submodules when code first reads them as attributes of the module."""
    other = getattr(module, "__getattr__", None)

    def __getattr__(name):
        if name in names:
            __import__(f"{module.__name__}.{name}")
            return sys.modules[f"{module.__name__}.{name}"]
        if other:
            return other(name)
        raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")

    module.__getattr__ = __getattr__


def encodable(value):
    """Returns what to encode in place of a value that JSON has no form for. A Decimal, which DynamoDB uses, is a number."""
    if type(value).__module__ == "decimal" and type(value).__name__ == "Decimal":
        from open_runtime import results

        return results.mark_number(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


restore_numbers = None  # a function that puts Decimals into encoded JSON, set at the first Decimal


class Options:
    strict, object_hook, object_pairs_hook = True, None, None
    parse_float, parse_int, parse_constant = float, int, float


def has_long_text(value):
    """Whether the value is a long text, or has one as a member: the body of a response, for example."""
    if type(value) is dict:
        for member in value.values():
            if type(member) is str and len(member) > TEXT:
                return True
    return type(value) is str and len(value) > TEXT


def quote(text):
    """Encodes a string. Where text is ASCII, this takes half the time of encode_basestring, or a fourth if nothing is escaped."""
    if len(text) <= TEXT or not text.isascii():
        return encode_basestring(text)
    if "\n" in text or '"' in text or "\\" in text:
        return encode_basestring_ascii(text)
    for start in range(0, len(text), LONG):
        if b"\1" in text[start : start + LONG].encode().translate(CONTROLS):
            return encode_basestring_ascii(text)
    return f'"{text}"'


try:
    # These are the parts that json is made of. The import of json itself takes longer than this whole file.
    from _json import encode_basestring, encode_basestring_ascii, make_encoder, make_scanner

    scan = make_scanner(Options)
    options = encodable, encode_basestring, None, ":", ",", False, False, False
    encode_value = make_encoder(None, *options)  # None: does not detect circular references
    encode_long_texts = make_encoder(None, encodable, quote, *options[2:])

    def decode(text):
        try:
            return scan(text, 0)[0]
        except RecursionError:
            return deeply(lambda: scan(text, 0)[0])
        except (StopIteration, SystemError):  # the scanner needs json to make its error
            import json

            return json.loads(text)

    def encode_whole(value):
        encoder = encode_long_texts if has_long_text(value) else encode_value
        try:
            return "".join(encoder(value, 0))
        except RecursionError:
            return deeply(lambda: "".join(make_encoder({}, *options)(value, 0)))

except (ImportError, TypeError):
    import json

    encode_basestring = json.dumps
    decode = json.loads
    encode_whole = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=encodable).encode


def encode(value):
    json = encode_whole(value)
    return restore_numbers(json) if restore_numbers else json


def deeply(function):
    """Calls a function with a higher recursion limit, for events and results of more than some hundred levels."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, DEEP))
    try:
        return function()
    finally:
        sys.setrecursionlimit(limit)


def main():
    name = sys.argv[1]
    lines = open(FROM_BOOTSTRAP, "rb", 1 << 16, closefd=False)
    set_up()
    try:
        handler = load_handler(name)
    except BaseException as error:
        write_init_error(describe_error(error))
        sys.exit(1)
    warm_up()
    version = ".".join(map(str, sys.version_info[:3]))
    if _signal.getsignal(_signal.SIGTERM) == _signal.SIG_DFL:
        _signal.signal(_signal.SIGTERM, on_sigterm)
    if environ("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
        from open_runtime import snapshots

        lines = snapshots.Lines(lines)
    write_line(f'{{"ready":{{"protocol":1,"name":"python","version":"{version}","concurrency":1,"hooks":true}}}}\n')
    while True:
        Call.is_awaited = True
        line = not Call.is_last and lines.readline(LONG)
        Call.is_awaited = False
        if not line:
            break
        if len(line) >= LONG:
            line = read_rest(lines, line)
        call = read_event(line)
        line = None  # gives the memory to the handler
        answer(handler, *call)


def read_rest(lines, start):
    """Returns the whole of a long line. Its parts go into one block, because joining them would need as much memory again."""
    line, part = bytearray(start), start
    while part and line[-1:] != b"\n":
        part = lines.readline(LONG)
        line += part
    keep_memory(2 * len(line))
    return line


def keep_memory(size):
    """Lets malloc keep what is freed for the next call. By default it gives most of it back, and getting it again, page by page,
    takes as long as the rest of a long call. glibc raises its limits when a larger block is freed. This one is never touched.
    """
    bytes(min(size, 31 << 20))  # 32 MB is the largest block that counts


def warm_up():
    """Goes the way of a call once in Init, because what runs for the first time takes much longer."""
    call = decode(b'{"id":"","event":{"a":[1,""]},"context":{"requestId":"","deadlineMs":0,"functionArn":"","traceId":""}}'.decode())
    LambdaContext(call["context"]).get_remaining_time_in_millis()
    write_line(encode(call["event"])[:0])


def answer(handler, request_id, event, context):
    try:
        member, json = call_handler(handler, event, context, request_id)
    except SystemExit as error:
        from open_runtime import failures

        failures.log_exit(error, request_id)
        raise
    except BaseException as error:
        member, json = "error", describe_error(error, request_id)
    try:
        flush()  # what was printed without a line feed
    except Exception:
        pass  # user code has closed its stdout
    write_response(member, json, request_id)


def set_up():
    """Gives user code what an interpreter without -S has, and moves the protocol out of its way."""
    global flush
    for descriptor in FROM_BOOTSTRAP, TO_BOOTSTRAP:
        posix.set_inheritable(descriptor, False)
        posix.set_blocking(descriptor, True)
    take_telemetry()
    faulthandler.register(_signal.SIGINT, file=2, all_threads=False)  # prints the stack even of a handler that is stuck in C code
    posix.register_at_fork(after_in_child=leave_protocol)
    sys.stdout.reconfigure(line_buffering=True)
    flush = sys.stdout.flush
    builtins.exit = builtins.quit = sys.exit
    builtins.help = lambda *things: __import__("pydoc").help(*things)
    if environ("SLSDEBUG"):
        sys.breakpointhook = lambda *_, **__: None  # for calls without a debugger: pdb would quit, because there is no terminal
    sys.argv[1:] = []
    sys.modules["__main__"].__getattr__ = find_in_main
    sys.path.remove(__path__[0])
    if sys.path[0] == "":
        del sys.path[0]  # -c has added the current folder
    StandardFinder.path = sys.path[:]
    version = "python%d.%d" % sys.version_info[:2]
    is_customized = any(map(has_customization, (*environ("PYTHONPATH").split(":"), f"{sys.prefix}/lib/{version}/site-packages")))
    sys.path[:0] = [environ("LAMBDA_TASK_ROOT") or posix.getcwd(), f"/opt/python/lib/{version}/site-packages", "/opt/python"]
    aws_sdk = environ("LAMBDA_RUNTIME_DIR") or "/var/runtime"
    if aws_sdk not in sys.path:  # on a managed runtime it is in PYTHONPATH
        sys.path.append(aws_sdk)
    sys.meta_path.insert(sys.meta_path.index(PathFinder), StandardFinder)
    sys.meta_path += [LateSite, AwsClientFinder]
    if is_customized:
        LateSite.run()


def take_telemetry():
    """Takes the descriptor for frames of the log, which managed runtimes have. As with AWS's client, no child inherits it."""
    name = b"_LAMBDA_TELEMETRY_LOG_FD"
    given = posix.environ.pop(name, None)
    if given:
        posix.unsetenv(name)
        try:
            posix.set_inheritable(int(given), False)
            Call.telemetry = int(given) if int(given) not in (FROM_BOOTSTRAP, TO_BOOTSTRAP) else None
        except (ValueError, OSError):
            pass  # a wrapper has closed it


def find_in_main(name):
    """Returns what agents look for in the `__main__` of AWS's client."""
    if name == "bootstrap":
        from open_runtime import aws_client

        return aws_client
    raise AttributeError(f"module '__main__' has no attribute {name!r}")


def has_customization(folder):
    """Whether the folder has a file that `site` would run at the start."""
    for name in "sitecustomize.py", "usercustomize.py":
        try:
            posix.stat(f"{folder}/{name}")
            return bool(folder)
        except OSError:
            pass
    return False


def leave_protocol():
    """Runs in processes that user code forks: they must not use the protocol, and they have no deadline."""
    if _signal.getsignal(_signal.SIGTERM) is on_sigterm:
        _signal.signal(_signal.SIGTERM, _signal.SIG_DFL)
    posix.close(FROM_BOOTSTRAP)
    posix.close(TO_BOOTSTRAP)

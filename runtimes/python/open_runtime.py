"""Language runtime for Python: loads the handler, then answers calls on descriptors 8 and 9 (see ../README.md).

Python starts with -S, and what only some handlers need (os, site, json, logging, asyncio, traceback, the files beside
this one) is imported when they need it: together these take several times as long as Python itself.
"""
import builtins
import posix
import sys
import time

FROM_BOOTSTRAP = 8
TO_BOOTSTRAP = 9
DEEP = 10000  # levels of JSON; more could exhaust the stack
CO_COROUTINE = 0x80  # as inspect has it
write, sleep, now = posix.write, time.sleep, time.time  # user code may replace what others see
__path__ = [__file__.rpartition("/")[0]]  # a package, too: `from open_runtime import failures`


def load_handler(name):
    """Imports what `src/users.create` or `pkg.module.function` names."""
    module_name, _, function_name = name.replace("/", ".").rpartition(".")
    if not all(module_name.split(".")) or not function_name:
        raise failure("Runtime.MalformedHandlerName", f"'{name}' is not of the form [folder/]module.function")
    if module_name.partition(".")[0] in sys.builtin_module_names:
        raise failure("Runtime.BuiltInModuleConflict", f"'{module_name}' is the name of a module built into Python")
    try:
        __import__(module_name)
    except (ImportError, SyntaxError) as error:
        from open_runtime import failures

        raise failures.of_import(error, module_name)
    module = sys.modules[module_name]
    handler = getattr(module, function_name, None)
    if not callable(handler):
        what = "missing from" if handler is None else "not a function in"
        where = getattr(module, "__file__", None) or list(module.__path__)
        raise failure("Runtime.HandlerNotFound", f"Handler '{function_name}' is {what} module '{module_name}' ({where})")
    if getattr(getattr(handler, "__code__", None), "co_flags", 0) & CO_COROUTINE:
        from open_runtime import event_loop

        event_loop.get()  # asyncio takes its time: have it pass in Init
    return handler


def read_event(line):
    """The id, event and context of a call. Where Python cannot read it, the event is the failure to do so."""
    try:
        call = deeply(decode, line.decode())
        return call["id"], call.get("event"), Context(**call.get("context", {}))
    except Exception as error:
        request_id = line[:200].decode("utf-8", "replace").split('"')[3]  # {"id":"…", comes first, says the protocol
        return request_id, failure("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}"), None


def call_handler(handler, event, context):
    """The handler's result as JSON."""
    if context is None:
        raise event
    result = handler(event, context)
    if hasattr(type(result), "__await__"):
        from open_runtime import event_loop

        result = event_loop.run(result)
    try:
        return deeply(encode, result)
    except Exception as error:
        raise failure("Runtime.MarshalError", f"Unable to marshal response: {error}")


def write_response(member, json, request_id=None):
    """Writes one line, whole. Halves of surrogate pairs, which UTF-8 cannot hold, go as the escapes that JSON has."""
    head = "" if request_id is None else f'"id":{encode(request_id)},'
    rest = memoryview(f'{{{head}"{member}":{json}}}\n'.encode("utf-8", "backslashreplace"))
    while rest:
        try:
            rest = rest[write(TO_BOOTSTRAP, rest) :]
        except BlockingIOError:
            sleep(0.001)
        except OSError:
            posix._exit(1)  # bootstrap has gone; or this is a fork of the handler's, and none of bootstrap's business


def describe_error(error):
    from open_runtime import failures

    return encode(failures.describe(error))


def failure(error_type, message):
    from open_runtime import failures

    return failures.Failure(error_type, message)


def environ(name):
    return posix.environ.get(name.encode(), b"").decode()


class Context:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-context.html"""

    aws_request_id = None  # of the class: that of the current invocation

    def __init__(self, requestId=None, deadlineMs=0, functionArn=None, traceId=None, clientContext=None, identity=None, tenantId=None, **_):
        Context.aws_request_id = self.aws_request_id = requestId
        self.invoked_function_arn = functionArn
        self.tenant_id = tenantId
        self.identity = Namespace(
            cognito_identity_id=identity and identity.get("cognitoIdentityId"),
            cognito_identity_pool_id=identity and identity.get("cognitoIdentityPoolId"),
        )
        self.client_context = clientContext and create_client_context(**clientContext)
        self._deadline_ms = deadlineMs
        set_trace_id(traceId)

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline_ms - int(now() * 1000))

    def log(self, message):
        sys.stdout.write(str(message))


Namespace = type(sys.implementation)  # types.SimpleNamespace, without its import

for member in "function_name", "function_version", "log_group_name", "log_stream_name":
    setattr(Context, member, environ(f"AWS_LAMBDA_{member.upper()}") or None)
Context.memory_limit_in_mb = environ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE") or None


def create_client_context(client=None, custom=None, env=None, **_):
    names = "installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name"
    return Namespace(client=client and Namespace(**{name: client.get(name) for name in names}), custom=custom, env=env)


def set_trace_id(trace_id):
    """In os.environ, or where os will look for it when it is imported."""
    name, value = b"_X_AMZN_TRACE_ID", trace_id and trace_id.encode()
    if "os" in sys.modules:
        environment = sys.modules["os"].environb
    else:
        environment = posix.environ
        posix.putenv(name, value) if value else posix.unsetenv(name)
    if value:
        environment[name] = value
    else:
        environment.pop(name, None)


class LateSite:
    """A finder that runs `site` (site-packages, .pth files, virtualenv) when an import first finds nothing."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if path is None:
            cls.run()
            specs = (finder.find_spec(name, path, target) for finder in sys.meta_path)
            return next((spec for spec in specs if spec), None)

    @classmethod
    def find_distributions(cls, context):
        """For importlib.metadata: what is installed where `site` looks."""
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


class LoggingFinder:
    """A finder that sees to it that `logging` is set up as AWS does, when it is imported."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name == "logging":
            from open_runtime import logs

            sys.meta_path.remove(cls)
            return logs.find_spec(name)


def deeply(function, value):
    """Calls a function of JSON once more, with a deeper stack, where the usual one does not do."""
    try:
        return function(value)
    except RecursionError:
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(max(limit, DEEP))
        try:
            return function(value)
        finally:
            sys.setrecursionlimit(limit)


def encodable(value):
    """What to encode in place of a value that JSON has no form for. A Decimal, as DynamoDB has them, is a number."""
    if type(value).__module__ == "decimal" and type(value).__name__ == "Decimal":
        number = float(value)
        return int(value) if number.is_integer() else number
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


class Options:
    strict, object_hook, object_pairs_hook = True, None, None
    parse_float, parse_int, parse_constant = float, int, float


try:
    # What json is made of, without json, whose import costs more than all of this.
    from _json import encode_basestring, make_encoder, make_scanner

    scan = make_scanner(Options)

    def decode(text):
        try:
            return scan(text, 0)[0]
        except (StopIteration, SystemError):  # it lacks json to say what is wrong
            import json

            return json.loads(text)

    def encode(value):
        return "".join(make_encoder({}, encodable, encode_basestring, None, ":", ",", False, False, False)(value, 0))

except (ImportError, TypeError):
    import json

    decode = json.loads
    encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=encodable).encode


def main():
    name = sys.argv[1]
    set_up()
    try:
        handler = load_handler(name)
    except BaseException as error:
        write_response("error", describe_error(error))
        sys.exit(1)
    version = ".".join(map(str, sys.version_info[:3]))
    write_response("ready", encode({"protocol": 1, "name": "python", "version": version, "concurrency": 1}))
    for line in open(FROM_BOOTSTRAP, "rb", 1 << 16, closefd=False):
        answer(handler, *read_event(line))


def answer(handler, request_id, event, context):
    try:
        member, json = "response", call_handler(handler, event, context)
    except SystemExit as error:
        from open_runtime import failures

        failures.log_exit(error, request_id)
        raise
    except BaseException as error:
        member, json = "error", describe_error(error)
    try:
        flush()  # what was printed without a line feed
    except Exception:
        pass  # user code has closed its stdout
    write_response(member, json, request_id)


def set_up():
    """Makes an interpreter that was started with -S one that user code feels at home in."""
    global flush
    for descriptor in FROM_BOOTSTRAP, TO_BOOTSTRAP:
        posix.set_inheritable(descriptor, False)
    posix.register_at_fork(after_in_child=leave_protocol)
    sys.stdout.reconfigure(line_buffering=True)
    flush = sys.stdout.flush
    builtins.exit = builtins.quit = sys.exit
    builtins.help = lambda *things: __import__("pydoc").help(*things)
    sys.argv[1:] = []
    sys.path.remove(__path__[0])
    version = "python%d.%d" % sys.version_info[:2]
    is_customized = any(map(has_customization, (*environ("PYTHONPATH").split(":"), f"{sys.prefix}/lib/{version}/site-packages")))
    sys.path[:1] = [environ("LAMBDA_TASK_ROOT") or posix.getcwd(), f"/opt/python/lib/{version}/site-packages", "/opt/python"]
    sys.meta_path.insert(0, LoggingFinder)
    sys.meta_path.append(LateSite)
    if is_customized:
        LateSite.run()


def has_customization(folder):
    """Whether the folder has what `site` would run at the start."""
    for name in "sitecustomize.py", "usercustomize.py":
        try:
            posix.stat(f"{folder}/{name}")
            return bool(folder)
        except OSError:
            pass
    return False


def leave_protocol():
    posix.close(FROM_BOOTSTRAP)
    posix.close(TO_BOOTSTRAP)

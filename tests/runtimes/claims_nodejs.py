"""Claims for Node.js alone."""

import base64
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

from claims import claim
from harness import HERE, LIMIT, PATH
from language import Language
from tap import within

NODE = "nodejs"
JAVASCRIPT = Language("js")
start, responds, init_error, call_error = JAVASCRIPT.start, JAVASCRIPT.responds, JAVASCRIPT.init_error, JAVASCRIPT.call_error


@claim("CommonJS and ES modules are distinguished by extension and by package.json", NODE)
def _(_):
    esm = "export const handler = (event) => import.meta.url.slice(0, 5);"
    cjs = "exports.handler = (event) => typeof require;"
    responds(cjs, "function")
    responds(cjs, "function", name="index.cjs")
    responds(esm, "file:", name="index.mjs")
    responds(esm, "file:", files={"package.json": '{"type":"module"}'})
    responds(cjs, "function", files={"package.json": '{"type":"commonjs"}'})
    responds(esm, "file:", handler="src/index.handler", name="src/index.js", files={"package.json": '{"type":"module"}'})
    responds(cjs, "function", handler="src/index.handler", name="src/index.js", files={"package.json": '{"type":"module"}', "src/package.json": "{}"})


@claim("a file name with spaces, # and % can be imported", NODE)
def _(_):
    responds("export const handler = () => 1;", 1, name="a b#c%20?.mjs", handler="a b#c%20?.handler")


@claim("top-level await, CommonJS in an ES module, and ES modules in CommonJS work", NODE)
def _(_):
    responds("await new Promise((r) => setTimeout(r, 20)); export const handler = () => 1;", 1, name="index.mjs")
    responds("import cjs from './cjs.cjs'; export const handler = () => cjs.one;", 1, name="index.mjs", files={"cjs.cjs": "exports.one = 1;"})
    responds("exports.handler = async () => (await import('./esm.mjs')).one;", 1, files={"esm.mjs": "export const one = 1;"})


@claim("handlers in nested exports and in a default export are found", NODE)
def _(_):
    responds("exports.api = { v1: { handler: () => 1 } };", 1, handler="index.api.v1.handler")
    responds("export default { handler: () => 1 };", 1, name="index.mjs")


@claim("a handler in a package of node_modules is found", NODE)
def _(_):
    files = {"node_modules/wrapped/package.json": '{"main":"main.js"}', "node_modules/wrapped/main.js": "exports.handler = () => 1;"}
    responds("", 1, handler="wrapped.handler", files=files)


@claim("sync and async handlers and thenables answer, and undefined becomes null", NODE)
def _(_):
    responds("exports.handler = (event) => event + 1;", 2, event=1)
    responds("exports.handler = async (event) => event + 1;", 2, event=1)
    responds("exports.handler = async (event) => { await new Promise((r) => setTimeout(r, 5)); return event; };", 1, event=1)
    responds("exports.handler = () => ({ then: (resolve) => setTimeout(resolve, 5, 'then') });", "then")
    responds("exports.handler = async () => {};", None)
    responds("exports.handler = () => () => 1;", None)
    responds("exports.handler = async () => Symbol('s');", None)


@claim("a callback handler answers by its callback, and its return value is ignored", NODE)
def _(_):
    responds("exports.handler = (event, context, callback) => callback(null, event);", 1, event=1)
    responds("exports.handler = (event, context, callback) => setTimeout(callback, 5, null, 'late');", "late")
    responds("exports.handler = (event, context, callback) => { callback(); };", None)
    responds("exports.handler = async (event, context, callback) => { callback(null, 'first'); return 'second'; };", "first")
    responds("exports.handler = (...all) => { all[2](null, 'rest'); };", "rest")
    error = call_error("exports.handler = (event, context, callback) => callback(new RangeError('far'));")
    assert (error["errorType"], error["errorMessage"]) == ("RangeError", "far"), error


@claim("a callback waits for an empty event loop, unless context.callbackWaitsForEmptyEventLoop is false", NODE)
def _(_):
    code = "exports.handler = (event, context, callback) => { %s setTimeout(() => { global.late = 1; }, 300); callback(null, 'soon'); };"
    with start(code % "") as runtime:
        runtime.ready()
        begun = time.monotonic()
        assert runtime.respond(None) == "soon" and time.monotonic() - begun > 0.29
    with start(code % "context.callbackWaitsForEmptyEventLoop = false;") as runtime:
        runtime.ready()
        begun = time.monotonic()
        assert runtime.respond(None) == "soon" and time.monotonic() - begun < 0.29


@claim("a callback that is never called gives null when the event loop is empty, as on AWS", NODE)
def _(_):
    responds("exports.handler = (event, context, callback) => {};", None)


@claim("an async handler whose promise nothing can settle is an error, and does not hang", NODE)
def _(_):
    error = call_error("exports.handler = async () => { await new Promise(() => {}); };")
    assert error["errorType"] == "Runtime.NodejsExit" and "promise" in error["errorMessage"], error


@claim("an async handler that waits only for an unref'd timer is an error", NODE)
def _(_):
    error = call_error("exports.handler = () => new Promise((r) => setTimeout(r, 1000).unref());")
    assert error["errorType"] == "Runtime.NodejsExit", error


@claim("any thrown value becomes an error", NODE)
def _(_):
    thrown = {
        "'text'": ("string", "text"),
        "null": ("object", "null"),
        "undefined": ("undefined", "undefined"),
        "42n": ("bigint", "42n"),
        "Symbol('s')": ("symbol", "Symbol(s)"),
        "{ a: 1 }": ("object", "{ a: 1 }"),
        "(() => { const o = {}; o.o = o; return o; })()": ("object", "<ref *1> { o: [Circular *1] }"),
        "new (class Odd extends Error { name = 'Odd' })('m')": ("Odd", "m"),
        "Object.assign(new Error('m'), { name: '' })": ("Error", "m"),
        "require('vm').runInNewContext(\"new TypeError('m')\")": ("TypeError", "m"),
        "Object.defineProperty(new Error(), 'message', { get() { throw 1; } })": ("Error", "cannot read the error that was thrown"),
        "Object.defineProperty(new Error('m'), 'stack', { value: 7 })": ("Error", "m"),
        "new Proxy({}, { get() { throw 1; } })": ("object", "{}"),
        "{ name: 'Looks', message: 'like one', stack: 'Looks: like one' }": ("Looks", "like one"),
    }
    for expression, expected in thrown.items():
        for code in (f"exports.handler = () => {{ throw {expression}; }};", f"exports.handler = async () => {{ throw {expression}; }};"):
            error = call_error(code)
            assert (error["errorType"], error["errorMessage"]) == expected, (expression, error)


@claim("the stack has only user code, and the cause of the error", NODE)
def _(_):
    error = call_error("exports.handler = () => { throw new Error('outer', { cause: new TypeError('inner') }); };")
    stack = error["stackTrace"]
    assert "index.js:1:" in stack[0] and "Caused by TypeError: inner" in stack, stack
    assert not any("node:internal" in line or "runtime.cjs" in line for line in stack), stack


@claim("results that JSON cannot represent are Runtime.MarshalError with the reason", NODE)
def _(_):
    for expression, reason in (("1n", "BigInt"), ("{ toJSON() { throw new Error('not me'); } }", "not me"), ("(() => { let a = []; for (let i = 0; i < 1e6; i++) a = [a]; return a; })()", "call stack")):
        error = call_error(f"exports.handler = () => ({expression});")
        assert error["errorType"] == "Runtime.MarshalError" and reason in error["errorMessage"], error


@claim("an unhandled rejection is the error of the call that is open", NODE)
def _(_):
    for code in (
        "exports.handler = async () => { Promise.reject(new Error('lost')); return 1; };",
        "exports.handler = () => { Promise.reject(new Error('lost')); };",
        "exports.handler = async () => { Promise.reject(new Error('lost')); await new Promise((r) => setTimeout(r, 50)); };",
    ):
        error = call_error(code)
        assert error["errorType"] == "Runtime.UnhandledPromiseRejection", error
        assert error["errorMessage"] == "Error: lost" and "index.js" in error["stackTrace"][0], error


@claim("an uncaught exception is the error of the call that is open", NODE)
def _(_):
    error = call_error("exports.handler = () => new Promise(() => setTimeout(() => { throw new RangeError('in a timer'); }, 5));")
    assert (error["errorType"], error["errorMessage"]) == ("RangeError", "in a timer"), error


@claim("64 calls are open at once, and answered in any order", NODE)
def _(_):
    with start("exports.handler = async (ms) => { await new Promise((r) => setTimeout(r, ms)); return ms; };") as runtime:
        assert runtime.ready()["concurrency"] == 64
        begun = time.monotonic()
        for number in range(64):
            runtime.begin(400 - 5 * number, request_id=f"id-{number}")
        answers = [runtime.read() for _ in range(64)]
        assert time.monotonic() - begun < 5
        assert {answer["id"]: answer["response"] for answer in answers} == {f"id-{n}": 400 - 5 * n for n in range(64)}
        assert answers[0]["id"] != "id-0"


@claim("of several open calls, only the one with an uncaught exception fails", NODE)
def _(_):
    code = """
      const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
      exports.handler = async (event) => {
        await sleep(5);
        if (event === 'timer') setTimeout(() => { throw new Error('timer'); }, 5);
        if (event === 'promise') (async () => { await sleep(5); throw new Error('promise'); })();
        await sleep(100);
        return event;
      };"""
    for first in ("timer", "promise", "fine"):
        with start(code) as runtime:
            runtime.ready()
            events = [first, "timer", "fine", "promise", "also fine"]
            for number, event in enumerate(events):
                runtime.begin(event, request_id=str(number))
            answers = {answer["id"]: answer for answer in (runtime.read() for _ in events)}
            for number, event in enumerate(events):
                answer = answers[str(number)]
                if "fine" in event:
                    assert answer.get("response") == event, answers
                else:
                    assert event in answer["error"]["errorMessage"], answers


@claim("an exception after the answer is logged, and fails no other call", NODE)
def _(_):
    code = "exports.handler = async (event) => { if (event === 1) setTimeout(() => { throw new Error('too late'); }, 20); return event; };"
    with start(code) as runtime:
        runtime.ready()
        assert runtime.respond(1) == 1
        within(LIMIT, lambda: "too late" in runtime.log())
        assert runtime.respond(2) == 2


@claim("errors of a module, a dependency, syntax and top-level code are distinguished", NODE)
def _(_):
    def check(code, error_type, *words, **options):
        error = init_error(code, **options)
        assert error["errorType"] == error_type, error
        assert all(word in error["errorMessage"] for word in words), error

    check("require('left-pad');", "Runtime.ImportModuleError", "left-pad", "index.js")
    check("import 'left-pad';", "Runtime.ImportModuleError", "left-pad", "index.mjs", name="index.mjs")
    check("import './gone.mjs';", "Runtime.ImportModuleError", "gone.mjs", name="index.mjs")
    check("exports.handler = () => {\n  const 1;\n};", "Runtime.UserCodeSyntaxError", "index.js:2")
    check("export const handler = () => {\n  const 1;\n};", "Runtime.UserCodeSyntaxError", "index.mjs:2", name="index.mjs")
    check("import { nope } from './a.mjs';", "Runtime.UserCodeSyntaxError", "nope", name="index.mjs", files={"a.mjs": ""})
    check("JSON.parse('{');", "SyntaxError", "JSON")
    check("throw new RangeError('top');", "RangeError", "top")
    check("throw 'top';", "string", "top")
    check("throw null;", "object", "null")
    check("await Promise.reject(new RangeError('top'));", "RangeError", "top", name="index.mjs")
    check("exports.handler = 1;", "Runtime.HandlerNotFound", "number")
    check("module.exports = null;", "Runtime.HandlerNotFound", "nothing")
    check("exports.handler = () => 1;", "Runtime.MalformedHandlerName", "..", handler="../index.handler")


@claim("top-level code that never ends, leaves a rejection unhandled, or exits is an Init error", NODE)
def _(_):
    error = init_error("await new Promise(() => {}); export const handler = 1;", name="index.mjs")
    assert error["errorType"] == "Runtime.NodejsExit" and "top-level await" in error["errorMessage"], error
    error = init_error("Promise.reject(new Error('lost')); await new Promise((r) => setTimeout(r, 1000));", name="index.mjs")
    assert error["errorType"] == "Runtime.UnhandledPromiseRejection", error
    error = init_error("process.exit(0);")
    assert error["errorType"] == "Runtime.ExitError" and "process.exit(0)" in error["errorMessage"], error
    assert "index.js:1" in error["stackTrace"][0], error


@claim("work that top-level code started continues before the first event", NODE)
def _(_):
    with start("const fs = require('fs'); setTimeout(() => fs.writeFileSync('done', ''), 50); exports.handler = () => 1;") as runtime:
        runtime.ready()
        within(LIMIT, lambda: os.path.exists(f"{runtime.root}/done"))
        assert runtime.respond(None) == 1


@claim("a handler that replaces JSON, process.stdout, console, fs and Buffer does not harm the protocol", NODE)
def _(_):
    code = """
      exports.handler = () => {
        JSON.stringify = JSON.parse = require('fs').writeSync = require('fs').readSync = () => { throw new Error('replaced'); };
        process.stdout.write = console.log = () => { throw new Error('replaced'); };
        Object.defineProperty(process, 'stdin', { value: null });
        process.removeAllListeners('beforeExit');
        return 'replaced';
      };"""
    responds(code, "replaced")


@claim("process.exit in a handler logs where it was called", NODE)
def _(_):
    with start("exports.handler = () => {\n  process.exit(4);\n};") as runtime:
        runtime.ready()
        runtime.begin(None, request_id="id-exit")
        assert runtime.process.wait(20) == 4
        assert "process.exit(4)" in runtime.log() and "index.js:2" in runtime.log() and "id-exit" in runtime.log()


@claim("process 'exit' listeners run at end of file", NODE)
def _(_):
    with start("process.on('exit', () => console.log('exit listener')); exports.handler = () => 1;") as runtime:
        runtime.ready()
        assert runtime.end() == 0
        assert "exit listener" in runtime.log()


@claim("at end of file an open call is answered first", NODE)
def _(_):
    with start("exports.handler = () => new Promise((r) => setTimeout(r, 100, 'done'));") as runtime:
        runtime.ready()
        runtime.begin(None)
        runtime.process.stdin.close()
        assert runtime.read()["response"] == "done"
        assert runtime.process.wait(20) == 0


@claim("context.done, succeed and fail answer under versions where AWS's client has them, also after the handler returned", NODE)
def _(_):
    code = "exports.handler = (event, context) => { if (!('done' in context)) return 'none'; const { done, succeed, fail } = context; setTimeout(() => ({ done, succeed, fail })[event](%s), 5); };"
    with start(code % "null, 'late'") as runtime:
        runtime.ready()
        response = runtime.respond("done")
    if response == "none":
        return  # Node.js 24
    assert response == "late", response
    responds(code % "'late'", "late", event="succeed")
    assert call_error(code % "new RangeError('late')", event="fail")["errorType"] == "RangeError"
    responds("exports.handler = (event, context) => { context.succeed(1); context.fail(2); return 3; };", 1)
    responds("exports.handler = (event, context) => ({ ...context }) && 4;", 4)
    responds("exports.handler = (event, context) => { context.done = () => 5; context.fail = 6; return context.done(); };", 5)


@claim("wrappers may replace and copy the context's functions that answer, as Datadog's does", NODE)
def _(_):
    code = """
      exports.handler = (event, context) => {
        if (!('done' in context)) return 'none';
        const { done } = { ...context };
        context.succeed = (result) => done(null, [result]);
        context.done = context.fail = () => {};
        setTimeout(() => Object.create(context).succeed('wrapped'), 5);
      };"""
    with start(code) as runtime:
        runtime.ready()
        assert runtime.respond(None) in (["wrapped"], "none")


@claim("a module that NODE_OPTIONS preloads may set another handler in _HANDLER, as Sentry's agent does", NODE)
def _(_):
    files = {
        "agent.cjs": "process.env._HANDLER = `${__dirname}/wrap.handler`;",
        "wrap.mjs": "import { handler as wrapped } from './index.js'; export const handler = async (event) => [await wrapped(event)];",
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            with open(f"{folder}/{name}", "w") as file:
                file.write(text.replace("./index.js", f"{folder}/index.cjs"))
        with open(f"{folder}/index.cjs", "w") as file:
            file.write("exports.handler = async (event) => event;")
        env = {"NODE_OPTIONS": f"--require {folder}/agent.cjs", "_HANDLER": "index.handler"}
        responds("exports.handler = () => 'not wrapped';", [1], event=1, env=env)


@claim("an error has AWS's trace beside the stack, with the message first", NODE)
def _(_):
    error = call_error("exports.handler = () => { throw new RangeError('high'); };")
    assert error["trace"][0] == "RangeError: high" and error["trace"][1:2] == error["stackTrace"][:1], error


@claim("modules of the image are found, and a NODE_PATH of the user is kept", NODE)
def _(_):
    code = "let found; try { found = require('only-aws-has'); } catch { found = 'none'; } exports.handler = () => found;"
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(f"{folder}/node_modules/only-aws-has")
        with open(f"{folder}/node_modules/only-aws-has/index.js", "w") as file:
            file.write("module.exports = 'image';")
        responds(code, "image", env={"LAMBDA_RUNTIME_DIR": folder})
        responds(code, "none", env={"LAMBDA_RUNTIME_DIR": folder, "NODE_PATH": "/nowhere"})


@claim("modules that NODE_OPTIONS preloads find modules of the image", NODE)
def _(_):
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(f"{folder}/node_modules/only-aws-has")
        with open(f"{folder}/node_modules/only-aws-has/index.js", "w") as file:
            file.write("globalThis.agent = 'loaded';")
        responds("exports.handler = () => agent;", "loaded", env={"LAMBDA_RUNTIME_DIR": folder, "NODE_OPTIONS": "--require only-aws-has"})


AWS_CLIENTS = os.path.join(HERE, "nodejs-client")


def aws_clients():
    """Returns the folder with AWS's clients, installed once for each lock file. None if npm is missing, which fails in CI."""
    cache = os.path.join(HERE, "..", "..", ".cache", "nodejs-client")
    if not shutil.which("npm"):
        assert os.environ.get("CI") != "true", "npm is not installed"
        return None
    run = subprocess.run([os.path.join(HERE, "..", "lib", "npm-install"), AWS_CLIENTS, cache], capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, f"npm-install failed: {run.stdout}{run.stderr}"
    return cache


def masked(log):
    return re.sub(rb"\d{4}-\d\d-\d\dT[\d:.]+Z", b"TIME", log).split(b"\n")


@claim("console writes what it writes under AWS's clients, byte for byte, in text and JSON", NODE)
def _(_):
    folder = aws_clients()
    if folder is None:
        return
    with open(f"{AWS_CLIENTS}/calls.cjs") as file:
        calls = file.read()
    for form in "Text", "JSON":
        env = {"AWS_LAMBDA_LOG_FORMAT": form, "AWS_LAMBDA_LOG_LEVEL": "TRACE" if form == "JSON" else None}
        code = "const calls = require('./calls.cjs'); exports.handler = () => calls.forEach((call) => call());"
        with start(code, files={"calls.cjs": calls}, env=env) as runtime:
            runtime.ready()
            runtime.respond(None, request_id="id-1", tenantId="t-1")
            path, root = runtime.log_path, runtime.root
            with open(path, "rb") as log:
                ours = masked(log.read().replace(root.encode(), AWS_CLIENTS.encode()))
        for client in "ric3", "ric4":
            given = {"PATH": PATH, **{name: value for name, value in env.items() if value}}
            command = ["node", f"{AWS_CLIENTS}/console.mjs", folder, client, "id-1", "t-1"]
            run = subprocess.run(command, capture_output=True, env=given, timeout=60)
            assert run.returncode == 0, run.stderr.decode()
            theirs = masked(run.stdout + run.stderr)
            different = [(one, other) for one, other in zip(ours, theirs) if one != other]
            assert not different and len(ours) == len(theirs), (form, client, len(ours), len(theirs), different)


@claim("console writes time, request id and level, or JSON, and hides messages below the level", NODE)
def _(_):
    code = "exports.handler = () => { console.log('a %s', { b: 1 }); console.debug('quiet'); console.error(new Error('e')); };"
    with start(code) as runtime:
        runtime.ready()
        runtime.respond(None, request_id="id-log")
        line = runtime.log().splitlines()[0].split("\t")
        assert line[1:] == ["id-log", "INFO", "a { b: 1 }"] and line[0].endswith("Z"), line
        assert "\tid-log\tERROR\tError: e" in runtime.log() and "quiet" in runtime.log()
    with start(code, env={"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "INFO"}) as runtime:
        runtime.ready()
        runtime.respond(None, request_id="id-log")
        assert '"level":"INFO","requestId":"id-log","message":"a { b: 1 }"' in runtime.log()
        assert "quiet" not in runtime.log()


@claim("modules of layers are found, because a NODE_PATH that is set is kept", NODE)
def _(_):
    files = {"elsewhere/thing.js": "module.exports = 'thing';"}
    with start("const thing = require('thing'); exports.handler = () => thing;", files=files, env={"NODE_PATH": "elsewhere"}) as runtime:
        runtime.ready()
        assert runtime.respond(None) == "thing"


@claim("the old heap does not grow with each call", NODE)
def _(_):
    code = "exports.handler = () => require('v8').getHeapSpaceStatistics().find((space) => space.space_name === 'old_space').space_used_size;"
    with start(code) as runtime:
        runtime.ready()
        sizes = [runtime.call({})["response"] for _ in range(3000)]
        assert sizes[-1] - sizes[1000] < 400 << 10, (sizes[1000], sizes[-1])


@claim("the heap follows the function's memory and the number of slots, unless NODE_OPTIONS says otherwise", NODE)
def _(_):
    code = "exports.handler = () => Math.round(require('v8').getHeapStatistics().heap_size_limit / 2 ** 20);"
    with start(code, env={"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1000"}) as runtime:
        runtime.ready()
        assert 850 < runtime.respond(None) < 1100
    with start(code, env={"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "4000", "AWS_LAMBDA_MAX_CONCURRENCY": "4"}) as runtime:
        runtime.ready()
        assert 850 < runtime.respond(None) < 1100
    with start(code, env={"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1000", "NODE_OPTIONS": "--max-old-space-size=300"}) as runtime:
        runtime.ready()
        assert runtime.respond(None) < 500


def time_out(runtime, left_ms=200):
    """Sends SIGTERM while the handler is running, as bootstrap does shortly before the deadline."""
    runtime.begin(None, deadline_ms=int(time.time() * 1000) + left_ms)
    within(LIMIT, lambda: "begun" in runtime.log())
    runtime.signal(signal.SIGTERM)


@claim("SIGTERM aborts context.signal, with Function.Timeout as the reason; the next call works", NODE)
def _(_):
    for wait in (
        "new Promise((_, reject) => context.signal.addEventListener('abort', () => reject(context.signal.reason)))",
        "require('timers/promises').setTimeout(60000, null, { signal: context.signal }).catch((error) => { throw error.cause ?? error; })",
        "new Promise((_, reject) => process.once('SIGTERM', () => setImmediate(() => context.signal.aborted && reject(context.signal.reason))))",
    ):
        with start(f"exports.handler = async (event, context) => {{ const busy = setTimeout(() => {{}}, 5000); try {{ console.log('begun'); await {wait}; }} finally {{ console.log('finally'); clearTimeout(busy); }} }};") as runtime:
            runtime.ready()
            for _ in range(2):
                time_out(runtime)
                error = runtime.read()["error"]
                assert error["errorType"] == "Function.Timeout" and "ms before its deadline" in error["errorMessage"], error
                assert "finally" in runtime.log() and "event loop is busy with [ 'Timeout'" in runtime.log(), runtime.log()
                os.truncate(runtime.log_path, 0)


@claim("SIGTERM aborts the signals of all calls that are open", NODE)
def _(_):
    code = "exports.handler = (event, context) => new Promise((resolve) => { const busy = setTimeout(resolve, 5000, 'late'); context.signal.onabort = () => { clearTimeout(busy); resolve('aborted'); }; if (event === 3) console.log('begun'); });"
    with start(code) as runtime:
        runtime.ready()
        for number in (1, 2):
            runtime.begin(number, f"r#{number}")
        runtime.begin(3, "r#3")
        within(LIMIT, lambda: "begun" in runtime.log())
        runtime.signal(signal.SIGTERM)
        answers = [runtime.read() for _ in range(3)]
        assert sorted(answer["id"] for answer in answers) == ["r#1", "r#2", "r#3"], answers
        assert all(answer["response"] == "aborted" for answer in answers), answers


@claim("the answer of a handler in the remaining time is delivered, whether it listens to context.signal, SIGTERM or neither", NODE)
def _(_):
    for code in (
        "exports.handler = (event, context) => new Promise((resolve) => { const busy = setInterval(() => {}, 1000); context.signal.onabort = () => { clearInterval(busy); resolve('in time'); }; console.log('begun'); });",
        "exports.handler = () => new Promise((resolve) => { const busy = setInterval(() => {}, 1000); process.once('SIGTERM', () => { clearInterval(busy); resolve('in time'); }); console.log('begun'); });",
        "exports.handler = () => new Promise((resolve) => { setTimeout(resolve, 100, 'in time'); console.log('begun'); });",
        "exports.handler = () => { console.log('begun'); for (const end = Date.now() + 100; Date.now() < end; ); return 'in time'; };",
    ):
        with start(code) as runtime:
            runtime.ready()
            for _ in range(2):
                time_out(runtime)
                assert runtime.read()["response"] == "in time"
                os.truncate(runtime.log_path, 0)


@claim("a SIGTERM that came while the event loop was blocked does not stop the next call", NODE)
def _(_):
    code = """
      process.on('SIGTERM', () => console.log('told'));
      exports.handler = async (event, context) => {
        if (event === 'next') { await new Promise((r) => setTimeout(r, 50)); return context.signal.aborted; }
        console.log('begun');
        for (const end = Date.now() + 100; Date.now() < end; );
      };"""
    with start(code) as runtime:
        runtime.ready()
        for _ in range(3):
            time_out(runtime)
            runtime.read()
            assert runtime.respond("next") is False
            assert "told" in runtime.log()
            os.truncate(runtime.log_path, 0)


@claim("at SIGTERM and the end of STDIN between calls, listeners of user code finish, and without listeners the runtime exits at once", NODE)
def _(_):
    for first in ("exports.handler = () => 1;", "exports.handler = () => new Promise((r) => setTimeout(r, 5, 1));"):
        code = f"process.on('SIGTERM', () => setTimeout(() => console.log('flushed'), 100)); {first}"
        with start(code) as runtime:
            runtime.ready()
            runtime.respond(None)
            runtime.signal(signal.SIGTERM)
            assert runtime.end() == 0
            assert "flushed" in runtime.log()
        with start(first) as runtime:
            runtime.ready()
            runtime.respond(None)
            runtime.signal(signal.SIGTERM)
            assert runtime.end() == 0


@claim("a listener to SIGTERM does not keep the runtime from exiting at the end of STDIN", NODE)
def _(_):
    with start("process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); exports.handler = () => 1;") as runtime:
        runtime.ready()
        assert runtime.end() == 0


@claim("a synchronous loop logs its position at SIGINT", NODE)
def _(_):
    with start("exports.handler = () => {\n  console.log('begun');\n  for (;;);\n};") as runtime:
        runtime.ready()
        time_out(runtime)
        runtime.signal(signal.SIGINT)
        assert runtime.process.wait(20) != 0
        assert "index.js:3" in runtime.log(), runtime.log()


AWS = "const sleep = (ms) => new Promise((r) => setTimeout(r, ms)); exports.handler = awslambda.streamifyResponse(%s);"


def streams(code, expected, head=None, event=None, **options):
    """Streams the handler's response twice. Chunks are joined. Where none is offered, a raw stream is a text, or an error."""
    with start(code if "exports." in code else AWS % code, **options) as runtime:
        runtime.ready()
        for _ in range(2):
            given, chunks, last = runtime.stream(event)
            assert (given, b"".join(chunks), last) == (head or {}, expected, {"end": True}), (given, chunks, last)
        if "statusCode" not in (head or {}):
            answer = runtime.call(event)
            assert answer.get("response", "").encode() == expected or answer["error"]["errorType"] == "Runtime.MarshalError", answer


def breaks_off(code, error_type, message, expected=b"", **options):
    """Returns the log of two calls whose streams break off."""
    with start(AWS % code, **options) as runtime:
        runtime.ready()
        for _ in range(2):
            _, chunks, last = runtime.stream()
            assert (last["error"]["errorType"], last["error"]["errorMessage"], b"".join(chunks)) == (error_type, message, expected), (chunks, last)
        return runtime.log()


@claim("awslambda.streamifyResponse: write, end and pipeline stream text, bytes, other encodings, and JSON of anything else", NODE)
def _(_):
    streams("async (event, s) => { s.write('a ä'); s.write(Buffer.from([0, 255])); s.end('z'); }", b"a \xc3\xa4\0\xffz")
    streams("async (event, s) => { s.write('c3a4', 'hex'); s.write('YQ==', 'base64'); s.write('\\xe9', 'latin1'); s.end(); }", b"\xc3\xa4a\xe9")
    streams("async (event, s) => { s.write({ a: [1] }); s.write(7); s.write(null ?? true); s.end({ b: 2 }); }", b'{"a":[1]}7true{"b":2}')
    streams("async (event, s) => { s.write('\\ud83d'); s.write('\\\\ud83d \\ude00'); s.write('\\ud83d\\ude00'); s.end(); }", "\ufffd\\ud83d \ufffd\U0001f600".encode())
    streams("async (event, s) => require('stream/promises').pipeline(async function* () { yield 'x'; await sleep(5); yield 'y'; }, s)", b"xy")
    streams("async (event, s) => { require('stream').Readable.from(['x', 'y']).pipe(s); }", b"xy")
    streams("async (event, s) => { s.write('x'); setTimeout(() => s.end('y'), 50); }", b"xy")
    streams("async (event, { write, end, setContentType }) => { setContentType('text/x'); write('x'); end('y'); }", b"xy", {"contentType": "text/x"})
    streams("async (event, s) => { await new Promise((r) => s.write('x', r)); await new Promise((r) => s.end('y', 'utf8', r)); }", b"xy")
    streams("async (event, s) => { s.end(); }", b"")


@claim("awslambda.HttpResponseStream.from makes the head, without a write too; a hook of AWS's client is called", NODE)
def _(_):
    http = "async (event, s) => { const given = %s; s = awslambda.HttpResponseStream.from(s, given); given.statusCode = 500; given.cookies?.push('late'); %s }"
    head = {"statusCode": 201, "headers": {"a": "b"}, "cookies": ["c=d"]}
    streams(http % ("{ statusCode: 201, headers: { a: 'b' }, cookies: ['c=d'] }", "s.write('x'); s.end();"), b"x", head)
    streams(http % ("{ headers: {} }", "s.end('x');"), b"x", {"statusCode": 200, "headers": {}})
    streams(http % ("{ statusCode: 204 }", "s.end();"), b"", {"statusCode": 204})
    streams("async (event, s) => { s._onBeforeFirstWrite = (write) => write('first '); s.write('x'); s.write('y'); s.end(); }", b"first xy")
    late = "async (event, s) => { s.write('x'); awslambda.HttpResponseStream.from(s, {}); }"
    breaks_off(late, "Runtime.InvalidStreamingOperation", "Cannot set content-type, too late.", b"x")
    breaks_off("async (event, s) => { s.write('x'); s.setContentType('a/b'); }", "Runtime.InvalidStreamingOperation", "Cannot set content-type, too late.", b"x")
    other = """
      exports.handler = async () => {
        const written = [];
        const other = { setContentType: (type) => written.push(type) };
        awslambda.HttpResponseStream.from(other, { statusCode: 201 })._onBeforeFirstWrite((chunk) => written.push(Buffer.from(chunk).toString()));
        return written;
      };"""
    responds(other, ["application/vnd.awslambda.http-integration-response", '{"statusCode":201}', "\0" * 8])


@claim("awslambda is a plain global object; a part of it that a preloaded module set stays; a variable leaves it out", NODE)
def _(_):
    code = "const own = Object.getOwnPropertyDescriptor(globalThis, 'awslambda') ?? 0; exports.handler = () => [own.writable, own.enumerable, own.configurable, Object.keys(own.value ?? [])];"
    responds(code, [True, True, True, ["streamifyResponse", "HttpResponseStream"]])
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/agent.cjs", "w") as file:
            file.write("globalThis.awslambda = { agent: 1 };")
        responds(code, [True, True, True, ["agent", "streamifyResponse", "HttpResponseStream"]], env={"NODE_OPTIONS": f"--require {folder}/agent.cjs"})
    for value in "1", "true":
        responds(code, [None, None, None, []], env={"AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA": value})
    responds(code, [True, True, True, ["streamifyResponse", "HttpResponseStream"]], env={"AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA": "0"})


@claim("a handler is marked as by AWS: the symbol alone will do, highWaterMark is taken, and another mark is an Init error", NODE)
def _(_):
    mark = "Symbol.for('aws.lambda.runtime.handler.streaming')"
    streams(f"exports.handler = async (event, s) => {{ s.end('x'); }}; exports.handler[{mark}] = 'response';", b"x")
    water = "exports.handler = awslambda.streamifyResponse(async (event, s) => { s.end(`${s.writableHighWaterMark}`); }, { highWaterMark: %s });"
    streams(water % "3.7", b"3")
    with start(water % "'many'") as runtime:
        runtime.ready()
        assert runtime.stream()[1][-1] in (b"16384", b"65536")
    error = init_error(f"exports.handler = async () => {{}}; exports.handler[{mark}] = 'request';")
    assert error["errorType"] == "Runtime.MalformedStreamingHandler" and "request" in error["errorMessage"], error


@claim("a streaming handler fails as under AWS's client: not async, not ended, thrown before or behind what it wrote", NODE)
def _(_):
    for early in ("async () => { throw new TypeError('early'); }", "() => { throw new TypeError('early'); }", "async (event, s) => { s.setContentType('a/b'); throw new TypeError('early'); }"):
        with start(AWS % early) as runtime:
            runtime.ready()
            error = runtime.fail(stream=True)
            assert (error["errorType"], error["errorMessage"]) == ("TypeError", "early") and "index.js" in error["stackTrace"][0], error
    breaks_off("(event, s) => { s.write('x'); }", "Error", "Streaming does not support non-async handlers.", b"x")
    breaks_off("async (event, s) => { s.write('x'); }", "Error", "Response stream is not finished.", b"x")
    breaks_off("async (event, s) => { s.write('x'); await sleep(5); throw 'text'; }", "string", "text", b"x")
    many = "async (event, s) => { for (let i = 0; i < 30; i++) s.write(Buffer.alloc(30000, 'x')); throw new TypeError('many'); }"
    breaks_off(many, "TypeError", "many", b"x" * 900000)
    breaks_off("async (event, s) => { s.write('x'); await sleep(5); s.destroy(); }", "Error", "Response stream is not finished.", b"x")
    breaks_off("async (event, s) => { s.write('x'); await sleep(5); s.destroy(new RangeError('mine')); }", "RangeError", "mine", b"x")
    source = "async (event, s) => require('stream/promises').pipeline(async function* () { yield 'x'; await sleep(20); throw new RangeError('source'); }, s)"
    breaks_off(source, "RangeError", "source", b"x")
    breaks_off("async (event, s) => { s.write('x'); Promise.reject(new Error('lost')); await sleep(1000); }", "Runtime.UnhandledPromiseRejection", "Error: lost", b"x")
    breaks_off("async (event, s) => { s.write('x'); await new Promise(() => {}); }", "Runtime.NodejsExit", "the handler waits for a promise that nothing can settle any more", b"x")


@claim("the response stands once a streaming handler has ended it: a later error is logged, and a result is ignored with a warning", NODE)
def _(_):
    with start(AWS % "async (event, s) => { s.end('x'); await sleep(50); if (event) throw new TypeError('after'); return 5; }") as runtime:
        runtime.ready()
        assert runtime.stream(1)[1:] == ([b"x"], {"end": True})
        assert "\tERROR\t" in runtime.log() and "TypeError: after" in runtime.log()
        assert runtime.stream(0)[1:] == ([b"x"], {"end": True})
        assert runtime.log().count("WARN\tStreaming handlers ignore return values.") == 1, runtime.log()


@claim("a stream is not complete before its handler has settled, as the environment may be frozen", NODE)
def _(_):
    code = AWS % "async (event, s) => { s.end('x'); while (!require('fs').existsSync('go')) await sleep(5); }"
    with start(code) as runtime:
        runtime.ready()
        runtime.begin(None, stream=True)
        assert "stream" in runtime.read() and runtime.read()["chunk"] == "x"
        assert runtime.silent(0.1)
        open(f"{runtime.root}/go", "w").close()
        assert runtime.read()["end"]


@claim("write returns false while the consumer is slow, and 'drain' comes; timers and context.signal go on meanwhile", NODE)
def _(_):
    code = AWS % """async (event, s, context) => {
      let ticks = 0;
      const timer = setInterval(() => ticks++, 5);
      const { once } = require('events');
      let written = 0;
      try {
        for (;;) {
          written++;
          if (!s.write(Buffer.alloc(30000))) await once(s, 'drain', { signal: context.signal });
        }
      } catch (error) {
        console.log(`aborted ${context.signal.aborted} ${written < 20} ${ticks > 5}`);
        throw context.signal.reason;
      } finally {
        clearInterval(timer);
      }
    }"""
    with start(code) as runtime:
        runtime.ready()
        runtime.begin(None, stream=True)
        time.sleep(0.5)
        runtime.signal(signal.SIGTERM)
        within(LIMIT, lambda: "aborted true true true" in runtime.log())
        _, chunks, last = runtime.rest_of_stream()
        assert last["error"]["errorType"] == "Function.Timeout" and len(b"".join(chunks)) % 30000 == 0, last


@claim("a handler that exits while nobody reads does not hang", NODE)
def _(_):
    with start(AWS % "async (event, s) => { for (let i = 0; i < 9; i++) s.write(Buffer.alloc(60000)); await sleep(100); process.exit(4); }") as runtime:
        runtime.ready()
        runtime.begin(None, stream=True)
        assert runtime.process.wait(LIMIT) == 4
        assert "process.exit(4)" in runtime.log()


@claim("at the end of STDIN a stream is finished, though its consumer is slow", NODE)
def _(_):
    with start(AWS % "async (event, s) => { for (let i = 0; i < 9; i++) s.write(Buffer.alloc(60000)); s.end(); }") as runtime:
        runtime.ready()
        runtime.begin(None, stream=True)
        runtime.process.stdin.close()
        time.sleep(0.2)
        _, chunks, last = runtime.rest_of_stream()
        assert len(b"".join(chunks)) == 540000 and last == {"end": True}
        assert runtime.process.wait(LIMIT) == 0


@claim("lines of 64 calls, streams and others, do not mix while the consumer is slow", NODE)
def _(_):
    code = AWS.replace("awslambda.streamifyResponse(%s)", "%s") % """async (event) => {
      if (event % 2) return 'x'.repeat(20000);
      return { body: (async function* () { for (let i = 0; i < 8; i++) { await sleep(1); yield Buffer.alloc(50000, event); } })() };
    }"""
    with start(code) as runtime:
        runtime.ready()
        for number in range(64):
            runtime.begin(number, f"r#{number}", stream=True)
        time.sleep(0.5)
        lengths, answers = [0] * 64, 0
        while answers < 64:
            line = runtime.read()
            number = int(line["id"][2:])
            if number % 2:
                assert line["response"] == "x" * 20000
            elif "base64" in line:
                lengths[number] += len(base64.b64decode(line["base64"]).strip(bytes([number])) == b"" and base64.b64decode(line["base64"]))
            answers += "response" in line or "end" in line
        assert lengths == [0 if number % 2 else 400000 for number in range(64)], lengths


@claim("a Readable, a ReadableStream, an async generator, and each as a body, stream; other results do not", NODE)
def _(_):
    readable = "require('stream').Readable.from([Buffer.from('a'), Buffer.from('b')])"
    web = "new ReadableStream({ start(c) { c.enqueue('a'); c.enqueue(new Uint8Array([98])); c.close(); } })"
    generator = "(async function* () { yield 'a'; yield new DataView(new Uint8Array([97, 98]).buffer, 1); })()"
    for body in (readable, web, generator):
        streams(f"exports.handler = async () => {body};", b"ab")
        streams(f"exports.handler = () => ({{ statusCode: 404, headers: {{ a: 'b' }}, body: {body} }});", b"ab", {"statusCode": 404, "headers": {"a": "b"}})
        responds(f"exports.handler = () => ({{ isBase64Encoded: false, body: {body} }});", {"statusCode": 200, "body": "ab"})
        responds(f"exports.handler = (event, context, callback) => callback(null, {body});", "ab")
    responds("exports.handler = () => ({ toJSON: () => 1, [Symbol.asyncIterator]() {} });", 1)
    responds("exports.handler = () => ({ body: [1], statusCode: 200 });", {"body": [1], "statusCode": 200})
    responds("exports.handler = () => ({ body: null });", {"body": None})


@claim("a body is destroyed when its call fails, and a generator ends", NODE)
def _(_):
    for body in (
        "new (require('stream').Readable)({ read() { if (!this.begun) this.push('x'); this.begun = true; }, destroy(error, done) { console.log('destroyed'); done(error); } })",
        "new ReadableStream({ start(c) { c.enqueue('x'); }, cancel() { console.log('destroyed'); } })",
        "(async function* () { try { yield 'x'; await new Promise((r) => setTimeout(r, 100)); yield 'y'; } finally { console.log('destroyed'); } })()",
    ):
        code = f"exports.handler = () => {{ setTimeout(() => {{ throw new RangeError('elsewhere'); }}, 50); return {body}; }};"
        with start(code) as runtime:
            runtime.ready()
            for _ in range(2):
                _, chunks, last = runtime.stream()
                assert chunks == [b"x"] and last["error"]["errorType"] == "RangeError", (body, chunks, last)
                within(LIMIT, lambda: "destroyed" in runtime.log())
                os.truncate(runtime.log_path, 0)


@claim("a wrapper that a companion puts around a streaming handler need not keep its mark", NODE)
def _(_):
    companion = "exports.wrap = (handler) => async (event, s, context) => { s.write(`wrapped ${typeof context.awsRequestId} `); return handler(event, s, context); };"
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/nodejs.cjs", "w") as file:
            file.write(companion)
        streams("async (event, s) => { s.end('x'); }", b"wrapped string x", env={"SLSCOMPANIONS": folder})


@claim("a function that does not stream loads no code for streams", NODE)
def _(_):
    code = "exports.handler = () => [process.moduleLoadList.includes('NativeModule net'), Object.keys(require.cache).some((file) => file.endsWith('streams.cjs'))];"
    responds(code, [False, False])

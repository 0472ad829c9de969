"""Claims about SnapStart: the hooks around a snapshot."""

import functools
import os
import subprocess

from claims import claim
from harness import HERE, Runtime

NAMES = {"js": "nodejs", "py": "python", "rb": "ruby", "php": "php", "pl": "perl", "sh": "sh"}

# Each registers two hooks before the snapshot and two after the restore, which write their names. The handler returns the names.
HOOKS = {
    "js": """const said = [];
process.on('beforeSnapshot', () => said.push('b1'));
process.on('beforeSnapshot', async () => { await new Promise((resolve) => setTimeout(resolve, 20)); said.push('b2'); });
process.on('afterRestore', async () => { await null; said.push('a1'); });
process.on('afterRestore', () => said.push('a2'));
exports.handler = async () => said.join();""",
    "py": """from snapshot_restore_py import register_before_snapshot, register_after_restore
said = []
@register_before_snapshot
def first(): said.append("b1")
register_before_snapshot(said.append, "b2")
register_after_restore(said.append, "a1")
@register_after_restore
def second(): said.append("a2")
def handler(event, context): return ",".join(said)""",
    "rb": """SAID = []
OpenRuntime.before_snapshot { SAID << "b1" }
OpenRuntime.before_snapshot { SAID << "b2" }
OpenRuntime.after_restore { SAID << "a1" }
OpenRuntime.after_restore { SAID << "a2" }
def handler(event:, context:) = SAID.join(",")""",
    "php": """<?php class Said { static $all = []; }
OpenRuntime\\before_snapshot(function () { Said::$all[] = 'b1'; });
OpenRuntime\\before_snapshot(function () { Said::$all[] = 'b2'; });
OpenRuntime\\after_restore(function () { Said::$all[] = 'a1'; });
OpenRuntime\\after_restore(function () { Said::$all[] = 'a2'; });
function handler($event, $context) { return implode(',', Said::$all); }""",
    "pl": """my @said;
OpenRuntime::before_snapshot(sub { push @said, 'b1' });
OpenRuntime::before_snapshot(sub { push @said, 'b2' });
OpenRuntime::after_restore(sub { push @said, 'a1' });
OpenRuntime::after_restore(sub { push @said, 'a2' });
sub handler { join ',', @said } 1;""",
    "sh": """before_snapshot() { said=b2,b1; }
after_restore() { said=$said,a1,a2; }
handler() { printf '"%s"' "$said"; }""",
}
FAILS = {
    "js": "process.on('beforeSnapshot', async () => { throw new RangeError('no'); }); process.on('afterRestore', () => Promise.reject(new RangeError('no'))); exports.handler = async () => 1;",
    "py": "import snapshot_restore_py as s\ndef fails(): raise KeyError('no')\ns.register_before_snapshot(fails)\ns.register_after_restore(fails)\ndef handler(event, context): return 1",
    "rb": "OpenRuntime.before_snapshot { raise KeyError, 'no' }\nOpenRuntime.after_restore { raise KeyError, 'no' }\ndef handler(event:, context:) = 1",
    "php": "<?php OpenRuntime\\before_snapshot(fn () => throw new DomainException('no')); OpenRuntime\\after_restore(fn () => throw new DomainException('no')); function handler($event, $context) { return 1; }",
    "pl": "OpenRuntime::before_snapshot(sub { die \"no\\n\" }); OpenRuntime::after_restore(sub { die \"no\\n\" }); sub handler { 1 } 1;",
    "sh": "before_snapshot() { return 3; }\nafter_restore() { return 3; }\nhandler() { echo 1; }",
}
SEEDED = {
    "py": "import random\nrandom.seed(7)\nstate = random.getstate()\ndef handler(event, context): return random.getstate() == state",
    "rb": "srand(7)\ndef handler(event:, context:) = Random.seed == 7",
    "php": "<?php mt_srand(7); function handler($event, $context) { $next = mt_rand(); mt_srand(7); return $next === mt_rand(); }",
    "pl": "srand(7); sub handler { my $next = rand; srand(7); return $next == rand() ? 1 : 0 } 1;",
}
TESTS = os.path.dirname(HERE)
NONE = {extension: code for extension, code in {
    "js": "exports.handler = async () => 1;", "py": "def handler(event, context): return 1", "rb": "def handler(event:, context:) = 1",
    "php": "<?php function handler($event, $context) { return 1; }", "pl": "sub handler { 1 } 1;", "sh": "handler() { echo 1; }"}.items()}


def start(extension, code):
    files = {f"index.{extension}": code}
    if extension == "py":
        files["snapshot_restore_py.py"] = package()
    return Runtime(NAMES[extension], "index.handler", files=files, env={"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"})


@functools.lru_cache(None)
def package():
    """AWS's module, which came with its client from PyPI."""
    subprocess.run([os.path.join(TESTS, "bench/peers"), "awslambdaric"], check=True, timeout=280)
    with open(os.path.join(TESTS, "..", ".cache/bench/python/client/snapshot_restore_py.py"), encoding="utf-8") as file:
        return file.read()


def hook(runtime, name):
    runtime.write(f'{{"id":"{name}","hook":"{name}","input":null}}\n'.encode())
    answer = runtime.read()
    assert answer.pop("id") == name, answer
    return answer


@claim("every language runs hooks of SnapStart: before the snapshot from the last to the first, after it in their order")
def _():
    for extension, code in HOOKS.items():
        with start(extension, code) as runtime:
            assert runtime.ready()["hooks"] is True, extension
            assert hook(runtime, "before-snapshot") == {"response": None}, extension
            assert hook(runtime, "after-restore") == {"response": None}, extension
            assert runtime.respond(None) == "b2,b1,a1,a2", extension
            assert runtime.respond(None) == "b2,b1,a1,a2", extension
            assert runtime.end() == 0, extension


@claim("every language: a hook of SnapStart that fails is an error of that hook")
def _():
    for extension, code in FAILS.items():
        with start(extension, code) as runtime:
            runtime.ready()
            for name in "before-snapshot", "after-restore":
                answer = hook(runtime, name)
                assert list(answer) == ["error"] and "no" in answer["error"]["errorMessage"] or extension == "sh", (extension, answer)
                assert extension != "sh" or answer["error"]["errorMessage"].endswith("_snapshot failed" if name[0] == "b" else "_restore failed"), answer
            assert runtime.respond(None) == 1, extension


@claim("every language: a function without hooks passes a snapshot, and one that is asked for none serves")
def _():
    for extension, code in NONE.items():
        with start(extension, code) as runtime:
            runtime.ready()
            assert hook(runtime, "before-snapshot") == hook(runtime, "after-restore") == {"response": None}, extension
            assert runtime.respond(None) == 1, extension
        with start(extension, code) as runtime:  # it replaces one that died after the restore
            runtime.ready()
            assert runtime.respond(None) == runtime.respond(None) == 1, extension


@claim("python, ruby, php, perl: after a restore the random numbers are new")
def _():
    for extension, code in SEEDED.items():
        for is_restored in False, True:
            with start(extension, code) as runtime:
                runtime.ready()
                hook(runtime, "before-snapshot")
                if is_restored:
                    hook(runtime, "after-restore")
                assert bool(runtime.respond(None)) is not is_restored, (extension, is_restored)

# A pytest fixture: starts handlers under `open-runtime serve` on free ports, and stops them after the module.
import json
import subprocess
import urllib.request

import pytest


@pytest.fixture(scope="module")
def serve():
    """`invoke = serve("handler.hello", "--env", "A=b")`; then `invoke(event)` returns the response and the kind of error, or None."""
    processes = []

    def start(handler, *options):
        command = ["open-runtime", "serve", handler, "--port", "0", "--quiet", *options]
        processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        address = processes[-1].stdout.readline().strip()
        assert address, "open-runtime serve has not started: see stderr"

        def invoke(event):
            url = f"{address}/2015-03-31/functions/function/invocations"
            with urllib.request.urlopen(url, json.dumps(event).encode(), timeout=60) as answer:
                return json.load(answer), answer.headers["X-Amz-Function-Error"]

        return invoke

    yield start
    for process in processes:
        process.terminate()
        process.wait(timeout=10)
        process.stdout.close()

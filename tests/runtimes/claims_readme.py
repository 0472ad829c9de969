"""Claims about the examples of runtimes/README.md."""

import os
import re
import tempfile

from claims import claim
from harness import RUNTIMES, Runtime


@claim("the README's runtime in ten lines works")
def _():
    with open(f"{RUNTIMES}/README.md", encoding="utf-8") as file:
        [program] = re.findall(r"```sh\n(.*?)```", file.read(), re.DOTALL)
    assert program.count("\n") == 10
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(f"{folder}/program")
        for path, text in (("program/language-runtime", program), ("greet", "#!/bin/sh\nread -r event\nprintf '{\"hello\":%s}' \"$event\"\n")):
            with open(f"{folder}/{path}", "w") as file:
                file.write(text)
            os.chmod(f"{folder}/{path}", 0o755)
        with Runtime("program", "greet.run", folder=folder, env={"LAMBDA_TASK_ROOT": folder}) as runtime:
            os.link(f"{folder}/greet", f"{runtime.root}/greet")
            runtime.ready()
            for event in ({"to": "you"}, 'a "context":{ of its own', [1, 2]):
                assert runtime.respond(event) == {"hello": event}
            assert runtime.end() == 0

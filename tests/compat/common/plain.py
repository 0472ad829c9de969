"""Languages for which AWS has no client: their rows are compared with the same program, run by its interpreter outside of Lambda."""
import json
import os
import shutil
import subprocess
from pathlib import Path

import compat
import debs


class Plain(compat.Language):
    """A row's own file `plain` may run its program outside of Lambda. That of the language calls the handler."""

    PEER = "plain"
    SAME = "same as outside of Lambda"
    INTERPRETER = []  # with its options
    SUFFIX = ""

    def interpreters(self, row):
        return [None]

    def version(self, interpreter):
        return ""

    def path(self, interpreter):
        return Path(shutil.which(self.INTERPRETER[0])).parent

    def cells(self, row):
        return [row["title"], debs.told(row, self.HERE / "debs.txt")]

    def peer(self, row, folder, interpreter):
        """It reads an event from each line, and adds a line to a file for each answer: {"response": …} or {"error": {…}}."""
        task_root, environment = self.deploy(row, folder, interpreter)
        own = task_root / f"plain{self.SUFFIX}"
        program = own if own.exists() else self.HERE / own.name
        events = b"".join(json.dumps(json.loads(compat.read_event(event))).encode() + b"\n" for event in row["events"])
        environment = {**os.environ, **environment, **row["environment"]}
        command = [*self.INTERPRETER, program, row["handler"], folder / "answers"]
        output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        done = subprocess.run(command, cwd=task_root, env=environment, input=events, timeout=compat.LIMIT_S, **output)
        log = done.stdout.decode(errors="replace")
        answers = [json.loads(line) for line in compat.read(folder / "answers").split("\n")[:-1]]
        if done.returncode or len(answers) != len(row["events"]):
            raise AssertionError(f"{program} ended with status {done.returncode} after {len(answers)} answers: {log}")
        return [("error" in answer, json.dumps(answer.get("error", answer.get("response")), ensure_ascii=False)) for answer in answers], log, ""

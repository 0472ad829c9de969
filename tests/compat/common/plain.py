"""Languages for which AWS has no client: their rows are compared with the same program, run by its interpreter outside of Lambda.

Rows with a record are compared with another runtime's answers.
"""
import json
import os
import shutil
import subprocess
from pathlib import Path

import compat
import debs
import recorded


class Plain(compat.Language):
    """A row's own file `plain` may run its program outside of Lambda. That of the language calls the handler."""

    PEER = "plain"
    SAME = "same"
    COLUMNS = ["program", "packages", "compared with"]
    RUNTIME = ""  # the name of another runtime, whose answers are recorded
    INTERPRETER = []  # with its options
    SUFFIX = ""

    def interpreters(self, row):
        return [None]

    def version(self, interpreter):
        return ""

    def path(self, interpreter):
        return Path(shutil.which(self.INTERPRETER[0])).parent

    def cells(self, row):
        return [row["title"], debs.told(row, self.HERE / "debs.txt"), self.compared_with(row)]

    def compared_with(self, row):
        if recorded.exists(self, row["name"]):
            return f"{self.RUNTIME} {recorded.told(self, row['name'])['client']}"
        return f"`{self.INTERPRETER[0]}`"

    def peer(self, row, folder, interpreter):
        """It reads an event from each line, and adds a line to a file for each answer: {"response": …} or {"error": {…}}."""
        if recorded.exists(self, row["name"]):
            return recorded.results(self, row["name"])
        task_root, environment = self.deploy(row, folder, interpreter)
        own = task_root / f"plain{self.SUFFIX}"
        program = own if own.exists() else self.HERE / own.name
        events = b"".join(json.dumps(json.loads(compat.read_event(event))).encode() + b"\n" for event in row["events"])
        command = [*self.INTERPRETER, program, row["handler"], folder / "answers"]
        output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        with compat.Collector(folder) as collector, compat.moto(row, folder) as aws:
            variables = {name: value.replace("${COLLECTOR}", collector.address) for name, value in row["environment"].items()}
            environment = {**os.environ, **environment, **aws, **variables}
            done = subprocess.run(command, cwd=task_root, env=environment, input=events, timeout=compat.LIMIT_S, **output)
            compat.wait_for(row["arrives"], collector.text, compat.LIMIT_S)
        log = done.stdout.decode(errors="replace")
        answers = [json.loads(line) for line in compat.read(folder / "answers").split("\n")[:-1]]
        if done.returncode or len(answers) != len(row["events"]):
            raise AssertionError(f"{program} ended with status {done.returncode} after {len(answers)} answers: {log}")
        answers = [("error" in answer, json.dumps(answer.get("error", answer.get("response")), ensure_ascii=False)) for answer in answers]
        return answers, log, collector.text()


def main(language, live, arguments):
    """usage: [--page FILE] [--spoil] [ROW…] | --live FOLDER ROW… | --record FOLDER VERSION ROW…     FOLDER has the other runtime"""
    if arguments[:1] == ["--record"] and arguments[3:]:
        return recorded.record(live(Path(arguments[1]).resolve()), arguments[3:], {"client": arguments[2]})
    if arguments[:1] == ["--live"] and arguments[2:]:
        return compat.main(live(Path(arguments[1]).resolve()), arguments[2:])
    return compat.main(language(), arguments)

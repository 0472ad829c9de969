"""What another runtime answered once: rows/ROW/expected.json, which stands for that runtime. See ../README.md."""
import json
import re
import sys
import tempfile

import compat


def exists(language, name):
    return path_of(language, name).exists()


def told(language, name):
    return json.loads(path_of(language, name).read_text())


def path_of(language, name):
    return language.HERE / "rows" / name / "expected.json"


def results(language, name):
    """Returns answers, log and what arrived, as run_column does."""
    record = told(language, name)
    return list(map(read_answer, record["answers"])), "\n".join(record["log"]), "\n".join(record.get("arrived", []))


def read_answer(answer):
    return "error" in answer, json.dumps(answer["error"] if "error" in answer else answer["response"], ensure_ascii=False)


def record(live, names, versions):
    """Runs rows under the live runtime, and writes their expected.json, which begins with the versions."""
    for name in names:
        row = compat.read_row(live, name)
        with tempfile.TemporaryDirectory() as folder:
            answers, log, arrived = compat.run_column(live, row, live.PEER, folder, None, None)
        for problem in compat.problems_of(live, row, live.PEER, answers, log, arrived):
            print(f"{name}: {problem}", file=sys.stderr)
        whole_log = row.get("same_log") or row["not_logged"]
        found = {**versions, "answers": [write_answer(*answer, row["mask"]) for answer in answers]}
        found["log"] = [line for line in compat.masked(log, row).splitlines() if whole_log or asks_for(row, line)]
        if row["arrives"]:
            found["arrived"] = [part[0] for part in (re.search(pattern, arrived) for pattern in row["arrives"]) if part]
        path_of(live, name).write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
        print(f"recorded {name}", flush=True)


def asks_for(row, line):
    return any(re.search(pattern, line) for pattern in row["log"])


def write_answer(failed, text, masks):
    text = json.dumps(json.loads(text))
    for mask in masks:
        text = re.sub(mask, "", text)
    answer = json.loads(text)
    if failed:
        return {"error": {name: answer.get(name) for name in ("errorType", "errorMessage")}}
    return {"response": answer}

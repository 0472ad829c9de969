"""Maps events and validates the CloudEvents. tests/cloudevents/run starts it. Prints TAP.

usage: check.py CACHE MAP [KIND…]    the judges' folder, and the program that maps files. With kinds: their samples alone
"""

import base64
import hashlib
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

import chevron
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from cloudevents.v1.http import from_json
from jsonschema import Draft7Validator

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "../lib"))

import cases
import events_of
import tap
from exact import exact, member
from lookalikes import LOOK_ALIKES
from random_events import DEEP, make_events

CACHE, MAP, ONLY = Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
SCHEMA = json.loads((CACHE / "schema.json").read_text())
VALIDATOR = Draft7Validator(SCHEMA, format_checker=Draft7Validator.FORMAT_CHECKER)
REQUEST = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:my-function"
NOW = "2023-11-14T22:13:20.123Z"
ATTRIBUTES = "id source type time subject datacontenttype partitionkey sequence traceparent tracestate".split()

SCRATCH = tempfile.TemporaryDirectory()


def scratch():
    """A new folder, which is removed at the end of the context."""
    return Path(tempfile.mkdtemp(dir=SCRATCH.name))


def mapped(files, *flags):
    """Returns the output of MAP for each file, with its events and their texts."""
    names = "\n".join(map(str, files))
    run = subprocess.run([MAP, *flags], input=names, capture_output=True, text=True, check=False, timeout=250)
    lines = iter(run.stdout.split("\n")[:-1])
    results = []
    for line in lines:
        result = json.loads(line)
        texts = [next(lines) for _ in range(result["events"])]
        results.append(({**result, "events": [json.loads(text) for text in texts]}, texts))
    if run.returncode != 0 or len(results) != len(files):
        raise SystemExit(f"{MAP} ended with {run.returncode} after {len(results)} of {len(files)} files: {run.stderr}")
    return results


def judge_in_javascript(lines):
    run = subprocess.run(
        ["node", str(HERE / "judge.mjs")], input="\n".join(lines) + "\n", capture_output=True, text=True, check=True, cwd=CACHE / "npm", timeout=250
    )
    return run.stdout.split("\n")[:-1]


def judge(event, text):
    """Returns the faults that the schema, the SDKs for Python and the specification find in a CloudEvent."""
    trouble = [f"schema: {error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(event)]
    for name, reader in ("core", lambda: JSONFormat().read(CloudEvent, text)), ("v1", lambda: from_json(text)):
        try:
            reader()
        except Exception as error:  # any exception means that the event is refused
            trouble.append(f"cloudevents {name}: {error!r}")
    return trouble + lint(event)


def lint(event):
    """Returns the faults that neither the schema nor the SDKs check."""
    trouble = []
    for name, value in event.items():
        if name in ("data", "data_base64"):
            continue
        if not re.fullmatch("[a-z0-9]{1,20}", name):
            trouble.append(f"name {name}")
        if isinstance(value, str):
            if not value or any(is_forbidden(ord(character)) for character in value):
                trouble.append(f"{name} is {value!r}")
        elif not isinstance(value, bool) and not (isinstance(value, int) and -(2**31) <= value < 2**31):
            trouble.append(f"{name} is {value!r}")
    return trouble


def is_forbidden(code):
    return code < 0x20 or 0x7F <= code <= 0x9F or 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE or 0xD800 <= code <= 0xDFFF


def lint_ours(event):
    """Returns the breaches of rules of this mapping, which other CloudEvents need not follow."""
    trouble = []
    if list(event) != ["specversion", "datacontenttype"] + [name for name in ATTRIBUTES if name in event and name != "datacontenttype"] + ["data"]:
        trouble.append(f"members {list(event)}")
    if not event.get("type", "").startswith("com.amazonaws.") or event.get("datacontenttype") != "application/json":
        trouble.append(f"type {event.get('type')}, {event.get('datacontenttype')}")
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z", event.get("time", "")):
        trouble.append(f"time {event.get('time')}")
    if not re.fullmatch(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}.*", event.get("traceparent", "00-" + "1" * 32 + "-" + "1" * 16 + "-00")):
        trouble.append(f"traceparent {event['traceparent']}")
    if "tracestate" in event and "traceparent" not in event:
        trouble.append("tracestate alone")
    return trouble


def data_trouble(kind, event_text, texts):
    """Returns differences between the data of the CloudEvents and the event."""
    emitted = [exact(text) for text in texts]
    if kind == "unknown":
        wanted, found = [exact(event_text)], emitted
    elif kind.startswith("cloudevent"):
        wanted, found = events_of.records(kind, exact(event_text)), emitted
    else:
        wanted, found = events_of.records(kind, exact(event_text)), [member(event, "data") for event in emitted]
    return [] if wanted == found else [f"data {found!r} instead of {wanted!r}"]


def check_samples(samples, *, is_strict=True):
    """Checks samples: (claim, file, kind, number of events). Without is_strict, a warning is allowed."""
    results = mapped([file for _, file, _, _ in samples])
    lines = [text for result, texts in results for text in texts if result["kind"] != "unknown"]
    verdicts = iter(judge_in_javascript(lines))
    for (claim, file, kind, events), (result, texts) in zip(samples, results):
        trouble = []
        if (result["kind"], len(result["events"])) != (kind, events):
            trouble.append(f"{result['kind']} with {len(result['events'])} events")
        if is_strict and result["warning"]:
            trouble.append(result["warning"])
        if result["kind"] != "unknown":
            for event, text in zip(result["events"], texts):
                trouble += judge(event, text) + [verdict for verdict in [next(verdicts)] if verdict != "ok"]
                trouble += [] if result["kind"].startswith("cloudevent") else lint_ours(event)
            sources = [(event["source"], event["id"]) for event in result["events"]]
            trouble += [] if len(set(sources)) == len(sources) or "duplicate" in str(file) else [f"not unique: {sources}"]
        trouble += data_trouble(result["kind"], Path(file).read_bytes().decode(), texts)
        tap.report(claim, trouble)


def check_own_samples():
    head, *rows = [line.split("\t") for line in (HERE / "../events/EXPECTED.tsv").read_text().splitlines()]
    expected = {row[0]: dict(zip(head, row)) for row in rows}
    files = {file.stem: file for file in sorted((HERE / "../events").glob("*.json"))}
    tap.report("every sample is in EXPECTED.tsv", sorted(set(files) ^ set(expected)))
    table = (HERE / "../../src/cloudevents/kinds.rs").read_text()
    kinds = set(re.findall(r'kind!\(\s*"([a-z0-9-]+)"', table))
    tap.report("every kind of the table has a sample", sorted(kinds ^ set(files)))
    files = {name: file for name, file in files.items() if not ONLY or name in ONLY}
    check_samples([(f"the sample {name} is mapped to valid CloudEvents", file, name, int(expected[name]["events"])) for name, file in files.items()])
    for (result, _), (name, row) in zip(mapped(files.values()), ((name, expected[name]) for name in files)):
        if name != "unknown":
            event = result["events"][0]
            found = {column: event.get(column, "-") for column in head[2:]}
            found["source"] = found["source"].replace(FUNCTION, "FUNCTION")
            found["id"] = found["id"].replace(REQUEST, "REQUEST")
            found["time"] = found["time"].replace(NOW, "now")
            tap.report(f"the sample {name} has the attributes of EXPECTED.tsv", [f"{column}: {found[column]}" for column in found if found[column] != row[column]])


def sam_events():
    """SAM CLI's samples, rendered with the default of every tag."""
    folder = CACHE / "sam/samcli/lib/generated_sample_events"
    mapping = json.loads((folder / "event-mapping.json").read_text())
    out = scratch()
    for service, name in [(service, name) for service in mapping for name in mapping[service]]:
        entry = mapping[service][name]
        tags = {}
        for tag, properties in entry["tags"].items():
            value = properties["default"]
            for key, how in {tag: properties, **properties.get("children", {})}.items():
                tags[key] = encoded(value, how)
        template = (folder / "events" / service / f"{entry['filename']}.json").read_text()
        file = out / f"{service}-{name}.json"
        file.write_text(chevron.render(json.dumps(json.loads(template), indent=2), tags))
        kind = events_of.sam_kind(service, name)
        yield f"SAM CLI's {service} {name} is {kind}", file, kind, len(events_of.records(kind, exact(file.read_text())))


def encoded(value, properties):
    """Returns the value of a tag in the form that the event needs."""
    if properties.get("encoding") == "base64":
        return base64.b64encode(value.encode()).decode()
    if properties.get("encoding") == "url":
        return quote(value)
    if properties.get("type") == "dict":
        return json.dumps(value)[1:-1]
    return hashlib.md5(value.encode()).hexdigest() if "hashing" in properties else value


def extra_events(folder):
    for line in (Path(folder) / "KINDS.tsv").read_text().splitlines()[1:]:
        file, kind, events = line.split("\t")
        yield f"{file} is {kind}", Path(folder) / file, kind, int(events)


def check_cases():
    """Checks single claims, each about its own event."""
    folder = scratch()
    for flags in sorted({case.flags for case in cases.CASES}):
        chosen = [case for case in cases.CASES if case.flags == flags]
        files = []
        for index, case in enumerate(chosen):
            files.append(folder / f"{len(files)}-{index}{''.join(flags)}.json")
            files[-1].write_bytes(case.text())
        results = mapped(files, *flags)
        to_judge = [text for case, (result, texts) in zip(chosen, results) for text in texts if case.is_judged(text)]
        verdicts = iter(judge_in_javascript(to_judge))
        for case, (result, texts) in zip(chosen, results):
            trouble = case.trouble(result)
            for event, text in zip(result["events"], texts):
                if case.is_judged(text):
                    trouble += judge(event, text) + [verdict for verdict in [next(verdicts)] if verdict != "ok"]
            tap.report(case.claim, trouble)


def check_deep():
    folder = scratch()
    for index, text in enumerate(DEEP):
        (folder / str(index)).write_bytes(text)
    files = [str(folder / str(index)) for index in range(len(DEEP))]
    run = subprocess.run([MAP, "--wrap", *files], capture_output=True, check=False, timeout=60)
    trouble = [] if run.returncode == 0 else [run.stderr]
    trouble += [f"{index}" for index, (text, line) in enumerate(zip(DEEP, run.stdout.splitlines()[1::2])) if text not in line]
    tap.report("no event is nested too deep", trouble)


def check_random():
    """Random input: the mapping never fails, hangs, or emits an invalid CloudEvent. An independent reader reads the same data."""
    seed, rounds = int(os.environ.get("SEED", 1)), int(os.environ.get("ROUNDS", 3000))
    samples = [file.read_text() for file in sorted((HERE / "../events").glob("*.json"))]
    folder = scratch()
    texts = list(make_events(samples, random.Random(seed), rounds))
    files = [folder / f"{index}.json" for index in range(len(texts))]
    for file, text in zip(files, texts):
        file.write_bytes(text)
    trouble, lines = [], []
    for flags in (), ("--wrap",), ("--unwrap", "--wrap"):
        for file, text, (result, events) in zip(files, texts, mapped(files, *flags)):
            found = random_trouble(text, result, events, flags)
            trouble += [f"{file.name} {flags}: {one}" for one in found]
            if result.get("kind") != "unknown" or "--wrap" in flags:
                lines += [line for line, event in zip(events, result["events"]) if is_for_javascript(event)]
    for line, verdict in zip(lines, judge_in_javascript(lines)):
        trouble += [f"{line}: {verdict}"] if verdict != "ok" else []
    tap.report(f"{rounds} random events give valid CloudEvents with their own data (seed {seed}, {len(lines)} CloudEvents)", trouble)


def is_for_javascript(event):
    """True unless the data is a single number above 1.8E308, the limit of JavaScript."""
    data = event.get("data")
    return not isinstance(data, (int, float)) or abs(data) < 1.7e308


def random_trouble(text, result, events, flags):
    try:
        exact(text.decode() if text.strip(b" \t\r\n") else "null")
        is_json = True
    except ValueError:
        is_json = False
    if is_json != ("error" not in result):
        return [f"JSON is {is_json}, but {result.get('error')}"]
    if not is_json or result["kind"] == "unknown" and "--wrap" not in flags:
        return []
    trouble = []
    is_whole = "--unwrap" not in flags and result["kind"] != "cloudwatch-logs"
    is_ours = is_whole and not result["kind"].startswith("cloudevent")
    for event, event_text in zip(result["events"], events):
        trouble += judge(event, event_text) + (lint_ours(event) if is_ours else [])
    if is_whole and result["kind"] == "unknown":
        found = [member(exact(event), "data") for event in events]
        trouble += [] if found == [exact(text.decode()) if text.strip() else None] else ["data of free-form JSON"]
    elif is_whole:
        trouble += data_trouble(result["kind"], text.decode(), events)
    return trouble


def check_look_alikes():
    folder = scratch()
    files = [folder / f"{number}.json" for number, _ in enumerate(LOOK_ALIKES)]
    for file, event in zip(files, LOOK_ALIKES):
        file.write_text(json.dumps(event))
    trouble = [
        f"{event}: is {result['kind']}"
        for event, (result, _) in zip(LOOK_ALIKES, mapped(files))
        if result["kind"] != "unknown" or result["events"] != [event]
    ]
    tap.report(f"free-form JSON that looks like an event of AWS is passed on as it is ({len(files)} documents)", trouble)


def check_all():
    check_look_alikes()
    check_samples(list(sam_events()), is_strict=False)
    if folder := os.environ.get("OPEN_RUNTIME_EVENTS"):
        check_samples(list(extra_events(folder)))
    check_cases()
    check_deep()
    check_random()


def main():
    check_own_samples()
    if not ONLY:
        check_all()
    tap.finish()


main()

"""Claims about runtimes/README.md: its runtime in ten lines, step by step, and the numbers of its rules."""

import os
import re
import tempfile
from contextlib import contextmanager

from claims import claim
from harness import RUNTIMES, Runtime

EVENTS = {"to": "you"}, 'a "context":{ of its own', [1, 2]


def readme():
    with open(f"{RUNTIMES}/README.md", encoding="utf-8") as file:
        return file.read()


@contextmanager
def start(step):
    """Starts the language runtime of a step, with the tutorial's handler, and awaits that it is ready."""
    greet, *steps = re.findall(r"```sh\n(#!/bin/sh\n.*?)```", readme(), re.DOTALL)
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(f"{folder}/program")
        for path, text in (("program/language-runtime", steps[step - 1]), ("greet", greet)):
            with open(f"{folder}/{path}", "w", encoding="utf-8") as file:
                file.write(text)
            os.chmod(f"{folder}/{path}", 0o755)
        with Runtime("program", "greet.hello", folder=folder) as runtime:
            os.link(f"{folder}/greet", f"{runtime.root}/greet")
            runtime.ready()
            yield runtime


@claim("README, step 1: the runtime is ready, and ends with STDIN")
def _():
    with start(1) as runtime:
        assert runtime.end() == 0


@claim("README, step 2: it answers each call with null")
def _():
    with start(2) as runtime:
        for request_id in ("one", "two"):
            assert runtime.call("hi", request_id) == {"response": None}
        assert runtime.end() == 0


@claim("README, step 3: it runs the handler")
def _():
    with start(3) as runtime:
        for event in EVENTS:
            assert runtime.respond(event) == {"hello": event}
        assert "hello was called" in runtime.log()
        assert runtime.end() == 0


@claim("README, step 4, in ten lines: it reports failures, and serves the next call")
def _():
    with start(4) as runtime:
        for event in EVENTS:
            assert runtime.respond(event) == {"hello": event}
        os.rename(f"{runtime.root}/greet", f"{runtime.root}/gone")
        assert runtime.fail("you")["errorType"] == "Failed"
        os.rename(f"{runtime.root}/gone", f"{runtime.root}/greet")
        assert runtime.respond("you") == {"hello": "you"}
        assert runtime.end() == 0
    *_, last = re.findall(r"```sh\n#!/bin/sh\n.*?```", readme(), re.DOTALL)
    assert last.count("\n") == 11, last  # ten, and that of the fence


@claim("README: the rules of each section are numbered from 1 on, and each reference leads to the section of its rule")
def _():
    text = readme()
    sections = re.findall(r"^### (\d+)\. ([^\n]*)\n(.*?)(?=^##)", text, re.DOTALL | re.MULTILINE)
    assert [number for number, *_ in sections] == [str(number) for number in range(1, 11)], sections
    rules = []
    for number, _, body in sections:
        own = re.findall(r"^\*\*(\d+\.\d+)\*\* ", body, re.MULTILINE)
        assert own == [f"{number}.{rule}" for rule in range(1, len(own) + 1)] != [], own
        rules += own
    names = {number: f"{number}-{name.lower().replace(' ', '-')}" for number, name, _ in sections}
    references = re.findall(r"\[(\d+)\.(\d+)\]\(#([^)]*)\)", text)
    assert references
    for section, rule, anchor in references:
        assert f"{section}.{rule}" in rules and anchor == names[section], (section, rule, anchor)

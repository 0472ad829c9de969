"""Runs the claims of every language and prints TAP. See ./run."""

import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

import harness
import tap

INTERPRETERS = {"nodejs": "node", "python": "python3", "ruby": "ruby", "php": "php", "perl": "perl", "sh": "sh"}
claims = []


def claim(title, *languages):
    """Registers a test under its claim. The test is called for each of the languages, if there are any."""

    def add(test):
        claims.extend((f"{language}: {title}", language, test) for language in languages)
        if not languages:
            claims.append((title, None, test))
        return test

    return add


def run(words):
    chosen = [entry for entry in claims if all(word in entry[0] for word in words)]
    tap.plan(len(chosen))
    for title, language, test in chosen:
        tap.attempt(title, lambda: run_one(language, test))
    tap.finish()


def run_one(language, test):
    interpreter = INTERPRETERS.get(language)
    if interpreter and not shutil.which(interpreter, path=harness.PATH):
        raise tap.Missing(f"{interpreter} is not installed")
    test(language) if language else test()


if __name__ == "__main__":
    sys.modules["claims"] = sys.modules["__main__"]
    for name in ("claims_common", "claims_nodejs", "claims_others", "claims_python", "claims_readme", "claims_ruby", "claims_snapshot", "claims_stream"):
        __import__(name)
    run(sys.argv[1:])

"""Runs the claims of every language and prints TAP. See ./run."""

import os
import shutil
import sys
import traceback

import harness

INTERPRETERS = {"nodejs": "node", "python": "python3", "ruby": "ruby", "php": "php", "perl": "perl", "sh": "sh"}
claims = []


def claim(title, *languages):
    """A test whose title is what it claims; called with each of the languages, if there are any."""

    def add(test):
        claims.extend((f"{language}: {title}", language, test) for language in languages)
        if not languages:
            claims.append((title, None, test))
        return test

    return add


def run(words):
    """Prints TAP; whether all went well."""
    chosen = [entry for entry in claims if all(word in entry[0] for word in words)]
    print(f"1..{len(chosen)}")
    failed = 0
    for number, (title, language, test) in enumerate(chosen, 1):
        interpreter = INTERPRETERS.get(language)
        if interpreter and not shutil.which(interpreter, path=harness.PATH):
            in_ci = os.environ.get("CI") == "true"
            failed += in_ci
            print(f"not ok {number} - {title} ({interpreter} is not installed)" if in_ci else f"ok {number} - {title} # SKIP {interpreter} is not installed")
            continue
        try:
            test(language) if language else test()
            print(f"ok {number} - {title}", flush=True)
        except Exception:
            failed += 1
            print(f"not ok {number} - {title}")
            print("".join(f"# {line}\n" for line in traceback.format_exc().splitlines()), end="", flush=True)
    return failed == 0


if __name__ == "__main__":
    sys.modules["claims"] = sys.modules["__main__"]
    for name in ("claims_common", "claims_documents", "claims_nodejs", "claims_others", "claims_python", "claims_readme", "claims_ruby"):
        __import__(name)
    sys.exit(not run(sys.argv[1:]))

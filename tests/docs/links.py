"""Looks if the links of documents lead to files of the repository, and to headings of them as GitHub links these.

usage: links.py FOLDER FILE…     the files as the folder's own; prints each link that leads nowhere
"""

import re
import sys
from functools import cache
from pathlib import Path


def main(folder, *documents):
    links = [(document, link) for document in documents for link in links_of(folder / document)]
    bad = [f"{document}: {trouble}" for document, link in links for trouble in troubles(folder / document, link)]
    print(*bad, sep="\n")
    return bool(bad) or not links


def links_of(document):
    return [link for link in re.findall(r"\]\(([^)]+)\)", document.read_text()) if not link.startswith("https:")]


def troubles(document, link):
    path, _, heading = link.partition("#")
    target = document.parent / path if path else document
    if not target.exists():
        yield f"no such file: {link}"
    elif heading and heading not in headings(target):
        yield f"no such heading: {link}"


@cache
def headings(document):
    lines = re.findall(r"^#+ (.*)", document.read_text(), re.M)
    return {re.sub(r"[^a-z0-9_-]", "", line.lower().replace(" ", "-")) for line in lines}


sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))

"""Packages that pip installed in a folder."""
import re


def top_levels(wanted, target):
    """Returns the files and folders of these packages and their dependencies, if pip installed them in that folder."""
    if not wanted:
        return set()
    installed = {}
    for folder in target.glob("*.dist-info"):
        text = (folder / "METADATA").read_text(errors="replace")
        installed[normal(re.search(r"^Name: (.+)$", text, re.M)[1])] = (folder, re.findall(r"^Requires-Dist: (.+)$", text, re.M))
    names, seen, left = set(), set(), [split(name) for name in wanted]
    for name, _ in left:
        if name not in installed:
            raise KeyError(f"{name} is not in requirements.txt")
    while left:
        name, extras = left.pop()
        if (name, extras) in seen or name not in installed:
            continue
        seen.add((name, extras))
        folder, requirements = installed[name]
        for line in (folder / "RECORD").read_text().splitlines():
            first = line.split(",")[0].split("/")[0]
            if first not in ("..", "__pycache__", "bin"):
                names.add(first)
        for requirement in requirements:
            extra = re.search(r"""extra == ["']([^"']+)["']""", requirement)
            if not extra or normal(extra[1]) in extras:
                left.append(split(requirement))
    return names


def split(requirement):
    name, extras = re.match(r"([\w.-]+)\s*(?:\[([^\]]*)\])?", requirement).groups()
    return normal(name), tuple(normal(extra.strip()) for extra in (extras or "").split(",") if extra)


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()

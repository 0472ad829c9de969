#!/usr/bin/env python3
"""Compares the `use` lines below a crate's root with the module map that its root file documents.

usage: modules.py ROOT_FILE [CRATE]
  ROOT_FILE  lib.rs or main.rs; the map is its table "| `module` | … | `used` `modules` |"
  CRATE      a folder below the root that is another crate, and is not looked at

Prints what differs: a use that the map does not have, a use of the map that the sources do not have, a module that has no
row, and circles, also among the files of one module. Tests within the files may use what they like.
"""

import re
import sys
from pathlib import Path

ROW = re.compile(r"^//! \| `(\w+)` \|.*\|([^|]*)\|$", re.M)
USE = re.compile(r"^(?:pub(?:\([a-z]+\))? )?use ([^;]+);", re.M)
PATH = re.compile(r"\b(?:crate|super)(?:::\w+)+")


def expanded(tree):
    """Returns the single paths of a use tree: `a::{b, c::{d, e}}` has three."""
    tree = re.sub(r"\s+", "", re.sub(r"\s+as\s+\w+", "", tree))
    if "{" not in tree:
        return [tree]
    head, rest = tree.split("{", 1)
    items, depth, item = [], 0, ""
    for character in rest[: rest.rindex("}")]:
        depth += (character == "{") - (character == "}")
        if character == "," and depth == 0:
            items.append(item)
            item = ""
        else:
            item += character
    return [path for item in [*items, item] if item for path in expanded(head + item)]


class Crate:
    def __init__(self, root, other):
        self.folder = root.parent
        self.root = root
        files = sorted(self.folder.rglob("*.rs"))
        self.files = {
            self.name(file): file
            for file in files
            if file.name not in ("main.rs", "lib.rs") and not (other and file.is_relative_to(self.folder / other))
        }

    def name(self, file):
        """The path of a module, as a tuple."""
        parts = file.relative_to(self.folder).with_suffix("").parts
        return parts[:-1] if parts[-1] == "mod" else parts

    def uses(self, module):
        """The modules of this crate that a module's file uses."""
        text = self.files[module].read_text().split("#[cfg(test)]")[0]
        text = re.sub(r"^\s*//.*$", "", text, flags=re.M)
        paths = [path for tree in USE.findall(text) for path in expanded(tree)] + PATH.findall(text)
        parent = module[:-1] if self.files[module].name != "mod.rs" else module
        found = {self.module_of(path.split("::"), module, parent) for path in paths}
        return {used for used in found if used and used != module}

    def module_of(self, path, module, parent):
        """The longest part of a path that is a module of this crate."""
        if path[0] == "crate":
            path = tuple(path[1:])
        elif path[0] == "super":
            base = module[:-1]
            while path and path[0] == "super":
                path = path[1:]
                base = base if not path or path[0] != "super" else base[:-1]
            path = (*base, *path)
        else:
            return None
        while path and path not in self.files:
            path = path[:-1]
        return path


def circles(arrows):
    """Returns each circle once: the strongly connected components of more than one module."""
    reachable = {}
    for start in arrows:
        seen, waiting = set(), list(arrows[start])
        while waiting:
            module = waiting.pop()
            if module not in seen:
                seen.add(module)
                waiting += arrows.get(module, ())
        reachable[start] = seen
    return {
        frozenset(other for other in reachable[module] if module in reachable.get(other, ()))
        for module in arrows
        if module in reachable[module]
    }


def main():
    root = Path(sys.argv[1]).resolve()
    crate = Crate(root, sys.argv[2] if len(sys.argv) > 2 else None)
    allowed = {name: set(re.findall(r"`(\w+)`", uses)) for name, uses in ROW.findall(root.read_text())}
    uses = {module: crate.uses(module) for module in crate.files}
    made = {}
    for module, used in uses.items():
        made.setdefault(module[0], set()).update(other[0] for other in used if other[0] != module[0])
    faults = []
    for module in sorted(made.keys() | allowed.keys()):
        if module not in allowed:
            faults.append(f"{module} has no row in the module map of {root.name}")
        elif module not in made:
            faults.append(f"the module map of {root.name} has a row for {module}, which is no module")
        else:
            faults += [f"{module} uses {other}, which its row does not allow" for other in sorted(made[module] - allowed[module])]
            faults += [f"{module} does not use {other}, which its row allows" for other in sorted(allowed[module] - made[module])]
    found = circles({(module,): {(other,) for other in used} for module, used in made.items()}) | circles(uses)
    for circle in sorted(map(sorted, found)):
        faults.append("a circle: " + ", ".join("/".join(module) for module in circle))
    print(f"{len(made)} modules, {len(uses)} files, {sum(map(len, uses.values()))} uses")
    print(*faults, sep="\n", end="\n" if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

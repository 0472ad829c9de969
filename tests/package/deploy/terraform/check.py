"""Compares a file of Terraform with what the providers take. usage: check.py FILE NODE_MODULES

The schema is that of the providers' bindings for the CDK for Terraform: their types have a link for each argument, named as
Terraform names it, and a `?` behind those that may be left out.
"""
import re
import sys
from pathlib import Path

import hcl2

META = {"depends_on", "count", "for_each", "provider", "lifecycle"}


def main(file, modules):
    with open(file, encoding="utf-8") as text:
        parsed = hcl2.load(text)
    trouble = []
    checked = 0
    for section in ("resource", "data"):
        for block in parsed.get(section, []):
            for kind, named in block.items():
                checked += 1
                provider, _, name = plain(kind).partition("_")
                folder = (name if section == "resource" else f"data_{plain(kind)}").replace("_", "-")
                types = Path(modules, "@cdktf", f"provider-{provider}", "lib", folder, "index.d.ts")
                label = f"{section} {plain(kind)}"
                trouble += [f"{label}: {each}" for each in check(*arguments(types.read_text(encoding="utf-8")), *named.values())]
    print(f"{checked} resources and data sources", *trouble, sep="\n")
    return 1 if trouble or not checked else 0


def plain(name):
    return name.strip('"')


def arguments(types):
    """All names that the resource's own links have, and those of its own that must be given."""
    interface = types[types.index("Config extends cdktf.TerraformMetaArguments") :]
    interface = interface[: interface.index("\n}\n")]
    link = r"#(\w+) \w+#\1\}[^;]*?\n\s+readonly \w+(\??):"
    own = re.findall(link, interface, re.S)
    return set(re.findall(r"#(\w+) \w+#\1\}", types)), {name for name, optional in own if not optional}


def check(known, required, body):
    own = {plain(name) for name in body}
    yield from (f"{name} is missing" for name in sorted(required - own))
    yield from (f"there is no {name}" for name in sorted(names(body) - known - META))


def names(body):
    """The names of arguments and of blocks, and those in blocks. What begins with `__` is hcl2's own."""
    found = {plain(name) for name in body if not name.startswith("__")}
    for value in body.values():
        for block in value if isinstance(value, list) else []:
            if isinstance(block, dict) and "__is_block__" in block:
                found |= names(block)
    return found


sys.exit(main(*sys.argv[1:]))

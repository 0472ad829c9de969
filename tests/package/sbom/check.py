"""Checks dist/open-runtime-LAYER.cdx.json: CycloneDX's schema, SPDX's expressions, purls, and the layer itself.

usage: check.py LAYER…           prints what is wrong; tests/package/sbom/validate starts it
       check.py --image FILE…    the same for the lists of runtime images
"""

import hashlib
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from license_expression import get_spdx_licensing
from packageurl import PackageURL

ROOT = Path(__file__).resolve().parents[3]
TARGETS = {"x86_64": "x86_64-unknown-linux-musl", "arm64": "aarch64-unknown-linux-musl"}


def troubles(layer):
    path = ROOT / f"dist/open-runtime-{layer}.zip"
    text = path.with_suffix(".cdx.json").read_text()
    schema_error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if schema_error:
        yield f"schema: {schema_error}"
    document = json.loads(text)
    parts = document["components"]
    for claim, holds in {
        "names no folder of this machine": str(ROOT) not in text and str(Path.home()) not in text,
        "has the hash of the zip": digest(path.read_bytes()) == document["metadata"]["component"]["hashes"][0]["content"],
        "has no part twice": len({part["bom-ref"] for part in parts}) == len(parts),
    }.items():
        if not holds:
            yield f"it is not true that it {claim}"
    yield from troubles_of_refs(document)
    for part in parts:
        yield from troubles_of_part(part)
    yield from (troubles_of_bootstrap if layer in TARGETS else troubles_of_interpreter)(layer, path, document)


def troubles_of_image(path):
    text = Path(path).read_text()
    schema_error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if schema_error:
        yield f"schema: {schema_error}"
    document = json.loads(text)
    yield from troubles_of_refs(document)
    for part in document["components"]:
        yield from troubles_of_part(part)
    language = document["metadata"]["component"]["name"].removeprefix("open-runtime-")
    arch = "arm64" if "arm64" in Path(path).name else "x86_64"
    groups = {f"image-{arch}", f"image-{language}-{arch}", *([f"{language}-{arch}"] if language in ("nodejs", "python") else [])}
    pinned = {sum for name, sum, _ in (line.split() for line in (ROOT / "scripts/debs.txt").read_text().splitlines()) if name in groups}
    listed = {part["hashes"][0]["content"] for part in document["components"] if part["purl"].startswith("pkg:deb/")}
    if pinned != listed or not pinned:
        yield f"packages of Debian: {pinned ^ listed}"
    names = {part["name"] for part in document["components"]}
    if not {"bootstrap", "std", "musl", "libc6", "dash", "busybox-static"} <= names:
        yield f"the image is made of {names}"


def troubles_of_refs(document):
    root = document["metadata"]["component"]["bom-ref"]
    refs = {root, *(part["bom-ref"] for part in document["components"])}
    needs = {each["ref"]: set(each["dependsOn"]) for each in document["dependencies"]}
    reached, open_ones = set(), [root]
    while open_ones:
        ref = open_ones.pop()
        if ref not in reached:
            reached.add(ref)
            open_ones += needs.get(ref, ())
    if reached != refs or set(needs) != refs:
        yield f"dependencies: {reached ^ refs or set(needs) ^ refs}"


def troubles_of_part(part):
    if PackageURL.from_string(part["purl"]).to_string() != part["purl"]:
        yield f"purl: {part['purl']}"
    expression = part["licenses"][0]["expression"]
    unknown = [each for each in get_spdx_licensing().unknown_license_keys(expression) if not each.startswith("LicenseRef-")]
    if unknown:
        yield f"licence of {part['name']}: {unknown}"
    hashes = [*part.get("hashes", ()), *(each for place in part.get("externalReferences", ()) for each in place["hashes"])]
    if not hashes and not part.get("properties") and part["name"] != "open-runtime":
        yield f"{part['name']}: no hash"


def troubles_of_bootstrap(layer, path, document):
    parts = {(part["name"], part["version"]) for part in document["components"]}
    tree = run("cargo", "tree", "--locked", "--edges=normal,no-proc-macro", "--prefix=none", "--format={p}", "--no-default-features", f"--target={TARGETS[layer]}")
    crates = {tuple(re.match(r"(\S+) v(\S+)", line).groups()) for line in tree.splitlines()}
    missing = {crate for crate in crates if crate[0] != "open-runtime"} - parts
    extra = {part for part in parts if f"pkg:cargo/{part[0]}@{part[1]}" in str(document["components"])} - crates
    of_std = {"cfg-if", "compiler_builtins", "hashbrown", "libc", "rustc-demangle", "bootstrap"}
    if missing or {name for name, _ in extra} - of_std:
        yield f"crates: {missing} missing, {extra} not in cargo's tree"
    bootstrap, notices = (zipfile.ZipFile(path).read(name) for name in ("bootstrap", "THIRD-PARTY"))
    yield from troubles_of_notices(document, notices.decode())
    if {part["name"]: part for part in document["components"]}["bootstrap"]["hashes"][0]["content"] != digest(bootstrap):
        yield "bootstrap is another one"
    if not {"std", "musl", "gcc-startfiles"} <= {name for name, _ in parts}:
        yield "std, musl or the start files are missing"
    compiler = document["metadata"]["tools"]["components"][0]
    if compiler["name"] != "rustc" or not re.fullmatch("[0-9a-f]{40}", compiler["pedigree"]["commits"][0]["uid"]):
        yield f"compiler: {compiler}"


def troubles_of_notices(document, notices):
    index, *texts = notices.split("\n---- ")
    parts = {f"{part['name']} {part['version']}": part["licenses"][0]["expression"] for part in document["components"] if part["name"] != "bootstrap"}
    listed = dict(line.split(": ", 1) for line in index.split("\n\n")[1].splitlines())
    if listed != parts:
        yield f"THIRD-PARTY: {set(parts.items()) ^ set(listed.items())}"
    with_text = {name for text in texts for name in text.split("\n")[0].split(", ") if len(text) > 200}
    without = {name for name, expression in parts.items() if expression not in ("MIT OR Apache-2.0", "GPL-3.0-or-later WITH GCC-exception-3.1")} - with_text
    if without:
        yield f"THIRD-PARTY has no text of the licence of {without}"
    if notices.count("Apache License\n") or "Rich Felker" not in notices:
        yield "THIRD-PARTY repeats the text of LICENSE, or has not the one of musl"


def troubles_of_interpreter(layer, path, document):
    pinned = {sum for name, sum, _ in (line.split() for line in (ROOT / "scripts/debs.txt").read_text().splitlines()) if name == layer}
    listed = {part["hashes"][0]["content"] for part in document["components"] if part["purl"].startswith("pkg:deb/")}
    if pinned != listed or not pinned:
        yield f"packages of Debian: {pinned ^ listed}"
    archive = zipfile.ZipFile(path)
    names = archive.namelist()
    language = layer.split("-")[0]
    copyrights = {Path(name).name for name in names if name.startswith(f"{language}/copyright/")}
    packages = {part["name"] for part in document["components"] if part["purl"].startswith("pkg:deb/")}
    if copyrights != packages:
        yield f"copyright files: {copyrights ^ packages}"
    referred = {found for package in copyrights for found in re.findall(r"/usr/share/(common-licenses/[\w.-]*\w)", archive.read(f"{language}/copyright/{package}").decode())}
    if not referred or {name.removeprefix(f"{language}/") for name in names if name.startswith(f"{language}/common-licenses/")} != referred:
        yield f"licences that the copyright files refer to: {referred}"
    if language == "nodejs":
        parts = {each["name"] for part in document["components"] for each in part.get("components", ())}
        if not {"v8", "uv", "openssl", "zlib", "llhttp"} <= parts:
            yield f"Node.js is made of {parts}"


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout


def digest(content):
    return hashlib.sha256(content).hexdigest()


check, names = (troubles_of_image, sys.argv[2:]) if sys.argv[1:2] == ["--image"] else (troubles, sys.argv[1:])
bad = [f"{name}: {trouble}" for name in names for trouble in check(name)]
print(*bad, sep="\n")
sys.exit(1 if bad or not names else 0)

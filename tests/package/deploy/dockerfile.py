#!/usr/bin/env python3
"""Builds the root of a Dockerfile without docker: mmdebstrap makes the base image, and does what RUN and COPY say.

usage: dockerfile.py DOCKERFILE CONTEXT ROOT     writes the folder ROOT; prints the environment, the folder and the command as JSON

It knows what our Dockerfiles use: FROM debian:RELEASE-slim, RUN and ENV in the shell's form, COPY, WORKDIR, USER, EXPOSE, and
ENTRYPOINT and CMD as JSON. Anything else is an error.
"""

import glob
import json
import os
import shlex
import subprocess
import sys

SUITES = {"debian:13-slim": "trixie", "debian:12-slim": "bookworm"}


def instructions(path):
    text = "".join(line for line in open(path, encoding="utf-8") if not line.startswith("#"))
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip():
            word, _, rest = line.partition(" ")
            yield word, rest.strip()


class Image:
    def __init__(self, context):
        self.context = context
        self.suite = None
        self.hooks = []
        self.folder = "/"
        self.env = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
        self.entrypoint, self.cmd = [], []

    def add(self, word, rest):
        match word:
            case "FROM":
                self.suite = SUITES[rest]
            case "RUN":
                command = f"cd {self.folder} && {rest}"
                self.hooks.append(f'env -u TMPDIR chroot "$1" /bin/sh -c {shlex.quote(command)}')
            case "COPY":
                *sources, target = rest.split()
                files = [found for source in sources for found in glob.glob(os.path.join(self.context, source))]
                if not files:
                    sys.exit(f"dockerfile: there is no {sources} in {self.context}")
                into = os.path.join(self.folder, target)
                self.hooks.append(f'mkdir -p "$1"{into} && cp -R {shlex.join(files)} "$1"{into}')
            case "WORKDIR":
                self.folder = rest
                self.hooks.append(f'mkdir -p "$1"{rest}')
            case "ENV":
                name, _, value = rest.partition("=")
                self.env[name] = value
            case "ENTRYPOINT":
                self.entrypoint = json.loads(rest)
            case "CMD":
                self.cmd = json.loads(rest)
            case "EXPOSE" | "USER":
                pass
            case _:
                sys.exit(f"dockerfile: {word} is unknown here")

    def build(self, root):
        hooks = [f"--customize-hook={hook}" for hook in self.hooks]
        subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", *hooks, self.suite, root], check=True, stdout=sys.stderr)


def main(path, context, root):
    image = Image(os.path.abspath(context))
    for word, rest in instructions(path):
        image.add(word, rest)
    image.build(root)
    print(json.dumps({"env": image.env, "folder": image.folder, "entrypoint": image.entrypoint, "cmd": image.cmd}))


if len(sys.argv) != 4:
    sys.exit(__doc__)
main(*sys.argv[1:])

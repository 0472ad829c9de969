"""The instructions that the mapping of one event takes, without those of reading and printing it.

The goals are half of what the mapping took when they were set, counted in this way: 74,458 and 49,319. The first figures,
102,350 and 64,485, had the example's reading, printing and replacement of line breaks in them.
"""
import re
import shutil
import subprocess

import candidates
import sessions

MANY = 51  # how often an event is mapped in one process, in comparison with once


def measure(bench):
    """What a family is to bench.py, with the one candidate that there is. None without valgrind."""
    if not shutil.which("valgrind"):
        return None
    build = ["cargo", "build", "--quiet", "--locked", "--release", "--example", "map", "--target-dir", candidates.ROOT / "target"]
    subprocess.run(build, cwd=candidates.ROOT, check=True)
    values = {}
    for event, title in (("apigw-2KB", "an event of API Gateway of 2 KB"), ("sqs-1", "one record of SQS")):
        values[f"{event}/instructions"] = sessions.spread([per_event(bench, event)])
        print(f"\nthe mapping of {title}: {values[f'{event}/instructions']['p50']:,.0f} instructions")
    ours = {"title": candidates.OURS, "values": values}
    return {"title": "the mapping of events", "passes": 1, "candidates": {"ours": ours}, "ratios": {}}


def per_event(bench, event):
    once, often = (instructions(bench, event, times) for times in (1, MANY))
    return (often - once) / (MANY - 1)


def instructions(bench, event, times):
    program = candidates.ROOT / "target/release/examples/map"
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={bench.work}/logs/callgrind.out", program]
    run = subprocess.run([*command, f"--times={times}", bench.work / "events" / event], capture_output=True, text=True, check=True)
    return int(re.search(r"Collected : (\d+)", run.stderr).group(1))

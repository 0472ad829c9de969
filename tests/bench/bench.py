"""Measures Open Runtime beside AWS's clients and beside the least that a program in C needs. `make bench` calls it.

usage: bench.py [OPTION…]
  --quick           fewer languages and fewer passes, in less than two minutes
  --family NAME     c, python, node20, node22, node24, ruby, php, perl, sh, exec, resident, mapping; may come several times. node is all of Node.js
  --dist FOLDER     what is measured, with bootstrap and runtimes/; default: dist/<arch>
  --against FOLDER  another build, which is measured beside it: the ratios are those of --dist to it. Goals do not count
  --passes N        how often each candidate serves small events; default: 15, or 5 with --quick. It starts twice as often, to
                    measure the start, and a third as often for large events
  --no-peers        only what is built from this repository
  --no-counts       counts no system calls and no instructions
  --cpu N           the CPU that all run on; default: the last one. none: do not pin
  --goals FILE      the goals; default: goals.json beside this program
  --out FILE        default: dist/bench.json
  --work FOLDER     where events, logs and programs are; default: target/bench
  --publish         writes the figures into README.md, docs/bench.svg and docs/handlers.md. It needs a run of everything

Each language has the start of its bare interpreter beside it: with an empty program, from the start of the process to its end.
All candidates and the Runtime API that is played for them share one CPU. The order is A B B A. Ratios are made pass by pass, and
their medians are compared with the goals. The exit status is 1 if a goal is not reached.
"""
import argparse
import datetime
import json
import os
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

import candidates  # noqa: E402
import goals  # noqa: E402
import mapping  # noqa: E402
import page  # noqa: E402
import resident  # noqa: E402
import sessions  # noqa: E402
import starts  # noqa: E402

ROOT = candidates.ROOT


def arguments():
    if set(sys.argv[1:]) & {"-h", "--help"}:
        print(__doc__.strip())
        sys.exit(0)
    parser = argparse.ArgumentParser(usage="bench.py [OPTION…]; --help lists them", add_help=False, allow_abbrev=False)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--family", action="append", default=[])
    parser.add_argument("--dist", default=str(ROOT / "dist" / candidates.ARCH))
    parser.add_argument("--against")
    parser.add_argument("--passes", type=int)
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--no-counts", action="store_true")
    parser.add_argument("--cpu", default=str(max(os.sched_getaffinity(0))))
    parser.add_argument("--goals", default=str(HERE / "goals.json"))
    parser.add_argument("--out", default=str(ROOT / "dist/bench.json"))
    parser.add_argument("--work", default=str(ROOT / "target/bench"))
    parser.add_argument("--publish", action="store_true")
    return parser.parse_args()


def wanted_families(options, work):
    every = candidates.families(work, os.path.abspath(options.dist), options.against and os.path.abspath(options.against))
    if options.family:
        known = {family.name for family in every} | {"node"}
        unknown = [name for name in options.family if name not in known]
        if unknown:
            sys.exit(f"bench: there is no family {', '.join(unknown)}: there are {', '.join(sorted(known))}")
        return [family for family in every if {family.name, family.name.rstrip("0123456789")} & set(options.family)]
    return [family for family in every if family.is_quick or not options.quick]


def scaled(events, family, options):
    """How many invocations a family has. A quick run skips as many as another one, so that it measures warm ones, too."""
    factor = family.scale * (0.5 if options.quick else 1)
    return {name: (max(1, int(skip * family.scale)), max(2, int(count * factor))) for name, (skip, count) in events.items()}


def measure_one(bench, family, options):
    """Measures a family, and prints what it finds."""
    if family.name == "mapping":
        return mapping.measure(bench)
    if family.name == "resident":
        return resident.measure(bench, os.path.abspath(options.dist), passes_of(options))
    found = measure_family(bench, family, options)
    if found:
        print_family(found)
    return found


def passes_of(options):
    return options.passes or (5 if options.quick else 15)


def measure_family(bench, family, options):
    """Returns what was measured of a family, or None if it cannot run here."""
    wanted = [candidate for candidate in family.candidates if not (options.no_peers and candidate.is_peer)]
    here, missing = candidates.find(wanted)
    for candidate in missing:
        print(f"bench: {candidate.title} is not here: {candidate.needs or candidate.command[0]}", file=sys.stderr)
    if not here or here[0].name != "ours":
        return None
    passes = passes_of(options)
    servers = [candidate for candidate in here if not candidate.is_bare]
    runs = [
        measured(bench, family, here, options, ["cold", "cold_cpu", "first"], sessions.STARTS, 2 * passes, "starts"),
        measured(bench, family, servers, options, sessions.SMALL, sessions.SMALL, passes, "small events"),
        measured(bench, family, servers, options, sessions.LARGE, sessions.LARGE, max(1, passes // 3), "large events"),
    ]
    found = {"title": family.title, "passes": passes, "candidates": {}, "ratios": {}}
    for candidate in here:
        values = merged(sessions.summary(each[candidate.name]) for each in runs if candidate.name in each)
        if not candidate.is_bare:
            values["size"] = sessions.spread([sessions.size_of(candidate.files or candidate.command[:1])])
        if candidate.counts and not options.no_counts:
            values.update(bench.counts(candidate))
        found["candidates"][candidate.name] = {"title": candidate.title, "values": values}
    for candidate in here[1:]:
        found["ratios"][candidate.name] = merged(sessions.ratios(each["ours"], each[candidate.name]) for each in runs if candidate.name in each)
    return found


def measured(bench, family, here, options, wanted, events, passes, what):
    """{candidate: runs} with the wanted metrics alone, or with all metrics of the wanted events."""
    runs = bench.passes(here, scaled(events, family, options), passes, progress(family.title, what))
    return {name: [{metric: run[metric] for metric in run if metric.split("/")[0] in wanted} for run in each] for name, each in runs.items()}


def merged(parts):
    return {metric: value for part in parts for metric, value in part.items()}


def progress(title, what):
    def say(done, all_of_them):
        if sys.stderr.isatty() or done == all_of_them:
            print(f"bench: {title}, {what}: pass {done} of {all_of_them}", file=sys.stderr, flush=True)

    return say


# The table on the terminal: heading, metric, factor.
COLUMNS = [
    ("cold ms", "cold", 1e-3),
    ("first ms", "first", 1e-3),
    ("100B µs", "100B/p50", 1),
    ("p99", "100B/p99", 1),
    ("CPU µs", "100B/cpu", 1),
    ("10KB µs", "10KB/p50", 1),
    ("1MB ms", "1MB/p50", 1e-3),
    ("5.5MB ms", "5.5MB/p50", 1e-3),
    ("sqs µs", "sqs/p50", 1),
    ("apigw µs", "apigw/p50", 1),
    ("s3 µs", "s3/p50", 1),
    ("PSS MB", "100B/pss", 1 / 1024),
    ("alone MB", "100B/memory", 1 / 1024),
    ("KB", "size", 1e-3),
    ("calls", "100B/calls", 1),
    ("instr.", "100B/instructions", 1),
]


def print_family(family):
    print(f"\n{family['title']}, {family['passes']} passes")
    print(f"{'':42}" + "".join(f"{heading:>11}" for heading, _, _ in COLUMNS))
    for candidate in family["candidates"].values():
        cells = [cell(candidate["values"].get(metric), factor) for _, metric, factor in COLUMNS]
        print(f"{candidate['title'][:41]:42}" + "".join(f"{text:>11}" for text in cells))
    for name, ratios in family["ratios"].items():
        cells = [f"{ratios[metric]['p50']:.2f}" if metric in ratios else "" for _, metric, _ in COLUMNS]
        print(f"{'ours to ' + name:42}" + "".join(f"{text:>11}" for text in cells))
        spreads = [f"{ratios[metric]['p10']:.2f}-{ratios[metric]['p90']:.2f}" if metric in ratios else "" for _, metric, _ in COLUMNS]
        print(f"{'   p10-p90':42}" + "".join(f"{text:>11}" for text in spreads))


def cell(value, factor):
    return "" if value is None else starts.number(value["p50"] * factor)


def main():
    options = arguments()
    began = time.monotonic()
    work = Path(options.work).resolve()
    bench = sessions.Bench(work, None if options.cpu == "none" else options.cpu)
    bench.prepare(options.dist)
    report = {"date": datetime.date.today().isoformat(), "machine": candidates.machine(), "families": {}}
    for family in wanted_families(options, work):
        found = measure_one(bench, family, options)
        if found:
            report["families"][family.name] = found
    starts.show(report)
    wanted = [] if options.against else json.loads(Path(options.goals).read_text())
    report["goals"] = goals.check(wanted, report, options.no_peers, options.no_counts)
    report["seconds"] = round(time.monotonic() - began)
    write(Path(options.out), report)
    if options.publish:
        publish(report)
    return goals.show(report["goals"])


def publish(report):
    missing = page.missing(report)
    if missing:
        sys.exit(f"bench: cannot publish: not measured, or without AWS's client: {', '.join(missing)}")
    page.publish(report)


def write(path, report):
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    os.replace(new, path)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except sessions.Failure as failure:
        sys.exit(f"bench: {failure}")

"""The time that a hook of a resident middleware takes, warm: what it adds to an invocation of a child in C."""
import sys

import candidates
import sessions

HOOKS = 2  # before and after
EVENTS = {"100B": (100, 1000)}


def measure(bench, dist, passes):
    """What a family is to bench.py. Without a figure for a middleware that does not run: its goal is then not reached."""
    child = str(bench.work / "echo/language-runtime")
    node = f"{candidates.NODE}/20-{candidates.NODE_ARCH}/bin:{candidates.ENVIRONMENT['PATH']}"
    python = f"{candidates.python().parent}:{candidates.ENVIRONMENT['PATH']}"
    ours = {"title": candidates.OURS, "values": {}}
    found = {"title": "resident middlewares", "passes": passes, "candidates": {"ours": ours}, "ratios": {}}
    for language, path in (("python", python), ("nodejs", node)):
        without = candidates.ours("resident-without", dist, "no middleware", SLSRUNTIME=child)
        environment = {"SLSRUNTIME": child, "PATH": path, "SLSMIDDLEWARES": f"resident-{language}"}
        resident = candidates.ours("resident", dist, f"a resident middleware in {language}", **environment)
        try:
            runs = bench.passes([resident, without], EVENTS, passes, lambda *_: None)
        except sessions.Failure as failure:
            print(f"bench: {failure}", file=sys.stderr)
            continue
        costs = [(one["100B/p50"] - other["100B/p50"]) / HOOKS for one, other in zip(runs["resident"], runs["resident-without"])]
        ours["values"][f"{language}/hook"] = sessions.spread(costs)
        print(f"\na hook of {resident.title}: {sessions.spread(costs)['p50']:.1f} µs, warm")
    return found

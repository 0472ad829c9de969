"""The goals of goals.json: medians of ratios, or plain figures, that may not be larger."""


OURS = ("bridge", "floor", None)  # what is built from this repository
COUNTED = ("calls", "instructions")


def check(goals, report, no_peers=False, no_counts=False):
    """Each goal of a family that was measured, with what was found: {…, "found": number or None}. What was to be left out is."""
    goals = [goal for goal in goals if goal["family"] in report["families"]]
    goals = [goal for goal in goals if not no_peers or goal.get("to") in OURS]
    goals = [goal for goal in goals if not no_counts or goal["metric"].split("/")[-1] not in COUNTED]
    return [{**goal, "found": value_of(goal, report)} for goal in goals]


def value_of(goal, report):
    family = report["families"][goal["family"]]
    if "to" in goal:
        found = family["ratios"].get(goal["to"], {})
    else:
        found = family["candidates"]["ours"]["values"]
    value = found.get(goal["metric"])
    return value and value["p50"]


def holds(goal):
    return goal["found"] is not None and goal["found"] <= goal["at_most"]


def show(goals):
    """Prints each, and returns the exit status."""
    if goals:
        print("\nGoals")
    for goal in goals:
        found = "not measured" if goal["found"] is None else f"{goal['found']:,.2f}"
        print(f"{'ok' if holds(goal) else 'NOT REACHED':12}{goal['what']}: {found}, at most {goal['at_most']:,}")
    missed = [goal for goal in goals if not holds(goal)]
    if missed:
        print(f"bench: {len(missed)} of {len(goals)} goals are not reached", flush=True)
    return 1 if missed else 0

"""The start and the first invocation of each language, beside the start and the end of its bare interpreter."""

# What is shown of ours: heading, metric, factor.
OURS = [("cold start, ms", "cold", 1e-3), ("first invocation, ms", "first", 1e-3), ("warm invocation, µs", "100B/p50", 1)]
BARE = ("bare", "plain")  # with the options that our language runtime gives it; without them, as people start it


def rows(report):
    """For each language that was measured: its title, our figures, and the title, start and ratio of each interpreter."""
    for family in report["families"].values():
        found = family["candidates"]
        if "bare" not in found:
            continue
        ours = [found["ours"]["values"][metric]["p50"] * factor for _, metric, factor in OURS]
        interpreters = [alone(family, name) for name in BARE if name in found]
        yield family["title"], ours, interpreters


def alone(family, name):
    interpreter = family["candidates"][name]
    return interpreter["title"], interpreter["values"]["cold"]["p50"] / 1e3, family["ratios"][name]["cold"]


def show(report):
    """Prints a table, with a line for each interpreter."""
    found = list(rows(report))
    if not found:
        return
    print("\nStarts, beside the start and the end of the bare interpreter with an empty program")
    print(f"{'':22}" + "".join(f"{heading:>22}" for heading, *_ in OURS) + f"{'bare, ms':>12}{'cold to bare':>16}{'p10-p90':>13}  interpreter")
    for title, ours, interpreters in found:
        start = f"{title:22}" + "".join(f"{number(value):>22}" for value in ours)
        for interpreter, ms, ratio in interpreters:
            spread = f"{ratio['p10']:.2f}-{ratio['p90']:.2f}"
            print(f"{start:{22 * 4}}{number(ms):>12}{ratio['p50']:>16.2f}{spread:>13}  {interpreter}")
            start = ""


def table(report):
    """The same for a page, with a row for each language."""
    heads = ["language", *(heading for heading, *_ in OURS), "its interpreter alone, ms", "cold start to that"]
    lines = [f"| {' | '.join(heads)} |", "| --- |" + " --- |" * (len(heads) - 1)]
    for title, ours, interpreters in rows(report):
        alone = ", ".join(f"`{interpreter}` {number(ms)}" for interpreter, ms, _ in interpreters)
        ratios = ", ".join(number(ratio["p50"]) for _, _, ratio in interpreters)
        lines.append(f"| {' | '.join([title, *map(number, ours), alone, ratios])} |")
    return "\n".join(lines) + "\n"


def number(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"

"""Writes what was measured into README.md and docs/handlers.md, as tables, and into docs/bench.svg, as a chart."""
import datetime
import textwrap
from xml.sax.saxutils import escape

import candidates
import starts
from starts import number

README = candidates.ROOT / "README.md"
CHART = candidates.ROOT / "docs/bench.svg"
HANDLERS = candidates.ROOT / "docs/handlers.md"
BEGIN = "<!-- make bench PUBLISH=1 writes the figures from here -->\n"
END = "<!-- to here -->\n"

# The rows of the table and of the chart: family, what AWS's client is called there, in words.
ROWS = [
    ("python", "awslambdaric", "Python"),
    ("node20", "aws-lambda-ric", "Node.js 20"),
    ("node22", "aws-lambda-ric", "Node.js 22"),
    ("node24", "aws-lambda-ric", "Node.js 24"),
    ("c", "lambda_runtime", "C, beside Rust"),
]
# Languages without a client of AWS's, which are in the table of starts.
ALONE = ("ruby", "php", "perl", "sh", "exec")
# What they show: metric, in words, unit, factor.
FIGURES = [
    ("cold", "cold start", "ms", 1e-3),
    ("first", "first invocation", "ms", 1e-3),
    ("100B/p50", "warm invocation", "µs", 1),
    ("1MB/p50", "warm, 1 MB", "ms", 1e-3),
    ("100B/memory", "memory", "MB", 1 / 1024),
]
IN_CHART = ("cold", "100B/p50", "100B/memory")


def missing(report):
    """The families that a page needs and that were not measured."""
    needed = {family: client for family, client, _ in ROWS} | dict.fromkeys(ALONE, "bare")
    return [family for family, name in needed.items() if name not in report["families"].get(family, {}).get("candidates", {})]


def publish(report):
    CHART.write_text(chart(report))
    replace(README, section(report))
    replace(HANDLERS, starts_section(report))


def replace(page, section):
    """Puts the section between the two comments of a page."""
    head, rest = page.read_text().split(BEGIN)
    page.write_text(head + BEGIN + section + END + rest.split(END)[1])


def starts_section(report):
    day = datetime.date.fromisoformat(report["date"])
    text = (
        f"Measured by `make bench` on {day.day} {day:%B %Y}, on {report['machine']}, all on one core. A cold start lasts from the start of the "
        "process to its first request for an event. An invocation is an echo of 100 bytes. The interpreter alone runs an empty program, "
        "from its start to its end: with the options that Open Runtime gives it, and, if there are some, without them. "
        "The last column has the ratios to these, made pass by pass. "
        f"Figures are medians of {2 * report['families']['ruby']['passes']} starts. The executable file is `cat`, which is started for each event."
    )
    return f"\n{starts.table(report)}\n{wrapped(text)}\n"


def section(report):
    """The chart, the table, and what they are, between the two comments of README.md."""
    alt = "Cold start, a warm invocation and memory, of Open Runtime and of AWS's clients: the figures are in the table below"
    return f"\n![{alt}](docs/bench.svg)\n\n{table(report)}\n{words(report)}\n"


def table(report):
    """A row for each language. Each cell has our figure, and that of AWS's client behind it."""
    heads = [f"{words}, {unit}" for _, words, unit, _ in FIGURES]
    lines = [f"| Open Runtime : AWS's client | {' | '.join(heads)} |", "| --- |" + " --- |" * len(heads)]
    for family, client, title in ROWS:
        found = report["families"][family]["candidates"]
        theirs = found[client]
        cells = [f"**{figure(found['ours'], metric, factor)}** : {figure(theirs, metric, factor)}" for metric, _, _, factor in FIGURES]
        lines.append(f"| {title}; {theirs['title']} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def words(report):
    day = datetime.date.fromisoformat(report["date"])
    text = (
        f"Measured by `make bench` on {day.day} {day:%B %Y}, on {report['machine']}. Each figure is the median of "
        f"{report['families']['python']['passes']} passes, all on one core, one candidate after the other and back again. A cold start lasts "
        "from the start of the process to its first request for an event. An invocation is an echo of 100 bytes, or of 1 MB. Memory is that "
        "of all processes after the warm invocations; what they share counts once. The last row is a child in C, beside "
        f"AWS's client for Rust, which needs no child.{bytecode(report['families']['python']['candidates'])}"
    )
    return wrapped(text)


def wrapped(text):
    return textwrap.fill(text, 132, break_long_words=False, break_on_hyphens=False) + "\n"


def bytecode(python):
    if "ours-layer" not in python:
        return ""
    start, compiled = (python[name]["values"]["cold"]["p50"] / 1000 for name in ("ours-layer", "ours"))
    return (
        f" Python had compiled the language runtime before. In a layer, which is read-only, it does so at each start: a cold start takes "
        f"{number(start)} ms there, not {number(compiled)}."
    )


def figure(candidate, metric, factor):
    return number(candidate["values"][metric]["p50"] * factor)


# The chart: a panel for each figure, in it a pair of bars for each language.
WIDTH, LABELS, BAR, PAIR, TOP, PANEL_GAP = 760, 118, 13, 36, 64, 22
STYLE = """
	text { font: 13px system-ui, sans-serif; fill: #1f2328 }
	.title { font-weight: 600 }
	.value { font-size: 11px }
	.ours { fill: #0969da }
	.theirs { fill: #afb8c1 }
	@media (prefers-color-scheme: dark) {
		text { fill: #e6edf3 }
		.ours { fill: #4493f8 }
		.theirs { fill: #6e7681 }
	}
"""


def chart(report):
    panels = [entry for entry in FIGURES if entry[0] in IN_CHART]
    width = (WIDTH - LABELS - PANEL_GAP * len(panels)) / len(panels)
    height = TOP + PAIR * len(ROWS) + 6
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">',
        "<title>Open Runtime beside AWS's clients</title>",
        f"<style>{STYLE}</style>",
        '<rect class="ours" x="0" y="6" width="13" height="13"/><text x="19" y="17">Open Runtime</text>',
        "<rect class=\"theirs\" x=\"130\" y=\"6\" width=\"13\" height=\"13\"/><text x=\"149\" y=\"17\">AWS's client of the language</text>",
    ]
    for row, (_, _, title) in enumerate(ROWS):
        lines.append(f'<text x="0" y="{TOP + PAIR * row + 18}">{escape(title)}</text>')
    for column, entry in enumerate(panels):
        lines += panel(report, entry, LABELS + PANEL_GAP / 2 + column * (width + PANEL_GAP), width)
    return "\n".join([*lines, "</svg>", ""])


def panel(report, entry, left, width):
    metric, title, unit, factor = entry
    found = [report["families"][family]["candidates"] for family, _, _ in ROWS]
    pairs = [[each[name]["values"][metric]["p50"] * factor for name in ("ours", client)] for each, (_, client, _) in zip(found, ROWS)]
    longest = max(value for pair in pairs for value in pair)
    lines = [f'<text class="title" x="{left:.0f}" y="{TOP - 14}">{escape(title)}, {unit}</text>']
    for row, pair in enumerate(pairs):
        for which, value in enumerate(pair):
            length = max(1, (width - 40) * value / longest)
            top = TOP + PAIR * row + which * (BAR + 1)
            lines.append(f'<rect class="{("ours", "theirs")[which]}" x="{left:.1f}" y="{top}" width="{length:.1f}" height="{BAR}"/>')
            lines.append(f'<text class="value" x="{left + length + 4:.1f}" y="{top + 10}">{number(value)}</text>')
    return lines

#!/bin/sh
description='make bench and make size: what they count is right, and what does not hold makes them fail'
. ./lib/lib.sh

bench=$tests/bench
# shellcheck disable=SC2034 # the bodies of the checks use it
quote="'"

# compile: compiles the program that measures, and the one whose times are known.
compile() {
	gcc -O2 -o measure "$bench/measure.c" &&
		gcc -O2 -Wno-unused-function -o floor "$bench/floor.c" &&
		printf '{"a":1}' >event
}

# figure EXPRESSION: the expression of Python is true. `r` is what measure printed.
figure() {
	python3 -c "import json, sys; r = json.load(open('result')); sys.exit(not ($1))" || {
		echo "$1 is not true of $(cat result)"
		return 1
	}
}

# fails_with TEXT COMMAND…: the command fails, and stderr contains the text.
fails_with() {
	wanted=$1
	shift
	ends_with 1 "$@" >result 2>errors </dev/null &&
		says errors "$wanted"
}

needs gcc

check 'a program that takes 30 ms to start and 5 ms for an invocation is measured as such' '
	compile &&
	FLOOR_START_MS=30 FLOOR_SLEEP_MS=5 ./measure --keep . e:event:2:20 -- ./floor >result &&
	figure "r[\"cold\"] >= 30000" &&
	figure "r[\"cold\"] < 30000 + 500000" &&
	figure "r[\"first\"] >= 5000" &&
	figure "5000 <= r[\"events\"][\"e\"][\"min\"] < 8000" &&
	figure "r[\"events\"][\"e\"][\"min\"] <= r[\"events\"][\"e\"][\"p50\"] <= r[\"events\"][\"e\"][\"p90\"] <= r[\"events\"][\"e\"][\"p99\"]" &&
	figure "r[\"events\"][\"e\"][\"cpu\"] < 2000" &&
	figure "r[\"events\"][\"e\"][\"count\"] == 20" &&
	same "{\"a\":1}" "$(cat e)"
'

# burns: a shell that uses CPU time in a child before it becomes the program.
check 'CPU time and memory of all processes count' '
	compile &&
	printf "#!/bin/sh\ni=0\nwhile test \$i -lt 60000; do i=\$((i + 1)); done &\nwait\n./floor\n" >burns &&
	chmod +x burns &&
	./measure e:event:0:5 -- ./floor >result &&
	figure "r[\"cold_cpu\"] < 20000 and r[\"events\"][\"e\"][\"processes\"] == 1" &&
	kb=$(python3 -c "import json; print(json.load(open(\"result\"))[\"events\"][\"e\"][\"pss\"])") &&
	./measure e:event:0:5 -- ./burns >result &&
	figure "r[\"cold_cpu\"] > 20000 and r[\"events\"][\"e\"][\"processes\"] == 2" &&
	figure "r[\"events\"][\"e\"][\"pss\"] > $kb"
'

check 'without an event, the start and the end of a program are measured, with its CPU time' '
	compile &&
	./measure -- sleep 0.05 >result &&
	figure "50000 <= r[\"cold\"] < 50000 + 500000 and r[\"cold_cpu\"] < 20000 and r[\"events\"] == {}" &&
	./measure -- sh -c "i=0; while test \$i -lt 60000; do i=\$((i + 1)); done" >result &&
	figure "r[\"cold_cpu\"] > 10000" &&
	fails_with "false ended, with status 1, after 0 invocations" ./measure -- false &&
	fails_with "sleep does not end within 1000 ms" ./measure --limit-s 1 -- sleep 60
'

check 'a program that ends, reports an error, asks nothing or does not exist ends the measuring with a reason' '
	compile &&
	fails_with "false ended, with status 1, after 0 invocations" ./measure e:event:0:1 -- false &&
	fails_with "ended, with status 127" ./measure e:event:0:1 -- ./none &&
	fails_with "sleep asks nothing for 1000 ms, after 0 invocations" ./measure --limit-s 1 e:event:0:1 -- sleep 60 &&
	export _HANDLER=none.none LAMBDA_TASK_ROOT="$work" &&
	fails_with "bootstrap failed: {\"errorType\":\"Runtime.NoLanguageRuntime\"" ./measure e:event:0:1 -- "$bootstrap"
'

needs strace

check 'the system calls of the floor are four in an invocation' '
	compile &&
	cat >count.py <<-END &&
		import sys
		from pathlib import Path
		sys.dont_write_bytecode = True
		sys.path.insert(0, "$bench")
		import candidates, sessions
		bench = sessions.Bench(Path("$scratch/bench"), None)
		bench.prepare("$repository/dist/$arch")
		floor = candidates.Candidate("floor", "floor", [str(bench.work / "floor")])
		print(bench.system_calls(floor, "100B"), bench.system_calls(floor, "100B", "-f"))
	END
	same "4.0 4.0" "$(python3 count.py)"
'

# quick [OPTION…]: measures a child in C once, or $FAMILY, and few other things.
quick() {
	python3 "$bench/bench.py" --quick --family "${FAMILY:-c}" --passes 1 --no-peers --no-counts --work "$scratch/bench" --out "$work/bench.json" "$@" >told 2>errors && return
	set -- $?
	cat errors
	return "$1"
}

# shellcheck disable=SC2034 # the bodies of the checks use it
goal='"family": "c", "metric": "100B/p50", "to": "bridge", "what": "a goal"'

needs gcc

check 'a goal that is not reached, or was not measured, makes the run fail' '
	printf "[{%s, \"at_most\": 1000}]" "$goal" >reached.json &&
	quick --goals reached.json &&
	says told "ok          a goal: " &&
	printf "[{%s, \"at_most\": 0.001}, {%s, \"at_most\": 1000}]" "$goal" "$(echo "$goal" | sed s,100B/p50,none,)" >missed.json &&
	ends_with 1 quick --goals missed.json &&
	test "$(grep -c "^NOT REACHED a goal: [0-9]" told)" -eq 1 &&
	says told "NOT REACHED a goal: not measured" &&
	says told "2 of 2 goals are not reached"
'

check 'two builds are compared, and dist/bench.json has their ratios' '
	quick --against "$repository/dist/$arch" &&
	python3 -c "
import json
ratios = json.load(open(\"bench.json\"))[\"families\"][\"c\"][\"ratios\"][\"against\"]
assert ratios[\"100B/p50\"][\"p50\"] > 0 and ratios[\"cold\"][\"p50\"] > 0, ratios
"
'

check 'a language is measured beside the start of its bare interpreter, pass by pass' '
	FAMILY=exec quick &&
	python3 -c "
import json
family = json.load(open(\"bench.json\"))[\"families\"][\"exec\"]
ours, bare = (family[\"candidates\"][name][\"values\"] for name in (\"ours\", \"bare\"))
assert set(bare) == {\"cold\", \"cold_cpu\"} and {\"cold\", \"first\", \"100B/p50\"} < set(ours), (set(bare), set(ours))
assert set(family[\"ratios\"][\"bare\"]) == {\"cold\", \"cold_cpu\"} and family[\"candidates\"][\"bare\"][\"title\"] == \"cat\", family
" &&
	grep -Eq "^an executable file +[0-9.]+ +[0-9.]+ +[0-9.]+ +[0-9.]+ +[0-9.]+ +[0-9.]+-[0-9.]+  cat$" told
'

# made_up: writes a report of every family that the pages show, and of both chart and tables. Prints what page.py makes of it.
made_up() {
	cat >made-up.py <<-END
		import sys
		sys.dont_write_bytecode = True
		sys.path.insert(0, "$bench")
		import page, starts
		values = {metric: {"p50": 1000.0} for metric, *_ in page.FIGURES}
		names = {"ours": "Open Runtime", "awslambdaric": "AWS & 1", "aws-lambda-ric": "AWS 2", "lambda_runtime": "AWS 3"}
		every = {name: {"title": title, "values": values} for name, title in names.items()}
		family = {"title": "any", "passes": 3, "candidates": every}
		report = {"date": "2026-11-24", "machine": "any machine", "families": {name: family for name, _, _ in page.ROWS}}
		alone = {"bare": {"title": "i -o", "values": values}, "plain": {"title": "i", "values": {"cold": {"p50": 500.0}}}}
		ratios = {"bare": {"cold": {"p50": 1}}, "plain": {"cold": {"p50": 2}}}
		alone = {"title": "alone", "passes": 3, "candidates": {**every, **alone}, "ratios": ratios}
		report["families"].update({name: alone for name in page.ALONE})
		sys.stdout.write($1)
	END
	python3 made-up.py
}

needs

check 'the chart is valid XML with a bar for each figure, and has colours for light and dark' '
	made_up "page.chart(report)" >chart.svg &&
	python3 -c "
from xml.etree import ElementTree
bars = [each for each in ElementTree.parse(\"chart.svg\").iter(\"{http://www.w3.org/2000/svg}rect\")]
assert len(bars) == 2 + 2 * 5 * 3, len(bars)
" &&
	says chart.svg "prefers-color-scheme: dark"
'

check 'the README has a place for the figures, which the tool fills with a chart and a table of five languages' '
	made_up "page.section(report)" >section &&
	same 5 "$(grep -c "^| .*; AWS" section)" &&
	says section "24 November 2026, on any machine" &&
	made_up "str(page.README.read_text().count(page.BEGIN)) + str(page.README.read_text().count(page.END))" >places &&
	same 11 "$(cat places)" &&
	python3 -c "from xml.etree import ElementTree; ElementTree.parse(\"$repository/docs/bench.svg\")"
'

check 'docs/handlers.md has a place for the starts, which the tool fills with a row for each language' '
	made_up "page.starts_section(report)" >section &&
	same 5 "$(grep -Fxc "| alone | 1.00 | 1.00 | 1000 | \`i -o\` 1.00, \`i\` 0.50 | 1.00, 2.00 |" section)" &&
	says section "medians of 6 starts" &&
	made_up "str(page.HANDLERS.read_text().count(page.BEGIN)) + str(page.HANDLERS.read_text().count(page.END))" >places &&
	same 11 "$(cat places)"
'

check 'figures are published of a run of everything alone' '
	made_up "str(page.missing(report)) + str(page.missing({\"families\": {\"python\": {\"candidates\": {\"ours\": 1}}}}))" >missing &&
	same "[][${quote}python${quote}, ${quote}node20${quote}, ${quote}node22${quote}, ${quote}node24${quote}, ${quote}c${quote}, ${quote}ruby${quote}, ${quote}php${quote}, ${quote}perl${quote}, ${quote}sh${quote}, ${quote}exec${quote}]" "$(cat missing)"
'

# ledger: prints what scripts/size says of the built bootstrap, without a build.
ledger() {
	python3 -c "
import importlib.machinery, importlib.util, sys
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader('size', '$repository/scripts/size')
size = importlib.util.module_from_spec(importlib.util.spec_from_loader('size', loader))
loader.exec_module(size)
$1"
}

check 'the sections that make size lists sum to the size of the file' '
	ledger "
rows = size.ledger(size.Elf(\"$bootstrap\"))
print(sum(count for _, count in rows), all(count >= 0 for _, count in rows), dict(rows)[\".text\"] > 100000)" >sum &&
	same "$(wc -c <"$bootstrap") True True" "$(cat sum)"
'

check 'code is put down to the crate that it is compiled for' '
	ledger "
names = [\"<ureq::Agent>::run\", \"core::ptr::drop_in_place::<serde_json::Error>\", \"<alloc::vec::Vec<u8> as core::fmt::Write>::write_str\", \"musl: memcpy\"]
print(*[size.crate_of(name).split()[0] for name in names])" >crates &&
	same "ureq serde_json alloc C:" "$(cat crates)"
'

check 'a bootstrap that is larger than its limit makes scripts/size fail' '
	mkdir -p scripts dist/.made/$arch dist/$arch &&
	cp "$repository/scripts/size" scripts &&
	echo "WAY=any PANIC=silent" >dist/.made/$arch/way &&
	echo 12345 >dist/$arch/bootstrap &&
	echo "any silent $arch 6" >scripts/size-limits &&
	scripts/size --check &&
	echo "any silent $arch 5" >scripts/size-limits &&
	ends_with 1 scripts/size --check >told &&
	says told "has 6 of at most 5 bytes" &&
	echo "other silent $arch 5" >scripts/size-limits &&
	ends_with 1 scripts/size --check 2>told &&
	says told "has no limit for WAY=any PANIC=silent"
'

finish

#!/bin/sh
description='docs/waits.md lists each wait with the limit that the sources have'
. ./lib/lib.sh

# limits: prints the constants of the sources, as `NAME` in `FILE`, and their values.
limits() {
	(cd "$repository" && grep -roE "const [A-Z_]+: Duration = Duration::from_(secs|millis)\([0-9]+\)" src) |
		sed -E 's/^([^:]+):const ([A-Z_]+):.*from_secs\(([0-9]+)\)$/`\2` in `\1` \3 s/
			s/^([^:]+):const ([A-Z_]+):.*from_millis\(([0-9]+)\)$/`\2` in `\1` \3 ms/' | sort -u
}

# listed: prints the same of the table.
listed() {
	awk -F ' *[|] *' '$5 ~ /^`[A-Z_]+` in `/ { sub(/^D − /, "", $3); print $5, $3 }' "$repository/docs/waits.md" | sort -u
}

check 'the table lists exactly the limits of the sources, with their values' '
	limits >expected &&
	test "$(wc -l <expected)" -gt 20 &&
	listed | diff expected -
'

check 'a changed or added limit is noticed' '
	limits | sed "1s/ [0-9]* / 77 /" >changed &&
	! listed | diff changed - >noticed &&
	{ limits && echo "\`NEW\` in \`src/new.rs\` 1 s"; } >more &&
	! listed | diff more - >noticed
'

finish

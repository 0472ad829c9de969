#!/bin/sh
description='what CONTRIBUTING.md says can be done as it says, in a copy of the sources'
. ./lib/lib.sh

page=$repository/CONTRIBUTING.md
# Always the same place, so that cargo has less to build the next time.
copy=$repository/target/contributing

# copy_built: what make has built of the tool's dependencies, once.
copy_built() {
	built=${CARGO_TARGET_DIR:-$repository/target}/tool
	test -d "$copy/target/tool" || test ! -d "$built" || {
		mkdir -p "$copy/target" &&
			cp -a "$built" "$copy/target"
	}
}

# copy_sources: the files that git has, or would have, as its first commit, and what is built.
copy_sources() {
	mkdir -p "$copy" &&
		copy_built &&
		find "$copy" -mindepth 1 -maxdepth 1 ! -name target -exec rm -rf "{}" + &&
		(cd "$repository" && git ls-files -co --exclude-standard | while read -r file
		do
			test ! -e "$file" && test ! -L "$file" || echo "$file"
		done | tar cf - -T -) | tar xf - -C "$copy" &&
		cp -R "$repository/dist" "$copy" &&
		ln -s "$repository/.cache" "$copy/.cache" &&
		git -C "$copy" init --quiet &&
		git -C "$copy" add . &&
		git -C "$copy" -c user.name=any -c user.email=any commit --quiet --message all
}

# section HEADING: its lines, less the indentation of lists.
section() {
	awk -v heading="## $1" '/^## / { inside = $0 == heading } inside { sub(/^   /, ""); print }' "$page" >section
	test -s section
}

# block LANGUAGE: the first block of that language in the section.
block() {
	awk -v fence="\`\`\`$1" '/^```/ { inside = $0 == fence && !seen; seen += inside; next } inside' section
}

# write_file: the file that the section shows, below a line that ends with its name.
write_file() {
	file=$(sed -n 's/.*`\([^`]*\)`:$/\1/p' section)
	test "$file" &&
		mkdir -p "$copy/${file%/*}" &&
		block "$1" >"$copy/$file" &&
		test -s "$copy/$file"
}

# add_row: the block in Rust, as the first row of the table.
add_row() {
	block rust >row &&
		sed -i "/^pub static KINDS/r row" "$copy/src/cloudevents/kinds.rs" &&
		grep -q "kind!(\"pigeon\"" "$copy/src/cloudevents/kinds.rs"
}

# transcript: runs the commands of the section's console block, which print what it shows.
transcript() {
	block console | sed -n 's/^\$ //p' >commands &&
		test -s commands &&
		block console | grep -v '^\$ ' | constant | as_pattern >pattern &&
		(cd "$copy" && unset CARGO_TARGET_DIR && sh -e "$work/commands" 2>&1) | constant >printed
	# shellcheck disable=SC2254 # a pattern it is
	case $(cat printed) in
	$(cat pattern)) ;;
	*)
		diff pattern printed
		return 1
		;;
	esac
}

# A line of … stands for any lines, or none; elsewhere … stands for anything.
as_pattern() {
	awk '{ gsub(/[][*?\\]/, "\\\\&") } /^…$/ { printf "*"; next } { gsub(/…/, "*"); print }'
}

constant() {
	sed -E 's/ *[0-9]+\.[0-9]+ ms/ N ms/'
}

needs git
needs cargo

check 'a kind of events takes a row, a sample and what is expected of it' '
	copy_sources &&
	section "Add a kind of events" &&
	add_row &&
	write_file json &&
	block sh >expectation &&
	(cd "$copy" && sh "$work/expectation") &&
	transcript
'

check 'a row without a sample does not compile, and the file that is missing is named' '
	copy_sources &&
	section "Add a kind of events" &&
	add_row &&
	fails_to make -C "$copy" tool 2>errors &&
	says errors "tests/events/pigeon.json"
'

for kind in language middleware test
do
	check "a $kind can be added" '
		copy_sources &&
		section "Add a $kind" &&
		write_file sh &&
		transcript
	'
done

check 'the commands of make that it lists are those of the Makefile' '
	sed -n "s/^| \`make *\([a-z -]*\)\`.*/\1/p" "$page" | tr " " "\n" | grep . >named &&
	while read -r target
	do
		grep -q "^$target:" "$repository/Makefile" || return
	done <named
'

check 'what .ci/run does is what the page says' '
	sed -n "/^.\.ci\/run. is what/s/\. In it.*//p" "$page" | grep -oE "make [a-z-]+" >said &&
	test -s said &&
	grep -E "^make " "$repository/.ci/run" | diff said -
'

finish

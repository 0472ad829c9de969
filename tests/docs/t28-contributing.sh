#!/bin/sh
description='the steps of CONTRIBUTING.md work as written, in a copy of the sources'
. ./lib/lib.sh

page=$repository/CONTRIBUTING.md
# The folder is always the same, so that cargo has less to build the next time.
copy=$repository/target/contributing

# copy_built: copies the dependencies of the tool that make has built, once.
copy_built() {
	built=${CARGO_TARGET_DIR:-$repository/target}/tool
	test -d "$copy/target/tool" || test ! -d "$built" || {
		mkdir -p "$copy/target" &&
			cp -a "$built" "$copy/target"
	}
}

# copy_sources: copies tracked and untracked files into a first commit, and adds what is built.
copy_sources() {
	mkdir -p "$copy" &&
		copy_built &&
		find "$copy" -mindepth 1 -maxdepth 1 ! -name target -exec rm -rf "{}" + &&
		(cd "$repository" && git ls-files -co --exclude-standard | while read -r file
		do
			test ! -e "$file" && test ! -L "$file" || echo "$file"
		done | tar cf - -T -) | tar xf - -C "$copy" &&
		cp -R "$repository/dist" "$copy" &&
		mkdir -p "$repository/.cache" && ln -s "$repository/.cache" "$copy/.cache" &&
		git -C "$copy" init --quiet &&
		git -C "$copy" add . &&
		git -C "$copy" -c user.name=any -c user.email=any commit --quiet --message all
}

# section HEADING: prints the lines of the section, without the indentation of lists.
section() {
	awk -v heading="## $1" '/^## / { inside = $0 == heading } inside { sub(/^   /, ""); print }' "$page" >section
	test -s section
}

# block LANGUAGE: prints the first block of that language in the section.
block() {
	awk -v fence="\`\`\`$1" '/^```/ { inside = $0 == fence && !seen; seen += inside; next } inside' section
}

# write_file: writes the file that the section shows below a line that ends with its name.
write_file() {
	file=$(sed -n 's/.*`\([^`]*\)`:$/\1/p' section)
	test "$file" &&
		mkdir -p "$copy/${file%/*}" &&
		block "$1" >"$copy/$file" &&
		test -s "$copy/$file"
}

# add_row: inserts the block in Rust as the first row of the table.
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
	# shellcheck disable=SC2254 # the variable is a pattern
	case $(cat printed) in
	$(cat pattern)) ;;
	*)
		diff pattern printed
		return 1
		;;
	esac
}

# A line … matches any number of lines. Elsewhere … matches any text.
as_pattern() {
	awk '{ gsub(/[][*?\\]/, "\\\\&") } /^…$/ { printf "*"; next } { gsub(/…/, "*"); print }'
}

constant() {
	sed -E 's/ *[0-9]+\.[0-9]+ ms/ N ms/'
}

needs git
needs cargo

check 'a new kind of events needs a row, a sample and an expectation' '
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

check 'CONTRIBUTING.md lists the targets of the Makefile' '
	sed -n "s/^| \`make *\([a-z -]*\)\`.*/\1/p" "$page" | tr " " "\n" | grep . >named &&
	while read -r target
	do
		grep -q "^$target:" "$repository/Makefile" || return
	done <named
'

check '.ci/run does what CONTRIBUTING.md says' '
	grep -oE "^make [a-z-]+" "$repository/.ci/run" >runs &&
	sed -n "/^.\.ci.run. is what must pass/,/\. In it/p" "$repository/CONTRIBUTING.md" | grep -oE "make [a-z-]+" | diff runs -
'

finish

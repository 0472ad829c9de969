#!/bin/sh
description='the same sources give the same layers in another folder'
. ./lib/lib.sh

# another_checkout: copies tracked and untracked files, and nothing that was built.
another_checkout() {
	mkdir -p another/place &&
		(cd "$repository" && git ls-files -co --exclude-standard | while read -r file
		do
			test ! -e "$file" && test ! -L "$file" || echo "$file"
		done | tar cf - -T -) | tar xf - -C another/place
}

needs git

check 'the layers and their SBOMs have the same bytes' '
	another_checkout &&
	unset CARGO_TARGET_DIR &&
	another/place/scripts/layer &&
	for file in open-runtime-x86_64.zip open-runtime-arm64.zip open-runtime-x86_64.cdx.json open-runtime-arm64.cdx.json
	do
		cmp "another/place/dist/$file" "$repository/dist/$file" || return
	done
'

finish

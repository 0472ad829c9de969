#!/bin/sh
description='what cargo installs from the sources: the tool runs functions, and needs nothing else of them'
. ./lib/lib.sh

# installed: installs into the folder cargo. What is compiled stays in target/, for the next time.
installed() {
	CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$repository/target}/install \
		cargo install --quiet --locked --path "$repository" --root cargo
}

# alone COMMAND [ARGUMENT…]: runs it as a user who has nothing else.
alone() {
	env -i HOME="$work/home" PATH="$work/cargo/bin:/usr/local/bin:/usr/bin:/bin" OPEN_RUNTIME_TEST="$OPEN_RUNTIME_TEST" "$@"
}

runs_a_function() {
	alone open-runtime init shell hello &&
		alone open-runtime invoke handler.hello --quiet --task-root hello -f hello/event.json >response &&
		same_json "{\"message\":\"Hello, Ada!\"}" response
}

needs cargo

check 'the tool runs functions, and unpacks the language runtimes once' '
	installed &&
	same "bootstrap open-runtime" "$(echo $(ls cargo/bin))" &&
	runs_a_function &&
	same 1 "$(ls home/.cache/open-runtime | wc -l)" &&
	(cd home/.cache/open-runtime/* && find -L bootstrap bin runtimes -type f -perm -u+x | sort) >executable &&
	(cd "$repository/dist/$arch" && find -L bootstrap bin runtimes -type f -perm -u+x | sort) | diff executable - &&
	find home/.cache -newer response >newer &&
	rm -r hello &&
	runs_a_function &&
	find home/.cache -newer hello/handler.sh | diff newer -
'

check 'several that start at once unpack one copy' '
	installed &&
	alone open-runtime init shell hello &&
	for each in 1 2 3 4
	do
		alone open-runtime invoke handler.hello --quiet --task-root hello -f hello/event.json >response.$each &
		eval "pid$each=\$!"
	done &&
	wait $pid1 && wait $pid2 && wait $pid3 && wait $pid4 &&
	same 4 "$(cat response.* | grep -c "Hello, Ada!")" &&
	same 1 "$(ls home/.cache/open-runtime | wc -l)"
'

check 'a cache that cannot be written is an error that names it' '
	installed &&
	mkdir -p home hello &&
	echo >home/.cache &&
	ends_with 5 alone open-runtime invoke handler.hello --task-root hello -d "{}" 2>told &&
	says told "cannot unpack the language runtimes into ~/.cache"
'

finish

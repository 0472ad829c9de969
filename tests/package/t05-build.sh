#!/bin/sh
description='the built bootstrap: how it is linked, its size, and what it names'
. ./lib/lib.sh

check 'bootstrap is static: it needs no interpreter and no library' '
	readelf -lWd "$bootstrap" >headers &&
	fails_to grep -E "INTERP|NEEDED" headers &&
	file "$bootstrap" | grep "statically linked"
'

# scripts/size-limits has a limit for each way of building. `make` builds for both machines.
for each in x86_64 arm64
do
	built=$repository/dist/.made/$each/way
	test ! -e "$built" || check "bootstrap for $each has at most as many bytes as scripts/size-limits allows, by $(cat "$built")" '
		ARCH=$each "$repository/scripts/size" --check
	'
done

check 'bootstrap contains no path of the build machine' '
	strings -n 4 "$bootstrap" >strings &&
	says strings AWS_LAMBDA_RUNTIME_API &&
	fails_to grep -F -e "$repository" -e "$HOME/" strings
'

check 'bootstrap depends on exactly five packages' '
	cd "$repository" &&
	cargo tree --locked --edges normal --depth 1 --prefix none --format "{p}" --no-default-features |
		sed "1d; s/ .*//" | sort | tr "\n" " " >"$work/packages" &&
	same "libc serde serde_json signal-hook ureq " "$(cat "$work/packages")"
'

check 'the layer has bootstrap and the language runtimes, readable by all and writable by the owner' '
	ls "$repository/dist/$arch/bootstrap" "$repository/dist/$arch"/runtimes/*/language-runtime &&
	find "$repository/dist/$arch" -name __pycache__ -prune -o ! -type l ! -perm 755 ! -perm 644 -print >modes &&
	same "" "$(cat modes)"
'

check 'the handlers of open-runtime check are not in the layer' '
	test -d "$repository/runtimes/nodejs/conformance" &&
	same "" "$(find "$repository/dist/$arch" -name conformance)"
'

check 'a build with nothing to do changes nothing' '
	touch before &&
	"$repository/scripts/build" &&
	find "$repository/dist/$arch" -name __pycache__ -prune -o -newer before -type f -print >changed &&
	find "${CARGO_TARGET_DIR:-$repository/target}"/*/*-musl/release -name bootstrap -newer before >>changed &&
	same "" "$(cat changed)"
'

finish

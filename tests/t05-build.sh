#!/bin/sh
description='bootstrap as it is built'
. ./lib.sh

check 'it is static: no interpreter, no library' '
	readelf -lWd "$bootstrap" >headers &&
	fails_to grep -E "INTERP|NEEDED" headers &&
	file "$bootstrap" | grep "statically linked"
'

# limit: how many bytes it may have, by how it was built.
limit() {
	case $1 in
	'WAY=rustup PANIC=silent')
		echo 393000
		;;
	'WAY=debian PANIC=silent')
		echo 400000
		;;
	'WAY=rustup PANIC=message')
		echo 506000
		;;
	'WAY=debian PANIC=message')
		echo 511000
		;;
	esac
}
way=$(cat "$repository/dist/.made/$arch/way")

check "it has at most $(limit "$way") bytes, by $way" '
	test "$(wc -c <"$bootstrap")" -le "$(limit "$way")"
'

check 'it names no folder of the machine that built it' '
	strings -n 4 "$bootstrap" >strings &&
	says strings AWS_LAMBDA_RUNTIME_API &&
	fails_to grep -F -e "$repository" -e "$HOME/" strings
'

check 'it depends on exactly five packages' '
	cd "$repository" &&
	cargo tree --locked --edges normal --depth 1 --prefix none --format "{p}" --no-default-features |
		sed "1d; s/ .*//" | sort | tr "\n" " " >"$work/packages" &&
	same "libc serde serde_json signal-hook ureq " "$(cat "$work/packages")"
'

check 'the layer has it and the language runtimes, readable by all and changeable by its owner' '
	ls "$repository/dist/$arch/bootstrap" "$repository/dist/$arch"/runtimes/*/language-runtime &&
	find "$repository/dist/$arch" -name __pycache__ -prune -o ! -type l ! -perm 755 ! -perm 644 -print >modes &&
	same "" "$(cat modes)"
'

check 'a build with nothing to do changes nothing' '
	touch before &&
	"$repository/scripts/build" &&
	find "$repository/dist/$arch" -name __pycache__ -prune -o -newer before -type f -print >changed &&
	find "${CARGO_TARGET_DIR:-$repository/target}"/*/*-musl/release -name bootstrap -newer before >>changed &&
	same "" "$(cat changed)"
'

finish

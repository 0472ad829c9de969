#!/bin/sh
description='open-runtime in a shell: completions, manual pages, colours, JSON for programs'
. ./lib/lib.sh

commands() {
	"$open_runtime" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p'
}

# completes WORD…: writes what bash offers for the last word of this line into the file offered, which is not empty.
completes() {
	"$open_runtime" completions bash >completions.bash &&
		bash -c 'shift
		. ./completions.bash
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		"$(complete -p open-runtime | sed "s/.*-F \([^ ]*\).*/\1/")" open-runtime "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
		printf "%s\n" "${COMPREPLY[@]}"' bash - "$@" | sort >offered &&
		test -s offered
}

# has_examples COMMAND: the end of its help has a command line that begins with it.
has_examples() {
	"$open_runtime" "$1" --help >help || return
	grep -qE "^ +(.* \| |echo .* \| |eval \"\\\$\()?open-runtime $1( |\$)" help || {
		echo "$1 has no example"
		return 1
	}
}

for_each_command() {
	commands >all &&
		test "$(wc -l <all)" -gt 6 || return
	grep -vx help all >named
	while read -r name
	do
		"$1" "$name" || return
	done <named
}

needs bash

check 'bash completes the commands, as far as they are typed' '
	completes open-runtime "" &&
	commands | while read -r name
	do
		grep -qx -e "$name" offered || exit 1
	done &&
	completes open-runtime mi &&
	same middleware "$(cat offered)"
'

check 'bash completes the kinds of events and the options' '
	completes open-runtime event apigw-http- &&
	"$open_runtime" event --list | grep "^apigw-http-" >expected &&
	diff expected offered &&
	completes open-runtime serve --por &&
	says offered "--port"
'

needs zsh

check 'zsh reads its completions, and they have every command and every kind' '
	"$open_runtime" completions zsh >_open-runtime &&
	zsh -n _open-runtime &&
	{ commands && "$open_runtime" event --list; } | while read -r name
	do
		grep -qF -e "$name" _open-runtime || exit 1
	done
'

needs fish

check 'fish completes commands and options' '
	mkdir -p home &&
	"$open_runtime" completions fish >open-runtime.fish &&
	HOME=$work/home fish --no-config -c "source open-runtime.fish; complete -C \"open-runtime mi\"" | grep "^middleware" &&
	HOME=$work/home fish --no-config -c "source open-runtime.fish; complete -C \"open-runtime serve --por\"" | grep "^--port"
'

needs

check 'an unknown shell is refused, and the error names the shells' '
	ends_with 2 "$open_runtime" completions tcsh 2>told &&
	says told "bash, zsh, fish"
'

# has_page COMMAND: the folder has a page for it with its name and its options.
has_page() {
	page=man/open-runtime-$1.1
	says "$page" ".SH SYNOPSIS" &&
		tr -d "\\\\" <"$page" | grep -q "^open-runtime-$1 - " &&
		says "$page" "\\-\\-help"
}

check 'there is a manual page for the program and for each command' '
	"$open_runtime" man man &&
	for_each_command has_page &&
	"$open_runtime" man | cmp - man/open-runtime.1 &&
	same "$(wc -l <named)" "$(ls man | grep -c "open-runtime-")" &&
	says man/open-runtime-invoke.1 "Exit status"
'

check 'manual pages are the same at each call, and have no date' '
	"$open_runtime" man one &&
	"$open_runtime" man two &&
	diff -r one two &&
	fails_to grep -r "$(date +%Y)" one
'

check 'a folder that cannot be made is an error with its name' '
	echo >file &&
	ends_with 5 "$open_runtime" man file/man 2>told &&
	says told "file/man"
'

needs man

check 'man shows the page of a command without a warning' '
	"$open_runtime" man man/man1 &&
	MANROFFOPT=-ww LC_ALL=C man -M "$work/man" open-runtime-map >shown 2>warnings &&
	says shown "open-runtime event sqs | open-runtime map" &&
	same "" "$(cat warnings)"
'

needs

check 'the help of each command ends with an example' '
	for_each_command has_examples
'

check 'help has colours on a terminal or by CLICOLOR_FORCE, and none by NO_COLOR or in a pipe' '
	escape=$(printf "\033") &&
	CLICOLOR_FORCE=1 "$open_runtime" --help | grep -q "$escape" &&
	fails_to grep "$escape" <<-END &&
		$("$open_runtime" --help)
	END
	NO_COLOR=1 TERM=xterm python3 -c "
import pty, sys
sys.exit(pty.spawn(sys.argv[1:]))" "$open_runtime" --help >plain &&
	says plain Usage &&
	fails_to grep "$escape" plain &&
	TERM=xterm python3 -c "
import pty, sys
sys.exit(pty.spawn(sys.argv[1:]))" "$open_runtime" --help >coloured &&
	grep -q "$escape" coloured
'

check 'event --list --json is the table of kinds, for programs' '
	"$open_runtime" event --list --json >table &&
	"$open_runtime" event --columns >columns &&
	python3 -c "
import json
for row in json.load(open(\"table\")):
	print(*(row[name] for name in (\"kind\", \"type\", \"source\", \"subject\", \"calls\")), sep=\"\t\")" >rows &&
	diff columns rows &&
	ends_with 2 "$open_runtime" event sqs --json 2>/dev/null
'

# of_record PYTHON-EXPRESSION: prints its value for record, which is in the file response.
of_record() {
	python3 -c "
import json
record = json.load(open('response'))
print($1)"
}

# as_json HANDLER [OPTION…]: runs open-runtime invoke --json in the folder task.
as_json() {
	as_json_handler=$1
	shift
	"$open_runtime" invoke "$as_json_handler" --json --quiet --task-root task --bootstrap "$bootstrap" "$@" >response 2>lambda.log
}

check 'invoke --json prints a record in place of the response, and keeps the exit status' '
	make_task nodejs:handler.echo &&
	as_json handler.echo -d "{\"price\":1.50}" &&
	same 1 "$(wc -l <response)" &&
	says response "\"event\":{\"price\":1.50}" &&
	same "handler.echo invoke True True" "$(of_record "record[\"handler\"], record[\"source\"], record[\"timing\"][\"coldStart\"], record[\"timing\"][\"durationMs\"] > 0" | tr -d "(),'\''")" &&
	ends_with 1 as_json handler.fails -d 1 &&
	same "RangeError" "$(of_record "record[\"error\"][\"errorType\"]")" &&
	ends_with 3 as_json handler.none -d 1 &&
	same "Runtime.HandlerNotFound" "$(of_record "record[\"error\"][\"errorType\"]")"
'

# on_a_terminal COMMAND…: runs it with a terminal as its stdin, stdout and stderr, and writes what it prints there into shown.
on_a_terminal() {
	python3 -c "
import pty, sys
pty.spawn(sys.argv[1:])" "$@" >shown
}

check 'invoke says on a terminal what it waits for after a second, and nothing of it before or elsewhere' '
	make_task nodejs:handler.sleeps &&
	set -- "$open_runtime" invoke handler.sleeps --task-root task --bootstrap "$bootstrap" --timeout 30 &&
	on_a_terminal "$@" -d "{\"ms\":1500}" &&
	same 1 "$(grep -c "open-runtime: waiting for the handler, for 30 s at most" shown)" &&
	on_a_terminal "$@" -d "{\"ms\":1}" &&
	fails_to grep "waiting for the handler" shown &&
	"$@" -d "{\"ms\":1500}" >told 2>&1 &&
	fails_to grep "waiting for" told
'

finish

#!/bin/sh
description='the tests themselves: a failure cannot pass for a success'
. ./lib/lib.sh

# tap SHELL FILE…: what a test file of these lines says, in the file tap; its exit status is that of the test.
tap() {
	tap_shell=$1
	shift
	printf '%s\n' 'description=sample' '. ./lib/lib.sh' "$@" finish >sample.sh
	(cd "$tests" && CI='' "$tap_shell" "$work/sample.sh") >tap
}

for shell in dash bash
do
	needs $shell

	check "$shell: a body that succeeds is ok" '
		tap $shell "check one true" "check two :" &&
		says tap "ok 1 - one" &&
		says tap "ok 2 - two" &&
		says tap "1..2"
	'

	check "$shell: a body that fails is not ok, and shows itself and what it said" '
		fails_to tap $shell "check one \"echo why && false && true\"" &&
		says tap "not ok 1 - one" &&
		says tap "#	why" &&
		says tap "| echo why && false"
	'

	check "$shell: the checks after a failed one still run" '
		fails_to tap $shell "check one false" "check two true" &&
		says tap "ok 2 - two"
	'

	check "$shell: a process that is left behind is a failure, and is ended" '
		fails_to tap $shell "check one \"sleep 60 & echo \\\$! >$work/pid\"" &&
		says tap "left behind: $(cat pid) sleep 60" &&
		within 1000 fails_to kill -0 "$(cat pid)"
	'

	check "$shell: at_end undoes in reverse order, after a failure too" '
		fails_to tap $shell "check one \"at_end \\\"echo first\\\" && at_end \\\"echo second\\\" && false\"" &&
		same "#	second#	first" "$(grep -E "first\$|second\$" tap | grep -v "|" | tr -d "\n")"
	'

	check "$shell: what is needed and not here is a visible skip" '
		tap $shell "needs no-such-command" "check one false" &&
		says tap "ok 1 - one # SKIP no no-such-command here"
	'

	check "$shell: in CI it is a failure" '
		fails_to tap $shell "CI=true" "needs no-such-command" "check one true" &&
		says tap "not ok 1 - one"
	'
done
needs

check 'within gives up after its time' '
	began=$(now_ms) &&
	fails_to within 100 false &&
	test $(($(now_ms) - began)) -ge 100
'

check 'within succeeds as soon as the command does' '
	within 60000 true
'

check 'JSON is the same in any order of members, and with any white space' '
	printf "{\"b\": [1, 2],\r\n \"a\":null}" >json &&
	same_json "{\"a\":null,\"b\":[1,2]}" json
'

check 'JSON that differs in one digit is not the same' '
	echo 12345678901234567890 >json &&
	fails_to same_json 12345678901234567891 json &&
	echo 1.0 >json &&
	fails_to same_json 1 json
'

check 'JSON with a duplicate key is not the same as without' '
	echo "{\"a\":1,\"a\":1}" >json &&
	fails_to same_json "{\"a\":1}" json
'

finish

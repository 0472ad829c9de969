#!/bin/sh
description='the test library: no failure is reported as a success'
. ./lib/lib.sh

# tap SHELL FILE…: runs a test file of these lines. Its output is in the file tap, and its exit status is that of the test.
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

check 'a test is skipped visibly if something cannot be fetched, with the error of the tool that tried' '
	tap sh "fetch things sh -c \"echo begun; echo error: no network; exit 1\"" "check one false" &&
	says tap "ok 1 - one # SKIP no things (error: no network) here" &&
	says tap "#	begun"
'

check 'in CI it is a failure if something cannot be fetched' '
	fails_to tap sh "CI=true" "fetch things sh -c \"echo error: no network; exit 1\"" "check one true" &&
	says tap "#	no things (error: no network) here"
'

# py LINE…: runs a Python program of these lines. Its output is in the file tap.
py() {
	printf '%s\n' "from tap import *" "$@" "finish()" >program.py
	PYTHONPATH=$tests/lib python3 -B program.py >tap
}

needs python3
check 'Python: a false assertion and an exception are not ok, and the tests after them still run' '
	fails_to py "report(\"one\", [\"why\"])" "attempt(\"two\", lambda: 1 / 0)" "report(\"three\")" &&
	says tap "not ok 1 - one" &&
	says tap "#	why" &&
	says tap "not ok 2 - two" &&
	says tap "ZeroDivisionError" &&
	says tap "ok 3 - three" &&
	says tap 1..3
'

check 'Python: a program without tests fails' '
	fails_to py ""
'

check 'Python: a test whose tool is missing is skipped, and fails in CI' '
	raises="def lacks(): raise Missing(\"no such thing\")" &&
	CI="" py "$raises" "attempt(\"one\", lacks)" &&
	says tap "ok 1 - one # SKIP no such thing" &&
	CI=true fails_to py "$raises" "attempt(\"one\", lacks)" &&
	says tap "not ok 1 - one"
'

check 'Python: within gives up after its limit, and says why' '
	fails_to py "attempt(\"one\", lambda: within(0.1, lambda: 0, lambda: \"as it is\"))" &&
	says tap "not within 0.1 s as it is" &&
	py "attempt(\"one\", lambda: within(60, lambda: 1))"
'
needs

# run_of [NAME…]: runs `run` in a small tree of tests, in which each program prints its name.
run_of() {
	mkdir -p tree/tests/lib tree/tests/one/more tree/tests/fakes/one tree/tests/compat/x &&
		cp "$tests/run" "$tests/run-one" tree/tests &&
		for program in one/t11-a.sh one/t12-b.sh one/run one/more/run fakes/one/t11-a.sh compat/x/run compat/run one/slow.sh
		do
			printf "#!/bin/sh\necho 1..1\necho \"ok 1 - ran %s\"\n" "$program" >"tree/tests/$program" &&
				chmod +x "tree/tests/$program" || return
		done &&
		chmod -x tree/tests/one/t12-b.sh &&
		(unset CARGO_TARGET_DIR && V=1 tree/tests/run "$@") >ran 2>&1
}

# ran PROGRAM…: exactly these programs ran.
ran() {
	same "$(printf "ran %s\n" "$@" | sort)" "$(grep -o "ran .*" ran | sort)"
}

check 'run finds a program by the end of its path or by a pattern, and never runs a fake' '
	run_of t11 && ran one/t11-a.sh &&
	run_of t12-b && ran one/t12-b.sh && run_of t12-b.sh && ran one/t12-b.sh &&
	run_of "t1*" more slow && ran one/t11-a.sh one/t12-b.sh one/more/run one/slow.sh &&
	run_of one/run && ran one/run &&
	run_of compat/run && ran compat/run
'

check 'run names a program that it cannot find' '
	fails_to run_of t11-a nothing &&
	says ran "run: there is no test nothing" &&
	fails_to grep "ran " ran
'

check 'run without a name runs each t*.sh and each run, but not compat, and nothing else' '
	printf "#!/bin/sh\necho 1..1\necho \"ok 1 - ran cargo\"\n" >cargo-tap && chmod +x cargo-tap &&
	mkdir -p tree/tests/lib && mv cargo-tap tree/tests/lib &&
	run_of && ran cargo one/t11-a.sh one/t12-b.sh one/run one/more/run
'

check 'within gives up after its limit' '
	began=$(now_ms) &&
	fails_to within 100 false &&
	test $(($(now_ms) - began)) -ge 100
'

check 'within succeeds as soon as the command does' '
	within 60000 true
'

check 'same_json ignores the order of members and white space' '
	printf "{\"b\": [1, 2],\r\n \"a\":null}" >json &&
	same_json "{\"a\":null,\"b\":[1,2]}" json
'

check 'same_json notices a difference of one digit' '
	echo 12345678901234567890 >json &&
	fails_to same_json 12345678901234567891 json &&
	echo 1.0 >json &&
	fails_to same_json 1 json
'

check 'same_json notices a duplicate key' '
	echo "{\"a\":1,\"a\":1}" >json &&
	fails_to same_json "{\"a\":1}" json
'

finish

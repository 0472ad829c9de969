#!/bin/sh
description='deadlines: the handler is warned, the caller is told in time, and the next invocation is warm'
. ./lib.sh
. ./robust.sh

timeouts=${TIMEOUTS:-12}

# timed_out [WHAT]: the caller (in $seconds, 1 if not set) was told so by bootstrap, and not by Lambda; the environment is the first one still.
timed_out() {
	failed Function.Timeout "Task timed out after ${seconds:-1}.00 seconds: ${1:-the handler had not answered}" &&
		same 1 "$(grep -c '"what":"spawned"' journal)" &&
		fails_to grep -q Sandbox.Timedout journal
}

# was_warned MS: that long before the deadline, or later by what this machine takes.
was_warned() {
	test "$(cat task/left)" -le "$1" &&
		test "$(cat task/left)" -gt $(($1 - 150)) && return
	echo "warned $(cat task/left) ms before the deadline"
	return 1
}

# sqs_event NUMBER: so many messages of a queue.
sqs_event() {
	record="{\"messageId\":\"1\",\"receiptHandle\":\"r\",\"body\":\"b\",\"attributes\":{},\"messageAttributes\":{},
		\"eventSource\":\"aws:sqs\",\"eventSourceARN\":\"arn:aws:sqs:us-east-1:1:q\",\"awsRegion\":\"us-east-1\"}"
	echo "{\"Records\":["
	for _ in $(seq "$(($1 - 1))")
	do
		echo "$record,"
	done
	echo "$record]}"
}

check 'the timeout is told in whole seconds, as Lambda does, in the log as well' '
	start_lambda obeys --timeout 3 --env SLSGRACE=0 &&
	tell "sleep 60" &&
	seconds=3 timed_out &&
	has_logged Invoke Function.Timeout "Task timed out after 3.00 seconds"
'

# As middy ends a handler early.
check 'the time that a handler is told is the time that it has: 25 ms before its end are soon enough' '
	start_lambda nodejs:ends-early.handler --timeout 1 --env SLSGRACE=0 &&
	invoke 25 &&
	succeeded &&
	same "\"early\"" "$(cat response)"
'

check 'a hook is told the time that it has' '
	executable task/middlewares/tells "test \$1 != before || exec echo \$((SLSDEADLINEMS - \$(date +%s%3N)))" &&
	start_lambda echoes --timeout 2 --env SLSMIDDLEWARES=tells &&
	invoke 1 &&
	succeeded &&
	test "$(cat response)" -le 1950 &&
	test "$(cat response)" -gt 1000
'

check 'an error hook is told that it has 40 ms more than the others' '
	executable task/middlewares/tells "case \$1 in before) echo \$SLSDEADLINEMS >told ;; error) echo \$((SLSDEADLINEMS - \$(cat told))) ;; esac" &&
	start_lambda obeys --env SLSMIDDLEWARES=tells &&
	tell "exit 3" &&
	succeeded &&
	same 40 "$(cat response)"
'

check 'SIGTERM comes 250 ms before the deadline' '
	start_lambda hears-the-warning --timeout 1 &&
	tell "answer 1" &&
	was_warned 250
'

check 'SIGTERM comes SLSGRACE before the deadline' '
	start_lambda hears-the-warning --timeout 1.5 --env SLSGRACE=700 &&
	tell "answer 1" &&
	was_warned 700
'

check 'SIGTERM never comes before half of the time is over' '
	start_lambda hears-the-warning --timeout 1 --env SLSGRACE=60000 &&
	tell "answer 1" &&
	was_warned 500
'

check 'an answer that comes after the warning is delivered, and the language runtime lives on' '
	start_lambda hears-the-warning --timeout 0.6 &&
	tell "answer 1" &&
	succeeded &&
	same 1 "$(cat response)" &&
	tell "answer 2" &&
	same 2 "$(cat response)" &&
	starts 1
'

check 'an error that comes after the warning is that of the handler' '
	start_lambda hears-the-warning --timeout 0.6 &&
	tell "fail ValueError" &&
	failed ValueError m &&
	starts 1
'

check 'a language runtime that says where the handler was is believed, and started anew' '
	start_lambda hears-the-warning --timeout 0.6 &&
	tell "fail Function.Timeout" &&
	timed_out &&
	says response "\"stackTrace\":[\"line 7\"]" &&
	within 1000 starts 2
'

check 'a language runtime that ends after the warning has timed out' '
	start_lambda hears-the-warning --timeout 0.6 &&
	tell "exit 3" &&
	timed_out
'

check 'a language runtime that closes its pipes after the warning has timed out' '
	start_lambda hears-the-warning --timeout 0.6 &&
	tell "exec >&-; sleep 60" &&
	timed_out
'

check 'a language runtime that closes its pipes shortly before the deadline is not waited for beyond it' '
	start_lambda hears-the-warning --timeout 0.6 --env SLSGRACE=85 &&
	tell "exec >&-; sleep 60" &&
	timed_out
'

check 'a language runtime that goes on is killed with all of its group before the deadline, and started anew before the next event' '
	start_lambda obeys --timeout 0.6 &&
	tell "trap : TERM; sleep 60 & while :; do sleep 60; done" &&
	timed_out &&
	within 1000 starts 2 &&
	within 1000 same "" "$(pgrep -g "$(head -n 1 task/starts)")" &&
	answers 1 1 &&
	starts 2
'

# is_killed_in_time: the handler ignores all that can be ignored, and the answer comes before Lambda gives up.
is_killed_in_time() {
	tell "trap : TERM INT; while :; do sleep 60; done" &&
		failed Function.Timeout "Task timed out after 1.00 seconds: the handler had not answered" &&
		test "$(journal "what == 'invocation'" | tail -n 1 | sed 's/.*"ms": *\([0-9]*\).*/\1/')" -lt 580
}

check 'a language runtime that ignores SIGTERM and SIGINT is killed before the deadline, and the next call works' '
	start_lambda obeys --timeout 0.6 &&
	within 5000 is_killed_in_time &&
	answers 1 1
'

check 'a handler of Node.js that never lets go of the event loop is interrupted: the log says where it was' '
	start_lambda nodejs:spins.handler --timeout 1 &&
	invoke 1 &&
	timed_out &&
	logged "at spins (" &&
	logged "spins.js:3"
'

check 'without SLSGRACE there is no warning, but the caller is told in time' '
	start_lambda hears-the-warning --timeout 0.5 --env SLSGRACE=0 &&
	tell "answer 1" &&
	timed_out &&
	fails_to test -e task/left
'

check 'a language runtime that is still booting when the time is over boots on' '
	executable mine/language-runtime "$(cat "$tests/runtimes/obeys")" &&
	executable slow "echo \$\$ >>starts; until test -e go; do sleep 0.01; done; exec $tests/runtimes/echoes" &&
	start_lambda obeys --env "SLSRUNTIME=$work/mine" --timeout 0.5 &&
	tell "mv ../slow \$0; exit 3" &&
	failed Runtime.ExitError "exited with status 3" &&
	invoke 1 &&
	timed_out "the handler was not loaded" &&
	touch task/go &&
	answers 2 2 &&
	starts 2
'

check 'one that hangs when it is started again is killed after 10 s of an invocation, and started once more' '
	start_lambda hangs-when-started-again --timeout 15 &&
	invoke 1 &&
	failed Runtime.ExitError "exited with status 3" &&
	answers 2 2 &&
	logged "took more than 10 s to load the handler again and was killed" &&
	starts 3 &&
	answers 4 4
'

check 'what invocations wait for it is added up' '
	start_lambda hangs-when-started-again --timeout 6 &&
	invoke 1 &&
	failed Runtime.ExitError "exited with status 3" &&
	invoke 2 &&
	seconds=6 timed_out "the handler was not loaded" &&
	answers 3 3 &&
	starts 3
'

check 'no other record of a batch is begun after the warning' '
	sqs_event 5 >batch &&
	start_lambda takes-its-time --timeout 1.2 --env SLSGRACE=500 &&
	invoke @batch &&
	failed Function.Timeout "Task timed out after 2.00 seconds" &&
	same 1 "$(wc -l <task/calls)"
'

check 'a timeout of 200 ms is kept' '
	start_lambda obeys --timeout 0.2 &&
	answers 1 1 &&
	tell "sleep 60" &&
	timed_out &&
	answers 2 2
'

check 'a middleware that takes too long has timed out, and is named' '
	executable task/middlewares/sleeps "sleep 60" &&
	start_lambda echoes --timeout 0.5 --env SLSMIDDLEWARES=sleeps &&
	invoke 1 &&
	timed_out "middleware sleeps had not ended its before hook"
'

# mends_a_timeout: in the 40 ms that are left of the time.
mends_a_timeout() {
	tell "sleep 60" &&
		succeeded >/dev/null &&
		same 7 "$(cat response)" >/dev/null
}

check 'an error hook has time to make a response of a timeout' '
	executable task/middlewares/mends "test \$1 != error || { sleep 0.01; echo 7; }" &&
	start_lambda obeys --timeout 0.5 --env SLSGRACE=0 --env SLSMIDDLEWARES=mends &&
	within 5000 mends_a_timeout
'

check "$timeouts timeouts in a row: each caller is told in time, and the environment is warm for each next invocation" '
	start_lambda obeys --timeout 0.3 &&
	for _ in $(seq "$timeouts")
	do
		tell "sleep 60" &&
		timed_out &&
		answers 1 1 || return
	done &&
	same "$timeouts" "$(grep -c "\"error\":\"Function.Timeout\"" journal)"
'

finish

#!/bin/sh
description='deadlines: the handler is warned, the caller gets the error in time, and the environment serves the next invocation'
. ./lib/lib.sh
. ./lib/robust.sh

timeouts=${TIMEOUTS:-12}

# timed_out [WHAT]: bootstrap, not Lambda, reported a timeout after $seconds (default: 1). The first environment still runs.
timed_out() {
	failed Function.Timeout "Task timed out after ${seconds:-1}.00 seconds: ${1:-the handler had not answered}" &&
		same 1 "$(grep -c '"what":"spawned"' journal)" &&
		fails_to grep -q Sandbox.Timedout journal
}

# was_told_in_time [MS]: the caller got its answer this long (default: 0) before the end of the time that was given.
was_told_in_time() {
	told_ms=$(journal "what == 'invocation'" | tail -n 1 | sed 's/.*"ms": *\([0-9]*\).*/\1/') &&
		test "$told_ms" -lt "$((given_ms - ${1:-0}))" && return
	echo "told after $told_ms ms"
	return 1
}

# A busy machine may make some tries late. A test fails if one comes early, or if all come late.

# times_out_in_time COMMAND
times_out_in_time() {
	tell "$1" &&
		timed_out "the handler had not answered" &&
		was_told_in_time 0
}

# is_warned MS: the warning comes this long before the deadline, or a little later.
is_warned() {
	rm -f task/left
	tell "answer 1" &&
		within 2000 test -s task/left &&
		test "$(cat task/left)" -le "$1" &&
		test "$(cat task/left)" -gt $(($1 - 150)) && return
	echo "warned $(cat task/left) ms before the deadline"
	return 1
}

check 'the error and the log give the timeout in whole seconds, as Lambda does' '
	given 3000 every obeys --env SLSGRACE=0 &&
	tell "sleep 60" &&
	seconds=3 timed_out &&
	has_logged Invoke Function.Timeout "Task timed out after 3.00 seconds"
'

# middy ends a handler early in this way.
check 'the remaining time that a handler gets is right: an answer 25 ms before its end is in time' '
	given 1000 every nodejs:ends-early.handler --env SLSGRACE=0 &&
	within 20000 answers 25 "\"early\""
'

check 'a hook gets the time that it has' '
	executable task/middlewares/tells "test \$1 != before || exec echo \$((SLSDEADLINEMS - \$(date +%s%3N)))" &&
	given 20000 1 echoes --env SLSMIDDLEWARES=tells &&
	invoke 1 &&
	succeeded &&
	test "$(cat response)" -le 19950 &&
	test "$(cat response)" -gt 10000
'

check 'an error hook gets 40 ms more than the other hooks' '
	executable task/middlewares/tells "case \$1 in before) echo \$SLSDEADLINEMS >told ;; error) echo \$((SLSDEADLINEMS - \$(cat told))) ;; esac" &&
	start_lambda obeys --env SLSMIDDLEWARES=tells &&
	tell "exit 3" &&
	succeeded &&
	same 40 "$(cat response)"
'

check 'SIGTERM comes 250 ms before the deadline' '
	given 1000 every hears-the-warning &&
	within 20000 is_warned 250
'

check 'SIGTERM comes SLSGRACE before the deadline' '
	given 1500 every hears-the-warning --env SLSGRACE=700 &&
	within 20000 is_warned 700
'

for grace in '=250' ' +0700 =700' '0=0'
do
	check "SLSGRACE='${grace%=*}' is ${grace#*=} for the language runtime" '
		start_lambda obeys --env "SLSGRACE=${grace%=*}" &&
		tell "response=\$SLSGRACE" &&
		same "${grace#*=}" "$(cat response)"
	'
done

check 'SIGTERM never comes before half of the time has passed' '
	given 1000 every hears-the-warning --env SLSGRACE=60000 &&
	within 20000 is_warned 500
'

check 'an answer after the warning is delivered, and the language runtime keeps running' '
	given 4000 every hears-the-warning --env SLSGRACE=3500 &&
	tell "answer 1" &&
	succeeded &&
	same 1 "$(cat response)" &&
	tell "answer 2" &&
	same 2 "$(cat response)" &&
	starts 1
'

check 'an error after the warning is reported as the error of the handler' '
	given 4000 every hears-the-warning --env SLSGRACE=3500 &&
	tell "fail ValueError" &&
	failed ValueError m &&
	starts 1
'

check 'a stack trace that the language runtime reports after the warning is kept, and it is started again' '
	given 4000 every hears-the-warning --env SLSGRACE=3500 &&
	tell "fail Function.Timeout" &&
	seconds=4 timed_out &&
	says response "\"stackTrace\":[\"line 7\"]" &&
	within 5000 starts 2
'

check 'an exit of the language runtime after the warning counts as a timeout' '
	given 4000 every hears-the-warning --env SLSGRACE=3500 &&
	tell "exit 3" &&
	seconds=4 timed_out &&
	was_told_in_time 500
'

check 'a language runtime that closes its pipes after the warning counts as a timeout' '
	given 4000 every hears-the-warning --env SLSGRACE=3500 &&
	tell "exec >&-; sleep 60" &&
	seconds=4 timed_out &&
	was_told_in_time 500
'

check 'bootstrap does not wait beyond the deadline for a language runtime that closes its pipes shortly before it' '
	given 600 every hears-the-warning --env SLSGRACE=85 &&
	within 10000 times_out_in_time "exec >&-; sleep 60"
'

check 'a language runtime that ignores the warning is killed with its process group before the deadline, and started again' '
	given 600 1 obeys &&
	tell "trap : TERM; sleep 60 & while :; do sleep 60; done" &&
	timed_out &&
	within 5000 starts 2 &&
	group=$(head -n 1 task/starts) &&
	within 5000 fails_to pgrep -g "$group" &&
	answers 1 1 &&
	starts 2
'

check 'a language runtime that keeps running is killed before the deadline' '
	given 600 every obeys &&
	within 10000 times_out_in_time "trap : TERM; while :; do sleep 60; done"
'

check 'a language runtime that ignores SIGTERM and SIGINT is killed before the deadline, and the next call works' '
	given 600 "1 3 5 7 9" obeys &&
	for _ in 1 2 3 4 5
	do
		tell "trap : TERM INT; while :; do sleep 60; done" &&
		timed_out &&
		{ was_told_in_time && in_time=yes; answers 1 1; } || return
	done &&
	same yes "$in_time"
'

check 'a Node.js handler that blocks the event loop logs its position when it is interrupted' '
	start_lambda nodejs:spins.handler --timeout 60 &&
	start_invoking 1 &&
	within 30000 test -e task/spins &&
	kill -INT "$(children)" &&
	has_answer &&
	logged "at spins (" &&
	logged "spins.js:5"
'

# spins_and_says_where: the handler times out, and logs its position in the 20 ms that bootstrap leaves it.
spins_and_says_where() {
	invoke 1 &&
		timed_out "the handler had not answered" &&
		grep -q "at spins (" lambda.log
}

check 'bootstrap interrupts a Node.js handler that blocks the event loop' '
	given 1000 every nodejs:spins.handler &&
	within 20000 spins_and_says_where
'

check 'with SLSGRACE=0 there is no warning, and the caller gets the error in time' '
	given 500 every hears-the-warning --env SLSGRACE=0 &&
	within 10000 times_out_in_time "answer 1" &&
	fails_to test -e task/left
'

check 'a language runtime that is still booting at the deadline continues to boot' '
	executable mine/language-runtime "$(cat "$tests/fakes/runtimes/obeys")" &&
	executable slow "echo \$\$ >>starts; until test -e go; do sleep 0.01; done; exec $tests/fakes/runtimes/echoes" &&
	given 500 2 obeys --env "SLSRUNTIME=$work/mine" &&
	tell "mv ../slow \$0; exit 3" &&
	failed Runtime.ExitError "exited with status 3" &&
	invoke 1 &&
	timed_out "the handler was not loaded" &&
	touch task/go &&
	answers 2 2 &&
	starts 2
'

check 'a language runtime that hangs after a restart is killed after 10 s of an invocation, and started once more' '
	start_lambda hangs-when-started-again --timeout 60 &&
	invoke 1 &&
	failed Runtime.ExitError "exited with status 3" &&
	answers 2 2 &&
	logged "took more than 10 s to be ready again and was killed" &&
	starts 3 &&
	answers 4 4
'

check 'the time that invocations wait for a restart is added up' '
	given 6000 2 hangs-when-started-again &&
	invoke 1 &&
	failed Runtime.ExitError "exited with status 3" &&
	invoke 2 &&
	seconds=6 timed_out "the handler was not loaded" &&
	answers 3 3 &&
	starts 3
'

check 'no record of a batch is started after the warning' '
	given 3000 1 takes-its-time --env SLSGRACE=1500 &&
	invoke "$(batch sqs a b c d e)" &&
	failed Function.Timeout "Task timed out after 3.00 seconds" &&
	same 1 "$(wc -l <task/calls)"
'

check 'a timeout of 200 ms is reported in time' '
	given 200 every obeys &&
	within 10000 answers 1 1 &&
	within 10000 times_out_in_time "sleep 60" &&
	within 10000 answers 2 2
'

check 'a middleware that runs until the deadline is a timeout that names it' '
	executable task/middlewares/sleeps "sleep 60" &&
	given 500 1 echoes --env SLSMIDDLEWARES=sleeps &&
	invoke 1 &&
	timed_out "middleware sleeps had not ended its before hook"
'

# answers_a_timeout: the error hook makes a response in the 40 ms that are left.
answers_a_timeout() {
	tell "sleep 60" &&
		succeeded >/dev/null &&
		same 7 "$(cat response)" >/dev/null
}

check 'an error hook has time to turn a timeout into a response' '
	executable task/middlewares/mends "test \$1 != error || { sleep 0.01; echo 7; }" &&
	given 500 every obeys --env SLSGRACE=0 --env SLSMIDDLEWARES=mends &&
	within 20000 answers_a_timeout
'

check "each of $timeouts timeouts in a row is reported to its caller and does not end the environment" '
	given 300 "$(seq 1 2 $((2 * timeouts)))" obeys &&
	for _ in $(seq "$timeouts")
	do
		tell "sleep 60" &&
		timed_out &&
		answers 1 1 || return
	done &&
	same "$timeouts" "$(grep -c "\"error\":\"Function.Timeout\"" journal)"
'

finish

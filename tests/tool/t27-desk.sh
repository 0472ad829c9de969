#!/bin/sh
description='open-runtime with the real bootstrap: it reports the memory used, and leaves no process when it is killed'
. ./lib/lib.sh
. ./lib/robust.sh

# memory_shown LOG: prints the memory of the latest invocation, in MB.
memory_shown() {
	sed -n 's/.* \([0-9]*\) of 128 MB.*/\1/p' "$1" | tail -n 1
}

# once HANDLER [OPTION…]: runs open-runtime invoke, with its timeline in lambda.log.
once() {
	make_task "$1" &&
		shift || return
	"$open_runtime" invoke "$handler" --task-root task --bootstrap "$bootstrap" "$@" >response 2>lambda.log
}

check 'the report has the memory of a language runtime that was killed at the timeout' '
	fails_to once nodejs:handler.sleeps -d "{\"ms\":60000}" --timeout 1 &&
	grep -q "Function.Timeout\|Sandbox.Timedout" response && # the latter on a busy machine
	test "$(memory_shown lambda.log)" -gt 10
'

check 'the report has the memory of a language runtime that exited' '
	fails_to once nodejs:handler.exits -d "{\"exit\":3}" &&
	says response Runtime.ExitError &&
	test "$(memory_shown lambda.log)" -gt 10
'

check 'without a timeline, too, the log that a caller asks for has the memory of the first invocation' '
	start_lambda nodejs:handler.echo --quiet &&
	invoke 1 -H "X-Amz-Log-Type: Tail" &&
	sed -n "s/^[Xx]-[Aa]mz-[Ll]og-[Rr]esult: //p" headers | tr -d "\r" | base64 -d >tail &&
	grep -q "Max Memory Used: [0-9]* MB.*Init Duration" tail
'

check 'serve --quiet logs a failed invocation with message and stack' '
	start_lambda nodejs:handler.fails --quiet &&
	fails_with RangeError 1 &&
	logged "out of luck" &&
	logged "handler.js"
'

check 'a busy handler ends when open-runtime is killed' '
	start_lambda nodejs:handler.sleeps --timeout 60 &&
	is_ready &&
	runtime=$(pgrep -P "$(bootstrap_process)") &&
	{ invoke "{\"ms\":60000}" & } &&
	at_end "wait $! || :" &&
	within 5000 said "what == \"answered\" and requestId" &&
	kill -KILL "$lambda_pid" &&
	lambda_pid= &&
	within 3000 is_gone "$runtime"
'

finish

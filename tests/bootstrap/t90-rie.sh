#!/bin/sh
description="the handlers under AWS's own Runtime Interface Emulator"
. ./lib/lib.sh
. ./lib/rie.sh

# The emulator has no header for function errors: it sends them as an ordinary body.
fails_under_rie() {
	invoke "$2" &&
		same 200 "$(cat status)" &&
		says response "\"errorType\":\"$1\""
}

# bytes N FILE: writes {"text": …} with N letters.
bytes() {
	python3 -c 'import sys; print("{\"text\": \"" + "x" * int(sys.argv[1]) + "\"}")' "$1" >"$2"
}

error_type() {
	case $1 in
	nodejs)
		echo RangeError
		;;
	python)
		echo ValueError
		;;
	esac
}

interpreter() {
	case $1 in
	nodejs)
		echo node
		;;
	python)
		echo python3
		;;
	esac
}

fetch emulator fetch_rie
unreachable=$missing

for language in nodejs python
do
	needs "$(interpreter $language)"
	missing=${unreachable:-$missing}

	check "$language: the handler gets the event and the caller gets its response" '
		start_rie $language:handler.echo &&
		answers "{\"a\": [1, \"\u2028\", null]}" "{\"a\":[1,\"\u2028\",null]}" &&
		answers "\"again\"" "\"again\""
	'

	check "$language: the context is that of the invocation" '
		start_rie $language:handler.context AWS_LAMBDA_FUNCTION_NAME=mine &&
		answers "{}" "{\"functionName\":\"mine\",\"hasRequestId\":true,\"hasTimeLeft\":true}"
	'

	check "$language: an event and a response of 5.5 MB are delivered" '
		bytes 5500000 event &&
		start_rie $language:handler.echo AWS_LAMBDA_FUNCTION_TIMEOUT=30 &&
		invoke @event &&
		succeeded &&
		same_json @event response
	'

	check "$language: a response over 6 MiB is refused, and the next event is served" '
		start_rie $language:handler.fill AWS_LAMBDA_FUNCTION_TIMEOUT=30 &&
		invoke "{\"characters\": 6300000}" &&
		says response Function.ResponseSizeTooLarge &&
		answers "{\"characters\": 3}" "\"xxx\""
	'

	check "$language: the answer is the error of the handler, and the next event is served" '
		start_rie $language:handler.fails &&
		fails_under_rie "$(error_type $language)" "{}" &&
		says response "out of luck" &&
		fails_under_rie "$(error_type $language)" "{}"
	'

	check "$language: a handler that exits fails its invocation, and the next event is served" '
		start_rie $language:handler.exits &&
		fails_under_rie Runtime.ExitError "{\"exit\": 3}" &&
		says response "status 3" &&
		answers "{\"b\":1}" "{\"b\":1}"
	'

	check "$language: a handler that is too late fails its invocation before Lambda ends it, and the next event is served" '
		start_rie $language:handler.sleeps AWS_LAMBDA_FUNCTION_TIMEOUT=1 &&
		invoke "{\"ms\": 5000}" &&
		says response "\"errorType\"" &&
		answers "{\"b\":1}" "{\"b\":1}"
	'

	check "$language: SIGTERM reaches the handler in an Init that takes too long, because bootstrap is an extension" '
		start_rie $language:stuck.handler AWS_LAMBDA_FUNCTION_TIMEOUT=1 NOTE="$work/noted" &&
		invoke "{}" &&
		says response "Task timed out after 1.00 seconds" &&
		within 1000 test -e noted
	'

	check "$language: a missing handler is an error that says so" '
		start_rie $language:handler.nosuch &&
		invoke "{}" &&
		says response Runtime.HandlerNotFound
	'
done

finish

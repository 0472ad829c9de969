#!/bin/sh
description='a Runtime API that misbehaves: bootstrap repeats safe requests, answers no event twice, and logs every loss'
. ./lib/lib.sh
. ./lib/robust.sh

# raw SCENARIO [FAKE]: starts bootstrap with the Runtime API of raw_api.py.
raw() {
	mkdir -p task
	python3 "$tests/lib/raw_api.py" "$1" &
	at_end "end_process $!"
	within 30000 test -s port &&
		alone "127.0.0.1:$(cat port)" "${2:-echoes}"
}

# alone ADDRESS FAKE: starts bootstrap with the Runtime API at that address.
alone() {
	mkdir -p task
	# shellcheck disable=SC2086 # a list of words
	env -i PATH="$PATH" OPEN_RUNTIME_TEST="$OPEN_RUNTIME_TEST" AWS_LAMBDA_RUNTIME_API="$1" SLSRUNTIME="$tests/fakes/runtimes/$2" \
		_HANDLER=fake.handler LAMBDA_TASK_ROOT="$work/task" $starter "$bootstrap" >bootstrap.out 2>lambda.log &
	alone=$!
	at_end "end_process $alone"
}

starter= # a program that starts bootstrap, with its arguments

# ends STATUS: bootstrap exits by itself with that status, within 5 s.
ends() {
	within 5000 is_gone "$alone" || return
	wait "$alone"
	same "$1" $?
}

end_process() {
	kill "$1" 2>/dev/null
	within 2000 is_gone "$1"
	wait "$1"
	return 0
}

# has_been REQUEST: the Runtime API got a request whose beginning matches this regular expression.
has_been() {
	within 30000 grep -qs "^$1" requests || {
		cat requests
		return 1
	}
}

next='GET /2018-06-01/runtime/invocation/next'
post='POST /2018-06-01/runtime/invocation'

# goes_on SCENARIO: bootstrap answers the first event once, with that event, and asks for the next one.
goes_on() {
	raw "$1" &&
		has_been "$post/id-1/response \[1\]" &&
		within 5000 asks_again &&
		same 1 "$(grep -c "$post/id-1/" requests)"
}

# has_headers METHOD BEGINNING…: the last headers of that method begin so, in any order.
has_headers() {
	method=$1
	shift
	grep "^$method " headers | tail -n $# | sort >found
	for header
	do
		grep -q "^$method $header" found || {
			cat headers
			return 1
		}
	done
	same "$#" "$(grep -c . found)"
}

asks_again() {
	sed "1,/id-1/d" requests | grep -q "^$next"
}

# gives_up SCENARIO TEXT: bootstrap exits with status 1, logs the reason, and quotes no data.
gives_up() {
	raw "$1" &&
		ends 1 &&
		logged "$2" &&
		fails_to grep sEcReT lambda.log
}

for scenario in answers-twice continues slow until-the-end no-reason many-headers ends-in-the-head closes-before \
	closes-while-idle chunks-that-end chunks-with-trailers closes-always speaks-of-nothing
do
	check "Runtime API scenario $scenario: the event is answered once, and bootstrap asks for the next one" '
		goes_on $scenario
	'
done

check 'each request says its host and its program once, and an answer its type and length too' '
	goes_on slow &&
		has_headers GET "host: 127.0.0.1:$(cat port)" "user-agent: open-runtime/" &&
		has_headers POST "host: 127.0.0.1:$(cat port)" "user-agent: open-runtime/" "content-type: application/json" "content-length: 3"
'

check 'an answer that is not HTTP ends the environment' '
	gives_up garbage "Runtime API: GET /runtime/invocation/next failed"
'

check 'a header section without end ends the environment' '
	gives_up endless-head "Runtime API: GET /runtime/invocation/next failed"
'

check 'a chunk without a length ends the environment' '
	gives_up bad-chunks "Runtime API: GET /runtime/invocation/next failed"
'

check 'bootstrap does not follow a redirection' '
	gives_up redirects "Runtime API: GET /runtime/invocation/next failed"
'

check 'a connection that is closed at three attempts in a row ends the environment' '
	gives_up always-closes "Runtime API: GET /runtime/invocation/next failed" &&
	same 3 "$(grep -c "$next" requests)"
'

check 'a request id that would change the path of a request is not used' '
	for scenario in wanders goes-up
	do
		rm -f port requests
		gives_up $scenario "the request id has characters that a request id cannot have" &&
			fails_to grep "^$post" requests || return
	done
'

check 'registration ends although the language runtime never stops writing' '
	raw never-registers floods &&
	has_been "$next"
'

check 'SIGTERM reaches bootstrap although its parent process blocked it' '
	printf "%s\n" "use POSIX;" "sigprocmask(SIG_BLOCK, POSIX::SigSet->new(SIGTERM, SIGCHLD));" "exec @ARGV;" >blocks &&
	starter="perl $work/blocks" &&
	goes_on slow &&
	kill "$alone" &&
	ends 0
'
starter=

for half in half-a-head half-a-body
do
	check "Runtime API scenario $half: bootstrap waits, and SIGTERM ends the wait" '
		raw $half &&
		has_been "$next" &&
		kill "$alone" &&
		ends 0
	'
done

check 'a response that is refused before it is read is logged, and does not end the environment' '
	raw refuses-unread has-much-to-say &&
	has_been "$post/id-2" &&
	logged "RequestId: id-1 POST /runtime/invocation/{id}/response was refused with HTTP status 413" &&
	same 2 "$(grep -c "^$post" requests)"
'

check 'a response that cannot be delivered ends the environment, and its event is not handled again' '
	raw breaks-answers echoes &&
	ends 1 &&
	logged "RequestId: id-1 POST /runtime/invocation/{id}/response failed" &&
	same 2 "$(grep -c "^$post/id-1/response" requests)" &&
	same 1 "$(grep -c "^$next" requests)"
'

check 'a Runtime API that cannot be reached ends the environment within 5 s' '
	alone 127.0.0.1:1 echoes &&
	ends 1 &&
	logged "Runtime API: GET /runtime/invocation/next failed: "
'

check 'without the address of a Runtime API bootstrap exits and says which programs start it' '
	alone "" echoes &&
	ends 1 &&
	logged "bootstrap: AWS_LAMBDA_RUNTIME_API is not set: this program is started by AWS Lambda, or by open-runtime"
'

check 'the error for an address that is not UTF-8 says so' '
	alone "$(printf "\377")" echoes &&
	ends 1 &&
	logged "bootstrap: AWS_LAMBDA_RUNTIME_API is not text in UTF-8: this program is started by AWS Lambda, or by open-runtime"
'

check 'a host name in place of an address is refused without a look-up' '
	alone lambda.example:80 echoes &&
	ends 1 &&
	logged "lambda.example:80 is neither localhost nor an IP address, with a port"
'

check 'the name localhost is accepted as an address' '
	mkdir task &&
	python3 "$tests/lib/raw_api.py" slow &
	at_end "end_process $!"
	within 30000 test -s port &&
	alone "localhost:$(cat port)" echoes &&
	has_been "$post/id-1/response \[1\]"
'

check 'bootstrap does not panic if it cannot write to stderr' '
	mkdir task &&
	(AWS_LAMBDA_RUNTIME_API= "$bootstrap" 2>/dev/full; same 1 $?)
'
# on REQUEST NTH FAULT: prints a fault for the script of the local Lambda.
on() {
	printf '{"on":"%s","nth":%s,"do":%s}' "$1" "$2" "$3"
}

# handled NUMBER: the handler got this many events (the fake that obeys writes each down).
handled() {
	same "$1" "$(wc -l <task/events)"
}
handle='"echo $id >>events"'

# every_other REQUEST FAULT…: the first request gets the first fault, the third request the second fault, and so on.
every_other() {
	every_other=$1
	nth=1
	shift
	for fault in "$@"
	do
		test "$nth" -eq 1 || echo ,
		on "$every_other" "$nth" "$fault"
		nth=$((nth + 2))
	done
}

# all_handled_once NUMBER: this many events are answered, and each is handled once.
all_handled_once() {
	mkdir -p task && : >task/events
	while test "$(wc -l <task/events)" -lt "$1"
	do
		invoke "$handle" &&
			succeeded || return
	done
	same "$1" "$(sort -u task/events | wc -l)"
}

check 'bootstrap asks again for an event that breaks off, and the handler gets it once' '
	faulty obeys "$(every_other next "{\"reset\":\"before-reading\"}" "{\"reset\":\"after-reading\"}" "{\"reset\":\"mid-header\"}" \
		"{\"reset\":\"mid-body\"}" "{\"truncate\":3}" "{\"truncate\":3,\"chunked\":2}")" --timeout 9 &&
	all_handled_once 7 &&
	same 6 "$(grep -c "asking for the next invocation again" lambda.log)"
'

check 'an event may come in any transfer encoding, late, and on a connection that is closed afterwards' '
	faulty obeys "$(every_other next "{\"chunked\":1}" "{\"chunked\":true,\"closeAfter\":true}" "{\"delayMs\":100}" "{\"closeAfter\":true}")" &&
	all_handled_once 8 &&
	fails_to grep -q bootstrap: lambda.log
'

check 'a response that Lambda may not have received is posted again, delivered once, and its event is not handled again' '
	faulty obeys "$(every_other response "{\"reset\":\"before-reading\"}" "{\"reset\":\"after-reading\"}" "{\"reset\":\"mid-header\"}")" --timeout 9 &&
	all_handled_once 4 &&
	same 7 "$(asked /response)"
'

# The reset may come just after bootstrap found the connection open. It then asks for the next invocation again.
check 'the answer to a response may come in any transfer encoding, late, broken off, and on a connection that is closed afterwards' '
	faulty obeys "$(every_other response "{\"reset\":\"mid-body\"}" "{\"truncate\":3}" "{\"closeAfter\":true}" "{\"chunked\":1}" "{\"delayMs\":100}")" &&
	all_handled_once 10 &&
	same 10 "$(asked /response)" &&
	same "" "$(sed -n "/bootstrap:/{/asking for the next invocation again/!p;}" lambda.log)"
'

check 'an error that Lambda may not have received is posted again, and delivered once' '
	faulty obeys "$(every_other error "{\"reset\":\"before-reading\"}" "{\"reset\":\"after-reading\"}" "{\"reset\":\"mid-header\"}")" --timeout 9 &&
	failed_so Runtime.ExitError "exited with status 3" "exit 3" &&
	failed_so Runtime.ExitError "exited with status 4" "exit 4" &&
	failed_so Runtime.ExitError "exited with status 5" "exit 5"
'

# refused STATUS REASON
refused() {
	logged "POST /runtime/invocation/{id}/response was refused with HTTP status $1: $2"
}

check 'a refused response is logged and does not end the environment' '
	faulty echoes "$(on response 1 "{\"status\":400}"), $(on response 2 "{\"status\":403}"), $(on response 3 "{\"status\":410}"),
		$(on response 4 "{\"status\":413}"), $(on response 5 "{\"status\":404}")" &&
	answers 1 1 &&
	refused 400 "Lambda does not wait for it" &&
	refused 403 "Lambda does not wait for it" &&
	refused 410 "the invocation has timed out" &&
	refused 413 "it is larger than Lambda allows, which Lambda has told the caller" &&
	refused 404 "which is not expected here" &&
	same 1 "$(grep -c "\"what\":\"spawned\"" journal)"
'

for code in 500 503
do
	check "a response is refused with status $code: bootstrap exits" '
		faulty echoes "$(on response 1 "{\"status\":$code}")" &&
		fails_with Runtime.ExitError 1 &&
		bootstrap_exits 1 &&
		logged "Runtime API: POST /runtime/invocation/{id}/response failed: HTTP status $code"
	'
done

check 'bootstrap exits if an error is refused with status 500' '
	faulty obeys "$(on error 1 "{\"status\":500}")" &&
	tell "exit 3" &&
	bootstrap_exits 1 &&
	logged "Runtime API: POST /runtime/invocation/{id}/error failed: HTTP status 500"
'

for code in 500 403 404 204 202
do
	check "the next event is refused with status $code: bootstrap exits, and says so" '
		faulty echoes "$(on next 1 "{\"status\":$code}")" &&
		bootstrap_exits 1 &&
		logged "Runtime API: GET /runtime/invocation/next failed: HTTP status $code"
	'
done

for fault in '"status":500' '"status":403' '"reset":"after-reading"'
do
	check "bootstrap exits and logs the Init error if posting it meets {$fault}" '
		faulty cannot-load-the-handler "$(on init-error \"every\" "{$fault}")" &&
		bootstrap_exits 1 &&
		has_logged Init Runtime.ImportModuleError "no module nowhere" &&
		same 1 "$(grep -c "Lambda could not be told" lambda.log)"
	'
done

check 'a connection that is closed while the handler runs is not used for the response' '
	faulty obeys "$(on next 1 "{\"closeAfter\":true}"), $(on next 2 "{\"closeAfter\":true}")" --env SLSLOG=debug &&
	tell "sleep 0.2" &&
	succeeded &&
	tell "sleep 0.2" &&
	succeeded &&
	fails_to grep -q again lambda.log
'

check 'a response of 6 MiB is delivered' '
	large_event 6000000 &&
	start_lambda echoes-much --timeout 20 &&
	invoke @large --compressed &&
	succeeded &&
	cmp large response
'

check 'a response that is larger than Lambda allows is a function error, and does not end the environment' '
	start_lambda has-much-to-say --timeout 20 &&
	fails_with Function.ResponseSizeTooLarge 1 &&
	logged "was refused with HTTP status 413: it is larger than Lambda allows, which Lambda has told the caller" &&
	answers 2 "\"\""
'

# with_header NAME VALUE: the first event has this header with this value (JSON, without quotes). The fake shows its call.
with_header() {
	faulty shows-its-call "$(on next 1 "{\"headers\":{\"$1\":$2}}")" --timeout 5 &&
		invoke 1
}

check 'an event without a request id ends the environment' '
	with_header Lambda-Runtime-Aws-Request-Id null &&
	bootstrap_exits 1 &&
	logged "GET /runtime/invocation/next failed: the answer has no request id"
'

check 'an event with an empty request id ends the environment' '
	with_header Lambda-Runtime-Aws-Request-Id "\"\"" &&
	bootstrap_exits 1 &&
	logged "GET /runtime/invocation/next failed: the answer has no request id"
'

check 'a deadline that is missing, empty or malformed is ignored and logged, and the event is handled' '
	faulty shows-its-call "$(on next 1 "{\"headers\":{\"Lambda-Runtime-Deadline-Ms\":null}}"),
		$(on next 2 "{\"headers\":{\"Lambda-Runtime-Deadline-Ms\":\"\"}}"), $(on next 3 "{\"headers\":{\"Lambda-Runtime-Deadline-Ms\":\"soon\"}}"),
		$(on next 4 "{\"headers\":{\"Lambda-Runtime-Deadline-Ms\":\"-1\"}}"), $(on next 5 "{\"headers\":{\"Lambda-Runtime-Deadline-Ms\":\"1e9\"}}"),
		$(on next 6 "{\"headers\":{\"Lambda-Runtime-Deadline-Ms\":\"99999999999999999999999\"}}")" &&
	for event in 1 2 3 4 5 6
	do
		invoke $event &&
			succeeded &&
			fails_to grep deadlineMs response || return
	done &&
	logged "came without a deadline: nothing limits its time"
'

check 'a deadline in the year 2286 is accepted' '
	with_header Lambda-Runtime-Deadline-Ms "\"9999999999999\"" &&
	succeeded &&
	says response "\"deadlineMs\":9999999999949"
'

check 'a deadline in the past fails the invocation, and the handler is not called' '
	faulty obeys "$(on next 1 "{\"deadlineMs\":-1000}")" &&
	invoke "$handle" &&
	failed Function.Timeout "Task timed out after " &&
	answers 2 2 &&
	fails_to test -e task/events
'

check 'headers of 64 KB are accepted' '
	with_header Lambda-Runtime-Trace-Id "\"$(head -c 65536 /dev/zero | tr "\0" x)\"" &&
	succeeded &&
	test "$(wc -c <response)" -gt 65536
'

check 'a client context of 64 KB reaches the handler' '
	with_header Lambda-Runtime-Client-Context "\"[\\\"$(head -c 65536 /dev/zero | tr "\0" x)\\\"]\"" &&
	succeeded &&
	test "$(wc -c <response)" -gt 65536
'

check 'headers that are not UTF-8 do not fail the invocation' '
	with_header Lambda-Runtime-Trace-Id "\"a\\u00ffb\"" &&
	succeeded &&
	says response "\"traceId\":\"a$(printf "\357\277\275")b\""
'

check 'an invocation id that is not ASCII is not sent back, and the response is delivered' '
	with_header Lambda-Runtime-Invocation-Id "\"a\\u00ff\"" &&
	succeeded &&
	fails_to grep -q lambda-runtime-invocation-id journal
'

check 'a client context that is not JSON is left out, and the log says so without its text' '
	with_header Lambda-Runtime-Client-Context "\"{sEcReT\"" &&
	succeeded &&
	fails_to grep clientContext response &&
	logged "the header lambda-runtime-client-context is not JSON and was left out" &&
	fails_to grep sEcReT lambda.log
'

finish

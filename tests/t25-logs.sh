#!/bin/sh
description='the log: what went wrong, of which invocation, and never what it was about'
. ./lib.sh
. ./robust.sh

# Events, responses, headers and variables have this in them.
secret=sEcReT

# is_discreet: neither bootstrap nor the local Lambda has said it.
is_discreet() {
	fails_to grep "$secret" lambda.log
}

# with_secrets FAULTS [OPTION…]: everything that goes through bootstrap holds the secret.
with_secrets() {
	faults=$1
	shift
	faulty obeys "$faults" --timeout 2 --env "TOKEN=$secret" --env "AWS_SECRET_ACCESS_KEY=$secret" --env SLSLOG=debug "$@"
}

# ask EVENT [OPTION…]
ask() {
	event=$1
	shift
	invoke "$event" -H "X-Amzn-Trace-Id: $secret" -H "X-Amz-Tenant-Id: $secret" \
		-H "X-Amz-Client-Context: $(printf '{"custom":"%s"}' "$secret" | base64 -w 0)" "$@"
}

check 'successes, errors, crashes and garbage do not tell secrets' '
	with_secrets "" &&
	ask "\": $secret\"" &&
	says response "$secret" &&
	for command in "exit 3; $secret" "say $secret" "say {\\\"$secret\\\":1}" "say {\\\"id\\\":\\\"$secret\\\"" "printf $secret; exit 4" \
		"answer $secret 1" "fail \$id {\\\"errorType\\\":\\\"Boom\\\",\\\"errorMessage\\\":\\\"$secret\\\"}" "response=$secret" "kill -9 \$\$; $secret"
	do
		ask "\"$command\"" || return
	done &&
	is_discreet
'

check 'an invocation that fails is logged once: what bootstrap has to say, and of what the handler says only the type' '
	start_lambda obeys --quiet &&
	tell "fail \$id {\\\"errorType\\\":\\\"my.Boom\\\",\\\"errorMessage\\\":\\\"about-the-event\\\"}; id=" &&
	has_failed my.Boom &&
	logged "the invocation failed: Function.Boom" &&
	fails_to grep about-the-event lambda.log &&
	tell "exit 3" &&
	logged "the invocation failed: Runtime.ExitError: the language runtime exited with status 3" &&
	same 2 "$(grep -c "the invocation failed" lambda.log)"
'

check 'a timeout does not' '
	with_secrets "" &&
	ask "\"sleep 60; : $secret\"" &&
	failed Function.Timeout "Task timed out" &&
	is_discreet
'

check 'a Runtime API that misbehaves does not' '
	with_secrets "{\"on\":\"next\",\"nth\":1,\"do\":{\"reset\":\"mid-body\"}},
		{\"on\":\"next\",\"nth\":3,\"do\":{\"headers\":{\"Lambda-Runtime-Client-Context\":\"$secret\"}}},
		{\"on\":\"next\",\"nth\":4,\"do\":{\"body\":\"$secret\"}},
		{\"on\":\"next\",\"nth\":5,\"do\":{\"headers\":{\"Lambda-Runtime-Deadline-Ms\":\"$secret\"}}},
		{\"on\":\"response\",\"nth\":1,\"do\":{\"status\":413,\"body\":\"$secret\"}},
		{\"on\":\"response\",\"nth\":2,\"do\":{\"reset\":\"mid-header\"}},
		{\"on\":\"response\",\"nth\":4,\"do\":{\"status\":500,\"body\":\"$secret\"}}" &&
	for _ in 1 2 3
	do
		ask "\": $secret\"" || return
	done &&
	bootstrap_exits 1 &&
	is_discreet
'

check 'a request id that is none does not' '
	with_secrets "{\"on\":\"next\",\"nth\":1,\"do\":{\"headers\":{\"Lambda-Runtime-Aws-Request-Id\":\"$secret/\"}}}" &&
	ask 1 &&
	bootstrap_exits 1 &&
	is_discreet
'

check 'a status of the Runtime API does not' '
	with_secrets "{\"on\":\"next\",\"nth\":1,\"do\":{\"status\":500,\"body\":\"$secret\",\"headers\":{\"X\":\"$secret\"}}}" &&
	bootstrap_exits 1 &&
	is_discreet
'

check 'a language runtime that cannot start does not' '
	start_lambda dies-before-ready --env "TOKEN=$secret" --env "DIES=echo $secret" &&
	bootstrap_exits 1 &&
	is_discreet
'

check 'what is said of an invocation has its request id' '
	faulty echoes "{\"on\":\"response\",\"nth\":1,\"do\":{\"status\":413}}" &&
	answers 1 1 &&
	logged "bootstrap: RequestId: $(sed -n "s/^X-Amzn-RequestId: \([^ ]*\)\r$/\1/Ip" headers) POST"
'

check 'where Lambda wants JSON, every line is JSON, the last one as well' '
	faulty echoes "{\"on\":\"response\",\"nth\":1,\"do\":{\"status\":413}},{\"on\":\"response\",\"nth\":2,\"do\":{\"status\":500}}" \
		--env AWS_LAMBDA_LOG_FORMAT=JSON --quiet &&
	invoke 1 &&
	bootstrap_exits 1 &&
	within 2000 grep -q ERROR lambda.log &&
	grep bootstrap: lambda.log | python3 -c "import json, sys
for line in sys.stdin: print(json.loads(line)[\"level\"])" >levels &&
	same "WARN ERROR" "$(tr "\n" " " <levels | sed "s/ $//")"
'

check 'SLSLOG=error leaves warnings out' '
	faulty echoes "{\"on\":\"response\",\"nth\":1,\"do\":{\"status\":413}}" --env SLSLOG=error &&
	answers 1 1 &&
	stop_lambda &&
	fails_to grep bootstrap: lambda.log
'

check 'AWS_LAMBDA_LOG_LEVEL is heard where SLSLOG is not set' '
	faulty echoes "{\"on\":\"response\",\"nth\":1,\"do\":{\"status\":413}}" --env AWS_LAMBDA_LOG_LEVEL=ERROR &&
	answers 1 1 &&
	stop_lambda &&
	fails_to grep bootstrap: lambda.log
'

finish

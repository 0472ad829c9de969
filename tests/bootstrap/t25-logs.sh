#!/bin/sh
description='the log: it says what went wrong in which invocation, and never contains the event, the response or the environment'
. ./lib/lib.sh
. ./lib/robust.sh

# Events, responses, headers and variables contain this secret.
secret=sEcReT

# is_discreet: neither bootstrap nor the local Lambda printed the secret.
is_discreet() {
	fails_to grep "$secret" lambda.log
}

# with_secrets FAULTS [OPTION…]: everything that passes through bootstrap contains the secret.
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

check 'no secret is logged of successes, crashes, malformed data, and errors with SLSLOGERRORS=type' '
	with_secrets "" --env SLSLOGERRORS=type &&
	ask "\": $secret\"" &&
	says response "$secret" &&
	for command in "exit 3; $secret" "say $secret" "say {\\\"$secret\\\":1}" "say {\\\"id\\\":\\\"$secret\\\"" "printf $secret; exit 4" \
		"answer $secret 1" "fail \$id {\\\"errorType\\\":\\\"Boom\\\",\\\"errorMessage\\\":\\\"$secret\\\"}" "response=$secret" "kill -9 \$\$; $secret"
	do
		ask "\"$command\"" || return
	done &&
	is_discreet
'

# fail_with ERROR [OPTION…]: the handler fails with that error object, which is the event.
fail_with() {
	printf "%s" "$1" >error.json
	shift
	invoke @error.json "$@"
}

# error_line: the log has one line, and this is its JSON.
error_line() {
	within 2000 grep -q ERROR lambda.log &&
		same 1 "$(wc -l <lambda.log)" &&
		sed "s/^20.*Invoke Error 	//" lambda.log >error_line
}

# is_said PYTHON: the expression is true. e is the line.
is_said() {
	python3 -c "import json, sys
e = json.load(open(\"error_line\"))
sys.exit(0 if $1 else f\"not true of {e}\")"
}

check 'a failed invocation is logged once, with type, message and stack, in the form of the client of AWS for Node.js' '
	start_lambda fails-as-told --quiet &&
	fail_with "{\"errorType\":\"my.Boom\",\"errorMessage\":\"two\\nlines\",\"stackTrace\":[\"at f\"]}" &&
	has_failed my.Boom &&
	id=$(sed -n "s/^X-Amzn-RequestId: \([^ ]*\)\r$/\1/Ip" headers) &&
	error_line &&
	same "	$id	ERROR	Invoke Error 	{\"errorType\":\"my.Boom\",\"errorMessage\":\"two\\nlines\",\"stack\":[\"at f\"]}" \
		"$(sed "s/^20[0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]\.[0-9][0-9][0-9]Z//" lambda.log)"
'

check 'with AWS_LAMBDA_LOG_FORMAT=JSON the line of a failed invocation has the members that Lambda documents' '
	start_lambda fails-as-told --quiet --env AWS_LAMBDA_LOG_FORMAT=JSON &&
	fail_with "{\"errorType\":\"my.Boom\",\"errorMessage\":\"m\",\"stackTrace\":[\"at f\"]}" &&
	error_line &&
	is_said "list(e) == [\"timestamp\", \"level\", \"requestId\", \"errorType\", \"errorMessage\", \"stackTrace\"]" &&
	is_said "[e[\"level\"], e[\"errorType\"], e[\"errorMessage\"], e[\"stackTrace\"]] == [\"ERROR\", \"my.Boom\", \"m\", [\"at f\"]]"
'

check 'with AWS_LAMBDA_LOG_FORMAT=JSON the line of a failed invocation names the tenant, as the client of AWS for Node.js does' '
	start_lambda fails-as-told --quiet --env AWS_LAMBDA_LOG_FORMAT=JSON &&
	fail_with "{\"errorType\":\"my.Boom\",\"errorMessage\":\"m\"}" -H "X-Amz-Tenant-Id: blue\"s" &&
	error_line &&
	is_said "list(e)[:5] == [\"timestamp\", \"level\", \"requestId\", \"tenantId\", \"errorType\"]" &&
	is_said "e[\"tenantId\"] == \"blue\\\"s\""
'

check 'the log has a stack with the message at its head if the language runtime sends one' '
	start_lambda fails-as-told --quiet &&
	fail_with "{\"errorType\":\"E\",\"errorMessage\":\"m\",\"stackTrace\":[\"at f\"],\"trace\":[\"E: m\",\"at f\"]}" &&
	error_line &&
	is_said "e[\"stack\"] == [\"E: m\", \"at f\"]"
'

check 'an error of bootstrap is logged in the same form as an error of a handler' '
	start_lambda obeys --quiet &&
	tell "exit 3" &&
	has_logged Invoke Runtime.ExitError "\"errorMessage\":\"the language runtime exited with status 3\",\"stack\":[]}"
'

check 'a failed Init is logged once' '
	start_lambda cannot-load-the-handler --quiet &&
	bootstrap_exits 1 &&
	has_logged Init Runtime.ImportModuleError "\"errorMessage\":\"no module nowhere\"" &&
	says lambda.log "	-	ERROR	Init Error" &&
	same 1 "$(grep -c nowhere lambda.log)"
'

check 'SLSLOGERRORS=type logs only the type of the error of a handler' '
	with_secrets "" --env SLSLOGERRORS=type &&
	ask "\"fail \$id {\\\"errorType\\\":\\\"Boom\\\",\\\"errorMessage\\\":\\\"$secret\\\",\\\"stackTrace\\\":[\\\"$secret\\\"]}; id=\"" &&
	has_failed Boom &&
	has_logged Invoke Boom "{\"errorType\":\"Boom\"}" &&
	is_discreet
'

check 'SLSLOGERRORS=type logs only the type of the error of a handler in Init, and keeps the messages of bootstrap' '
	start_lambda cannot-load-the-handler --env SLSLOGERRORS=type &&
	bootstrap_exits 1 &&
	has_logged Init Runtime.ImportModuleError "{\"errorType\":\"Runtime.ImportModuleError\"}" &&
	fails_to grep nowhere lambda.log &&
	stop_lambda &&
	start_lambda obeys --env SLSLOGERRORS=type &&
	tell "exit 3" &&
	has_logged Invoke Runtime.ExitError "exited with status 3"
'

check 'an unknown value of SLSLOGERRORS is an Init error, in the log format that is configured' '
	start_lambda echoes --env SLSLOGERRORS=none --env AWS_LAMBDA_LOG_FORMAT=JSON &&
	bootstrap_exits 1 &&
	logged "\"errorMessage\":\"the environment variable SLSLOGERRORS is \\\"none\\\", but must be type or full\""
'

check 'AWS_LAMBDA_LOG_LEVEL=FATAL hides failed invocations, and ERROR shows them' '
	start_lambda obeys --env AWS_LAMBDA_LOG_LEVEL=FATAL &&
	tell "exit 3" &&
	has_failed Runtime.ExitError &&
	stop_lambda &&
	fails_to grep ERROR lambda.log &&
	start_lambda obeys --env AWS_LAMBDA_LOG_LEVEL=ERROR &&
	tell "exit 3" &&
	has_logged Invoke Runtime.ExitError
'

check 'no control character of an error reaches the log, and a huge error is cut to the size of a CloudWatch log event' '
	start_lambda fails-as-told --quiet &&
	python3 -c "import json
c = \"\".join(map(chr, [*range(32), *range(127, 160)]))
json.dump(dict(errorType=c, errorMessage=c * 10000, stackTrace=[\"at f\" + c] * 3000), open(\"error.json\", \"w\"), ensure_ascii=False)" &&
	invoke @error.json &&
	error_line &&
	python3 -c "import re
line = open(\"lambda.log\", encoding=\"utf-8\", newline=\"\").read()
assert len(line.encode()) < 256 * 1024, len(line)
assert not re.search(\"[\\0-\\x08\\x0a-\\x1f\\x7f-\\x9f]\", line[:-1])" &&
	is_said "\"more bytes were cut\" in e[\"errorMessage\"] and e[\"stack\"][-1] == \"… the rest was cut\""
'

check 'a control character in the name of a handler does not reach the log' '
	start_lambda echoes --env "_HANDLER=a$(printf "\033")[31m.b" --env SLSRUNTIME=none &&
	bootstrap_exits 1 &&
	within 2000 grep -q "Init Error" lambda.log &&
	fails_to grep -q "$(printf "\033")" lambda.log
'

check 'no secret is logged of a timeout' '
	with_secrets "" &&
	ask "\"sleep 60; : $secret\"" &&
	failed Function.Timeout "Task timed out" &&
	is_discreet
'

check 'no secret is logged of a Runtime API that misbehaves' '
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

check 'no secret is logged of a malformed request id' '
	with_secrets "{\"on\":\"next\",\"nth\":1,\"do\":{\"headers\":{\"Lambda-Runtime-Aws-Request-Id\":\"$secret/\"}}}" &&
	ask 1 &&
	bootstrap_exits 1 &&
	is_discreet
'

check 'no secret is logged of an error status of the Runtime API' '
	with_secrets "{\"on\":\"next\",\"nth\":1,\"do\":{\"status\":500,\"body\":\"$secret\",\"headers\":{\"X\":\"$secret\"}}}" &&
	bootstrap_exits 1 &&
	is_discreet
'

check 'no secret is logged of a language runtime that cannot start' '
	start_lambda dies-before-ready --env "TOKEN=$secret" --env "DIES=echo $secret" &&
	bootstrap_exits 1 &&
	is_discreet
'

check 'a message about an invocation has its request id' '
	faulty echoes "{\"on\":\"response\",\"nth\":1,\"do\":{\"status\":413}}" &&
	answers 1 1 &&
	logged "bootstrap: RequestId: $(sed -n "s/^X-Amzn-RequestId: \([^ ]*\)\r$/\1/Ip" headers) POST"
'

check 'with AWS_LAMBDA_LOG_FORMAT=JSON every line is JSON, including the last one' '
	faulty echoes "{\"on\":\"response\",\"nth\":1,\"do\":{\"status\":413}},{\"on\":\"response\",\"nth\":2,\"do\":{\"status\":500}}" \
		--env AWS_LAMBDA_LOG_FORMAT=JSON --quiet &&
	invoke 1 &&
	bootstrap_exits 1 &&
	within 2000 grep -q FATAL lambda.log &&
	grep bootstrap: lambda.log | python3 -c "import json, sys
for line in sys.stdin: print(json.loads(line)[\"level\"])" >levels &&
	same "WARN FATAL" "$(tr "\n" " " <levels | sed "s/ $//")"
'

check 'SLSLOG=error hides warnings' '
	faulty echoes "{\"on\":\"response\",\"nth\":1,\"do\":{\"status\":413}}" --env SLSLOG=error &&
	answers 1 1 &&
	stop_lambda &&
	fails_to grep bootstrap: lambda.log
'

check 'AWS_LAMBDA_LOG_LEVEL applies if SLSLOG is not set' '
	faulty echoes "{\"on\":\"response\",\"nth\":1,\"do\":{\"status\":413}}" --env AWS_LAMBDA_LOG_LEVEL=ERROR &&
	answers 1 1 &&
	stop_lambda &&
	fails_to grep bootstrap: lambda.log
'

check 'an unknown variable is warned of once, with the most similar known name, and known variables are not' '
	start_lambda echoes --env SLSMIDDLEWARE=polite --env SLSEVENT=raw --env SLS_EVENTS=raw --env SLSCOLOUR=1 --env SLS_ORG=1 \
		--env SLSDEADLINEMS=1 &&
	answers 1 1 &&
	logged "environment variable SLSMIDDLEWARE; is SLSMIDDLEWARES meant?" &&
	logged "environment variable SLSEVENT; is SLSEVENTS meant?" &&
	logged "environment variable SLS_EVENTS; is SLSEVENTS meant?" &&
	logged "environment variable SLSCOLOUR; docs/configuration.md has ours" &&
	same 4 "$(grep -c "nobody reads" lambda.log)"
'

needs ruby

# log_of_row ROW [OPTION…]: runs one call of a row of tests/compat/ruby. Its log is in lambda.log.
log_of_row() {
	mkdir -p task &&
		cp "$repository/tests/compat/ruby/rows/$1/"*.rb task || return
	shift
	start_lambda ruby:index.handler --quiet "$@" &&
		answers 1 \"ok\" &&
		stop_lambda
}

# is_as_recorded ROW: the log equals the recorded log of AWS's client, except for times and process ids.
is_as_recorded() {
	python3 -B -c "import json, sys
sys.path.insert(0, \"$repository/tests/compat/common\")
import compat
row = {**compat.DEFAULTS, **json.load(open(\"$repository/tests/compat/ruby/rows/$1/row.json\"))}
recorded = json.load(open(\"$repository/tests/compat/ruby/rows/$1/expected.json\"))[\"log\"]
logged = compat.masked(open(\"lambda.log\").read(), row).splitlines()
assert len(logged) > 5 and logged == recorded, (logged, recorded)"
}

check 'in text, Logger and puts of Ruby log what they log under the client of AWS' '
	for row in logger-text puts
	do
		log_of_row $row &&
			is_as_recorded $row || return
	done
'

check 'with AWS_LAMBDA_LOG_FORMAT=JSON every record of Logger has the members that Lambda documents' '
	log_of_row logger-text --env AWS_LAMBDA_LOG_FORMAT=JSON &&
	grep -v "^own " lambda.log | python3 -c "import json, sys
lines = [json.loads(line) for line in sys.stdin]
assert [line[\"level\"] for line in lines] == \"WARN DEBUG INFO ERROR FATAL ANY INFO WARN INFO INFO\".split(), lines
assert all(list(line)[:3] == [\"timestamp\", \"level\", \"message\"] for line in lines), lines
assert [\"requestId\" in line for line in lines] == [False] + 9 * [True], lines
assert list(lines[3]) == [\"timestamp\", \"level\", \"message\", \"errorType\", \"errorMessage\", \"stackTrace\", \"requestId\"], lines[3]"
'

check 'an exception in Ruby is logged once, with message and stack, and with the same type as under the client of AWS' '
	start_lambda ruby:fails.handler --quiet &&
	invoke \"pears\" &&
	has_failed "Function<OutOfStock>" &&
	error_line &&
	is_said "[e[\"errorType\"], e[\"errorMessage\"]] == [\"Function<OutOfStock>\", \"no pears left\"]" &&
	is_said "len(e[\"stack\"]) == 1 and \"/fails.rb:3:in \" in e[\"stack\"][0]"
'

finish

#!/bin/sh
description='resident middlewares: one process serves the hooks of all invocations'
. ./lib/lib.sh
. ./lib/robust.sh
. ./lib/middlewares.sh
. ./lib/resident.sh

# from_readme LANGUAGE: writes the README's resident middleware in that language into the folder of the function.
from_readme() {
	mkdir -p task/middlewares/tenant.d &&
		awk -v begin="\`\`\`$1" '
			/^## / { wanted = $0 == "## Resident" }
			$0 == "```" { inside = 0 }
			inside
			wanted && $0 == begin { inside = 1 }
		' "$repository/middlewares/README.md" >task/middlewares/tenant.d/serve &&
		chmod +x task/middlewares/tenant.d/serve
}

for overlap in off on
do
	check "overlap $overlap: a hook is one line: id, hook, input and context; the input is as it was sent" '
		scripted &&
		answers "{\"foo\": \"bar\", \"n\": 12345678901234567890.10}" "{\"foo\":\"bar\",\"n\":12345678901234567890.10}" &&
		id=$(header x-amzn-requestid) &&
		lines 2 &&
		before=$(head -n 1 task/lines | sed "s/\(\"deadlineMs\":\)[0-9]*/\1N/; s/\(\"traceId\":\"\)[^\"]*/\1T/") &&
		context="\"context\":{\"requestId\":\"$id\",\"deadlineMs\":N,\"functionArn\":\"arn:aws:lambda:us-east-1:012345678912:function:function\",\"traceId\":\"T\"}" &&
		same "{\"id\":\"$id:before\",\"hook\":\"before\",\"input\":{\"foo\": \"bar\", \"n\": 12345678901234567890.10},$context}" "$before" &&
		same "{\"foo\": \"bar\", \"n\": 12345678901234567890.10}" "$(cat response)" &&
		is_quiet
	'

	check "overlap $overlap: output replaces the event, and the response" '
		scripted "BEFORE=output 2" "AFTER=output \"[\$input,3]\"" &&
		answers 1 "[2,3]" &&
		is_quiet
	'

	check "overlap $overlap: an output of null is an output" '
		scripted "BEFORE=output null" && answers 1 null
	'

	check "overlap $overlap: hooks run in order, those of processes and resident ones in one chain" '
		with one,resident-one,two,resident-two,three &&
		answers "[\"event\"]" "[\"event\",\"one before\",\"resident-one before\",\"two before\",\"resident-two before\",
			\"three before\",\"three after\",\"resident-two after\",\"two after\",\"resident-one after\",\"one after\"]"
	'

	check "overlap $overlap: the first process behind a resident middleware gets what that one makes of the event" '
		with resident-one,notes,one &&
		answers "[\"event\"]" "[\"event\",\"resident-one before\",\"one before\",\"one after\",\"resident-one after\"]" &&
		same_json "[\"event\",\"resident-one before\"]" task/before.stdin
	'

	check "overlap $overlap: a response of before is the response; later middlewares and the handler are skipped" '
		names=one,scripted,notes,resident-one scripted "BEFORE=respond [0]" &&
		answers "[9]" "[0,\"one after\"]" &&
		fails_to test -s task/before.stdin &&
		fails_to test -s task/after.stdin &&
		lines 1 &&
		is_quiet
	'

	check "overlap $overlap: exit 99 of a process skips the resident middlewares behind it alone" '
		with resident-one,responds-early,scripted &&
		answers "[\"event\"]" "[\"event\",\"resident-one before\",\"early\",\"resident-one after\"]" &&
		fails_to test -e task/lines
	'

	check "overlap $overlap: an error hook gets the error, and its output is the response" '
		with_runtime fails scripted --env "ERROR=output \"{\\\"mended\\\":\$input}\"" &&
		answers 1 "{\"mended\":{\"errorType\":\"Boom\",\"errorMessage\":\"it went wrong\",\"stackTrace\":[\"here\"]}}"
	'

	check "overlap $overlap: the error is kept if the error hook leaves it" '
		with_runtime fails scripted,scripted &&
		fails_with Boom 1 &&
		lines 4
	'

	check "overlap $overlap: an error of before fails the invocation with its type, message and stack, and error hooks run" '
		names=leaves-the-error,scripted,notes scripted "BEFORE=error Boom it-broke" &&
		invoke 1 &&
		blames before "Boom: it-broke" &&
		says response "\"stackTrace\":[\"there\"]" &&
		fails_to test -s task/before.stdin &&
		same error "$(cat task/hooks)" &&
		lines 2 &&
		logged "middleware scripted failed in its before hook: Boom: it-broke\",\"stack\":[\"there\"]"
	'

	check "overlap $overlap: an error of after fails the invocation" '
		scripted "AFTER=error Boom it-broke" &&
		invoke 1 &&
		blames after "Boom: it-broke"
	'
done
overlap=off

check 'an error of the error hook leaves the error, and is logged with the request id' '
	with_runtime fails scripted --quiet --env "ERROR=error Bang it-broke" &&
	fails_with Boom 1 &&
	logged "RequestId: $(header x-amzn-requestid) middleware scripted failed in its error hook: Bang: it-broke"
'

check 'errors of another form are errors, too' '
	for error in null 3 "{}" "[1]"
	do
		scripted "BEFORE=answer \"\\\"error\\\":$error\"" &&
			invoke 1 &&
			blames before "Error: " &&
			stop_lambda || return
	done
'

check 'with SLSLOGERRORS=type the message of an error is not logged, but the caller gets it' '
	scripted "BEFORE=error Boom secret" SLSLOGERRORS=type &&
	invoke 1 &&
	blames before "Boom: secret" &&
	logged "middleware scripted failed in its before hook: Boom\"}" &&
	fails_to grep secret lambda.log
'

check 'a response of after fails the invocation, and one of error leaves the error' '
	scripted "AFTER=respond 1" &&
	invoke 1 &&
	blames after "it answered with a response, which before hooks alone may do" &&
	stop_lambda &&
	with_runtime fails scripted --env "ERROR=respond 1" &&
	fails_with Boom 1 &&
	logged "it answered with a response"
'

check 'one process serves all invocations, also those that its errors fail' '
	scripted "BEFORE=test \$input = 1 && error Boom no || answer" &&
	answers 0 0 &&
	fails_with Function.MiddlewareFailed 1 &&
	answers 2 2 &&
	starts 1
'

check 'a name that comes twice has two processes' '
	names=scripted,scripted scripted &&
	answers 1 1 &&
	starts 2 &&
	lines 4
'


check 'NAME.d/serve is used, and the executable NAME beside it is not run' '
	mkdir -p task/middlewares &&
	cp -RP "$tests/fakes/middlewares/scripted.d" task/middlewares/both.d &&
	executable task/middlewares/both "echo \$1 >>\"\$LAMBDA_TASK_ROOT/hooks\"" &&
	with both &&
	answers 1 1 &&
	starts 1 &&
	lines 2 &&
	fails_to test -e task/hooks
'

check 'a folder NAME.d without serve leaves NAME a process for each hook' '
	mkdir -p task/middlewares/one.d &&
	with one &&
	answers "[0]" "[0,\"one before\",\"one after\"]"
'

check 'the first folder that has either of the two decides' '
	mkdir -p layer/middlewares/one.d &&
	cp "$bootstrap" layer/bootstrap &&
	cp "$tests/fakes/middlewares/scripted.d/serve" layer/middlewares/one.d/serve &&
	cp -RP "$tests/fakes/middlewares/resident-one.d" layer/middlewares/layers.d &&
	bootstrap=layer/bootstrap with one,layers &&
	answers "[0]" "[0,\"one before\",\"layers before\",\"layers after\",\"one after\"]" &&
	fails_to test -e task/starts
'

needs python3

check '5.5 MB go through a chain of three' '
	large_event 5500000 &&
	with_runtime echoes-fast copies-fast,copies,copies-fast &&
	invoke @large &&
	cmp large response
'

needs

check '300 invocations leave no zombie, no descriptor and one process' '
	names=scripted,resident-one scripted &&
	answers "[0]" "[0,\"resident-one before\",\"resident-one after\"]" &&
	pid=$(bootstrap_pid) &&
	ls "/proc/$pid/fd" >descriptors &&
	curl -sS --max-time 280 -H Content-Type: --data-binary "[0]" -o /dev/null -w "%{http_code}\n" \
		"$lambda_url/$invoke_path?[1-300]" | sort | uniq -c >statuses &&
	same "300 200" "$(echo $(cat statuses))" &&
	ls "/proc/$pid/fd" | cmp descriptors - &&
	has_children 3 &&
	starts 1
'

check 'it has the environment of the function and runs in its folder, and has nothing of the language runtime or of a hook' '
	scripted "START=env >environment; pwd >folder; echo \$0 \$# >arguments" GIVEN=given &&
	answers 1 1 &&
	says task/environment "GIVEN=given" &&
	says task/environment "AWS_LAMBDA_FUNCTION_NAME=function" &&
	fails_to grep -E "^(SLSREQUESTID|SLSDEADLINEMS|SLSCOMPANIONS|SLSGRACE|_X_AMZN_TRACE_ID|_OPEN_RUNTIME_PROGRAM)=" task/environment &&
	same "$work/task" "$(cat task/folder)" &&
	same "$work/task/middlewares/scripted.d/serve 0" "$(cat task/arguments)"
'

check 'it leads a process group of its own' '
	scripted &&
	answers 1 1 &&
	same "$(resident_pid)" "$(ps -o pgid= "$(resident_pid)" | tr -d " ")"
'

check 'a wrapper starts the language runtime, and not it' '
	executable wrapper "export WRAPPED=yes; exec \"\$@\"" &&
	scripted "START=env >environment" "AWS_LAMBDA_EXEC_WRAPPER=$work/wrapper" &&
	answers 1 1 &&
	fails_to grep WRAPPED task/environment &&
	starts 1
'

check 'the context has what the caller sent: client context' '
	scripted &&
	invoke 1 -H "X-Amz-Client-Context: $(printf "{\"custom\":{\"a\":1}}" | base64 -w 0)" &&
	succeeded &&
	says task/lines ",\"clientContext\":{\"custom\":{\"a\":1}}}}"
'

check 'a batch is one hook, with the array of its CloudEvents' '
	scripted &&
	invoke "@$tests/events/sqs.json" &&
	lines 2 &&
	head -n 1 task/lines | python3 -c "import json, sys
call = json.load(sys.stdin)
assert isinstance(call[\"input\"], list) and call[\"input\"][0][\"specversion\"] == \"1.0\", call"
'

check 'it may have companions beside it' '
	mkdir -p task/middlewares &&
	cp -RP "$tests/fakes/middlewares/scripted.d" task/middlewares/both.d &&
	with_runtime tells-companions both &&
	answers 1 "\"$work/task/middlewares/both.d\""
'

for function in nodejs:handler.echo python:handler.echo
do
	check "a folder with serve alone has no companion for $function" '
		runtime=$function &&
		with scripted --quiet &&
		answers 1 1 &&
		lines 2 &&
		is_quiet
	'
	runtime=echoes
done

check 'the timeline of open-runtime has its hooks' '
	with scripted &&
	answers 1 1 &&
	within 1000 grep -Eq "^  after +scripted +[0-9.]+ ms" lambda.log &&
	grep -Eq "^  before +scripted +[0-9.]+ ms" lambda.log
'

for language in python js
do
	needs "$(test $language = js && echo node || echo python3)"

	check "the README's middleware in $language has at most eleven lines, changes events, and leaves responses as they are" '
		from_readme $language &&
		test "$(wc -l <task/middlewares/tenant.d/serve)" -le 11 &&
		start_lambda echoes --quiet --env SLSMIDDLEWARES=tenant &&
		answers "{\"a\":\"é\"}" "{\"a\":\"é\",\"tenant\":null}" &&
		answers "{}" "{\"tenant\":null}" &&
		is_quiet
	'

	check "the README's middleware in $language takes 5.5 MB, and any line separators of Unicode" '
		from_readme $language &&
		{ printf "{\"a\":\"\342\200\250\302\205\", \"b\":" && large_event 5500000 && cat large && printf "}"; } >event &&
		runtime=../middlewares/language-runtimes/echoes-fast &&
		start_lambda "$runtime" --quiet --env SLSMIDDLEWARES=tenant &&
		invoke @event &&
		succeeded &&
		test "$(wc -c <response)" -gt 5500000
	'

	check "the README's middleware in $language ends at SIGTERM in time" '
		from_readme $language &&
		start_lambda echoes --quiet --env SLSMIDDLEWARES=tenant &&
		answers "{}" "{\"tenant\":null}" &&
		shutdown_takes 350 &&
		is_quiet
	'
done

finish

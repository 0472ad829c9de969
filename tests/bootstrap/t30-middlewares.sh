#!/bin/sh
description='middlewares: any executable can run around any handler'
. ./lib/lib.sh
. ./lib/robust.sh
. ./lib/middlewares.sh

# blames MIDDLEWARE HOOK REASON: the invocation failed in that hook for that reason.
blames() {
	has_failed Function.MiddlewareFailed &&
		says response "middleware $1 failed in its $2 hook: $3"
}

# says_only TYPE MESSAGE STACK: the only line of the log says that the invocation failed with these.
says_only() {
	same "	$(header x-amzn-requestid)	ERROR	Invoke Error 	{\"errorType\":\"$1\",\"errorMessage\":\"$2\",\"stack\":$3}" \
		"$(sed "s/^20[-0-9]*T[0-9:]*\.[0-9]*Z//" lambda.log)"
}

# The language runtime is the only child that bootstrap keeps. A zombie would count as a child.
no_hook_is_left() {
	has_one_child "$(bootstrap_pid)"
}

has_one_child() {
	test "$(wc -w <"/proc/$1/task/$1/children")" -eq 1
}

# Counts the descriptors of a process by kind.
descriptors_of() {
	readlink "/proc/$1/fd/"* | sed 's/:.*//' | sort | uniq -c
}

for overlap in off on
do
	check "overlap $overlap: a before hook behaves as in a shell pipe: echo EVENT | middleware before" '
		with notes --quiet &&
		answers "{\"foo\": \"bar\"}" "{\"foo\":\"bar\"}" &&
		echo "{\"foo\": \"bar\"}" | cmp - task/before.stdin &&
		same "$work/task/middlewares/notes before" "$(cat task/before.arguments)" &&
		is_quiet
	'

	check "overlap $overlap: an after hook gets the response" '
		with notes --quiet &&
		answers "{\"foo\": \"bar\"}" "{\"foo\":\"bar\"}" &&
		echo "{\"foo\": \"bar\"}" | cmp - task/after.stdin &&
		same "$work/task/middlewares/notes after" "$(cat task/after.arguments)" &&
		is_quiet
	'

	check "overlap $overlap: a hook gets an event of several lines as one line of the same JSON" '
		with notes &&
		printf "{\r\n\"a\": [\n1.0 ]}\n" >event &&
		invoke @event &&
		same_json "{\"a\":[1.0]}" task/before.stdin &&
		same 1 "$(wc -l <task/before.stdin)"
	'

	check "overlap $overlap: a hook that prints nothing leaves its input as it is, to the last digit" '
		with prints-nothing,reads-nothing &&
		invoke "{\"n\": 12345678901234567890.10, \"n\": 1E2}" &&
		same "{\"n\": 12345678901234567890.10, \"n\": 1E2}" "$(cat response)"
	'

	check "overlap $overlap: the output of a hook is passed on, several lines as one line" '
		with prints-on-several-lines,notes &&
		answers 1 "{\"a\":[1.0]}" &&
		same_json "{\"a\":[1.0]}" task/before.stdin &&
		same 1 "$(wc -l <task/before.stdin)"
	'

	check "overlap $overlap: before hooks run in order, and after hooks in reverse order" '
		with one,two,three &&
		answers "[\"event\"]" "[\"event\",\"one before\",\"two before\",\"three before\",
			\"three after\",\"two after\",\"one after\"]"
	'

	check "overlap $overlap: a chain of twenty middlewares works" '
		with "$(seq -s, 20 | sed "s/[0-9]*/adds-its-name/g")" &&
		invoke "[0]" &&
		same 20 "$(grep -o "adds-its-name before" response | wc -l)" &&
		same 20 "$(grep -o "adds-its-name after" response | wc -l)"
	'

	check "overlap $overlap: 5.5 MB go through a chain of three" '
		large_event 5500000 &&
		with_runtime echoes-fast copies,copies,copies &&
		invoke @large &&
		cmp large response
	'

	check "overlap $overlap: a middleware may leave an event of 5.5 MB unread" '
		large_event 5500000 &&
		with_runtime echoes-fast reads-nothing &&
		invoke @large &&
		cmp large response
	'

	check "overlap $overlap: a middleware may print more than a pipe holds before it reads" '
		large_event 5500000 &&
		with_runtime echoes-fast answers-before-it-reads &&
		invoke @large &&
		succeeded &&
		same 2000004 "$(wc -c <response)"
	'

	check "overlap $overlap: a middleware may write 10 MB to stderr" '
		with floods-stderr &&
		answers "{\"a\":1}" "{\"a\":1}" &&
		test "$(wc -c <lambda.log)" -gt 10000000
	'

	check "overlap $overlap: a grandchild that holds stdout open is killed and not waited for" '
		with leaves-a-grandchild &&
		answers 1 1 &&
		answers 2 2
	'

	check "overlap $overlap: a middleware that hangs is killed at the deadline, the error names it, and the next invocation works" '
		echo "[{\"on\":\"next\",\"nth\":1,\"do\":{\"deadlineMs\":1000}}]" >faults &&
		with hangs-on-demand --faults faults &&
		fails_with Function.Timeout "\"hang\"" &&
		says response "middleware hangs-on-demand had not ended its before hook" &&
		answers 1 1
	'

	check "overlap $overlap: a middleware that is killed by a signal fails the invocation, and does not end the environment" '
		with dies-of-a-signal &&
		invoke 1 &&
		blames dies-of-a-signal before "it was killed by signal 11 (SIGSEGV)" &&
		invoke 1 &&
		same 1 "$(journal "what == \"spawned\"" | wc -l)"
	'

	check "overlap $overlap: a before hook that exits with an error status fails the invocation" '
		with fails-in-before,notes &&
		invoke 1 &&
		blames fails-in-before before "it exited with status 3" &&
		fails_to test -s task/before.stdin
	'

	check "overlap $overlap: an after hook that exits with an error status fails the invocation" '
		with notes,fails-in-after &&
		invoke 1 &&
		blames fails-in-after after "it exited with status 3" &&
		fails_to test -s task/after.stdin
	'

	check "overlap $overlap: a middleware that is deleted after Init fails the invocation, and the error has its path" '
		with reads-nothing &&
		answers 1 1 &&
		rm task/middlewares/reads-nothing &&
		invoke 1 &&
		blames reads-nothing before "cannot start $work/task/middlewares/reads-nothing: No such file"
	'

	check "overlap $overlap: output that is not JSON fails the invocation, and is not quoted" '
		with prints-no-json &&
		invoke 1 &&
		blames prints-no-json before "it printed 16 bytes that are not JSON, wrong at line 1 column 12" &&
		fails_to grep secret response lambda.log
	'

	check "overlap $overlap: output of two JSON texts fails the invocation" '
		with prints-two-texts &&
		invoke 1 &&
		blames prints-two-texts before "it printed 5 bytes that are not JSON"
	'

	check "overlap $overlap: exit 99 in before responds, skips the later middlewares and the handler, and runs the after hooks of the earlier ones" '
		with adds-its-name,responds-early,notes --quiet &&
		answers "[\"event\"]" "[\"event\",\"adds-its-name before\",\"early\",\"adds-its-name after\"]" &&
		fails_to test -s task/before.stdin &&
		fails_to test -s task/after.stdin &&
		is_quiet
	'

	check "overlap $overlap: exit 99 without a response fails the invocation" '
		with ends-99-without-output &&
		invoke 1 &&
		blames ends-99-without-output before "it exited with status 99, which means an early response, but printed none"
	'

	check "overlap $overlap: exit 99 in after has no special meaning" '
		with ends-99-in-after &&
		invoke 1 &&
		blames ends-99-in-after after "it exited with status 99"
	'

	check "overlap $overlap: an error hook gets the error, and its output is the response" '
		with_runtime fails makes-a-response-of-errors &&
		answers 1 "{\"mended\":{\"errorType\":\"Boom\",\"errorMessage\":\"it went wrong\",\"stackTrace\":[\"here\"]}}"
	'

	check "overlap $overlap: an error hook runs when another middleware fails" '
		with makes-a-response-of-errors,fails-in-before &&
		invoke 1 &&
		succeeded &&
		says response "{\"mended\":{\"errorType\":\"Function.MiddlewareFailed\""
	'

	check "overlap $overlap: the error is kept if the error hook prints nothing" '
		with_runtime fails leaves-the-error,leaves-the-error &&
		fails_with Boom 1 &&
		same "error error " "$(tr "\n" " " <task/hooks)"
	'

	check "overlap $overlap: the error is kept if the error hook fails, and the failure is logged with the request id" '
		with_runtime fails fails-in-error --quiet &&
		fails_with Boom 1 &&
		says lambda.log "RequestId: $(header x-amzn-requestid) middleware fails-in-error failed in its error hook: it exited with status 1"
	'

	check "overlap $overlap: error hooks run in reverse order until one prints a response" '
		with_runtime fails leaves-the-error,makes-a-response-of-errors,leaves-the-error,leaves-the-error &&
		invoke 1 &&
		succeeded &&
		same 2 "$(wc -l <task/hooks)"
	'

	check "overlap $overlap: the environment of a hook has the facts of the invocation, and its working directory is the function'\''s folder" '
		with prints-its-environment &&
		began=$(now_ms) &&
		invoke 1 &&
		succeeded &&
		says response "\"requestId\":\"$(header x-amzn-requestid)\"" &&
		says response "\"functionArn\":\"arn:aws:lambda:us-east-1:012345678912:function:function\"" &&
		says response "\"traceId\":\"Root=1-" &&
		says response "\"folder\":\"$work/task\"" &&
		deadline=$(sed "s/.*\"deadlineMs\":\([0-9]*\).*/\1/" response) &&
		test "$deadline" -ge $((began + 59950)) &&
		test "$deadline" -le $(($(now_ms) + 59950))
	'
done

overlap=on

check 'with overlap, all before hooks are started at the same time' '
	with waits-for-the-next,starts-early &&
	answers 1 1
'

check 'with overlap, the after hooks are started while the handler runs' '
	with_runtime waits-for-after starts-early &&
	answers 1 1
'

check 'with overlap, a hook that is not needed is killed while it waits, and nothing is logged' '
	with responds-early,hangs-on-demand,starts-early,notes --quiet &&
	answers "[0]" "[0,\"early\"]" &&
	fails_to test -s task/before.stdin &&
	is_quiet &&
	within 1000 no_hook_is_left
'

check 'with overlap, a hook that is not needed because another failed is killed while it waits, and nothing is logged' '
	with fails-in-before,hangs-on-demand,starts-early,notes --quiet &&
	invoke 1 &&
	blames fails-in-before before "it exited with status 3" &&
	says_only Function.MiddlewareFailed "middleware fails-in-before failed in its before hook: it exited with status 3" "[]" &&
	within 1000 no_hook_is_left
'

check 'with overlap, the after hooks of a handler that failed are killed, and nothing is logged' '
	with_runtime fails starts-early,notes --quiet &&
	fails_with Boom 1 &&
	fails_to test -s task/after.stdin &&
	says_only Boom "it went wrong" "[\"here\"]" &&
	within 1000 no_hook_is_left
'

overlap=off

check 'without overlap, no hook is started before its turn' '
	with waits-for-the-next,starts-early &&
	invoke 1 &&
	blames waits-for-the-next before "it exited with status 1"
'

check 'white space around names, and empty names, are ignored' '
	with " one , two,, " &&
	answers "[0]" "[0,\"one before\",\"two before\",\"two after\",\"one after\"]"
'

for name in a/b ../bootstrap /bin/true . ..
do
	check "the name $name is an Init error" '
		with "one,$name" &&
		fails_with Runtime.NoMiddleware 1 &&
		says response "SLSMIDDLEWARES names \\\"$name\\\", which is not the name of a file in a middlewares folder"
	'
done

check 'a missing middleware is an Init error that names every place that was searched' '
	with one,no-such-one &&
	fails_with Runtime.NoMiddleware 1 &&
	says response "SLSMIDDLEWARES names \\\"no-such-one\\\"" &&
	says response "/opt/middlewares/no-such-one, $work/task/middlewares/no-such-one, ${bootstrap%/*}/middlewares/no-such-one"
'

check 'a middleware that is not executable is an Init error that names its path' '
	mkdir -p task/middlewares &&
	echo "#!/bin/sh" >task/middlewares/plain &&
	start_lambda echoes --env SLSMIDDLEWARES=plain &&
	fails_with Runtime.NoMiddleware 1 &&
	says response "$work/task/middlewares/plain is not an executable file"
'

check 'a folder is not accepted as a middleware' '
	with language-runtimes &&
	fails_with Runtime.NoMiddleware 1 &&
	says response "$work/task/middlewares/language-runtimes is not an executable file"
'

check 'a middleware beside bootstrap is found, and one of the function'\''s own takes precedence' '
	mkdir -p layer/middlewares &&
	cp "$bootstrap" layer/bootstrap &&
	cp "$tests/fakes/middlewares/adds-its-name" layer/middlewares/layers &&
	cp "$tests/fakes/middlewares/reads-nothing" layer/middlewares/one &&
	bootstrap=layer/bootstrap with one,layers &&
	answers "[0]" "[0,\"one before\",\"layers before\",\"layers after\",\"one after\"]"
'

check 'a middleware that prints without end fails the invocation' '
	mkdir -p task/middlewares &&
	printf "#!/bin/sh\nexec yes\n" >task/middlewares/floods &&
	chmod +x task/middlewares/floods &&
	start_lambda echoes --timeout 10 --env SLSMIDDLEWARES=floods &&
	invoke 1 &&
	blames floods before "it printed more than 67108864 bytes"
'

# The claim must hold for 10,000 invocations, which takes minutes: INVOCATIONS=10000 tests/run t30-middlewares.sh
invocations=${INVOCATIONS:-300}
for overlap in off on
do
	check "overlap $overlap: $invocations invocations with two middlewares leave no zombie and no descriptor" '
		with reads-nothing,prints-nothing --quiet &&
		answers 1 1 &&
		pid=$(bootstrap_pid) &&
		descriptors=$(descriptors_of "$pid") &&
		curl -sS --max-time 280 -H Content-Type: --data-binary 1 -o /dev/null -w "%{http_code}\n" \
			"$lambda_url/$invoke_path?[1-$invocations]" | sort | uniq -c >statuses &&
		same "$invocations 200" "$(echo $(cat statuses))" &&
		same "$descriptors" "$(descriptors_of "$pid")" &&
		within 1000 has_one_child "$pid"
	'
done

finish

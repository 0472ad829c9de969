#!/bin/sh
description='open-runtime middleware: it runs one hook as bootstrap does'
. ./lib/lib.sh

# hook NAME HOOK INPUT [OPTION…]: runs a hook of tests/fakes/middlewares. Its output is in output, the report of the run in report.
hook() {
	hook_path=$tests/fakes/middlewares/$1
	hook_name=$2
	printf '%s' "$3" >input
	shift 3
	"$open_runtime" middleware "$hook_path" "$hook_name" --env "OPEN_RUNTIME_TEST=$OPEN_RUNTIME_TEST" "$@" \
		<input >output 2>report
}

check 'stdout has the output of the hook, and the report says how bootstrap uses it' '
	ends_with 0 hook copies before "{\"foo\": \"bar\"}" &&
	same "{\"foo\": \"bar\"}" "$(cat output)" &&
	says report "before hook of copies" &&
	says report "status    0" &&
	says report "printed   14 bytes" &&
	says report "contract  met: the output goes on instead of the event" &&
	grep -Eq "time +[0-9]+\.[0-9]{2} ms" report
'

check '--json prints the output and the report as one object, and nothing else' '
	ends_with 0 hook copies before "{\"price\": 1.50}" --json &&
	same 1 "$(wc -l <output)" &&
	same "" "$(cat report)" &&
	says output "\"output\":{\"price\": 1.50}" &&
	same "copies before 0 True" "$(python3 -c "
import json
told = json.load(open(\"output\"))
assert told[\"durationMs\"] > 0 and told[\"readyMs\"] is None and not told[\"resident\"]
print(*(told[name] for name in (\"middleware\", \"hook\", \"status\", \"met\")))")" &&
	ends_with 1 hook prints-no-json before 1 --json &&
	same "None None False" "$(python3 -c "
import json
told = json.load(open(\"output\"))
print(*(told[name] for name in (\"output\", \"status\", \"met\")))")" &&
	says output "not met: it printed 16 bytes"
'

check 'the error for a misspelt middleware names the similar one in its folder' '
	ends_with 2 "$open_runtime" middleware "$tests/fakes/middlewares/copeis" before 2>report &&
	says report "did you mean \`$tests/fakes/middlewares/copies\`?" &&
	cp "$tests/fakes/middlewares/copies" . &&
	ends_with 2 "$open_runtime" middleware copys before 2>report &&
	says report "did you mean \`copies\`?" &&
	ends_with 2 "$open_runtime" middleware nonsense before 2>report &&
	fails_to grep "did you mean" report
'

check 'the error for a misspelt hook names the similar one' '
	ends_with 2 "$open_runtime" middleware any befor 2>report &&
	says report "similar value exists" &&
	says report before
'

check 'the hook gets its input on one line, as from bootstrap' '
	printf "{\r\n\"a\":\n1}" >event &&
	ends_with 0 hook notes after "$(cat event)" &&
	same_json "{\"a\":1}" after.stdin &&
	same 1 "$(wc -l <after.stdin)"
'

check 'a hook that prints nothing keeps the contract' '
	for hook in before after error
	do
		ends_with 0 hook reads-nothing $hook 1 &&
			same "" "$(cat output)" &&
			says report "as it is" || return
	done
'

check 'the report distinguishes an early response from other output' '
	ends_with 0 hook responds-early before "[1]" &&
	same_json "[1,\"early\"]" output &&
	says report "status    99" &&
	says report "contract  met: the output is the response"
'

check 'the report distinguishes an error hook that makes a response from one that does not' '
	ends_with 0 hook makes-a-response-of-errors error "{}" &&
	same_json "{\"mended\":{}}" output &&
	says report "met: the output is the response, and the invocation has not failed" &&
	ends_with 1 hook fails-in-error error "{}" &&
	says report "not met: it exited with status 1; the error stays as it is"
'

check 'a breach of the contract is status 1, and the report says why' '
	ends_with 1 hook fails-in-before before 1 &&
	says report "contract  not met: it exited with status 3; the invocation fails with Function.MiddlewareFailed" &&
	ends_with 1 hook prints-no-json before 1 &&
	says report "not met: it printed 16 bytes that are not JSON, wrong at line 1 column 12" &&
	ends_with 1 hook dies-of-a-signal before 1 &&
	says report "not met: it was killed by signal 11 (SIGSEGV)" &&
	ends_with 1 hook ends-99-in-after after 1 &&
	says report "not met: it exited with status 99"
'

check 'a hook that hangs is killed after the timeout with its children, and the status is 4' '
	ends_with 4 hook hangs-on-demand before "\"hang\"" --timeout 0.3 &&
	says report "seconds: middleware hangs-on-demand had not ended its before hook"
'

check 'the hook gets the environment of Lambda, and no other variable of the user' '
	export AWS_SECRET_ACCESS_KEY=secret MINE=mine SLSLOG=debug &&
	ends_with 0 hook prints-all-of-its-environment before 1 --env GIVEN=given --env MINE --request-id request-1 &&
	says environment "SLSREQUESTID=request-1" &&
	says environment "SLSFUNCTIONARN=arn:aws:lambda:us-east-1:012345678912:function:function" &&
	says environment "_X_AMZN_TRACE_ID=Root=1-" &&
	says environment "AWS_LAMBDA_FUNCTION_NAME=function" &&
	says environment "LAMBDA_TASK_ROOT=$work" &&
	says environment "PWD=$work" &&
	says environment "GIVEN=given" &&
	says environment "MINE=mine" &&
	says environment "SLSLOG=debug" &&
	fails_to says environment AWS_SECRET_ACCESS_KEY &&
	grep -Eq "^SLSDEADLINEMS=[0-9]{13}\$" environment &&
	grep -Eq "^PATH=.*:/opt/bin\$" environment
'

check 'the hook runs in the folder of the function' '
	mkdir function &&
	ends_with 0 hook notes before 1 --task-root function &&
	test -s function/before.stdin
'

check 'the path of a middleware may be relative, and may be a link' '
	ln -s "$tests/fakes/middlewares/copies" linked &&
	mkdir function &&
	echo 1 | "$open_runtime" middleware linked before --task-root function >output 2>report &&
	same 1 "$(cat output)" &&
	says report "hook of linked"
'

check 'an unknown hook, a missing executable, and an input that is not JSON are usage errors: status 2' '
	ends_with 2 hook copies during 1 &&
	ends_with 2 hook no-such-one before 1 &&
	says report "no-such-one is not an executable file" &&
	ends_with 2 hook language-runtimes before 1 &&
	ends_with 2 hook copies before "{" &&
	same "" "$(cat output)"
'

check 'a hook may read and print 5.5 MB' '
	{ printf "\"" && head -c 5500000 /dev/zero | tr "\0" x && printf "\"\n"; } >event &&
	"$open_runtime" middleware "$tests/fakes/middlewares/copies" before <event 2>report | cmp event -
'

check 'a resident middleware is started, runs one hook, and is stopped; the report has the time until it was ready' '
	ends_with 0 hook scripted before 1 --env "START=trap : TERM; sleep 0.1" --env "BEFORE=output [2]" &&
	same "[2]" "$(cat output)" &&
	says report "before hook of scripted" &&
	grep -Eq "^  ready +[0-9]{3,}\.[0-9]{2} ms\$" report &&
	grep -Eq "^  time +[0-9]+\.[0-9]{2} ms\$" report &&
	says report "answered  output of 3 bytes" &&
	says report "contract  met: the output goes on instead of the event" &&
	same "1 1 end" "$(echo $(wc -l <starts) $(wc -l <lines) $(cat ended))"
'

check 'a resident middleware that leaves the input, or responds, keeps the contract' '
	ends_with 0 hook scripted after 1 &&
	same "" "$(cat output)" &&
	says report "answered  nothing" &&
	says report "the response goes on as it is" &&
	ends_with 0 hook scripted before 1 --env "BEFORE=respond 2" &&
	same 2 "$(cat output)" &&
	says report "answered  a response of 1 bytes" &&
	says report "contract  met: the output is the response" &&
	ends_with 0 hook scripted error "{\"errorType\":\"E\"}" --env "ERROR=output 3" &&
	says report "met: the output is the response, and the invocation has not failed"
'

check 'a breach of the contract by a resident middleware is status 1, and the report says why' '
	ends_with 1 hook scripted before 1 --env "BEFORE=error Boom it-broke" &&
	says report "not met: middleware scripted failed in its before hook: Boom: it-broke; the invocation fails with Function.MiddlewareFailed" &&
	ends_with 1 hook scripted before 1 --env "BEFORE=exit 3" &&
	says report "not met: middleware scripted failed in its before hook: it exited with status 3" &&
	ends_with 1 hook scripted before 1 --env "START=exit 3" &&
	says report "not met: middleware scripted failed: it exited with status 3" &&
	ends_with 1 hook scripted after 1 --env "AFTER=respond 3" &&
	says report "not met: it answered with a response" &&
	same "" "$(cat output)"
'

check 'a resident middleware that hangs in a hook or before it is ready is killed after the timeout, and the status is 4' '
	ends_with 4 hook scripted before 1 --env "BEFORE=sleep 60" --timeout 0.3 &&
	says report "seconds: middleware scripted had not ended its before hook" &&
	ends_with 4 hook scripted before 1 --env "START=sleep 60" --timeout 0.3 &&
	says report "seconds: the middleware was not ready"
'

check 'a resident middleware that does not end by itself is killed with its children' '
	ends_with 0 hook scripted before 1 --env "START=trap \"\" TERM; sleep 60 &" --env "BEFORE=answer; sleep 60"
'

check 'a resident middleware gets the environment and the context of Lambda' '
	ends_with 0 hook scripted before 1 --env "START=env >environment" --env GIVEN=given --request-id request-1 &&
	says environment GIVEN=given &&
	says environment AWS_LAMBDA_FUNCTION_NAME=function &&
	says lines "\"context\":{\"requestId\":\"request-1\",\"deadlineMs\":" &&
	says lines "\"functionArn\":\"arn:aws:lambda:us-east-1:012345678912:function:function\""
'

check 'a serve that is not executable is a usage error that names it: status 2' '
	mkdir plain.d &&
	: >plain.d/serve &&
	ends_with 2 "$open_runtime" middleware plain before <plain.d/serve 2>report &&
	says report "plain.d/serve is not an executable file"
'

finish

#!/bin/sh
description='AWS_LAMBDA_EXEC_WRAPPER: a wrapper starts the language runtime, and bootstrap can be the wrapper of a managed runtime'
. ./lib/lib.sh
. ./lib/robust.sh

ours=$bootstrap # some tests replace $bootstrap

# wrapper BODY: writes the body into an executable script.
wrapper() {
	printf '#!/bin/sh\n%s\n' "$1" >wrapper.new &&
		chmod +x wrapper.new &&
		mv wrapper.new wrapper
}

# wrapped FUNCTION [OPTION…]: starts the function with that script as its wrapper.
wrapped() {
	start_lambda "$@" --env "AWS_LAMBDA_EXEC_WRAPPER=$work/wrapper"
}

check 'a wrapper starts the language runtime, and the variables that it sets are in the environment' '
	wrapper "export GREETING=hello; echo \"\$*\" >arguments; exec \"\$@\"" &&
	wrapped nodejs:handler.echo &&
	answers 1 1 &&
	says task/arguments "runtimes/nodejs/language-runtime" &&
	tr "\0" "\n" <"/proc/$(pgrep -P "$(bootstrap_pid)")/environ" >environ &&
	says environ GREETING=hello
'

check 'a _HANDLER that the wrapper sets is the handler' '
	wrapper "export _HANDLER=handler.fails; exec \"\$@\"" &&
	wrapped nodejs:handler.echo &&
	fails_with RangeError 1
'

check 'the wrapper also starts the language runtime that replaces one that exited' '
	wrapper "echo wrapped >>starts; exec \"\$@\"" &&
	wrapped nodejs:handler.exits &&
	fails_with Runtime.ExitError "{\"exit\": 3}" &&
	answers 1 1 &&
	same 2 "$(wc -l <task/starts)"
'

# The example of AWS's documentation, in sh: it inserts options before the last argument.
# shellcheck disable=SC2034 # the bodies of the checks use it
adds_options='for last; do :; done
count=$#
for each
do
	test $((count -= 1)) -gt 0 && set -- "$@" "$each"
	shift
done
set -- "$@" $ADDED "$last"
exec "$@"'

check 'options that a wrapper adds before the last argument reach the interpreter, and no variable of bootstrap is left in its environment' '
	wrapper "$adds_options" &&
	wrapped nodejs:handler.echo --env "ADDED=--expose-gc --stack-size=1000" &&
	answers 1 1 &&
	runtime=$(pgrep -P "$(bootstrap_pid)") &&
	tr "\0" " " <"/proc/$runtime/cmdline" >command &&
	says command "--expose-gc --stack-size=1000 " &&
	fails_to grep -q _OPEN_RUNTIME_WRAPPED "/proc/$runtime/environ" &&
	answers 2 2
'

check 'options that a wrapper adds reach Python' '
	wrapper "$adds_options" &&
	wrapped python:handler.echo --env "ADDED=-X importtime" &&
	answers 1 1 &&
	logged "import time:"
'

check 'the language runtime is started directly if no wrapper is set' '
	start_lambda describes-itself --env AWS_LAMBDA_EXEC_WRAPPER= &&
	is_ready &&
	says task/itself "handler: fake.handler"
'

check 'Init fails and names the variable and the file if the wrapper does not exist' '
	wrapped echoes &&
	init_fails Runtime.InvalidConfiguration "AWS_LAMBDA_EXEC_WRAPPER is \"$work/wrapper\", but must be the absolute path of an executable file"
'

check 'Init fails if the wrapper is not executable' '
	touch wrapper &&
	wrapped echoes &&
	init_fails Runtime.InvalidConfiguration "AWS_LAMBDA_EXEC_WRAPPER is"
'

check 'Init fails if the wrapper starts nothing' '
	wrapper "exit 7" &&
	wrapped echoes &&
	init_fails Runtime.ExitError "exited with status 7"
'

check 'bootstrap does not use itself as the wrapper of the language runtime' '
	ln -s "$bootstrap" open-runtime &&
	start_lambda nodejs:handler.echo --env "AWS_LAMBDA_EXEC_WRAPPER=$work/open-runtime" &&
	answers 1 1 &&
	case $(readlink "/proc/$(pgrep -P "$(bootstrap_pid)")/exe") in
	*/node) ;;
	*) false ;;
	esac
'

# On managed runtimes Lambda starts the wrapper like this: the command of the original runtime is its arguments.
check 'under the name open-runtime bootstrap is the wrapper, and ignores every AWS_LAMBDA_EXEC_WRAPPER' '
	ln -s "$bootstrap" open-runtime &&
	wrapper "echo wrapped >>starts; exec $work/open-runtime /var/lang/bin/node --expose-gc /var/runtime/index.mjs" &&
	bootstrap=$work/wrapper &&
	wrapped nodejs:handler.echo &&
	answers 1 1 &&
	same 1 "$(wc -l <task/starts)"
'

bootstrap=$ours

# managed HANDLER RUNTIME [OPTION…]: starts a function of that managed runtime.
managed() {
	handler_of_managed=$1
	runtime=$2
	shift 2
	start_lambda "$handler_of_managed" "--managed=$runtime" "$@"
}

check 'on a managed runtime the handler gets events as AWS sends them' '
	managed nodejs:handler.echo nodejs22.x &&
	answers "@$tests/events/sqs.json" "$(cat "$tests/events/sqs.json")"
'

check 'on a managed runtime SLSEVENTS=cloudevents gives the handler CloudEvents' '
	managed nodejs:handler.echo nodejs22.x --env SLSEVENTS=cloudevents &&
	invoke "@$tests/events/apigw-http-v2.json" &&
	says response "\"ce-type\":\"com.amazonaws.apigateway.http.v2\""
'

check 'SLSLOG=info logs once which form of events the handler gets, and why' '
	managed nodejs:handler.echo nodejs22.x --env SLSLOG=info &&
	answers 1 1 &&
	logged "the handler gets events as AWS sends them: this is the default on managed runtimes" &&
	stop_lambda &&
	start_lambda nodejs:handler.echo --env SLSLOG=info &&
	answers 1 1 &&
	logged "the handler gets events as CloudEvents: this is the default"
'

check 'Init fails if SLSEVENTS has both raw and cloudevents' '
	start_lambda nodejs:handler.echo --env SLSEVENTS=raw,cloudevents &&
	init_fails Runtime.InvalidConfiguration "SLSEVENTS is \"raw,cloudevents\", but must be either raw"
'

check 'SLSWRAPPER wraps the language runtime on a managed runtime' '
	wrapper "export GREETING=hello; echo wrapped >>starts; exec \"\$@\"" &&
	managed nodejs:handler.echo nodejs22.x --env "SLSWRAPPER=$work/wrapper" &&
	answers 1 1 &&
	same 1 "$(wc -l <task/starts)" &&
	tr "\0" "\n" <"/proc/$(pgrep -P "$(bootstrap_pid)")/environ" >environ &&
	says environ GREETING=hello
'

check 'Init fails and names SLSWRAPPER if that file does not exist' '
	start_lambda echoes --env "SLSWRAPPER=$work/nowhere" &&
	init_fails Runtime.InvalidConfiguration "SLSWRAPPER is \"$work/nowhere\""
'

for name in open-runtime bootstrap
do
	check "a wrapper that starts $name with its arguments starts the language runtime, once" '
		ln -s "$bootstrap" "$name" &&
		wrapper "echo wrapped >>starts; exec $work/$name \"\$@\"" &&
		wrapped nodejs:handler.echo &&
		answers 1 1 &&
		same 1 "$(wc -l <task/starts)" &&
		same 1 "$(grep -c "\"path\":\"/2020-01-01/extension/register\"" journal)"
	'
done

check 'Init fails without recursion if a wrapper starts bootstrap without its arguments' '
	wrapper "echo wrapped >>starts; exec $bootstrap" &&
	wrapped nodejs:handler.echo &&
	init_fails Runtime.ExitError "exited with status 1" &&
	logged "cannot start the language runtime from its wrapper: it has not passed on its arguments" &&
	same 2 "$(wc -l <task/starts)"
'

# package FILE TEXT: writes a file of the function.
package() {
	mkdir -p "task/${1%/*}" &&
		printf "%s\n" "$2" >"task/$1"
}

check 'bootstrap finds the handler of a package in node_modules' '
	package node_modules/vendor-wrapper/package.json "{\"main\":\"lib/main.js\"}" &&
	package node_modules/vendor-wrapper/lib/main.js "exports.handler = async () => 5;" &&
	package node_modules/@vendor/agent/handler.js "exports.handler = async () => 6;" &&
	start_lambda nodejs:vendor-wrapper.handler &&
	answers 1 5 &&
	stop_lambda &&
	start_lambda nodejs:node_modules/@vendor/agent/handler.handler &&
	answers 1 6
'

check 'bootstrap finds a handler by its absolute path' '
	mkdir -p layer/vendor &&
	echo "exports.handler = async () => 7;" >layer/vendor/handler.js &&
	start_lambda "nodejs:$work/layer/vendor/handler.handler" &&
	answers 1 7
'

check 'bootstrap finds the handler of a package in PYTHONPATH' '
	mkdir -p layer/vendor_lambda &&
	echo "handler = lambda event, context: 8" >layer/vendor_lambda/handler.py &&
	start_lambda python:vendor_lambda.handler.handler --env "PYTHONPATH=$work/layer" &&
	answers 1 8
'

check 'the handler file of the function takes precedence over a package of the same name' '
	mkdir -p layer &&
	echo "echo = lambda event, context: 8" >layer/handler.py &&
	start_lambda nodejs:handler.echo --env "PYTHONPATH=$work/layer" &&
	answers 1 1
'

check 'on a managed runtime the language of that runtime loads a handler that bootstrap does not find' '
	managed nodejs:nowhere_to_be.found python3.13 &&
	init_fails Runtime.ImportModuleError "Unable to import module"
'

check 'the command that the wrapper is given also selects the language' '
	ln -s "$bootstrap" open-runtime &&
	wrapper "exec $work/open-runtime /var/lang/bin/python3.13 /var/runtime/bootstrap.py" &&
	bootstrap=$work/wrapper &&
	start_lambda nodejs:nowhere_to_be.found &&
	init_fails Runtime.ImportModuleError "Unable to import module"
'

bootstrap=$ours

check 'outside managed runtimes Init fails and names the places and SLSRUNTIME if the handler is not found' '
	start_lambda nodejs:nowhere_to_be.found &&
	init_fails Runtime.NoLanguageRuntime "/opt/python" &&
	logged "set SLSRUNTIME to the language"
'

check 'a handler name without a dot is malformed' '
	start_lambda nodejs:handler &&
	init_fails Runtime.MalformedHandlerName "is not of the form file.function"
'

check 'Init fails and says what to do for TypeScript, and for a file with a dot before its extension' '
	package app.d/my.func.js "exports.handler = async () => 9;" &&
	start_lambda nodejs:app.d/my.func.handler &&
	init_fails Runtime.NoLanguageRuntime "rename a file with a dot before its extension" &&
	stop_lambda &&
	package app.d/typed.ts "export const handler = async (): Promise<number> => 9;" &&
	start_lambda nodejs:app.d/typed.handler &&
	logged "compile TypeScript" &&
	logged runtimes/ts/language-runtime
'

check 'a dot in the name of a folder does not end the file name of the handler' '
	package app.d/my.js "exports.func = { handler: async () => 9 };" &&
	start_lambda nodejs:app.d/my.func.handler &&
	answers 1 9
'

finish

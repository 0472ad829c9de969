#!/bin/sh
description='AWS_LAMBDA_EXEC_WRAPPER: others wrap the language runtime, and bootstrap is a wrapper itself'
. ./lib.sh
. ./robust.sh

# wrapper BODY: makes an executable script of it.
wrapper() {
	printf '#!/bin/sh\n%s\n' "$1" >wrapper.new &&
		chmod +x wrapper.new &&
		mv wrapper.new wrapper
}

# wrapped FUNCTION [OPTION…]: starts it with that script.
wrapped() {
	start_lambda "$@" --env "AWS_LAMBDA_EXEC_WRAPPER=$work/wrapper"
}

check 'the wrapper starts the language runtime, with what it sets in the environment' '
	wrapper "export GREETING=hello; echo \"\$*\" >arguments; exec \"\$@\"" &&
	wrapped nodejs:handler.echo &&
	answers 1 1 &&
	says task/arguments "runtimes/nodejs/language-runtime" &&
	tr "\0" "\n" <"/proc/$(pgrep -P "$(bootstrap_pid)")/environ" >environ &&
	says environ GREETING=hello
'

check 'another _HANDLER, which the wrapper sets, is the handler' '
	wrapper "export _HANDLER=handler.fails; exec \"\$@\"" &&
	wrapped nodejs:handler.echo &&
	fails_with RangeError 1
'

check 'the language runtime that comes after one that died is wrapped, too' '
	wrapper "echo wrapped >>starts; exec \"\$@\"" &&
	wrapped nodejs:handler.exits &&
	fails_with Runtime.ExitError "{\"exit\": 3}" &&
	answers 1 1 &&
	same 2 "$(wc -l <task/starts)"
'

check 'without a wrapper there is none' '
	start_lambda describes-itself --env AWS_LAMBDA_EXEC_WRAPPER= &&
	is_ready &&
	says task/itself "handler: fake.handler"
'

check 'a wrapper that is not there is a failed Init that names the variable and the file' '
	wrapped echoes &&
	init_fails Runtime.InvalidConfiguration "AWS_LAMBDA_EXEC_WRAPPER is \"$work/wrapper\", but must be the absolute path of an executable file"
'

check 'a wrapper without the execute bit is a failed Init' '
	touch wrapper &&
	wrapped echoes &&
	init_fails Runtime.InvalidConfiguration "AWS_LAMBDA_EXEC_WRAPPER is"
'

check 'a wrapper that starts nothing is a failed Init' '
	wrapper "exit 7" &&
	wrapped echoes &&
	init_fails Runtime.ExitError "exited with status 7"
'

check 'bootstrap never wraps the language runtime with itself' '
	ln -s "$bootstrap" open-runtime &&
	start_lambda nodejs:handler.echo --env "AWS_LAMBDA_EXEC_WRAPPER=$work/open-runtime" &&
	answers 1 1 &&
	case $(readlink "/proc/$(pgrep -P "$(bootstrap_pid)")/exe") in
	*/node) ;;
	*) false ;;
	esac
'

# So Lambda starts it on its managed runtimes: with the command of the original runtime as arguments.
check 'as open-runtime it is the wrapper, and honours none: not even one that has started it' '
	ln -s "$bootstrap" open-runtime &&
	wrapper "echo wrapped >>starts; exec $work/open-runtime /var/lang/bin/node --expose-gc /var/runtime/index.mjs" &&
	bootstrap=$work/wrapper &&
	wrapped nodejs:handler.echo &&
	answers 1 1 &&
	same 1 "$(wc -l <task/starts)"
'

finish

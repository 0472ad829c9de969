# shellcheck shell=sh
# The Lambda of the tests, for lib.sh: open-runtime plays Lambda, and bootstrap is the real one. All files are in $work: task (the
# function), journal, lambda.log, and the response, headers and status of the latest invocation.

repository=${tests:?}
repository=${repository%/*}
case $(uname -m) in
aarch64 | arm64)
	arch=arm64
	;;
*)
	arch=x86_64
	;;
esac
open_runtime=${OPEN_RUNTIME:-$repository/dist/open-runtime}
bootstrap=${BOOTSTRAP:-$repository/dist/$arch/bootstrap}
invoke_path=2015-03-31/functions/function/invocations

# Variables that the user set for their own functions must not affect the tests.
for name in $(env | sed -n 's/^\(SLS[A-Z]*\)=.*/\1/p')
do
	unset "$name"
done

# start_lambda FUNCTION [OPTION…]: starts `open-runtime serve` with these options. The default timeout is a minute, because a
# machine may be busy. FUNCTION is LANGUAGE:HANDLER for a handler in tests/fakes/handlers/LANGUAGE, or the name of a fake in
# tests/fakes/runtimes, which has no handler.
start_lambda() {
	make_task "$1" &&
		shift &&
		serve_task "$@"
}

# start_again HANDLER [OPTION…]: serves the folder task as it is.
start_again() {
	handler=$1 fake=
	shift
	serve_task "$@"
}

# serve_task [OPTION…]: serves the folder task, with $handler, or with $fake if there is one.
serve_task() {
	test -z "$fake" || set -- --env "SLSRUNTIME=$fake" "$@"
	case " $* " in
	*' --timeout '*) ;;
	*) set -- --timeout 60 "$@" ;;
	esac
	rm -f port
	"$open_runtime" serve "$handler" --port 0 --port-file port --journal journal --bootstrap "$bootstrap" \
		--task-root task --env "OPEN_RUNTIME_TEST=$OPEN_RUNTIME_TEST" "$@" >lambda.out 2>lambda.log &
	lambda_pid=$!
	at_end stop_lambda
	within 30000 lambda_is_up_or_gone &&
		test -s port || return
	lambda_url=http://127.0.0.1:$(cat port)
}

# Sets handler, and fake (empty if there is none). Copies the handlers into the folder task.
make_task() {
	mkdir -p task
	case $1 in
	*:*)
		fake=
		handler=${1#*:}
		cp -RP "$tests/fakes/handlers/${1%%:*}/." task
		;;
	*)
		fake=$tests/fakes/runtimes/$1
		handler=fake.handler
		test -x "$fake" || {
			echo "there is no fake $fake"
			return 1
		}
		;;
	esac
}

lambda_is_up_or_gone() {
	test -s port || ! kill -0 "$lambda_pid" 2>/dev/null
}

# header NAME: prints that header of the latest response.
header() {
	grep -i "^$1:" headers | sed 's/^[^:]*: *//' | tr -d '\r'
}

# Ends the Lambda as Ctrl-C does. Fails if bootstrap left a process behind.
stop_lambda() {
	test -n "$lambda_pid" || return 0
	kill -TERM "$lambda_pid" 2>/dev/null
	wait "$lambda_pid"
	lambda_status=$?
	lambda_pid=
	same 0 "$lambda_status" &&
		same '' "$(journal "what == 'stray'")"
}
lambda_pid=

# invoke EVENT [CURL-OPTION…]: invokes the function. EVENT is JSON, or @FILE.
invoke() {
	event=$1
	shift
	status=$(curl -sS --max-time 60 -o response -D headers -w '%{http_code}' -H Expect: -H Content-Type: \
		--data-binary "$event" "$@" "$lambda_url/$invoke_path") || return
	echo "$status" >status
}

# batch SOURCE TEXT…: prints an event of sqs, fifo, kinesis, dynamodb or kafka with a record for each text, named 1, 2, 3…
batch() {
	python3 "$tests/lib/batch.py" "$@"
}

# answers EVENT RESPONSE: the function answers with that JSON.
answers() {
	invoke "$1" &&
		succeeded &&
		same_json "$2" response
}

# fails_with TYPE EVENT: the invocation ends in a function error of that errorType.
fails_with() {
	invoke "$2" &&
		has_failed "$1"
}

succeeded() {
	same 200 "$(cat status)" &&
		same '' "$(grep -i '^x-amz-function-error:' headers)" && return
	head -c 4096 response
	return 1
}

has_failed() {
	grep -qi '^x-amz-function-error:' headers &&
		says response '"errorType"' &&
		same "$1" "$(python3 -c 'import json; print(json.load(open("response"))["errorType"])')" && return
	head -c 4096 response
	return 1
}

# journal CONDITION: prints the lines of the journal for which the condition is true. It is a Python expression over their
# members. Absent members are None.
journal() {
	python3 "$tests/lib/journal.py" journal "$1"
}

# said CONDITION: the journal has a line for which the condition is true.
said() {
	test -n "$(journal "$1")"
}

# Prints the pid of the latest bootstrap.
bootstrap_pid() {
	journal "what == 'spawned'" | tail -n 1 | sed 's/.*"pid": *\([0-9]*\).*/\1/'
}

# terminate [SIGNAL]: sends bootstrap a signal, SIGTERM by default.
terminate() {
	terminated=$(bootstrap_pid) &&
		kill -"${1:-TERM}" "$terminated"
}

# exits_with STATUS: the bootstrap that got the signal ends with that exit status, within a second.
exits_with() {
	within 1000 said "what == 'exit' and pid == $terminated" &&
		same "exit status: $1" "$(journal "what == 'exit' and pid == $terminated" | sed 's/.*"status": *"\([^"]*\)".*/\1/')"
}

# Prints what happened, after a failure.
show_lambda() {
	for evidence in lambda.log journal
	do
		test ! -s "$evidence" || {
			echo "$evidence:"
			tail -n 30 "$evidence" | cut -c -1000
		}
	done
}

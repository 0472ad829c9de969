# shellcheck shell=sh
# For the files that make things go wrong: what fakes are told, faults of the Runtime API, and what bootstrap says about it.
# To be read after lib.sh.

# faulty FUNCTION FAULTS [OPTION…]: start_lambda with scripted faults, a JSON list without its brackets.
faulty() {
	faulty=$1
	printf '[%s]' "$2" >faults
	shift 2
	start_lambda "$faulty" --faults faults "$@"
}

# given MS NTH FUNCTION [OPTION…]: starts a Lambda that gives the NTH invocation (or every one) so many ms, and lets a minute
# pass before it ends an environment itself: what bootstrap does with its time can be told on a machine that is busy, too.
given() {
	given_ms=$1 given_function=$3 faults=
	for nth in $2
	do
		test "$nth" != every || nth='"every"'
		faults="$faults,{\"on\":\"next\",\"nth\":$nth,\"do\":{\"deadlineMs\":$given_ms}}"
	done
	shift 3
	faulty "$given_function" "${faults#,}" --timeout 60 "$@"
}

# tell COMMAND: an event for the fake that obeys. Quotes and backslashes must be escaped as in JSON.
tell() {
	invoke "\"$1\""
}

# start_invoking EVENT [CURL-OPTION…]: invokes in the background. has_answer: it is over.
start_invoking() {
	rm -f status
	invoke "$@" &
	at_end "wait $! || :" # it may be cut off
}

has_answer() {
	within 30000 test -s status
}

# failed TYPE TEXT: the latest invocation ended in a function error of that type, and its message contains the text.
failed() {
	grep -qi '^x-amz-function-error:' headers &&
		says response "\"errorType\":\"$1\"" &&
		says response "$2"
}

# failed_so TYPE TEXT COMMAND: what the fake that obeys does when told so fails the invocation, and the next one succeeds.
failed_so() {
	tell "$3" &&
		failed "$1" "$2" &&
		answers '":"' '":"'
}

# init_fails TYPE TEXT: the Init phase is reported as failed, once, with that type and text, and bootstrap exits with status 1.
init_fails() {
	bootstrap_exits 1 &&
		same 1 "$(grep -c '"path":"/2018-06-01/runtime/init/error"' journal)" &&
		says journal "\"lambda-runtime-function-error-type\":\"$1\"" &&
		says journal "\\\"errorType\\\":\\\"$1\\\"" &&
		has_logged Init "$1" "$2"
}

# has_logged WHAT TYPE [TEXT]: the log says once that Init, or an Invoke, failed with that type, and that text in its message.
has_logged() {
	within 10000 grep -q "	ERROR	$1 Error 	{\"errorType\":\"$2\"" lambda.log &&
		same 1 "$(grep -c "	ERROR	$1 Error 	" lambda.log)" &&
		sed "s/\\\\\"/\"/g" lambda.log >unescaped &&
		says unescaped "${3:-$2}"
}

# bootstrap_exits STATUS: the first one has, or soon does.
bootstrap_exits() {
	within 30000 grep -q '"what":"exit"' journal &&
		says journal "\"status\":\"exit status: $1\""
}

# logged TEXT: it is in the log, or will be soon.
logged() {
	within 10000 grep -qF -e "$1" lambda.log || {
		echo "lambda.log does not say: $1"
		return 1
	}
}

# logged_times NUMBER TEXT: so many lines of the log have it, or will soon.
logged_times() {
	within 10000 has_lines "$1" "$2" lambda.log
}

# has_lines NUMBER TEXT FILE
has_lines() {
	same "$1" "$(grep -cF -e "$2" "$3")" >/dev/null
}

# starts NUMBER: the fake has been started so often (those that obey, and all that are made of it, count).
starts() {
	same "$1" "$(wc -l <task/starts)"
}

# is_ready: Init is over.
is_ready() {
	within 30000 grep -q '"what":"init"' journal
}

# runtime_pid: the pid of the latest language runtime.
runtime_pid() {
	tail -n 1 task/starts
}

# is_gone PID
is_gone() {
	fails_to kill -0 "$1" 2>/dev/null
}

# bootstrap_process: the pid of the first one.
bootstrap_process() {
	sed -n 's/.*"pid":\([0-9]*\),"what":"spawned".*/\1/p' journal | head -n 1
}

# children: the pids of those of the first bootstrap: the language runtime, as a rule.
children() {
	pgrep -P "$(bootstrap_process)"
}

# shutdown_takes MS: Lambda's SIGTERM ends bootstrap within so many milliseconds, with status 0 and nothing left.
shutdown_takes() {
	stop_lambda &&
		bootstrap_exits 0 &&
		took=$(awk -F '[:,.]' '/"what":"kill"/ { sent = $2 } /"what":"exit"/ { print $2 - sent; exit }' journal) &&
		test "$took" -le "$1" && return
	echo "took ${took:-too many} ms"
	return 1
}

# asked TEXT: how many requests to the Runtime API have that in their path.
asked() {
	grep -c "\"path\":\"[^\"]*$1" journal
}

# memory NAME: of bootstrap, in KB, as /proc/PID/status has it: VmRSS, VmHWM (the peak).
memory() {
	sed -n "s/^$1:[^0-9]*\([0-9]*\) kB/\1/p" "/proc/$(bootstrap_process)/status"
}

# executable FILE LINES: a script.
executable() {
	mkdir -p "$(dirname "$1")" &&
		printf '#!/bin/sh\n%s\n' "$2" >"$1" &&
		chmod +x "$1"
}

# large_event BYTES: in the file large, a JSON string.
large_event() {
	{
		printf '"'
		head -c $(($1 - 2)) /dev/zero | tr '\0' x
		printf '"'
	} >large
}

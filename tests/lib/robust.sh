# shellcheck shell=sh
# For tests of failures: commands for fakes, faults of the Runtime API, and the reports of bootstrap. Sourced after lib.sh.

# faulty FUNCTION FAULTS [OPTION…]: start_lambda with scripted faults. FAULTS is a JSON list without its brackets.
faulty() {
	faulty=$1
	printf '[%s]' "$2" >faults
	shift 2
	start_lambda "$faulty" --faults faults "$@"
}

# given MS NTH FUNCTION [OPTION…]: starts a Lambda that gives the NTH invocation (or every one) this many ms. It ends an
# environment itself only after a minute, so that the test sees on a busy machine, too, what bootstrap does with its time.
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

# tell COMMAND: invokes the fake that obeys, with this command. Quotes and backslashes must be escaped as in JSON.
tell() {
	invoke "\"$1\""
}

# start_invoking EVENT [CURL-OPTION…]: invokes in the background. has_answer: that invocation has ended.
start_invoking() {
	rm -f status
	invoke "$@" &
	at_end "wait $! || :" # the connection may be closed early
}

has_answer() {
	within 30000 test -s status
}

# failed TYPE TEXT: the latest invocation ended with a function error of that type, and its message contains the text.
failed() {
	grep -qi '^x-amz-function-error:' headers &&
		says response "\"errorType\":\"$1\"" &&
		says response "$2"
}

# failed_so TYPE TEXT COMMAND: with this command the fake that obeys fails the invocation like this, and the next one succeeds.
failed_so() {
	tell "$3" &&
		failed "$1" "$2" &&
		answers '":"' '":"'
}

# init_fails TYPE TEXT: bootstrap reports once that Init failed, with that type and text, and exits with status 1.
init_fails() {
	bootstrap_exits 1 &&
		same 1 "$(grep -c '"path":"/2018-06-01/runtime/init/error"' journal)" &&
		says journal "\"lambda-runtime-function-error-type\":\"$1\"" &&
		says journal "\\\"errorType\\\":\\\"$1\\\"" &&
		has_logged Init "$1" "$2" &&
		fails_to grep "Lambda could not be told" lambda.log
}

# has_logged WHAT TYPE [TEXT]: the log says once that WHAT (Init or Invoke) failed with that type, and the text in its message.
has_logged() {
	within 10000 grep -q "	ERROR	$1 Error 	{\"errorType\":\"$2\"" lambda.log &&
		same 1 "$(grep -c "	ERROR	$1 Error 	" lambda.log)" &&
		sed "s/\\\\\"/\"/g" lambda.log >unescaped &&
		says unescaped "${3:-$2}"
}

# bootstrap_exits STATUS: the first bootstrap exited with that status, or does so soon.
bootstrap_exits() {
	within 30000 grep -q '"what":"exit"' journal &&
		says journal "\"status\":\"exit status: $1\""
}

# logged TEXT: the log contains the text, or does so soon.
logged() {
	within 10000 grep -qF -e "$1" lambda.log || {
		echo "lambda.log does not say: $1"
		return 1
	}
}

# logged_times NUMBER TEXT: this many lines of the log contain the text, or do so soon.
logged_times() {
	within 10000 has_lines "$1" "$2" lambda.log
}

# has_lines NUMBER TEXT FILE: this many lines of the file contain the text.
has_lines() {
	same "$1" "$(grep -cF -e "$2" "$3")" >/dev/null
}

# starts NUMBER: the fake was started this many times (the fake that obeys, and those based on it, count their starts).
starts() {
	same "$1" "$(wc -l <task/starts)"
}

# is_ready: Init has ended.
is_ready() {
	within 30000 grep -q '"what":"init"' journal
}

# runtime_pid: prints the pid of the latest language runtime.
runtime_pid() {
	tail -n 1 task/starts
}

# is_gone PID
is_gone() {
	fails_to kill -0 "$1" 2>/dev/null
}

# bootstrap_process: prints the pid of the first bootstrap.
bootstrap_process() {
	sed -n 's/.*"pid":\([0-9]*\),"what":"spawned".*/\1/p' journal | head -n 1
}

# children: prints the pids of the children of the first bootstrap, usually the language runtime alone.
children() {
	pgrep -P "$(bootstrap_process)"
}

# shutdown_takes MS: after Lambda's SIGTERM bootstrap exits within this many milliseconds with status 0, and leaves no process.
shutdown_takes() {
	stop_lambda &&
		bootstrap_exits 0 &&
		took=$(awk -F '[:,.]' '/"what":"kill"/ { sent = $2 } /"what":"exit"/ { print $2 - sent; exit }' journal) &&
		test "$took" -le "$1" && return
	echo "took ${took:-too many} ms"
	return 1
}

# asked TEXT: prints how many requests to the Runtime API have the text in their path.
asked() {
	grep -c "\"path\":\"[^\"]*$1" journal
}

# memory NAME: prints a field of /proc/PID/status of bootstrap in KB: VmRSS, or VmHWM (the peak).
memory() {
	sed -n "s/^$1:[^0-9]*\([0-9]*\) kB/\1/p" "/proc/$(bootstrap_process)/status"
}

# executable FILE LINES: writes a shell script of these lines.
executable() {
	mkdir -p "$(dirname "$1")" &&
		printf '#!/bin/sh\n%s\n' "$2" >"$1" &&
		chmod +x "$1"
}

# large_event BYTES: writes a JSON string of this size into the file large.
large_event() {
	{
		printf '"'
		head -c $(($1 - 2)) /dev/zero | tr '\0' x
		printf '"'
	} >large
}

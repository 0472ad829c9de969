# shellcheck shell=sh
# For tests of resident middlewares: one that a test scripts. Sourced after middlewares.sh.

# scripted [NAME=COMMAND…] [OPTION…]: starts a Lambda with the resident middleware that runs these commands.
scripted() {
	arguments=$#
	while test "$arguments" -gt 0
	do
		case $1 in
		*=*)
			set -- "$@" --env
			;;
		esac
		set -- "$@" "$1"
		shift
		arguments=$((arguments - 1))
	done
	test ! -e faults || set -- "$@" --faults faults
	with "${names:-scripted}" --quiet "$@"
}

# short NTH…: the following Lambda gives these invocations one second.
short() {
	printf '[' >faults
	for nth
	do
		printf '{"on":"next","nth":%s,"do":{"deadlineMs":1000}},' "$nth"
	done | sed 's/,$/]/' >>faults
}

# blames HOOK REASON: the invocation failed in that hook of the scripted middleware for that reason.
blames() {
	has_failed Function.MiddlewareFailed &&
		says response "middleware scripted failed in its $1 hook: $2"
}

# ends_now PID: kills the process, and waits until bootstrap knows.
ends_now() {
	kill -9 "$1" &&
		within 5000 is_gone "$1"
}

# resident_pid: prints the pid of the latest start of the scripted middleware.
resident_pid() {
	tail -n 1 task/starts
}

# lines NUMBER: the scripted middleware got this many lines.
lines() {
	same "$1" "$(wc -l <task/lines)"
}

# reads_its_input PID: it waits for a line.
reads_its_input() {
	grep -q "^0 0x0" "/proc/$1/syscall"
}

has_children() {
	same "$1" "$(children | wc -l)"
}

# has_timed_out HOOK: the latest invocation ended at its deadline, in that hook of the scripted middleware.
has_timed_out() {
	failed Function.Timeout "Task timed out after " &&
		says response "middleware scripted had not ended its $1 hook"
}

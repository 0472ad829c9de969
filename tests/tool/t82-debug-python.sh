#!/bin/sh
description='remote debugging of Python, with pdb and with debugpy'
. ./lib/lib.sh
. ./lib/robust.sh
. ./lib/debug.sh

needs socat

# debugged_python [FUNCTION [TIMEOUT]]
debugged_python() {
	start_lambda "python:debugged.${1:-stops}" --env "SLSDEBUG=127.0.0.1:*" --timeout "${2:-60}"
}

# terminal PORT LINE…: connects to that port and types each line at a prompt. Then it disconnects, or when it is told to.
terminal() {
	rm -f hang-up
	type_lines "$@" 2>typed.err | {
		within 30000 listens "$1" &&
			socat - "TCP:127.0.0.1:$1"
	} >terminal.out 2>terminal.err &
	at_end "touch hang-up; wait $!"
}

type_lines() {
	shift
	prompts=0
	for typed
	do
		prompts=$((prompts + 1))
		within 10000 has_prompts "$prompts" >&2 || return
		echo "$typed"
	done
	within 10000 test -e hang-up >&2
}

has_prompts() {
	test "$(grep -o "(Pdb)" terminal.out | wc -l)" -ge "$1"
}

# Behind the call; from Python 3.13 on at the call, where the step before has been, too.
is_at_breakpoint() {
	grep -q -e "-> return" terminal.out || test "$(grep -c -e "-> breakpoint()" terminal.out)" -ge 2
}

# is_debugged_in_python PORT: pdb stops the invocation, and the next one, which asks for no debugger, works.
is_debugged_in_python() {
	answers "$(key "$1")" "$response" &&
		says terminal.out "-> secret = 40 + 2" &&
		says terminal.out "(Pdb) 42" &&
		is_at_breakpoint &&
		fails_to grep -q "no debugger" lambda.log
}

check 'Python: pdb accepts a terminal at the outer port of the relay, twice in a row' '
	relay &&
	debugged_python &&
	for _ in 1 2
	do
		terminal "$outer" n "p secret" c c &&
		is_debugged_in_python "$inner" &&
		touch hang-up || return
	done &&
	answers "{}" "{\"secret\":42,\"has\":[]}"
'

check 'Python: pdb accepts a terminal at the inner port of the relay' '
	relay &&
	debugged_python &&
	terminal "$inner" n "p secret" c c &&
	is_debugged_in_python "$outer"
'

check 'Python: pdb stops async handlers' '
	relay &&
	debugged_python stops_async &&
	terminal "$outer" n "p secret" c &&
	is_debugged_in_python "$inner"
'

check 'Python: the handler continues after quit in pdb' '
	relay &&
	debugged_python &&
	terminal "$outer" q q &&
	answers "$(key "$inner")" "$response" &&
	answers "{}" "{\"secret\":42,\"has\":[]}"
'

check 'Python: the handler continues if the terminal disconnects at the prompt' '
	relay &&
	debugged_python &&
	terminal "$outer" n &&
	start_invoking "$(key "$inner")" &&
	within 5000 has_prompts 2 &&
	touch hang-up &&
	has_answer &&
	same_json "$response" response &&
	answers "{}" "{\"secret\":42,\"has\":[]}"
'

check 'Python: if the host refuses the connection, the invocation continues and the next one works' '
	choose_ports &&
	debugged_python stops 2 &&
	answers "$(key "$outer")" "$response" &&
	logged "no debugger: cannot connect to the relay in time (latest error: Connection refused)" &&
	answers "{}" "{\"secret\":42,\"has\":[]}"
'

check 'Python: if the relay never sends anything, the invocation continues and the next one works' '
	listener &&
	debugged_python stops 2 &&
	answers "$(key "$outer")" "$response" &&
	logged "no debugger: none sent anything in time" &&
	answers "{}" "{\"secret\":42,\"has\":[]}"
'

check 'Python: SIGTERM at the prompt raises an exception where the handler stands, and the next invocation works' '
	relay &&
	debugged_python stops 5 &&
	terminal "$outer" n &&
	invoke "$(key "$inner")" &&
	failed Function.Timeout "seconds: the handler had not answered" &&
	says response "in stops" &&
	answers "{}" "{\"secret\":42,\"has\":[]}"
'

# install_debugpy: installs it from PyPI, once.
install_debugpy() {
	test -d "$DEBUGGERS/python-$debugpy/debugpy" ||
		python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$DEBUGGERS/python-$debugpy" \
			--require-hashes --requirement "$tests/tool/debug/requirements.txt"
}
debugpy=$(sed -n "s/^debugpy==//p" "$tests/tool/debug/requirements.in")

fetch debugpy install_debugpy

# debugged_by_debugpy [NTH MS]: starts a function that contains debugpy. The NTH invocation has this many ms.
debugged_by_debugpy() {
	mkdir task &&
		ln -s "$DEBUGGERS/python-$debugpy/debugpy" task/debugpy &&
		given "${2:-60000}" "${1:-every}" python:debugged.plain --env "SLSDEBUG=127.0.0.1:*" &&
		at_end end_debugpy
}

# end_debugpy: waits for the end of its adapter, a daemon, which exits by itself soon after the language runtime.
end_debugpy() {
	kill -9 "$(children)" &&
		within 10000 has_no_daemon
}

has_no_daemon() {
	test "$(pgrep -P "$lambda_pid")" = "$(bootstrap_process)"
}

# adapter PORT resume|stay|go: starts tests/tool/debug/attach.py.
adapter() {
	python3 "$tests/tool/debug/attach.py" "$1" task/debugged.py 9 "$2" >adapter.out 2>&1 &
	at_end "kill -9 $! 2>/dev/null; true"
}

# is_debugged_by_debugpy PORT
is_debugged_by_debugpy() {
	answers "$(key "$1")" "$response" &&
		says adapter.out "paused in plain at line 9: 42" &&
		within 10000 says adapter.out disconnected &&
		fails_to grep -q "no debugger" lambda.log
}

check 'Python: debugpy accepts a debugger at the outer port of the relay, twice in a row' '
	relay &&
	debugged_by_debugpy &&
	for _ in 1 2
	do
		adapter "$outer" resume &&
		is_debugged_by_debugpy "$inner" || return
	done &&
	answers "{}" "{\"secret\":42,\"has\":[]}"
'

check 'Python: debugpy accepts a debugger at the inner port of the relay' '
	relay &&
	debugged_by_debugpy &&
	adapter "$inner" resume &&
	is_debugged_by_debugpy "$outer"
'

check 'Python: the handler continues if a debugger of debugpy disconnects at a breakpoint' '
	relay &&
	debugged_by_debugpy &&
	adapter "$outer" go &&
	answers "$(key "$inner")" "$response" &&
	says adapter.out "paused in plain" &&
	answers "{}" "{\"secret\":42,\"has\":[]}"
'

check 'Python: without a debugger for debugpy the invocation continues, and the next one works' '
	relay &&
	debugged_by_debugpy 2 8000 &&
	adapter "$outer" resume &&
	answers "$(key "$inner")" "$response" &&
	choose_ports &&
	answers "$(key "$outer")" "$response" &&
	logged "no debugger: none attached within" &&
	answers "{}" "{\"secret\":42,\"has\":[]}"
'

check 'Python: SIGTERM at a breakpoint of debugpy raises an exception where the handler stands, and the next invocation works' '
	relay &&
	debugged_by_debugpy &&
	adapter "$outer" stay &&
	start_invoking "$(key "$inner")" &&
	within 30000 says adapter.out "paused in plain" &&
	warn &&
	has_answer &&
	failed Function.Timeout "the handler was still running" &&
	says response "in plain" &&
	answers "{}" "{\"secret\":42,\"has\":[]}" &&
	within 10000 says adapter.out disconnected &&
	adapter "$outer" resume &&
	is_debugged_by_debugpy "$inner"
'

finish

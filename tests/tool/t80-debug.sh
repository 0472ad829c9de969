#!/bin/sh
description='remote debugging: the language runtime connects to the debugger that the event names, if SLSDEBUG permits it'
. ./lib/lib.sh
. ./lib/robust.sh

DEBUGGERS=$repository/.cache/debug
export DEBUGGERS

# install_debuggers: installs them from npm, once.
install_debuggers() {
	mkdir -p "$DEBUGGERS" && "$tests/lib/npm-install" "$tests/tool/debug" "$DEBUGGERS/npm"
}

# install_debugpy: installs it from PyPI, once.
install_debugpy() {
	test -d "$DEBUGGERS/python-$debugpy/debugpy" ||
		python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$DEBUGGERS/python-$debugpy" \
			--require-hashes --requirement "$tests/tool/debug/requirements.txt"
}
debugpy=$(sed -n "s/^debugpy==//p" "$tests/tool/debug/requirements.in")

# choose_ports: sets outer and inner to two free ports.
choose_ports() {
	free=$(python3 -c '
import socket
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(socket.getsockname()[1] for socket in sockets))')
	outer=${free% *} inner=${free#* }
}

# relay: starts the relay of the README. It listens on the inner port after a connection to the outer one.
relay() {
	choose_ports
	socat -v "TCP-LISTEN:$outer,reuseaddr,fork" "TCP-LISTEN:$inner,reuseaddr" 2>relay.log &
	at_end "pkill -P $!; kill $!"
	within 30000 listens "$outer"
}

# listens PORT
listens() {
	grep -q "$(printf ':%04X 00000000:0000 0A' "$1")" /proc/net/tcp
}

# debugger ARGUMENT…: starts tests/tool/debug/attach.cjs.
debugger() {
	TOKEN=$(token) node "$tests/tool/debug/attach.cjs" "$@" >debugger.out 2>&1 &
	at_end "kill -9 $! 2>/dev/null; true"
}

# token: prints the latest token that open-runtime printed.
token() {
	cat relay.log invoke.log lambda.log 2>/dev/null | sed -n "s,.*inspector.html?ws=[^/]*/,,p" | tail -n 1 | grep . || echo any
}

# debugged [TIMEOUT]: starts a function that may be debugged from this machine.
debugged() {
	start_lambda nodejs:debugged.stops --env "SLSDEBUG=127.0.0.1:*" --timeout "${1:-60}"
}

# key PORT[/break]: prints the event that asks for a debugger at that port.
key() {
	printf '{"_debugProxy":"127.0.0.1:%s"}' "$1"
}

response='{"secret":42,"has":["_debugProxy"]}'

# is_debugged PORT: the invocation stops, the debugger sees it, and the handler answers.
is_debugged() {
	answers "$(key "$1")" "$response" &&
		within 10000 says debugger.out "paused in exports.stops at line 3: 42" &&
		within 10000 says debugger.out disconnected
}

# goes_on: the invocation answers without a debugger, well before its deadline.
goes_on() {
	answers "$(key "$1")" "$response" &&
		logged "no debugger: none attached within" &&
		answers "{}" "{\"secret\":42,\"has\":[]}"
}

# warn: sends SIGTERM to the process group of the language runtime, as bootstrap does when little time is left.
warn() {
	kill -TERM "-$(children)"
}

# is_closed: the language runtime has no child and no TCP socket: no tunnel, no inspector.
is_closed() {
	node_pid=$(children) &&
		same "" "$(pgrep -P "$node_pid")" &&
		same "" "$(sockets "$node_pid")"
}

# sockets PID: prints the TCP sockets of a process.
sockets() {
	for socket in $(find "/proc/$1/fd" -lname 'socket:*' -printf '%l\n' | tr -dc '0-9\n')
	do
		awk -v inode="$socket" '$10 == inode' /proc/net/tcp /proc/net/tcp6
	done
}

# listener: starts a listener that reports each connection.
listener() {
	choose_ports
	python3 -c '
import socket, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
open("listening", "w").close()
held = [server.accept()]
open("connected", "w").close()
server.accept()' "$outer" &
	at_end "kill -9 $! 2>/dev/null; true"
	within 30000 test -e listening
}

needs node

check 'without SLSDEBUG the key stays in the event, a warning is logged, and no connection or process is started' '
	listener &&
	start_lambda nodejs:debugged.stops &&
	answers "{}" "{\"secret\":42,\"has\":[]}" &&
	answers "$(key "$outer")" "$response" &&
	is_closed &&
	logged_times 1 "goes on without one: SLSDEBUG is not set" &&
	fails_to test -e connected
'

check 'no connection is made to a host or port that SLSDEBUG does not list' '
	listener &&
	start_lambda nodejs:debugged.stops --env "SLSDEBUG=127.0.0.1:$inner,localhost:$outer" &&
	answers "$(key "$outer")" "$response" &&
	logged "SLSDEBUG does not list the host and port that it names" &&
	fails_to grep -q "$outer" lambda.log &&
	fails_to test -e connected
'

check 'a key that is not a host and port is refused' '
	debugged &&
	answers "{\"_debugProxy\":\"127.0.0.1\"}" "$response" &&
	logged "what it names is not \"host:port\""
'

check 'SLSDEBUG=* is logged as a warning' '
	start_lambda echoes --env "SLSDEBUG=*" &&
	logged "SLSDEBUG has *"
'

check 'the language runtime gets the permitted debugger of free-form JSON, events of AWS and CloudEvents' '
	start_lambda shows-its-call --env "SLSDEBUG=[::1]:9,a.example:*" --env SLSEVENTS=batch &&
	for event in "{\"_debugProxy\":\"[::1]:9/break\"}" \
		"{\"_debugProxy\":\"[::1]:9/break\",\"Records\":[{\"eventSource\":\"aws:sqs\",\"messageId\":\"1\",\"body\":\"\"}]}" \
		"{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"t\",\"debugproxy\":\"[::1]:9/break\"}"
	do
		invoke "$event" &&
		says response "\"debug\":{\"host\":\"::1\",\"port\":9,\"break\":true}" || return
	done
'

check 'if the host refuses the connection, the invocation continues and the next one works' '
	choose_ports &&
	debugged 2 &&
	goes_on "$outer" &&
	logged "ECONNREFUSED" &&
	is_closed
'

check 'if the relay never sends anything, the invocation continues and the next one works' '
	listener &&
	debugged 2 &&
	goes_on "$outer" &&
	is_closed
'

needs socat
fetch chrome-remote-interface install_debuggers

check 'a debugger attaches at the outer port of the relay, before the function' '
	relay &&
	debugger "$outer" resume &&
	debugged &&
	is_debugged "$inner" &&
	is_closed
'

check 'a debugger attaches at the inner port of the relay' '
	relay &&
	debugged &&
	debugger "$inner" resume &&
	is_debugged "$outer" &&
	is_closed
'

check 'a debugger attaches after the function connected to the relay' '
	relay &&
	debugged &&
	start_invoking "$(key "$inner")" &&
	logged "Debugger listening" &&
	debugger "$outer" resume &&
	has_answer &&
	same_json "$response" response &&
	says debugger.out "paused in exports.stops at line 3: 42"
'

check 'a debugger attaches to two invocations in a row' '
	relay &&
	debugged &&
	for _ in 1 2
	do
		debugger "$outer" resume &&
		is_debugged "$inner" || return
	done &&
	answers "{}" "{\"secret\":42,\"has\":[]}"
'

check 'with /break the handler stops at its first line' '
	relay &&
	debugged &&
	debugger "$outer" resume &&
	answers "$(key "$inner/break")" "$response" &&
	within 10000 says debugger.out "paused in exports.stops at line 2"
'

check 'the handler continues if the debugger disconnects at a breakpoint' '
	relay &&
	debugged &&
	debugger "$outer" go &&
	answers "$(key "$inner")" "$response" &&
	says debugger.out "paused in exports.stops" &&
	answers "{}" "{\"secret\":42,\"has\":[]}"
'

check 'another debugger may attach if one disconnects before the handler started' '
	relay &&
	debugged &&
	debugger "$outer" resume first &&
	start_invoking "$(key "$inner")" &&
	within 10000 says debugger.out attached &&
	debugger "$outer" resume &&
	has_answer &&
	same_json "$response" response &&
	says debugger.out "paused in exports.stops at line 3: 42"
'

check 'the invocation continues if a debugger attaches and never starts the handler' '
	relay &&
	debugged 16 &&
	debugger "$outer" idle &&
	answers "$(key "$inner")" "$response" &&
	within 5000 said "what == '"'invocation'"' and 7000 < ms < 15500" &&
	within 10000 says debugger.out disconnected &&
	answers "{}" "{\"secret\":42,\"has\":[]}"
'

check 'SIGTERM disconnects a debugger that stays at a breakpoint, and the handler continues in the remaining time' '
	relay &&
	debugged 60 &&
	debugger "$outer" stay &&
	start_invoking "$(key "$inner")" &&
	within 30000 says debugger.out "paused in exports.stops" &&
	warn &&
	has_answer &&
	same_json "$response" response &&
	answers "{}" "{\"secret\":42,\"has\":[]}" &&
	same 1 "$(grep -c "\"what\":\"spawned\"" journal)"
'

check 'node inspect attaches, reads a variable and resumes' '
	relay &&
	debugged &&
	start_invoking "$(key "$inner")" &&
	{
		within 10000 says inspect.out "debugger;" >&2
		echo "exec secret"
		within 10000 says inspect.out 42 >&2
		echo cont
		has_answer >&2
	} 2>inspect.err | node inspect "127.0.0.1:$outer" >inspect.out &&
	same_json "$response" response
'

needs node
test -e "$DEBUGGERS/npm/installed" || missing=chrome-remote-interface

# own_relay: starts the relay of open-runtime.
own_relay() {
	choose_ports
	"$open_runtime" debug-relay --port "$outer" --function-port "$inner" 2>relay.log &
	relay_pid=$!
	at_end "kill -9 $relay_pid 2>/dev/null; true"
	within 10000 says relay.log "inspector.html?ws=127.0.0.1:$outer/"
}

check 'debug-relay connects a debugger with several functions in turn, and ends at Ctrl-C' '
	own_relay &&
	debugged &&
	for _ in 1 2
	do
		debugger "$outer" resume &&
		is_debugged "$inner" || return
	done &&
	start_invoking "$(key "$inner")" &&
	logged "Debugger listening" &&
	debugger "$outer" resume &&
	has_answer &&
	same_json "$response" response &&
	kill -INT $relay_pid &&
	wait $relay_pid
'

check 'debug-relay drops a function that closed its connection' '
	own_relay &&
	debugged 1 &&
	goes_on "$inner" &&
	stop_lambda &&
	rm journal &&
	debugged &&
	debugger "$outer" resume &&
	is_debugged "$inner"
'

check 'the error of debug-relay names a port that is in use' '
	listener &&
	fails_to "$open_runtime" debug-relay --port "$outer" --function-port 0 2>out &&
	says out "cannot listen on 127.0.0.1:$outer"
'

check 'invoke --debug prints the URL, stops at the first line, and does not change the event' '
	make_task nodejs:debugged.stops &&
	"$open_runtime" invoke debugged.stops --debug --bootstrap "$bootstrap" --task-root task >response 2>invoke.log &
	at_end "wait $!" &&
	within 10000 says invoke.log "inspector.html?ws=" &&
	outer=$(sed -n "s,.*ws=127.0.0.1:\([0-9]*\)/.*,\1,p" invoke.log) &&
	debugger "$outer" resume &&
	within 10000 test -s response &&
	same_json "{\"secret\":42,\"has\":[]}" response &&
	says debugger.out "paused in exports.stops at line 2"
'

check 'invoke --debug=PORT expects the debugger at that port' '
	choose_ports
	make_task nodejs:debugged.stops &&
	"$open_runtime" invoke debugged.stops "--debug=$outer" --bootstrap "$bootstrap" --task-root task >response 2>invoke.log &
	at_end "wait $!" &&
	within 10000 says invoke.log "inspector.html?ws=127.0.0.1:$outer/" &&
	debugger "$outer" resume &&
	within 10000 test -s response &&
	same_json "{\"secret\":42,\"has\":[]}" response
'

check 'with serve --debug=PORT each invocation waits for a debugger at that port' '
	choose_ports
	start_lambda nodejs:debugged.stops "--debug=$outer" &&
	for _ in 1 2
	do
		start_invoking "{}" &&
		debugger "$outer" resume &&
		has_answer &&
		same_json "{\"secret\":42,\"has\":[]}" response || return
	done
'

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

# is_debugged_in_python PORT: pdb stops the invocation, and the next one, which asks for no debugger, works.
is_debugged_in_python() {
	answers "$(key "$1")" "$response" &&
		says terminal.out "-> secret = 40 + 2" &&
		says terminal.out "(Pdb) 42" &&
		says terminal.out "-> return" &&
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
	debugged_python stops 2 &&
	terminal "$outer" n &&
	invoke "$(key "$inner")" &&
	failed Function.Timeout "seconds: the handler had not answered" &&
	says response "in stops" &&
	answers "{}" "{\"secret\":42,\"has\":[]}"
'

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
	answers "{}" "{\"secret\":42,\"has\":[]}"
'

finish

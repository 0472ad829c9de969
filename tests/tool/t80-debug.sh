#!/bin/sh
description='remote debugging: the debugger is where the event says, if SLSDEBUG permits that'
. ./lib/lib.sh
. ./lib/robust.sh

DEBUGGERS=$repository/.cache/debug
export DEBUGGERS

# install_debuggers: from npm, once.
install_debuggers() {
	mkdir -p "$DEBUGGERS" && "$tests/lib/npm-install" "$tests/tool/debug" "$DEBUGGERS/npm"
}

# install_debugpy: from PyPI, once.
install_debugpy() {
	test -d "$DEBUGGERS/python-$debugpy/debugpy" ||
		python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$DEBUGGERS/python-$debugpy" \
			--require-hashes --requirement "$tests/tool/debug/requirements.txt"
}
debugpy=$(sed -n "s/^debugpy==//p" "$tests/tool/debug/requirements.in")

# choose_ports: sets outer and inner, two that are free.
choose_ports() {
	free=$(python3 -c '
import socket
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(socket.getsockname()[1] for socket in sockets))')
	outer=${free% *} inner=${free#* }
}

# relay: that of the README, which listens on the inner port when the outer one has been connected to.
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

# token: what open-runtime has printed last.
token() {
	cat relay.log invoke.log lambda.log 2>/dev/null | sed -n "s,.*inspector.html?ws=[^/]*/,,p" | tail -n 1 | grep . || echo any
}

# debugged [TIMEOUT]: a function that may be debugged from this machine.
debugged() {
	start_lambda nodejs:debugged.stops --env "SLSDEBUG=127.0.0.1:*" --timeout "${1:-60}"
}

# key PORT[/break]: the event that asks for a debugger there.
key() {
	printf '{"_debugProxy":"127.0.0.1:%s"}' "$1"
}

response='{"secret":42,"has":["_debugProxy"]}'

# is_debugged PORT: the invocation stops where the debugger sees it, and answers.
is_debugged() {
	answers "$(key "$1")" "$response" &&
		within 10000 says debugger.out "paused in exports.stops at line 3: 42" &&
		within 10000 says debugger.out disconnected
}

# goes_on: without a debugger, in a good time before its deadline.
goes_on() {
	answers "$(key "$1")" "$response" &&
		logged "no debugger: none attached within" &&
		answers "{}" "{\"secret\":42,\"has\":[]}"
}

# warn: the language runtime and its group get SIGTERM, as from bootstrap when little time is left.
warn() {
	kill -TERM "-$(children)"
}

# is_closed: the language runtime has no child and no TCP socket: no tunnel, no inspector.
is_closed() {
	node_pid=$(children) &&
		same "" "$(pgrep -P "$node_pid")" &&
		same "" "$(sockets "$node_pid")"
}

# sockets PID: the TCP sockets of a process.
sockets() {
	for socket in $(find "/proc/$1/fd" -lname 'socket:*' -printf '%l\n' | tr -dc '0-9\n')
	do
		awk -v inode="$socket" '$10 == inode' /proc/net/tcp /proc/net/tcp6
	done
}

# listener: one that says when somebody connects.
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

check 'without SLSDEBUG the key stays in the event, and there is a warning, no connection, no process' '
	listener &&
	start_lambda nodejs:debugged.stops &&
	answers "{}" "{\"secret\":42,\"has\":[]}" &&
	answers "$(key "$outer")" "$response" &&
	is_closed &&
	logged_times 1 "goes on without one: SLSDEBUG is not set" &&
	fails_to test -e connected
'

check 'a host or a port that SLSDEBUG does not list is not connected to' '
	listener &&
	start_lambda nodejs:debugged.stops --env "SLSDEBUG=127.0.0.1:$inner,localhost:$outer" &&
	answers "$(key "$outer")" "$response" &&
	logged "SLSDEBUG does not list the host and port that it names" &&
	fails_to grep -q "$outer" lambda.log &&
	fails_to test -e connected
'

check 'a key that is no host and port is refused' '
	debugged &&
	answers "{\"_debugProxy\":\"127.0.0.1\"}" "$response" &&
	logged "what it names is not \"host:port\""
'

check 'SLSDEBUG=* is warned of' '
	start_lambda echoes --env "SLSDEBUG=*" &&
	logged "SLSDEBUG has *"
'

check 'the language runtime is told what is permitted: of free-form JSON, of events of AWS, of CloudEvents' '
	start_lambda shows-its-call --env "SLSDEBUG=[::1]:9,a.example:*" --env SLSEVENTS=batch &&
	for event in "{\"_debugProxy\":\"[::1]:9/break\"}" \
		"{\"_debugProxy\":\"[::1]:9/break\",\"Records\":[{\"eventSource\":\"aws:sqs\",\"messageId\":\"1\",\"body\":\"\"}]}" \
		"{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"t\",\"debugproxy\":\"[::1]:9/break\"}"
	do
		invoke "$event" &&
		says response "\"debug\":{\"host\":\"::1\",\"port\":9,\"break\":true}" || return
	done
'

check 'a refused host: the invocation goes on, and the next one works' '
	choose_ports &&
	debugged 2 &&
	goes_on "$outer" &&
	logged "ECONNREFUSED" &&
	is_closed
'

check 'a relay that never says anything: the invocation goes on, and the next one works' '
	listener &&
	debugged 2 &&
	goes_on "$outer" &&
	is_closed
'

needs socat
fetch chrome-remote-interface install_debuggers

check 'a debugger on the outer port of the relay, that comes first' '
	relay &&
	debugger "$outer" resume &&
	debugged &&
	is_debugged "$inner" &&
	is_closed
'

check 'a debugger on the inner port of the relay' '
	relay &&
	debugged &&
	debugger "$inner" resume &&
	is_debugged "$outer" &&
	is_closed
'

check 'the function comes first' '
	relay &&
	debugged &&
	start_invoking "$(key "$inner")" &&
	logged "Debugger listening" &&
	debugger "$outer" resume &&
	has_answer &&
	same_json "$response" response &&
	says debugger.out "paused in exports.stops at line 3: 42"
'

check 'two invocations in a row' '
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

check 'a debugger that goes away at the breakpoint: the handler goes on' '
	relay &&
	debugged &&
	debugger "$outer" go &&
	answers "$(key "$inner")" "$response" &&
	says debugger.out "paused in exports.stops" &&
	answers "{}" "{\"secret\":42,\"has\":[]}"
'

check 'a debugger that goes away before the handler has begun: another one may come' '
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

check 'a debugger that attaches and never starts the handler: the invocation goes on' '
	relay &&
	debugged 16 &&
	debugger "$outer" idle &&
	answers "$(key "$inner")" "$response" &&
	within 5000 said "what == '"'invocation'"' and 7000 < ms < 15500" &&
	within 10000 says debugger.out disconnected &&
	answers "{}" "{\"secret\":42,\"has\":[]}"
'

check 'a debugger that stays at the breakpoint is cut off by SIGTERM, and the handler goes on in the time that is left' '
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

# own_relay: that of open-runtime.
own_relay() {
	choose_ports
	"$open_runtime" debug-relay --port "$outer" --function-port "$inner" 2>relay.log &
	relay_pid=$!
	at_end "kill -9 $relay_pid 2>/dev/null; true"
	within 10000 says relay.log "inspector.html?ws=127.0.0.1:$outer/"
}

check 'debug-relay brings them together, several functions in turn, and ends with Ctrl-C' '
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

check 'debug-relay forgets a function that has given up' '
	own_relay &&
	debugged 1 &&
	goes_on "$inner" &&
	stop_lambda &&
	rm journal &&
	debugged &&
	debugger "$outer" resume &&
	is_debugged "$inner"
'

check 'debug-relay says which port is taken' '
	listener &&
	fails_to "$open_runtime" debug-relay --port "$outer" --function-port 0 2>out &&
	says out "cannot listen on 127.0.0.1:$outer"
'

check 'invoke --debug prints the URL, stops at the first line, and leaves the event alone' '
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

check 'invoke --debug=PORT has the debugger at that port' '
	choose_ports
	make_task nodejs:debugged.stops &&
	"$open_runtime" invoke debugged.stops "--debug=$outer" --bootstrap "$bootstrap" --task-root task >response 2>invoke.log &
	at_end "wait $!" &&
	within 10000 says invoke.log "inspector.html?ws=127.0.0.1:$outer/" &&
	debugger "$outer" resume &&
	within 10000 test -s response &&
	same_json "{\"secret\":42,\"has\":[]}" response
'

check 'serve --debug=PORT has each invocation wait for a debugger at that port' '
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

# terminal PORT LINE…: types the lines into whatever is at that port, each at a prompt; then hangs up, or when told so.
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

# is_debugged_in_python PORT: and the next one, which asks for no debugger, works.
is_debugged_in_python() {
	answers "$(key "$1")" "$response" &&
		says terminal.out "-> secret = 40 + 2" &&
		says terminal.out "(Pdb) 42" &&
		says terminal.out "-> return" &&
		fails_to grep -q "no debugger" lambda.log
}

check 'Python: pdb for a terminal on the outer port of the relay, twice in a row' '
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

check 'Python: pdb for a terminal on the inner port of the relay' '
	relay &&
	debugged_python &&
	terminal "$inner" n "p secret" c c &&
	is_debugged_in_python "$outer"
'

check 'Python: async handlers' '
	relay &&
	debugged_python stops_async &&
	terminal "$outer" n "p secret" c &&
	is_debugged_in_python "$inner"
'

check 'Python: to quit pdb is to let the handler go on' '
	relay &&
	debugged_python &&
	terminal "$outer" q q &&
	answers "$(key "$inner")" "$response" &&
	answers "{}" "{\"secret\":42,\"has\":[]}"
'

check 'Python: a terminal that goes away at the prompt: the handler goes on' '
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

check 'Python: a refused host: the invocation goes on, and the next one works' '
	choose_ports &&
	debugged_python stops 2 &&
	answers "$(key "$outer")" "$response" &&
	logged "no debugger: cannot connect to the relay in time (latest error: Connection refused)" &&
	answers "{}" "{\"secret\":42,\"has\":[]}"
'

check 'Python: a relay that never says anything: the invocation goes on, and the next one works' '
	listener &&
	debugged_python stops 2 &&
	answers "$(key "$outer")" "$response" &&
	logged "no debugger: none sent anything in time" &&
	answers "{}" "{\"secret\":42,\"has\":[]}"
'

check 'Python: at the prompt SIGTERM is raised where the handler is, and the next invocation works' '
	relay &&
	debugged_python stops 2 &&
	terminal "$outer" n &&
	invoke "$(key "$inner")" &&
	failed Function.Timeout "seconds: the handler had not answered" &&
	says response "in stops" &&
	answers "{}" "{\"secret\":42,\"has\":[]}"
'

fetch debugpy install_debugpy

# debugged_by_debugpy [NTH MS]: a function that brings it, and has so many ms for the NTH invocation.
debugged_by_debugpy() {
	mkdir task &&
		ln -s "$DEBUGGERS/python-$debugpy/debugpy" task/debugpy &&
		given "${2:-60000}" "${1:-every}" python:debugged.plain --env "SLSDEBUG=127.0.0.1:*" &&
		at_end end_debugpy
}

# end_debugpy: its adapter is a daemon, and ends by itself soon after the language runtime that it listens for.
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

check 'Python: debugpy for a debugger on the outer port of the relay, twice in a row' '
	relay &&
	debugged_by_debugpy &&
	for _ in 1 2
	do
		adapter "$outer" resume &&
		is_debugged_by_debugpy "$inner" || return
	done &&
	answers "{}" "{\"secret\":42,\"has\":[]}"
'

check 'Python: debugpy for a debugger on the inner port of the relay' '
	relay &&
	debugged_by_debugpy &&
	adapter "$inner" resume &&
	is_debugged_by_debugpy "$outer"
'

check 'Python: a debugger of debugpy that goes away at the breakpoint: the handler goes on' '
	relay &&
	debugged_by_debugpy &&
	adapter "$outer" go &&
	answers "$(key "$inner")" "$response" &&
	says adapter.out "paused in plain" &&
	answers "{}" "{\"secret\":42,\"has\":[]}"
'

check 'Python: without a debugger for debugpy the invocation goes on, and the next one works' '
	relay &&
	debugged_by_debugpy 2 8000 &&
	adapter "$outer" resume &&
	answers "$(key "$inner")" "$response" &&
	choose_ports &&
	answers "$(key "$outer")" "$response" &&
	logged "no debugger: none attached within" &&
	answers "{}" "{\"secret\":42,\"has\":[]}"
'

check 'Python: at a breakpoint of debugpy SIGTERM is raised where the handler is, and the next invocation works' '
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

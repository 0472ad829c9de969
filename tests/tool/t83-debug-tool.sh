#!/bin/sh
description='open-runtime connects debuggers: debug-relay, and the option --debug of invoke and serve'
. ./lib/lib.sh
. ./lib/robust.sh
. ./lib/debug.sh

needs node
fetch chrome-remote-interface install_debuggers

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

check 'with --watch and --debug-port a debugger attaches again after a change, and has the new code' '
	choose_ports
	start_lambda nodejs:debugged.stops --debug-port "$outer" --watch &&
	start_invoking "{}" &&
	debugger "$outer" resume &&
	has_answer &&
	same_json "{\"secret\":42,\"has\":[]}" response &&
	sed -i "s/40 + 2/40 + 3/" task/debugged.js &&
	start_invoking "{}" &&
	debugger "$outer" resume &&
	has_answer &&
	same_json "{\"secret\":43,\"has\":[]}" response &&
	logged "debugged.js changed: Init took"
'

finish

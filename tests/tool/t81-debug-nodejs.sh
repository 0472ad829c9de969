#!/bin/sh
description='remote debugging of Node.js: debuggers attach, leave, or never come'
. ./lib/lib.sh
. ./lib/robust.sh
. ./lib/debug.sh

needs node

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

finish

#!/bin/sh
description='remote debugging of Ruby, with rdbg and as VS Code does'
. ./lib/lib.sh
. ./lib/robust.sh
. ./lib/debug.sh

needs socat ruby

# debugged_ruby [FUNCTION [TIMEOUT]]
debugged_ruby() {
	start_lambda "ruby:debugged.${1:-stops}" --env "SLSDEBUG=127.0.0.1:*" --timeout "${2:-60}"
}

# rdbg PORT LINE…: attaches the gem's own client to that port, and types the lines. It disconnects when it is told to.
rdbg() {
	rm -f hang-up
	type_all "$@" 2>typed.err | {
		within 30000 listens "$1" &&
			ruby -e 'load Gem.bin_path("debug", "rdbg")' -- --attach 127.0.0.1 "$1"
	} >rdbg.out 2>rdbg.err &
	at_end "touch hang-up; pkill -f -- '--attach 127.0.0.1 $1'; wait $!; true"
}

# is_debugged_in_ruby PORT: the invocation stops at its first line and at `debugger`, and the handler answers.
is_debugged_in_ruby() {
	answers "$(key "$1")" "$response" &&
		rdbg_stopped_at 2 &&
		rdbg_stopped_at 3 &&
		says rdbg.out "=> 42" &&
		fails_to grep -q "no debugger" lambda.log
}

# rdbg_stopped_at LINE: without the colours of the terminal.
rdbg_stopped_at() {
	sed "s/$(printf '\033')\[[0-9;]*m//g" rdbg.out | grep -q "^=> *$1|"
}

check 'Ruby: rdbg attaches at the outer port of the relay, twice in a row' '
	relay &&
	debugged_ruby &&
	for _ in 1 2
	do
		rdbg "$outer" c "p secret" c &&
		is_debugged_in_ruby "$inner" &&
		touch hang-up || return
	done &&
	answers "{}" "{\"secret\":42,\"has\":[]}"
'

check 'Ruby: rdbg attaches at the inner port of the relay' '
	relay &&
	debugged_ruby &&
	rdbg "$inner" c "p secret" c &&
	is_debugged_in_ruby "$outer"
'

for word in quit q! kill
do
	check "Ruby: the handler continues after $word in rdbg, and the next invocation is debugged" '
		relay &&
		debugged_ruby &&
		rdbg "$outer" "$word" &&
		answers "$(key "$inner")" "$response" &&
		touch hang-up &&
		rdbg "$outer" c "p secret" c &&
		is_debugged_in_ruby "$inner"
	'
done

check 'Ruby: the handler continues if rdbg disconnects in a stop' '
	relay &&
	debugged_ruby &&
	rdbg "$outer" &&
	start_invoking "$(key "$inner")" &&
	within 30000 rdbg_stopped_at 2 &&
	kill -9 "$(pgrep -f "attach 127.0.0.1 $outer")" &&
	has_answer &&
	same_json "$response" response &&
	answers "{}" "{\"secret\":42,\"has\":[]}"
'

check 'Ruby: SIGTERM in a stop raises an exception where the handler stands, and the next invocation works' '
	relay &&
	debugged_ruby &&
	rdbg "$outer" &&
	start_invoking "$(key "$inner")" &&
	within 30000 rdbg_stopped_at 2 &&
	warn &&
	has_answer &&
	failed Function.Timeout "the handler was still running" &&
	says response "debugged.rb:2" &&
	fails_to grep -q "/debug-" response &&
	answers "{}" "{\"secret\":42,\"has\":[]}" &&
	fails_to grep -q "DEBUGGER" lambda.log
'

check 'Ruby: if the host refuses the connection, the invocation continues and the next one works' '
	choose_ports &&
	debugged_ruby stops 2 &&
	answers "$(key "$outer")" "$response" &&
	logged "no debugger: none attached within" &&
	logged "Connection refused" &&
	answers "{}" "{\"secret\":42,\"has\":[]}"
'

check 'Ruby: if the relay never sends anything, the invocation continues and the next one works' '
	listener &&
	debugged_ruby stops 2 &&
	answers "$(key "$outer")" "$response" &&
	logged "no debugger: none attached within" &&
	answers "{}" "{\"secret\":42,\"has\":[]}"
'

check 'Ruby: what a browser sends gets no debugger' '
	relay &&
	debugged_ruby stops 4 &&
	browser "$outer" "POST / HTTP/1.1\r\n\r\nversion: 1.4.0 width: 80 cookie:\ncommand 1 80 exit\n" &&
	answers "$(key "$inner")" "$response" &&
	logged "no debugger: none attached within" &&
	fails_to test -s browser.out
'

check 'Ruby: without the gem debug the invocation continues, and the log says what is missing' '
	make_task ruby:debugged.stops &&
	mkdir -p task/empty/debug &&
	echo "raise LoadError, %(cannot load such file -- debug/session)" >task/empty/debug/session.rb &&
	serve_task --env "SLSDEBUG=127.0.0.1:*" --env RUBYLIB=empty &&
	answers "$(key 9)" "$response" &&
	logged "no debugger: LoadError: cannot load such file -- debug/session"
'

# adapter PORT resume|stay|go: starts tests/tool/debug/attach.py, which speaks as VS Code does.
adapter() {
	python3 "$tests/tool/debug/attach.py" "$1" task/debugged.rb 9 "$2" >adapter.out 2>&1 &
	at_end "kill -9 $! 2>/dev/null; true"
}

check 'Ruby: a debugger of VS Code stops at its breakpoint, twice in a row' '
	relay &&
	debugged_ruby plain &&
	for _ in 1 2
	do
		adapter "$outer" resume &&
		answers "$(key "$inner")" "$response" &&
		within 10000 says adapter.out disconnected &&
		same "$(grep -c paused adapter.out)" 1 &&
		says adapter.out "paused in Object#plain at line 9: 42" || return
	done &&
	answers "{}" "{\"secret\":42,\"has\":[]}"
'

check 'Ruby: with /break the handler stops at its first line in VS Code' '
	relay &&
	debugged_ruby plain &&
	adapter "$outer" resume &&
	answers "$(key "$inner/break")" "$response" &&
	within 10000 says adapter.out "paused in Object#plain at line 8"
'

check 'Ruby: the handler continues if a debugger of VS Code disconnects in a stop' '
	relay &&
	debugged_ruby plain &&
	adapter "$outer" go &&
	answers "$(key "$inner")" "$response" &&
	says adapter.out "paused in Object#plain" &&
	answers "{}" "{\"secret\":42,\"has\":[]}"
'

check 'Ruby: SIGTERM in a stop of VS Code raises an exception where the handler stands, and the next invocation works' '
	relay &&
	debugged_ruby plain &&
	adapter "$outer" stay &&
	start_invoking "$(key "$inner")" &&
	within 30000 says adapter.out "paused in Object#plain" &&
	warn &&
	has_answer &&
	failed Function.Timeout "the handler was still running" &&
	says response "debugged.rb:9" &&
	answers "{}" "{\"secret\":42,\"has\":[]}" &&
	within 10000 says adapter.out disconnected
'

check 'Ruby: invoke --debug says how rdbg attaches, and the handler stops at its first line' '
	choose_ports &&
	cp "$tests/fakes/handlers/ruby/debugged.rb" . &&
	rdbg "$outer" c c &&
	"$open_runtime" invoke debugged.stops --debug="$outer" --quiet -d "{}" >response 2>invoke.log &&
	same_json "{\"secret\":42,\"has\":[]}" response &&
	says invoke.log "rdbg --attach 127.0.0.1 $outer" &&
	rdbg_stopped_at 2 &&
	rdbg_stopped_at 3
'

finish

#!/bin/sh
description='remote debugging of PHP with Xdebug'
. ./lib/lib.sh
. ./lib/robust.sh
. ./lib/debug.sh

needs php

# debugged_php [FUNCTION [TIMEOUT]]: starts a function that contains xdebug.so, if that was fetched.
debugged_php() {
	make_task "php:debugged.${1:-plain}" &&
		{
			test ! -e "$xdebug" || ln -s "$xdebug" task/xdebug.so
		} &&
		serve_task --env "SLSDEBUG=127.0.0.1:*" --timeout "${2:-60}"
}
xdebug=$DEBUGGERS/xdebug/usr/lib/php/20220829/xdebug.so

check 'PHP: without Xdebug the invocation continues, and the log says what is missing' '
	make_task php:debugged.plain &&
	serve_task --env "SLSDEBUG=127.0.0.1:*" &&
	answers "$(key 9)" "$response" &&
	logged "no debugger: Xdebug is not loaded" &&
	answers "{}" "{\"secret\":42,\"has\":[]}"
'

# install_xdebug: unpacks Debian's package, once.
install_xdebug() {
	read -r hash path <"$tests/tool/debug/debs.txt" &&
		"$repository/scripts/bring-deb" "$hash" "$path" "$DEBUGGERS/debs" &&
		{
			test -e "$xdebug" || dpkg-deb -x "$DEBUGGERS/debs/${path##*/}" "$DEBUGGERS/xdebug"
		} &&
		php -n -d "zend_extension=$xdebug" -r "exit(extension_loaded('xdebug') ? 0 : 1);"
}

needs socat php
fetch xdebug install_xdebug

# ide PORT resume|stay|go: starts tests/tool/debug/dbgp.py, which stops at line 12.
ide() {
	python3 "$tests/tool/debug/dbgp.py" "$1" task/debugged.php 12 "$2" >ide.out 2>&1 &
	at_end "kill -9 $! 2>/dev/null; true"
}

# is_debugged_in_php PORT
is_debugged_in_php() {
	answers "$(key "$1")" "$response" &&
		within 10000 says ide.out disconnected &&
		same "$(grep paused ide.out)" "paused in plain at line 12: 42" &&
		fails_to grep -q "no debugger" lambda.log
}

has_tunnel() {
	pgrep -P "$(children)" >tunnel.pid
}

# has_no_tunnel: the language runtime has no child.
has_no_tunnel() {
	same "" "$(pgrep -P "$(children)")"
}

check 'PHP: a debugger attaches at the outer port of the relay, twice in a row' '
	relay &&
	debugged_php &&
	for _ in 1 2
	do
		ide "$outer" resume &&
		is_debugged_in_php "$inner" || return
	done &&
	has_no_tunnel &&
	answers "{}" "{\"secret\":42,\"has\":[]}"
'

check 'PHP: a debugger attaches at the inner port of the relay, after the function' '
	relay &&
	debugged_php &&
	start_invoking "$(key "$outer")" &&
	within 30000 listens "$inner" &&
	ide "$inner" resume &&
	has_answer &&
	same_json "$response" response &&
	says ide.out "paused in plain at line 12: 42"
'

check 'PHP: the function connects to a debugger that does not listen yet' '
	choose_ports &&
	debugged_php &&
	start_invoking "$(key "$outer")" &&
	within 30000 has_tunnel || return
	socat "TCP-LISTEN:$outer,reuseaddr" "TCP-LISTEN:$inner,reuseaddr" &
	at_end "kill $! 2>/dev/null; true"
	ide "$inner" resume &&
	has_answer &&
	same_json "$response" response &&
	says ide.out "paused in plain at line 12: 42"
'

check 'PHP: with /break the handler stops at its first line' '
	relay &&
	debugged_php &&
	ide "$outer" resume &&
	answers "$(key "$inner/break")" "$response" &&
	within 10000 says ide.out "paused in plain at line 11"
'

check 'PHP: the handler stops at xdebug_break()' '
	relay &&
	debugged_php stops &&
	ide "$outer" resume &&
	answers "$(key "$inner")" "$response" &&
	within 10000 says ide.out "paused in stops at line 6: 42"
'

check 'PHP: the handler continues if the debugger disconnects in a stop' '
	relay &&
	debugged_php &&
	ide "$outer" go &&
	answers "$(key "$inner")" "$response" &&
	says ide.out "paused in plain" &&
	answers "{}" "{\"secret\":42,\"has\":[]}"
'

check 'PHP: SIGTERM in a stop raises an exception where the handler stands, and the next invocation is debugged' '
	relay &&
	debugged_php &&
	ide "$outer" stay &&
	start_invoking "$(key "$inner")" &&
	within 30000 says ide.out "paused in plain" &&
	warn &&
	has_answer &&
	failed Function.Timeout "the handler was still running" &&
	says response "debugged.php(12)" &&
	has_no_tunnel &&
	ide "$outer" resume &&
	is_debugged_in_php "$inner"
'

check 'PHP: if the host refuses the connection, the invocation continues and the next one works' '
	choose_ports &&
	debugged_php plain 4 &&
	answers "$(key "$outer")" "$response" &&
	logged "no debugger: none attached within" &&
	logged "Connection refused" &&
	answers "{}" "{\"secret\":42,\"has\":[]}"
'

check 'PHP: if the relay never sends anything, the invocation continues and the next one works' '
	listener &&
	debugged_php plain 4 &&
	answers "$(key "$outer")" "$response" &&
	logged "no debugger: none attached within" &&
	logged "(none sent anything)" &&
	answers "{}" "{\"secret\":42,\"has\":[]}"
'

check 'PHP: what a browser sends gets no debugger' '
	relay &&
	debugged_php plain 6 &&
	browser "$outer" "patch / HTTP/1.1\r\n\r\n\0eval -i 1 -- ZXhpdCgpOw==\0" &&
	answers "$(key "$inner")" "$response" &&
	logged "no debugger: none attached within" &&
	fails_to grep -q "<response" browser.out
'

check 'PHP: invoke --debug says how an editor is connected, and the handler stops at its first line' '
	choose_ports &&
	mkdir task &&
	cp "$tests/fakes/handlers/php/debugged.php" task &&
	ln -s "$xdebug" task/xdebug.so &&
	ide "$outer" resume &&
	(cd task && "$open_runtime" invoke debugged.plain --debug="$outer" --quiet -d "{}" >../response 2>../invoke.log) &&
	same_json "{\"secret\":42,\"has\":[]}" response &&
	says invoke.log "socat TCP:127.0.0.1:$outer TCP:127.0.0.1:9003" &&
	within 10000 says ide.out "paused in plain at line 11"
'

finish

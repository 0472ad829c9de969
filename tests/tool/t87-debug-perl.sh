#!/bin/sh
description='remote debugging of Perl with its own debugger, in a terminal'
. ./lib/lib.sh
. ./lib/robust.sh
. ./lib/debug.sh

needs socat perl

# debugged_perl [TIMEOUT]
debugged_perl() {
	start_lambda perl:debugged.stops --env "SLSDEBUG=127.0.0.1:*" --timeout "${1:-60}"
}

# terminal PORT LINE…: connects to that port and types the lines. Then it disconnects, or when it is told to.
terminal() {
	rm -f hang-up
	type_all "$@" 2>typed.err | {
		within 30000 listens "$1" &&
			socat - "TCP:127.0.0.1:$1"
	} >terminal.out 2>terminal.err &
	at_end "touch hang-up; wait $!; true"
}

# is_debugged_in_perl PORT: the debugger stops the invocation at its first line, steps to the third, and shows the variable.
is_debugged_in_perl() {
	answers "$(key "$1")" "$response" &&
		says terminal.out "debugged.pl:7" &&
		says terminal.out "debugged.pl:9" &&
		grep -q "> 42" terminal.out &&
		fails_to grep -q "no debugger" lambda.log
}

check 'Perl: a terminal debugs at the outer port of the relay, twice in a row' '
	relay &&
	debugged_perl &&
	for _ in 1 2
	do
		terminal "$outer" n n "p \$secret" c &&
		is_debugged_in_perl "$inner" &&
		touch hang-up || return
	done &&
	answers "{}" "{\"secret\":42,\"has\":[]}"
'

check 'Perl: a terminal debugs at the inner port of the relay, with a breakpoint that does not last' '
	relay &&
	debugged_perl &&
	terminal "$inner" "b 9" c "p \$secret" c &&
	is_debugged_in_perl "$outer" &&
	answers "{}" "{\"secret\":42,\"has\":[]}"
'

check 'Perl: the handler continues after q and R' '
	relay &&
	debugged_perl &&
	for word in q R
	do
		terminal "$outer" "b 9" "$word" &&
		answers "$(key "$inner")" "$response" &&
		touch hang-up || return
	done &&
	answers "{}" "{\"secret\":42,\"has\":[]}"
'

check 'Perl: the handler continues if the terminal disconnects at the prompt' '
	relay &&
	debugged_perl &&
	terminal "$outer" n &&
	start_invoking "$(key "$inner")" &&
	within 30000 says terminal.out "debugged.pl:8" &&
	touch hang-up &&
	has_answer &&
	same_json "$response" response &&
	answers "{}" "{\"secret\":42,\"has\":[]}"
'

check 'Perl: SIGTERM at the prompt raises an exception where the handler stands, and the next invocation is debugged' '
	relay &&
	debugged_perl &&
	terminal "$outer" n &&
	start_invoking "$(key "$inner")" &&
	within 30000 says terminal.out "debugged.pl:8" &&
	warn &&
	has_answer &&
	failed Function.Timeout "the handler was still running" &&
	says response "debugged.pl line 8" &&
	fails_to grep -q perl5db response &&
	touch hang-up &&
	terminal "$outer" n n "p \$secret" c &&
	is_debugged_in_perl "$inner"
'

check 'Perl: if the host refuses the connection, the invocation continues and the next one works' '
	choose_ports &&
	debugged_perl 4 &&
	answers "$(key "$outer")" "$response" &&
	logged "no debugger: cannot connect to the relay in time" &&
	answers "{}" "{\"secret\":42,\"has\":[]}"
'

check 'Perl: if the relay never sends anything, the invocation continues and the next one works' '
	listener &&
	debugged_perl 4 &&
	answers "$(key "$outer")" "$response" &&
	logged "no debugger: none sent anything in time" &&
	answers "{}" "{\"secret\":42,\"has\":[]}"
'

check 'Perl: what a browser sends gets no debugger' '
	relay &&
	debugged_perl 6 &&
	browser "$outer" "POST / HTTP/1.1\r\n\r\nexit 9\n" &&
	answers "$(key "$inner")" "$response" &&
	logged "it sends what a browser sends"
'

check 'Perl: without perl5db.pl the invocation continues, and the log says what is missing' '
	make_task perl:debugged.stops &&
	mkdir task/empty &&
	echo "die qq(Can\x27t locate perl5db.pl in \@INC (a folder))" >task/empty/perl5db.pl &&
	serve_task --env "SLSDEBUG=127.0.0.1:*" --env PERL5LIB=empty &&
	answers "$(key 9)" "$response" &&
	logged "locate perl5db.pl"
'

check 'Perl: with invoke --debug the handler stops at its first line' '
	choose_ports &&
	cp "$tests/fakes/handlers/perl/debugged.pl" . &&
	terminal "$outer" n n "p \$secret" c &&
	"$open_runtime" invoke debugged.stops --debug="$outer" --quiet -d "{}" >response 2>invoke.log &&
	same_json "{\"secret\":42,\"has\":[]}" response &&
	says terminal.out "debugged.pl:7" &&
	says terminal.out "debugged.pl:9"
'

finish

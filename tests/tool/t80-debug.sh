#!/bin/sh
description='remote debugging: the event names a debugger, and SLSDEBUG permits it'
. ./lib/lib.sh
. ./lib/robust.sh
. ./lib/debug.sh

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

needs

check 'SLSDEBUG=* is logged as a warning' '
	start_lambda echoes --env "SLSDEBUG=*" &&
	logged "SLSDEBUG has *"
'

check 'the language runtime gets the permitted debugger of free-form JSON, events of AWS and CloudEvents' '
	start_lambda shows-its-call --env "SLSDEBUG=[::1]:9,a.example:*" --env SLSEVENTS=batch &&
	for event in "{\"_debugProxy\":\"[::1]:9/break\"}" \
		"$(batch sqs text | sed "s,^{,&\"_debugProxy\":\"[::1]:9/break\"\,,")" \
		"{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"t\",\"debugproxy\":\"[::1]:9/break\"}"
	do
		invoke "$event" &&
		says response "\"debug\":{\"host\":\"::1\",\"port\":9,\"break\":true}" || return
	done
'

check 'the debugger of every invocation stays, although the event names one that is refused' '
	start_lambda shows-its-call --env "_OPEN_RUNTIME_DEBUG=127.0.0.1:9" --env SLSEVENTS=batch &&
	for event in "{}" "{\"_debugProxy\":\"[::1]:9\"}"
	do
		invoke "$event" &&
		says response "\"debug\":{\"host\":\"127.0.0.1\",\"port\":9" || return
	done &&
	fails_to grep -q "goes on without one" lambda.log
'

finish

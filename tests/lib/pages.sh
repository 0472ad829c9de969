# shellcheck shell=sh
# For tests whose peers are web pages. Sourced after robust.sh.

# runs_nothing: there was no invocation after the one that shows that the function works.
runs_nothing() {
	answers 1 1 &&
		within 30000 said "what == 'invocation'" &&
		same 1 "$(journal "what == 'invocation'" | wc -l)"
}

# relay: starts the relay of open-runtime, and a function that waits at it.
# shellcheck disable=SC2034,SC2154 # the checks use the variables; lambda.sh sets open_runtime
relay() {
	"$open_runtime" debug-relay --port 0 --function-port 0 2>relay.log &
	at_end "kill -9 $! 2>/dev/null; true"
	within 30000 says relay.log inspector.html &&
		outer=$(sed -n "s,.*ws=127.0.0.1:\([0-9]*\)/.*,\1,p" relay.log) &&
		token=$(sed -n "s,.*ws=[^/]*/,,p" relay.log) &&
		inner=$(sed -n "s/.*functions connect to .*:\([0-9]*\)$/\1/p" relay.log)
}

# waits_in LANGUAGE [TIMEOUT]: starts a function that stops at its first line.
waits_in() {
	relay &&
		start_lambda "$1:debugged.stops" --env "SLSDEBUG=127.0.0.1:*" --timeout "${2:-20}" &&
		start_invoking "{\"_debugProxy\":\"127.0.0.1:$inner/break\"}" --max-time 900
}

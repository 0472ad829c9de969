# shellcheck shell=sh
# For tests of remote debugging: debuggers, relays, and a function of Node.js that may be debugged. Sourced after robust.sh.

DEBUGGERS=${repository:?}/.cache/debug
export DEBUGGERS

# install_debuggers: installs them from npm, once.
install_debuggers() {
	"${tests:?}/lib/npm-install" "$tests/tool/debug" "$DEBUGGERS/npm"
}

# choose_ports: sets outer and inner to two free ports.
choose_ports() {
	free=$(python3 -c '
import socket
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(socket.getsockname()[1] for socket in sockets))')
	outer=${free% *} inner=${free#* }
}

# relay: starts the relay of docs/debugging.md. It listens on the inner port after a connection to the outer one.
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

# key PORT[/break]: prints the event that asks for a debugger at that port.
key() {
	printf '{"_debugProxy":"127.0.0.1:%s"}' "$1"
}

response='{"secret":42,"has":["_debugProxy"]}'

# warn: sends SIGTERM to the process group of the language runtime, as bootstrap does when little time is left.
warn() {
	kill -TERM "-$(children)"
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

# debugged [TIMEOUT]: starts a function that may be debugged from this machine.
debugged() {
	start_lambda nodejs:debugged.stops --env "SLSDEBUG=127.0.0.1:*" --timeout "${1:-60}"
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

# type_all PORT LINE…: prints the lines, and ends when the file hang-up is there.
type_all() {
	shift
	test $# -eq 0 || printf '%s\n' "$@"
	within 60000 test -e hang-up >&2
}

# browser PORT TEXT: sends to that port what a browser would send. The text may have escapes.
browser() {
	{
		within 30000 listens "$1" &&
			printf '%b' "$2" | socat -t 3 - "TCP:127.0.0.1:$1"
	} >browser.out 2>browser.err &
	at_end "wait $!; true"
}

# is_debugged PORT: the invocation stops, the debugger of Node.js reports it, and the handler answers.
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

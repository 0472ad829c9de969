#!/bin/sh
description='untrusted clients: web pages and others run nothing at the ports of the developer'"'"'s machine'
. ./lib/lib.sh
. ./lib/robust.sh
. ./lib/pages.sh

# has_status EXPECTED URL [CURL-OPTION…]
has_status() {
	wanted=$1
	shift
	same "$wanted" "$(curl -s --max-time 30 -o answer -w "%{http_code}" "$@")"
}

# refused URL [CURL-OPTION…]: a page gets 403: with its origin, as a cross-site request, and through its own host name.
refused() {
	for header in "Origin: http://evil.example" "Origin: null" "Origin: http://127.0.0.1:8000" "Sec-Fetch-Site: cross-site" \
		"Sec-Fetch-Site: same-site" "Host: evil.example" "Host: evil.localhost:9000"
	do
		has_status 403 "$@" -H "$header" &&
			says answer "open-runtime refuses what a web page may have sent" || return
	done
}

check 'the Invoke API refuses requests of pages and says why, and answers requests of AWS'"'"'s clients' '
	start_lambda echoes &&
	is_ready &&
	refused "$lambda_url/$invoke_path" -d 1 &&
	has_status 403 "$lambda_url/$invoke_path" -X OPTIONS -H "Origin: http://evil.example" &&
	runs_nothing &&
	has_status 200 "$lambda_url/$invoke_path" -d 1 -H "Host: localhost:9000" -H "Sec-Fetch-Site: none" &&
	has_status 200 "$lambda_url/$invoke_path" -d 1 -H "Host: [::1]:9000"
'

check 'a name that --allow-host lists counts as a name of this machine' '
	start_lambda echoes --allow-host lambda.test &&
	has_status 200 "$lambda_url/$invoke_path" -d 1 -H "Host: LAMBDA.test:9000" &&
	has_status 403 "$lambda_url/$invoke_path" -d 1 -H "Host: other.test:9000"
'

check 'the Runtime API and the Extensions API refuse requests of pages' '
	start_lambda echoes &&
	is_ready &&
	runtime_api=$(sed -n "s/.*\"address\":\"\([^\"]*\)\".*\"what\":\"runtime-api\".*/\1/p" journal) &&
	refused "http://$runtime_api/2018-06-01/runtime/invocation/next" &&
	refused "http://$runtime_api/2020-01-01/extension/register" -d "{}" -H "Lambda-Extension-Name: x" &&
	for header in "Host: 0.0.0.0:9000" "Host: [::ffff:7f00:1]:9000" "Sec-Fetch-Site: none" "Sec-Fetch-Site: same-origin"
	do
		has_status 403 "http://$runtime_api/2018-06-01/runtime/invocation/next" -H "$header" || return
	done &&
	runs_nothing
'

# crowd PORT: opens 300 connections that send nothing, and one whose body never ends. Then the function must answer, and the
# connection with the body must be closed.
crowd() {
	python3 - "$1" <<-'END'
		import http.client, resource, socket, sys
		resource.setrlimit(resource.RLIMIT_NOFILE, (1024, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
		port = int(sys.argv[1])
		path = "/2015-03-31/functions/function/invocations"
		slow = socket.create_connection(("127.0.0.1", port), 20)
		slow.sendall(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n1".encode())
		silent = [socket.create_connection(("127.0.0.1", port), 20) for _ in range(300)]
		for number in range(3):
		    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
		    asked.request("POST", path, str(number))
		    answer = asked.getresponse()
		    assert (answer.status, answer.read()) == (200, str(number).encode()), answer.status
		try:
		    assert slow.recv(1) == b"", "an answer to half a body"
		except ConnectionResetError:
		    pass
	END
}

check 'three hundred silent connections block no other client, and a body without end is given up after 10 s' '
	ulimit -S -n 256 &&
	start_lambda echoes &&
	is_ready &&
	crowd "$(cat port)"
'

needs node

check 'fetch of Node.js is not refused as a page' '
	start_lambda echoes &&
	node -e "fetch(process.argv[1], { method: \"POST\", body: \"1\" }).then(({ status }) => console.log(status))" \
		"$lambda_url/$invoke_path" >seen &&
	same 200 "$(cat seen)"
'

# attaches EXPECTED [CURL-OPTION…]: opens a WebSocket to the relay, and gets this status. Closes it after its head.
attaches() {
	wanted=$1
	shift
	rm -f heads
	curl -s --max-time 30 -D heads -o answer -H "Connection: Upgrade" -H "Upgrade: websocket" \
		-H "Sec-WebSocket-Version: 13" -H "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==" "$@" &
	within 30000 grep -qs "^.$" heads # the last line is empty
	test "$wanted" != 101 || kill $!
	wait $!
	says heads "HTTP/1.1 $wanted "
}

check 'a page can neither attach to a function in Node.js nor learn the token, and developer tools attach with the token' '
	waits_in nodejs &&
	logged "Debugger listening" &&
	attaches 403 "http://127.0.0.1:$outer/$token" -H "Origin: http://evil.example" &&
	attaches 403 "http://127.0.0.1:$outer/$token" -H "Host: evil.example" &&
	attaches 403 "http://127.0.0.1:$outer/function" &&
	says answer "token" &&
	has_status 403 "http://127.0.0.1:$outer/json/list" -H "Sec-Fetch-Site: cross-site" &&
	has_status 403 "http://127.0.0.1:$outer/json" -H "Host: evil.example" &&
	fails_to grep "$token" answer &&
	has_status 200 "http://127.0.0.1:$outer/json/list" &&
	says answer "ws://127.0.0.1:$outer/$token" &&
	attaches 101 "http://127.0.0.1:$outer/$token" -H "Origin: devtools://devtools" &&
	has_answer
'

# types_into_pdb: a terminal creates the file typed. It may reach a connection that pdb is just closing, and tries again then.
types_into_pdb() {
	test -e task/typed ||
		printf '!open("typed", "w")\nc\n' | socat -t 5 - "TCP:127.0.0.1:$outer"
	test -e task/typed
}

check 'pdb runs no line that a page sends, and still accepts a terminal' '
	waits_in python 120 &&
	within 30000 said "what == '"'"'answered'"'"' and requestId" &&
	python3 -c "print(\"!open(\\\"pwned\\\", \\\"w\\\")\n\" * 100000)" >lines &&
	fails_to has_status 200 "http://127.0.0.1:$outer/" --data-binary @lines -H Expect: -H "Origin: http://evil.example" &&
	fails_to has_status 200 "http://127.0.0.1:$outer/" --data-binary @lines -H Expect: &&
	fails_to test -e task/pwned &&
	within 60000 types_into_pdb &&
	has_answer
'

# straight LANGUAGE PAYLOAD [TIMEOUT]: sends data of a page to the function through a relay that checks nothing, as socat does.
# The relay writes into the file said what the function sends until it closes the connection. The function waits for a debugger
# for half of its time.
straight() {
	cat >relay.py <<-'END'
		import os, socket
		server = socket.create_server(("127.0.0.1", 0))
		print(server.getsockname()[1], flush=True)
		connection = server.accept()[0]
		server.close()
		connection.sendall(open("payload", "rb").read())
		said = b""
		try:
		    while chunk := connection.recv(65536):
		        said += chunk
		except OSError:
		    pass
		open("said.new", "wb").write(said)
		os.rename("said.new", "said")
	END
	printf "%b" "$2" >payload
	python3 relay.py >relay.port &
	at_end "kill $! 2>/dev/null; true"
	within 30000 test -s relay.port &&
		start_lambda "$1:debugged.stops" --env "SLSDEBUG=127.0.0.1:*" --timeout "${3:-60}" &&
		start_invoking "{\"_debugProxy\":\"127.0.0.1:$(cat relay.port)/break\"}" --max-time 900
}

# is_refused: the function has refused the data with 403, and ends, though it still waits for a debugger.
is_refused() {
	within 60000 test -e said &&
		says said "403 Forbidden" &&
		stop_lambda
}

check 'Node.js: the tunnel refuses an origin and a foreign host by itself' '
	straight nodejs "GET /x HTTP/1.1\r\nHost: 127.0.0.1:1\r\nOrigin: http://evil.example\r\nUpgrade: websocket\r\n\r\n" &&
	is_refused
'

check 'Node.js: the tunnel refuses a host that is neither an address nor the relay'"'"'s' '
	straight nodejs "GET /json/list HTTP/1.1\r\nHost: evil.example:1\r\n\r\n" &&
	is_refused
'

check 'Node.js: a path with control characters does not end the tunnel' '
	straight nodejs "GET /json\001 HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n" 20 &&
	has_answer &&
	logged "no debugger: none attached within" &&
	fails_to grep -q "ERR_UNESCAPED" lambda.log
'

check 'Python: pdb closes the connection at an HTTP request and at TLS, whose bytes a page can choose in part' '
	straight python "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n!open(\"pwned\", \"w\")\nc\n" &&
	within 60000 says lambda.log "what connected is not a debugger" &&
	has_answer &&
	fails_to test -e task/pwned
'

check 'Python: pdb closes the connection at TLS, whose bytes a page can choose in part' '
	straight python "\026\003\001\n!open(\"pwned\", \"w\")\nc\n" &&
	within 60000 says lambda.log "what connected is not a debugger" &&
	has_answer &&
	fails_to test -e task/pwned
'

finish

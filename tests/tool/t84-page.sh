#!/bin/sh
description='the page of open-runtime serve, without a browser: what its paths answer, whom they refuse, and the file it becomes'
. ./lib/lib.sh
. ./lib/robust.sh
. ./lib/pages.sh

# page PATH [CURL-OPTION…]: asks for a file of the page. Writes answer and headers.
page() {
	path=$1
	shift
	curl -sS --max-time 30 -D headers -o answer "$@" "${page_url:-$lambda_url}/_open-runtime/$path"
}

# is STATUS PATH [CURL-OPTION…]
is() {
	wanted=$1
	shift
	page "$@" && says headers "HTTP/1.1 $wanted "
}

# tells EXPRESSION: answer is JSON for which the Python expression is true.
tells() {
	python3 -c 'import json, sys; it = json.load(open("answer")); sys.exit(not eval(sys.argv[1]))' "$1"
}

# posts JSON [CURL-OPTION…]: sends an event as the page does. Sets id.
# shellcheck disable=SC2034 # the checks use it
posts() {
	data=$1
	shift
	page invoke -H "Content-Type: application/json" --data-binary "$data" "$@" &&
		id=$(sed -n 's/.*"requestId":"\([^"]*\)".*/\1/p' answer)
}

# ends ID: the invocation has ended, and the page has its record.
ends() {
	within 30000 has_record "$1"
}

has_record() {
	page "history/$1" && says headers " 200 "
}

check 'the page is HTML, and its policy allows its own files alone' '
	start_lambda echoes &&
	is 200 "" &&
	says answer "<!doctype html>" &&
	says headers "text/html; charset=utf-8" &&
	says headers "Content-Security-Policy: default-src '"'"'none'"'"'; script-src '"'"'self'"'"'; style-src '"'"'self'"'"';" &&
	says headers "frame-ancestors '"'"'none'"'"'" &&
	fails_to grep -i "unsafe" headers &&
	says headers "X-Content-Type-Options: nosniff" &&
	says headers "Cache-Control: no-store" &&
	says headers "Cross-Origin-Resource-Policy: same-origin" &&
	fails_to grep -E "<script>|<style|style=| on[a-z]+=|https?://" answer
'

check 'each file that the page names is there, with its type' '
	start_lambda echoes &&
	is 200 page.js && says headers "Content-Type: text/javascript" && says headers nosniff &&
	is 200 page.css && says headers "Content-Type: text/css" &&
	is 200 icon.svg && says headers "Content-Type: image/svg+xml" &&
	is 404 nothing &&
	is 404 ../2015-03-31/functions/function/invocations --path-as-is &&
	is 405 history -X POST -d 1 &&
	curl -sS -D headers -o answer "$lambda_url/_open-runtime" && says headers "Location: /_open-runtime/"
'

check 'an event is sent byte by byte, runs, and its record can be read and replayed' '
	start_lambda echoes &&
	posts "{\"function\":\"function\",\"event\":{\"price\": 1.10, \"big\": 12345678901234567890}}" &&
	says headers "HTTP/1.1 202 " &&
	ends "$id" &&
	says answer "\"event\":{\"price\": 1.10, \"big\": 12345678901234567890}" &&
	says answer "\"source\":\"page\"" &&
	first=$id &&
	posts "{\"replay\":\"$first\"}" &&
	ends "$id" &&
	says answer "\"event\":{\"price\": 1.10, \"big\": 12345678901234567890}" &&
	says answer "\"source\":\"replay\"" &&
	page history && tells "len(it[\"invocations\"]) == 2 and it[\"isWhole\"] and \"event\" not in it[\"invocations\"][0]" &&
	page "history?after=$first" && tells "len(it[\"invocations\"]) == 1 and not it[\"isWhole\"]"
'

check 'what cannot be sent is refused with the reason' '
	start_lambda echoes &&
	is_ready &&
	posts "{\"event\":{" && says headers " 400 " && says answer "cannot use the request" &&
	posts "{}" && says headers " 400 " && says answer "is missing" &&
	posts "{\"replay\":\"nothing\"}" && says headers " 404 " && says answer "no longer kept" &&
	is 415 invoke -d "{\"event\":1}" &&
	is 415 invoke -H "Content-Type: text/plain" -d "{\"event\":1}" &&
	{ printf "{\"event\":\"" && head -c 7000000 /dev/zero | tr "\0" a && printf "\"}"; } >large &&
	posts @large && says headers " 413 " &&
	runs_nothing
'

# refuses_pages PATH [CURL-OPTION…]
refuses_pages() {
	for header in "Origin: http://evil.example" "Origin: null" "Origin: http://127.0.0.1:8000" "Origin: https://127.0.0.1:$(cat port)" \
		"Sec-Fetch-Site: cross-site" "Sec-Fetch-Site: same-site" "Host: evil.example" "Host: 0.0.0.0:$(cat port)" \
		"Host: [::ffff:7f00:1]:$(cat port)"
	do
		is 403 "$@" -H "$header" || return
	done
}

check 'pages of other origins are refused at each path, and the own page is not' '
	start_lambda echoes &&
	is_ready &&
	refuses_pages "" &&
	refuses_pages history &&
	refuses_pages events &&
	refuses_pages samples &&
	refuses_pages invoke -X OPTIONS &&
	refuses_pages invoke -H "Content-Type: application/json" -d "{\"event\":1}" &&
	runs_nothing &&
	posts "{\"event\":2}" -H "Origin: $lambda_url" -H "Sec-Fetch-Site: same-origin" &&
	says headers " 202 " &&
	is 200 history -H "Sec-Fetch-Site: none"
'

check 'the origin of the page is allowed at its own paths alone' '
	start_lambda echoes &&
	is_ready &&
	fails_to curl -sSf -d 2 "$lambda_url/$invoke_path" -H "Origin: $lambda_url" -H "Sec-Fetch-Site: same-origin" &&
	runs_nothing
'

# at_http: from now on `page` asks the port of --http.
at_http() {
	page_url=http://$(journal "what in (\"http\", \"function-url\")" | sed -n 's/.*"address": *"\([^"]*\)".*/\1/p')
	at_end "page_url="
}

check 'the port of --http has the page, too, in the place of what the function would answer there' '
	start_lambda echoes --http 0 &&
	at_http &&
	is 200 "" && says answer "<!doctype html>" &&
	posts "{\"event\":3}" -H "Origin: $page_url" && ends "$id" &&
	is 403 history -H "Origin: http://evil.example" &&
	page history && tells "len(it[\"invocations\"]) == 1"
'

check '--no-page: its paths are those of the API and of the function, and nothing is kept' '
	start_lambda echoes --http 0 --no-page &&
	is 404 history && says answer "open-runtime knows POST" &&
	at_http &&
	is 200 history && says answer "\"rawPath\":\"/_open-runtime/history\""
'

# watch: begins to read the server-sent events into the file told.
watch() {
	curl -sSN --max-time 300 "$@" "$lambda_url/_open-runtime/events" >told &
	at_end "kill $!; wait $! || :"
	within 30000 says told "event: hello"
}

check 'events are told while they happen, with the id of the invocation that ended' '
	start_lambda echoes &&
	is_ready &&
	watch &&
	posts "{\"event\":1}" &&
	within 30000 says told "event: invocation-ended" &&
	says told "event: invocation-started" &&
	says told "id: $id" &&
	says told "retry: 500"
'

check 'a client that names the last invocation it saw is told only of later ones' '
	start_lambda echoes &&
	posts "{\"event\":1}" && ends "$id" && first=$id &&
	posts "{\"event\":2}" && ends "$id" &&
	watch -H "Last-Event-ID: $first" &&
	says told "\"isWhole\":false" &&
	fails_to grep "^data:.*requestId.:.$first" told
'

# many_viewers PORT: twenty viewers that read nothing. Sixteen are told, the others get 503, and the function answers.
many_viewers() {
	python3 - "$1" <<-'END'
		import socket, sys, http.client
		port = int(sys.argv[1])
		viewers = []
		for _ in range(20):
		    viewer = socket.create_connection(("127.0.0.1", port), 20)
		    viewer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
		    viewer.sendall(b"GET /_open-runtime/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
		    viewers.append(viewer)
		heads = [viewer.recv(12) for viewer in viewers]
		assert heads.count(b"HTTP/1.1 200") == 16 and heads.count(b"HTTP/1.1 503") == 4, heads
		for number in range(400):
		    api = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
		    api.request("POST", "/2015-03-31/functions/function/invocations", "%d" % number)
		    assert api.getresponse().read() == b"%d" % number
		    api.close()
	END
}

check 'viewers that read nothing hold up no invocation, and there are sixteen at most' '
	start_lambda echoes &&
	is_ready &&
	many_viewers "$(cat port)" &&
	page history && tells "len(it[\"invocations\"]) >= 400"
'

keeps_500() {
	page history && tells "len(it[\"invocations\"]) == 500"
}

check 'the last 500 invocations are kept' '
	start_lambda echoes &&
	is_ready &&
	python3 - "$(cat port)" <<-"END" &&
		import http.client, sys
		api = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=20)
		for number in range(505):
		    api.request("POST", "/2015-03-31/functions/function/invocations", "%d" % number)
		    assert api.getresponse().read() == b"%d" % number
	END
	within 30000 keeps_500
'

check 'invoke --timeline writes a file that holds all, and no event can end its elements' '
	make_task echoes &&
	"$open_runtime" invoke "$handler" --task-root task --bootstrap "$bootstrap" --env "SLSRUNTIME=$fake" --timeline saved.html \
		-d "{\"a\":\"</script><b>\\u2028\",\"n\":1.10}" >response 2>lambda.log &&
	same 2 "$(grep -c "</script>" saved.html)" &&
	says saved.html "u003c/script>" &&
	says saved.html "1.10" &&
	says saved.html "Content-Security-Policy" &&
	fails_to grep -E "(src|href)=\"[^d#]" saved.html &&
	fails_to grep "https\?://[a-z]" saved.html
'

# saves EVENT [OPTION…]: invokes once, and writes saved.html.
saves() {
	event=$1
	shift
	make_task echoes &&
		"$open_runtime" invoke "$handler" --task-root task --bootstrap "$bootstrap" --env "SLSRUNTIME=$fake" \
			--timeline saved.html -d "$event" "$@" >response 2>lambda.log
}

check 'the file has no secrets, unless --no-redact asks for them' '
	saves "{\"password\":\"hunter2\",\"n\":1.10}" &&
	fails_to grep hunter2 saved.html &&
	says saved.html "[redacted]" &&
	says saved.html "1.10" &&
	saves "{\"password\":\"hunter2\"}" --no-redact &&
	says saved.html hunter2
'

check 'a file of --timeline that cannot be written is told before the function runs' '
	make_task echoes &&
	fails_to "$open_runtime" invoke "$handler" --task-root task --bootstrap "$bootstrap" --timeline nowhere/saved.html -d 1 2>lambda.log &&
	says lambda.log "cannot write the timeline nowhere/saved.html: No such file or directory" &&
	same 1 "$(wc -l <lambda.log)"
'

finish

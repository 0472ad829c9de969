#!/bin/sh
description='companions: the files that a middleware loads into the process of the handler'
. ./lib/lib.sh

python=$(python3 -c 'import sys; print(sys.executable)')
PATH=${python%/*}:$PATH # the language runtime is the interpreter itself, without a slow shim

# with CHAIN FUNCTION [OPTION…]: starts a Lambda with bundled middlewares.
with() {
	chain=$1
	function=$2
	shift 2
	mkdir -p task/middlewares &&
		cp -RP "$repository/middlewares/." task/middlewares &&
		start_lambda "$function" --quiet --timeout 20 --env "SLSMIDDLEWARES=$chain" "$@"
}

# with_server: starts a server and sets port. It answers 404 to paths that contain "missing", and 200 to others.
with_server() {
	python3 "$tests/middlewares/checks/server.py" server-port &
	at_end "kill $!"
	within 10000 test -e server-port &&
		port=$(cat server-port)
}

# from_readme LANGUAGE: prints the README's companion in that language.
from_readme() {
	awk -v begin="\`\`\`$1" '
		/^## / { wanted = $0 == "## Companions" }
		$0 == "```" { inside = 0 }
		inside
		wanted && $0 == begin { inside = 1 }
	' "$repository/middlewares/README.md"
}

# with_example LANGUAGE FILE FUNCTION: starts a Lambda with a middleware that consists of the README's companion.
with_example() {
	mkdir -p task/middlewares/example.d &&
		cp "$repository/middlewares/trace-http" task/middlewares/example &&
		from_readme "$1" >"task/middlewares/example.d/$2" &&
		with example "$3"
}

# calls: prints what the latest invocation logged of its HTTP calls.
calls() {
	python3 "$tests/middlewares/checks/calls.py" "$(header x-amzn-requestid)" "$port" <lambda.log
}

header() {
	grep -i "^$1:" headers | sed 's/^[^:]*: *//' | tr -d '\r'
}

check 'SLSCOMPANIONS lists the existing folders NAME.d of the middlewares, in the order of SLSMIDDLEWARES' '
	mkdir -p task/middlewares/redact.d &&
	with trace-http,log-duration,redact ../middlewares/language-runtimes/tells-companions &&
	answers 1 "\"$work/task/middlewares/trace-http.d:$work/task/middlewares/redact.d\""
'

check 'SLSCOMPANIONS is not set if there are no companions' '
	with log-duration ../middlewares/language-runtimes/tells-companions &&
	answers 1 "\"none\""
'

needs node

# trace_http_is_discreet LANGUAGE NAME: the claims about what is not logged. answers_of_LANGUAGE calls the handler.
trace_http_is_discreet() {
	# shellcheck disable=SC2034 # the bodies of the checks use it
	language=$1
	check "trace-http: without it, the same $2 handler answers the same, and logs no call" '
		with_server &&
		with log-duration "../middlewares/handlers/$language:calls.handler" &&
		"answers_of_$language" &&
		same 1 "$(wc -l <lambda.log)"
	'
	check "trace-http: no query, header or body of a $2 handler is logged" '
		with_server &&
		with trace-http "../middlewares/handlers/$language:calls.handler" &&
		"answers_of_$language" &&
		fails_to says lambda.log SECRET
	'
}

answers_of_nodejs() {
	answers "{\"port\":$port}" '[200,404,200,"ok","EPROTO","fetch failed"]'
}

check 'trace-http: every HTTP call of a Node.js handler is logged' '
	with_server &&
	with trace-http ../middlewares/handlers/nodejs:calls.handler &&
	answers_of_nodejs &&
	same "POST 127.0.0.1:PORT /fetch 200
GET 127.0.0.1:PORT /get 200
POST 127.0.0.1:PORT /missing/ 404
GET 127.0.0.1:PORT /no-tls EPROTO
GET 127.0.0.1:9 /refused TypeError" "$(calls)"
'

trace_http_is_discreet nodejs Node.js

check 'trace-http: a handler with a callback still gets it, and responses without a listener are consumed' '
	with_server &&
	with trace-http ../middlewares/handlers/nodejs:calls.withCallback &&
	answers "{\"port\":$port}" "\"closed\"" &&
	same "GET 127.0.0.1:PORT /unheard 200" "$(calls)"
'

check 'the README'\''s companion for Node.js wraps a handler' '
	with_server &&
	with_example js nodejs.mjs ../middlewares/handlers/nodejs:calls.handler &&
	answers_of_nodejs &&
	grep -q "before $(header x-amzn-requestid)" lambda.log
'

needs python3

answers_of_python() {
	answers "{\"port\":$port}" '[[200,"ok"],[200,"ok"],200,404,"ConnectionRefusedError"]'
}

check 'trace-http: every HTTP call of a Python handler is logged' '
	with_server &&
	with trace-http ../middlewares/handlers/python:calls.handler &&
	answers_of_python &&
	same "GET 127.0.0.1:PORT /first 200
GET 127.0.0.1:PORT /second 200
POST 127.0.0.1:PORT /urllib 200
GET 127.0.0.1:PORT /missing/ 404
GET 127.0.0.1:9 /refused ConnectionRefusedError" "$(calls)"
'

trace_http_is_discreet python Python

check 'trace-http: an async handler of Python stays async' '
	with trace-http ../middlewares/handlers/python:calls.quiet &&
	answers "\"event\"" "\"another\""
'

check 'the README'\''s companion for Python wraps a handler' '
	with_server &&
	with_example python python.py ../middlewares/handlers/python:calls.handler &&
	answers_of_python &&
	grep -q "before $(header x-amzn-requestid)" lambda.log
'

finish

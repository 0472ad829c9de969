#!/bin/sh
# FastAPI is installed in .cache/, from PyPI, once: the versions that compat/python/requirements.txt has.
description='a FastAPI application streams'
. ./lib/lib.sh

cache=$repository/.cache/fastapi

# packages NAME…: their entries of the lock file on stdin.
packages() {
	awk -v names="$*" '
		BEGIN { split(names, list, " "); for (i in list) is_wanted[list[i] "=="] = 1 }
		/^[^ ]/ { is_in = match($0, /^[^=]*==/) && substr($0, 1, RLENGTH) in is_wanted }
		is_in
	'
}

# Anew when what is asked for has changed.
install_fastapi() {
	mkdir -p "$cache" &&
		packages annotated-doc annotated-types anyio fastapi idna opentelemetry-api pydantic pydantic-core sniffio starlette typing-extensions \
			typing-inspection <"$tests/compat/python/requirements.txt" >"$cache/wanted.txt" || return
	! cmp -s "$cache/wanted.txt" "$cache/installed" || return 0
	rm -rf "$cache/venv" "$cache/installed"
	python3 -m venv "$cache/venv" &&
		"$cache/venv/bin/pip" install --quiet --require-hashes --requirement "$cache/wanted.txt" &&
		cp "$cache/wanted.txt" "$cache/installed"
}

# request METHOD PATH [QUERY [BODY]]: prints an event of a function URL.
request() {
	printf '{"version":"2.0","rawPath":"%s","rawQueryString":"%s","headers":{"Accept":"*/*","content-type":"text/plain"},"cookies":["c=3"],"requestContext":{"accountId":"anonymous","apiId":"a","domainName":"a.lambda-url.eu-west-1.on.aws","domainPrefix":"a","http":{"method":"%s","path":"%s","protocol":"HTTP/1.1","sourceIp":"1.2.3.4","userAgent":"u"},"requestId":"r","routeKey":"$default","stage":"$default","time":"12/Mar/2020:19:03:58 +0000","timeEpoch":1583348638390},"body":"%s","isBase64Encoded":false}' \
		"$2" "${3:-}" "$1" "$2" "${4:-}"
}

# asked METHOD PATH [QUERY [BODY]]: the head is in `head.json`, the body in `body`.
asked() {
	mkdir -p task &&
		cp "$tests/bootstrap/fastapi/app.py" "$repository/example/python/asgi.py" task &&
		request "$@" >event.json || return
	site=$(echo "$cache"/venv/lib/python3*/site-packages)
	"$open_runtime" invoke app.handler -i --quiet -f event.json --bootstrap "$bootstrap" --task-root task \
		--env "PYTHONPATH=$site" --env "SLSEVENTS=${events:-cloudevents}" >out 2>err
	exit_status=$?
	sed -n 1p out >head.json
	sed 1d out >body
	test "$exit_status" -eq 0 || cat err
	return "$exit_status"
}

fetch FastAPI install_fastapi
echoes() {
	asked POST /echo q=%C3%A4 text &&
		same_json '{"q":"ä","body":"text","cookie":"3"}' body &&
		says head.json '"cookies":["one=1; Path=/; SameSite=lax","two=2; Path=/; SameSite=lax"]'
}

check 'a StreamingResponse streams, with its status and its headers' '
	asked GET /events &&
	same_json "{\"statusCode\":200,\"headers\":{\"content-type\":\"text/event-stream; charset=utf-8\"},\"cookies\":[]}" head.json &&
	same "data: 0 data: 1 data: 2" "$(paste -s -d " " body | tr -s " " | sed "s/ $//")" &&
	asked GET /sync &&
	says head.json "\"statusCode\":206" &&
	same "00 ff" "$(od -An -tx1 body | sed "s/^ *//")"
'

check 'query, body and cookies reach the application, and cookies come back; with raw events, too' '
	echoes &&
	events=raw &&
	echoes
'

check 'an exception behind the first part ends the stream, and one before it is an ordinary error' '
	fails_to asked GET /breaks &&
	says body begun &&
	says err "no pears" &&
	fails_to asked GET /fails &&
	says err KeyError &&
	asked GET /nowhere &&
	says head.json "\"statusCode\":404" &&
	same_json "{\"detail\":\"Not Found\"}" body
'

finish

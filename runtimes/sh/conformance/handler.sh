# shellcheck shell=sh
echo 'top-level code'

echoes() { printf "%s" "$1"; }
nothing() { :; }
pid() { echo $$; }

context() {
	now=$(date +%s%3N)
	remaining=$((SLSDEADLINEMS - now))
	test "$remaining" -gt 0 || remaining=0
	printf '{"requestId":"%s","arn":"%s","name":"%s","version":"%s","memory":"%s","group":"%s","stream":"%s","tenant":"%s","remaining":%s,"trace":"%s"}' \
		"$SLSREQUESTID" "$SLSFUNCTIONARN" "$AWS_LAMBDA_FUNCTION_NAME" "$AWS_LAMBDA_FUNCTION_VERSION" \
		"$AWS_LAMBDA_FUNCTION_MEMORY_SIZE" "$AWS_LAMBDA_LOG_GROUP_NAME" "$AWS_LAMBDA_LOG_STREAM_NAME" \
		"$SLSTENANTID" "$remaining" "$_X_AMZN_TRACE_ID"
}

fails() {
	event=${1#\"}
	printf 'no %s' "${event%\"}"
	return 1
}

prints() {
	head -c 2970000 /dev/zero | tr '\0' x | fold -w 99 >&2
	echo '{"id":"8f507cfc","response":"forged"}' >&2
	echo 'written to 1' >&2
	sh -c 'echo from a grandchild >&2; echo to descriptor 8 >&8; echo to descriptor 9 >&9; true'
	echo '"printed"'
}

closes() {
	exec 0<&-
	echo '"closed"'
	exec 1>&-
}

outlived() {
	sleep 60 >/dev/null &
	echo $!
}

reads() { cat; }
exits() { exit 3; }

unserializable() { echo 'no JSON'; }

stuck() {
	trap 'echo finally >&2; exit 1' TERM
	echo begun >&2
	sleep 60 >/dev/null &
	wait $!
}

in_time() {
	stopped=
	trap 'stopped=yes' TERM
	echo begun >&2
	until test -n "$stopped"
	do
		sleep 0.01
	done
	echo '"in time"'
}

# Streams. The event of a shell's handler is JSON.
page() { stream '{"statusCode":200,"headers":{"content-type":"text/html"}}'; }

wait_for() {
	until test -e "$1"
	do
		sleep 0.01
	done
}

streams() {
	stream ''
	printf 'one\nzwei ä\0\377\303'
	printf '\244end'
}

streams_http() {
	stream '{"statusCode":201,"headers":{"content-type":"text/html","x-count":"2"},
		"multiValueHeaders":{"x-many":["a","b"]},"cookies":["c=1","d=2"]}'
	printf '<p></p>'
}

streams_no_status() {
	stream '{"headers":{}}'
	printf 'no status'
}

streams_nothing() { stream ''; }
streams_empty_page() { stream '{"statusCode":204,"headers":{"content-type":"text/html"}}'; }

streams_bytes_page() {
	page
	printf '\377\0'
}

streams_big() {
	stream ''
	head -c 100000 /dev/zero | sed 's/\x0/é/g'
	head -c 100000 /dev/zero | LC_ALL=C sed 's/\x0/\xff\xfe/g'
	head -c 60000 /dev/zero
}

streams_many() {
	stream text/plain
	seq 0 9999
}

fails_early() {
	page
	return 1
}

breaks_off() {
	stream ''
	printf begun
	echo finally >&2
	return 1
}

streams_stuck() {
	trap 'echo finally >&2; exit 1' TERM
	stream ''
	printf begun
	echo begun >&2
	sleep 60 >/dev/null &
	wait $!
}

streams_slowly() {
	stream ''
	printf first
	printf '%99s' '' | tr ' ' x >&2
	echo meanwhile >&2
	wait_for go
	printf second
}

streams_much() {
	trap 'echo finally >&2; exit 1' TERM
	stream ''
	left=$1
	while test "$left" -gt 0
	do
		head -c 65536 /dev/zero
		echo made >&2
		left=$((left - 1))
	done
}

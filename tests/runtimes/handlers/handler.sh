# shellcheck shell=sh
echo 'top-level code'

echo_() { printf "%s" "$1"; }
nothing() { :; }

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

unserializable() { echo 'no JSON'; }

stuck() {
	trap 'echo finally >&2; exit 1' TERM
	echo begun >&2
	sleep 60 >/dev/null &
	wait $!
}

in_time() {
	trap : TERM
	echo begun >&2
	sleep 60 >/dev/null &
	wait $!
	echo '"in time"'
}

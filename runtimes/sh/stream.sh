# shellcheck shell=sh disable=SC2034,SC2154 # language-runtime has the other variables
# Streams what a handler prints. Sourced when a handler first calls `stream`.
#
# What the handler prints goes through a named pipe to a process that makes lines of it. Only that process has the protocol's
# descriptor. It reports to the language runtime on what was the handler's STDOUT, and so the call is not over before it has ended.

streams_loaded=yes

# start_stream HEAD|CONTENT_TYPE: in the handler's process.
start_stream() {
	test -z "${stream_begun-}" || stream_fails 'stream was called twice'
	for stream_tool in base64 dd od mkfifo rm
	do
		command -v "$stream_tool" >/dev/null || stream_fails "stream needs $stream_tool, which is not in $PATH"
	done
	stream_head "${1-}"
	stream_pipe=${TMPDIR:-/tmp}/open-runtime-stream-$$
	rm -f "$stream_pipe"
	stream_trouble=$(mkfifo -m 600 "$stream_pipe" 2>&1) || stream_fails "stream cannot make a pipe: $stream_trouble"
	if test -n "$stream_id"
	then
		stream_trouble=$( (: 9>"/proc/$$/fd/9") 2>&1) || stream_fails "stream cannot open STDOUT of bootstrap: $stream_trouble"
		(send_stream <"$stream_pipe" &) # a process of its parent's, so that a handler's `wait` does not wait for it
	else
		(collect_stream <"$stream_pipe" &)
	fi
	exec >"$stream_pipe"
	rm -f "$stream_pipe"
	stream_begun=yes
}

# stream_fails MESSAGE: ends the handler, whose error message this is.
stream_fails() {
	printf '%s' "$1"
	exit 1
}

# stream_head HEAD|CONTENT_TYPE: sets $stream_head, and $stream_is_http if it is the head of an HTTP response. Such a head gets a status.
stream_head() {
	stream_is_http=
	case $1 in
	'') stream_head={} ;;
	*\{*) stream_head=$(printf '%s' "$1" | tr '\n\r' '  ' | sed 's/^ *//; s/ *$//') ;;
	*) stream_head="{\"contentType\":\"$(escape "$1")\"}" ;;
	esac
	case $stream_head in
	*\"statusCode\"* | *\"contentType\"* | '{}') ;;
	*) stream_head="{\"statusCode\":200,${stream_head#?}" ;;
	esac
	case $stream_head in
	*\"statusCode\"*) stream_is_http=yes ;;
	esac
}

# Writes the stream on STDIN. A read takes what has come, so that a chunk goes out at once, and the first has the head before it.
# SIGTERM is for the handler: what it has printed goes out in whole lines.
send_stream() {
	trap '' TERM
	exec 9>"/proc/$$/fd/9"
	stream_begin=$(printf '"stream":%s}\n{"id":"%s",' "$stream_head" "$stream_id")
	while stream_bytes=$(dd bs=48k count=1 2>/dev/null 9>&- | base64 -w 0 9>&-) && test -n "$stream_bytes"
	do
		printf '{"id":"%s",%s"base64":"%s"}\n' "$stream_id" "$stream_begin" "$stream_bytes" >&9
		stream_begin=
	done
	printf '%s%s' "$stream_mark" "$stream_begin"
}

# Reads the whole stream on STDIN, and prints the response that it makes.
collect_stream() {
	trap '' TERM
	stream_bytes=$(base64 -w 0)
	stream_is_text=
	stream_text=$(printf '%s' "$stream_bytes" | base64 -d | od -An -v -tu1 | LC_ALL=C awk "$bytes_to_json") && stream_is_text=yes
	printf '%s' "$stream_mark"
	case $stream_is_http,$stream_is_text in
	yes,yes) printf '%s,"body":"%s"}' "${stream_head%\}}" "$stream_text" ;;
	yes,) printf '%s,"body":"%s","isBase64Encoded":true}' "${stream_head%\}}" "$stream_bytes" ;;
	,yes) printf '"%s"' "$stream_text" ;;
	*) printf bytes ;;
	esac
}

# Prints the inside of a JSON string. Its input is each byte as a number. Fails if the bytes are not UTF-8.
# shellcheck disable=SC2016 # awk's variables
bytes_to_json='
function follows(bytes, low, high) { left = bytes; first = low; last = high }
{
	for (i = 1; i <= NF; i++) {
		byte = $i + 0
		if (left) {
			if (byte < first || byte > last) exit bad = 1
			follows(left - 1, 128, 191)
		}
		else if (byte < 128) ;
		else if (byte < 194 || byte > 244) exit bad = 1
		else if (byte < 224) follows(1, 128, 191)
		else if (byte < 240) follows(2, byte == 224 ? 160 : 128, byte == 237 ? 159 : 191)
		else follows(3, byte == 240 ? 144 : 128, byte == 244 ? 143 : 191)
		if (byte < 32) printf "\\u%04x", byte
		else if (byte == 34 || byte == 92) printf "\\%c", byte
		else printf "%c", byte
	}
}
END { exit bad || left }'

# Writes what is left of a stream: its end, with the head if nothing has gone out; or the response that it was
# collected into. In the language runtime itself.
end_stream() {
	response=${response#"$stream_mark"}
	case $response in
	'' | '"stream":'*) printf '{"id":"%s",%s"end":true}\n' "$id" "$response" >&9 ;;
	bytes) describe_error Runtime.MarshalError 'this call cannot be answered by a stream, and JSON cannot hold bytes that are not UTF-8' ;;
	*) printf '{"id":"%s","response":%s}\n' "$id" "$response" >&9 ;;
	esac
}

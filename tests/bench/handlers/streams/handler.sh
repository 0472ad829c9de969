stream_all() {
	stream application/octet-stream
	head -c "$(($1 * 65536))" /dev/zero
}

same() {
	printf '%s' "$1"
}

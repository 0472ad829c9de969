# The event is $1, in JSON. What it prints is the response, and stderr is the log.
hello() {
	name=$(printf '%s' "$1" | sed -n 's/.*"name": *"\([^"]*\)".*/\1/p')
	echo "until $SLSDEADLINEMS" >&2
	printf '{"message":"Hello, %s!"}\n' "${name:-world}"
}

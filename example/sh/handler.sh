# A handler: the event is $1 and STDIN, in JSON. What it prints is the response, and stderr is the log.
hello() {
	name=$(json get name) || name=world
	echo "until $SLSDEADLINEMS" >&2
	json object message="Hello, $name!"
}

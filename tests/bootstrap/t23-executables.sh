#!/bin/sh
# shellcheck disable=SC2034 # the checks use the variables
description='handlers that are executable files'
. ./lib/lib.sh
. ./lib/robust.sh

PATH=$PATH:$repository/dist/$arch/bin # for json

# Commands for the handler that obeys.
no_user='echo no such user >&2; exit 3'
much_log='echo first-line >&2; head -c 10000 /dev/zero | tr "\0" a >&2; echo last >&2; exit 1'
two_lines="printf '{\n\"a\": [1,\r\n2]}\n\n'"
ends_well='trap "echo 5; exit 0" TERM; sleep 60 & wait'
looks_ready="echo '{\"ready\":true}'"
# shellcheck disable=SC2016 # the handler expands them
told='json object a="$SLSFUNCTIONARN" t="${_X_AMZN_TRACE_ID%%=*}" d:="${#SLSDEADLINEMS}" i:="${#SLSREQUESTID}"'

# obeys COMMAND JSON: the handler runs the command, and that is the response.
obeys() {
	answers "$(json quote "$1")" "$2"
}

# breaks COMMAND TYPE MESSAGE: the handler runs the command, and that is the error.
breaks() {
	fails_with "$2" "$(json quote "$1")" && message "$3"
}

# message TEXT: the error of the latest invocation has this message.
message() {
	python3 -c 'import json, sys; assert json.load(open("response"))["errorMessage"] == sys.argv[1], open("response").read()' "$1"
}

check 'a file without an extension is run for each event: the event on stdin, the response on stdout, stderr in the log' '
	start_lambda exec:hello &&
	answers "{\"name\":\"Ada \\\"L\\\"\"}" "{\"message\":\"Hello, Ada \\\"L\\\"!\"}" &&
	answers "{}" "{\"message\":\"Hello, world!\"}" &&
	logged_times 2 "hello runs for "
'

check 'a path, and a name with a dot that no language claims, lead to the file, too' '
	start_lambda exec:./hello &&
	answers "{}" "{\"message\":\"Hello, world!\"}" &&
	stop_lambda &&
	start_lambda exec:hello.world &&
	answers "{}" "{\"message\":\"Hello, world!\"}" &&
	stop_lambda &&
	mkdir task/bin &&
	mv task/hello task/bin &&
	start_again bin/hello &&
	answers "{}" "{\"message\":\"Hello, world!\"}"
'

check 'a file of a language keeps its language, unless SLSRUNTIME asks for the file itself' '
	start_lambda exec:hello &&
	stop_lambda &&
	executable task/both.sh "echo 1${newline}sh() { echo 2; }" &&
	start_again both.sh &&
	answers "{}" 2 &&
	stop_lambda &&
	SLSRUNTIME=exec start_again both.sh &&
	answers "{}" 1
'

check 'a file that is not executable, or not there, is an Init error that says so' '
	start_lambda exec:hello &&
	stop_lambda &&
	chmod -x task/hello &&
	start_again hello &&
	fails_with Runtime.MalformedHandlerName "{}" &&
	stop_lambda &&
	SLSRUNTIME=exec start_again hello &&
	fails_with Runtime.ImportModuleError "{}" &&
	message "./hello is not an executable file" &&
	stop_lambda &&
	SLSRUNTIME=exec start_again missing &&
	fails_with Runtime.ImportModuleError "{}" &&
	message "./missing is not an executable file"
'

# text_of BYTES: a command that prints a JSON string of so many bytes.
text_of() {
	printf 'printf \\"; head -c %d /dev/zero | tr "\\0" a; printf \\"' $(($1 - 2))
}

# said_last NUMBER: the message has the status, and this many bytes of the log, of which the last ones are known.
said_last() {
	python3 -c '
import json, sys
message = json.load(open("response"))["errorMessage"]
said = message.removeprefix("./obeys exited with status 1: ")
assert said == "a" * (int(sys.argv[1]) - 4) + "last", (len(said), message[:50], said[-20:])' "$1"
}

check 'an exit status is the error, with the end of what was said on stderr, and the log has all of it' '
	start_lambda exec:obeys &&
	breaks "$no_user" Function.ExitStatus "./obeys exited with status 3: no such user" &&
	breaks "exit 4" Function.ExitStatus "./obeys exited with status 4" &&
	breaks "kill -SEGV \$\$" Function.ExitStatus "./obeys was killed by signal 11 (SIGSEGV)" &&
	breaks "kill -TERM \$\$" Function.ExitStatus "./obeys was killed by signal 15 (SIGTERM)" &&
	fails_with Function.ExitStatus "$(json quote "$much_log")" &&
	said_last 4095 &&
	logged first-line &&
	obeys "head -c 3000000 /dev/zero | tr \"\\0\" b >&2; echo 1" 1
'

check 'a response that is not JSON is the error of that call, nothing at all is null, and line breaks do not matter' '
	start_lambda exec:obeys &&
	breaks "echo Hello" Runtime.MarshalError "what ./obeys printed is not JSON: expected a value at byte 0" &&
	breaks "echo {}; echo {}" Runtime.MarshalError "what ./obeys printed is not JSON: something follows the value at byte 3" &&
	obeys true null &&
	obeys "$two_lines" "{\"a\":[1,2]}" &&
	obeys "echo 1" 1
'

check 'a program need not read its event, and one of 6 MB comes through, both ways' '
	start_lambda exec:ignores &&
	large_event 6000002 &&
	answers @large "\"done\"" &&
	stop_lambda &&
	executable task/echo "exec cat" &&
	start_again echo &&
	invoke @large && succeeded && cmp large response
'

check 'one that prints more than 31 MiB fails that call alone, and soon, and 31 MiB are none too many' '
	start_lambda exec:obeys &&
	breaks "$(text_of 32505857)" Runtime.MarshalError "./obeys printed more than 32505856 bytes" &&
	fails_with Function.ResponseSizeTooLarge "$(json quote "$(text_of 32505856)")" && # by Lambda: bootstrap has taken it
	breaks "exec cat /dev/zero" Runtime.MarshalError "./obeys printed more than 32505856 bytes" &&
	obeys "echo 1" 1
'

check 'at the deadline the program is stopped, and the next event is served' '
	start_lambda exec:obeys --timeout 2 &&
	fails_with Function.Timeout "\"exec sleep 60\"" &&
	fails_with Function.Timeout "\"trap : TERM; while :; do sleep 1; done\"" &&
	obeys "echo 1" 1
'

check 'a program that ends at SIGTERM with a response still answers' '
	start_lambda exec:obeys --timeout 3 &&
	obeys "$ends_well" 5
'

check 'what a program leaves running does not hold its answer back' '
	start_lambda exec:obeys &&
	obeys "sleep 60 & echo 1" 1 &&
	obeys "sleep 60 >&- 2>&- & echo 2" 2
'

# costs_nothing DESCRIPTOR: what runs the program uses no processor time while the program has this closed and sleeps for a second.
costs_nothing() {
	# shellcheck disable=SC2016 # the handler expands it
	obeys "exec $1>&-"'; sleep 1; cat /proc/$PPID/stat >ticks' null &&
		test "$(awk '{ print $14 + $15 }' task/ticks)" -lt 30
}

check 'a program that closes its output, or the log, and goes on, costs nothing meanwhile' '
	start_lambda exec:obeys &&
	costs_nothing 1 &&
	costs_nothing 2
'

check 'it is told whose event it is' '
	start_lambda exec:obeys &&
	obeys "$told" "{\"a\":\"arn:aws:lambda:us-east-1:012345678912:function:function\",\"t\":\"Root\",\"d\":13,\"i\":36}" &&
	invoke "$(json quote "json quote \"\$SLSTENANTID\"")" -H "X-Amz-Tenant-Id: blue" &&
	same "\"blue\"" "$(cat response)"
'

check 'a batch runs it for each record' '
	start_lambda exec:hello &&
	invoke "$(batch sqs one two)" &&
	succeeded &&
	logged_times 2 "hello runs for "
'

check 'a program whose first line is ready is kept as a language runtime, and gets the call that it was asked for' '
	start_lambda exec:kept &&
	answers 1 "{\"call\":1,\"argument\":[\"kept\"],\"event\":1}" &&
	answers 2 "{\"call\":2,\"argument\":[\"kept\"],\"event\":2}" &&
	large_event 5000002 &&
	invoke @large && succeeded && same 3 "$(json get call <response)" &&
	answers 4 "{\"call\":4,\"argument\":[\"kept\"],\"event\":4}"
'

check 'when a kept program ends, its call fails, and the next one starts it again' '
	start_lambda exec:kept &&
	answers 1 "{\"call\":1,\"argument\":[\"kept\"],\"event\":1}" &&
	fails_with Runtime.ExitError "\"exit\"" &&
	answers 2 "{\"call\":1,\"argument\":[\"kept\"],\"event\":2}" &&
	fails_with Runtime.ExitError "\"die\"" &&
	message "the language runtime exited with status 137" && # as a shell tells of SIGKILL
	answers 3 "{\"call\":1,\"argument\":[\"kept\"],\"event\":3}"
'

check 'a response that only looks like ready is a response' '
	start_lambda exec:obeys &&
	obeys "$looks_ready" "{\"ready\":true}"
'

check 'nothing is left when the environment ends' '
	start_lambda exec:obeys &&
	obeys "sleep 60 & echo 1" 1 &&
	stop_lambda
'

# example_answers: the built example answers with the size of the event.
example_answers() {
	start_again hello &&
		answers "{\"name\":\"Ada\"}" "{\"bytes\":14}" &&
		stop_lambda
}

check 'the examples in C and awk answer' '
	mkdir task &&
	cc -O2 -Wall -Werror -o task/hello "$repository/example/exec/hello.c" &&
	example_answers &&
	logged "the event has come" &&
	cp "$repository/example/exec/hello.awk" task/hello &&
	chmod +x task/hello &&
	example_answers
'

check 'the example in Rust answers' '
	mkdir task &&
	rustc -O -o task/hello "$repository/example/exec/hello.rs" &&
	example_answers
'

needs go

check 'the example in Go answers' '
	mkdir task &&
	cp "$repository/example/exec/hello.go" . &&
	HOME=$work CGO_ENABLED=0 go build -o task/hello hello.go &&
	example_answers
'

finish

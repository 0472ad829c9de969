#!/bin/sh
description='events and responses keep their meaning in every form of JSON'
. ./lib/lib.sh
. ./lib/robust.sh

# comes_back TEXT…: each text (a format of printf) is sent as an event, and every byte comes back as the response. Only line
# breaks between tokens become blanks, and white space behind the text is removed.
comes_back() {
	for text in "$@"
	do
		# shellcheck disable=SC2059 # the variable is a format
		printf -- "$text" >event
		file_comes_back event || return
	done
}

file_comes_back() {
	tr '\r\n' '  ' <"$1" | sed 's/^ *//; s/ *$//' | tr -d '\n' >expected &&
		invoke "@$1" &&
		succeeded &&
		cmp expected response
}

# is_null TEXT… / is_refused TEXT…: Lambda sends these bytes in place of the event. Each is a text in a JSON string.
bodies() {
	every_body=
	number=0
	for text in "$@"
	do
		number=$((number + 1))
		every_body="$every_body${every_body:+,}{\"on\":\"next\",\"nth\":$number,\"do\":$text}"
	done
	faulty shows-its-call "$every_body" || return
	for _ in "$@"
	do
		invoke 1 || return
		"$expected" || return
	done
}

is_null() {
	expected=shows_null
	bodies "$@"
}

shows_null() {
	succeeded &&
		says response '"event":null,'
}

is_refused() {
	expected=shows_refusal
	bodies "$@"
}

shows_refusal() {
	failed Runtime.UnmarshalError "the event is not JSON: "
}

check 'white space and line breaks between tokens do not change an event' '
	start_lambda echoes-much &&
	comes_back "{\n  \"a\": [\n    1,\n    2\n  ]\n}\n" "{\r\n\t\"a\":\r\n\t1\r\n}\r\n" "[1,\r2]" " 1 " "\n\n\n1"
'

check 'escapes, a lone surrogate, and characters that some languages treat as line breaks come back unchanged' '
	start_lambda echoes-much &&
	comes_back "\"\\342\\200\\250 \\342\\200\\251 \\302\\205 \\177\"" "\"\\\\u2028\\\\u0000\\\\n\\\\r\\\\/\\\\b\"" "\"\\\\ud83d\"" \
		"{\"\\\\u0000\":\"\\360\\237\\230\\200\"}"
'

check 'numbers of any size and form come back unchanged' '
	start_lambda echoes-much &&
	comes_back 12345678901234567890 -0 1E+400 0.10 100000000000000000000000000000.000000000000000000000000000001 \
		"{\"n\":9007199254740993,\"m\":1e2}"
'

check 'members with the same name come back in their order' '
	start_lambda echoes-much &&
	comes_back "{\"a\":1,\"b\":2,\"a\":3}" "{\"\":0,\"\":1}"
'

check 'members with the names of protocol members come back unchanged' '
	start_lambda echoes-much &&
	comes_back "{\"id\":\"x\",\"response\":1,\"error\":{},\"ready\":{\"protocol\":9}}" "\"{\\\\\"id\\\\\":1}\\\\n{}\""
'

check 'a hundred thousand nested arrays come back' '
	start_lambda echoes-much &&
	{
		head -c 100000 /dev/zero | tr "\0" "["
		head -c 100000 /dev/zero | tr "\0" "]"
	} >deep &&
	file_comes_back deep
'

check 'events of about the size of a pipe or a buffer come back' '
	start_lambda echoes-much &&
	for size in 3 4000 8150 16384 65400 65536 131072 1048570
	do
		large_event "$size" &&
		file_comes_back large || return
	done
'

check 'an event of 5.5 MB comes back, on one line and on many lines' '
	start_lambda echoes-much --timeout 30 &&
	large_event 5500000 &&
	file_comes_back large &&
	{
		echo "["
		yes "  \"0123456789\"," | head -n 350000
		echo "0]"
	} >lines &&
	file_comes_back lines
'

check 'an event that is empty or only white space is null' '
	is_null "{\"body\":\"\"}" "{\"body\":\" \"}" "{\"body\":\"\\r\\n\\t \"}" "{\"body\":\"\",\"chunked\":true}"
'

check 'an event that is not JSON fails the invocation, and the error names the position' '
	is_refused "{\"body\":\"{\"}" "{\"body\":\"hello\"}" "{\"body\":\"1 2\"}" "{\"body\":\"\\\"a\\nb\\\"\"}" "{\"body\":\"[1,]\"}" \
		"{\"bodyBase64\":\"77u/MQ==\"}" "{\"bodyBase64\":\"Iv8i\"}" "{\"bodyBase64\":\"IgAi\"}" "{\"body\":\"nul\"}" "{\"body\":\"{\\\"a\\\":1}}\"}"
'

check 'an event that is not JSON does not reach the handler, is not quoted, and does not end the environment' '
	faulty obeys "{\"on\":\"next\",\"nth\":1,\"do\":{\"body\":\"sEcReT\"}}" &&
	invoke 1 &&
	failed Runtime.UnmarshalError "the event is not JSON: " &&
	answers 2 2 &&
	starts 1 &&
	fails_to grep sEcReT lambda.log response
'

check 'a response may be null' '
	start_lambda obeys &&
	tell response=null &&
	succeeded &&
	same null "$(cat response)"
'

check 'a language runtime may end its lines with a carriage return and a line feed' '
	start_lambda ends-lines-as-windows-does &&
	answers "[1]" "[1]"
'

finish

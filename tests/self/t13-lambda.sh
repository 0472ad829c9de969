#!/bin/sh
description='the Lambda of the tests: it notices each fault'
. ./lib/lib.sh

check 'an event passes through bootstrap to a language runtime, and the response comes back' '
	start_lambda echoes &&
	answers "{\"foo\": [1, 2]}" "{\"foo\":[1,2]}"
'

check 'answers fails at an unexpected response' '
	start_lambda echoes &&
	fails_to answers "{}" "[]"
'

check 'fails_with fails at a response' '
	start_lambda echoes &&
	fails_to fails_with Runtime.ExitError "{}"
'

check 'bootstrap ends on SIGTERM with status 0' '
	start_lambda echoes &&
	answers 1 1 &&
	terminate &&
	exits_with 0
'

check 'exits_with fails at another exit status' '
	start_lambda echoes &&
	answers 1 1 &&
	terminate &&
	fails_to exits_with 1
'

check 'a process that bootstrap leaves behind is a failure' '
	start_lambda leaves-a-process &&
	answers 1 1 &&
	fails_to stop_lambda
'

finish

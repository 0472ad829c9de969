#!/bin/sh
description='the Lambda of the tests: it notices what it is to notice'
. ./lib/lib.sh

check 'an event goes through bootstrap to a language runtime and back' '
	start_lambda echoes &&
	answers "{\"foo\": [1, 2]}" "{\"foo\":[1,2]}"
'

check 'another response is not taken for the expected one' '
	start_lambda echoes &&
	fails_to answers "{}" "[]"
'

check 'a response is not taken for a function error' '
	start_lambda echoes &&
	fails_to fails_with Runtime.ExitError "{}"
'

check 'bootstrap ends on SIGTERM with status 0' '
	start_lambda echoes &&
	answers 1 1 &&
	terminate &&
	exits_with 0
'

check 'another exit status is not taken for the expected one' '
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

#!/bin/sh
description="streams under AWS's own Runtime Interface Emulator, on demand and as a Managed Instance"
. ./lib/lib.sh
. ./lib/rie.sh

# shellcheck disable=SC2034  # check evaluates its body, here and below
raw='{"stream":{"contentType":"text/plain"}}'
# shellcheck disable=SC2034
end='{"end":true}'

# is EXPECTED: the latest response is that text.
is() {
	same 200 "$(cat status)" &&
		same "$1" "$(tr '\0' 0 <response)"
}

# says_all_of_it: the latest error is a whole JSON text that begins with the message of the event.
says_all_of_it() {
	python3 -c 'import json; error = json.load(open("response")); assert error["errorMessage"].startswith("xxxx"), error'
}

fetch emulator fetch_rie
unreachable=$missing

check 'on demand: a stream arrives whole, and the next event is served' '
	start_rie python:fake.handler "SLSRUNTIME=$tests/fakes/runtimes/streams" AWS_LAMBDA_FUNCTION_TIMEOUT=20 &&
	invoke "[$raw,{\"chunk\":\"one\"},[\"sleep\",0.2],{\"base64\":\"AA==\"},$end]" &&
	is one0 &&
	invoke "[{\"stream\":{\"statusCode\":201}},{\"chunk\":\"body\"},$end]" &&
	is "{\"statusCode\":201}00000000body" &&
	invoke "[$raw,$end]" &&
	is "" &&
	answers "[{\"response\":[1]}]" "[1]"
'

check 'on demand: an error in the middle of a stream does no harm to the next event' '
	start_rie python:fake.handler "SLSRUNTIME=$tests/fakes/runtimes/streams" AWS_LAMBDA_FUNCTION_TIMEOUT=20 &&
	invoke "[$raw,{\"chunk\":\"half\"},{\"error\":{\"errorType\":\"ValueError\",\"errorMessage\":\"no\"}}]" &&
	invoke "[$raw,{\"chunk\":\"half\"},[\"exit\",3]]" &&
	answers "[{\"response\":[1]}]" "[1]"
'

may_mount 2>/dev/null || missing='mount namespace'
missing=${unreachable:-$missing}

check 'a Managed Instance: a stream has its bytes, its content type, and the mark of a stream' '
	start_instance streams &&
	invoke "[$raw,{\"chunk\":\"one\"},[\"sleep\",0.2],{\"base64\":\"AA==\"},$end]" &&
	is one0 &&
	same text/plain "$(header content-type)" &&
	same streaming "$(header lambda-runtime-function-response-mode)" &&
	invoke "[{\"stream\":{\"statusCode\":201}},{\"chunk\":\"body\"},$end]" &&
	is "{\"statusCode\":201}00000000body" &&
	answers "[{\"response\":[1]}]" "[1]" &&
	same buffered "$(header lambda-runtime-function-response-mode)"
'

check 'a Managed Instance: an error after three chunks is its type in Error-Type and its JSON' '
	start_instance streams &&
	invoke "[$raw,{\"chunk\":\"a\"},{\"chunk\":\"b\"},{\"chunk\":\"c\"},{\"error\":{\"errorType\":\"ValueError\",\"errorMessage\":\"no\"}}]" &&
	is "{\"errorType\":\"ValueError\",\"errorMessage\":\"no\",\"stackTrace\":[]}" &&
	same Function.ValueError "$(header error-type)" &&
	invoke "[$raw,{\"chunk\":\"a\"},[\"exit\",3]]" &&
	same Runtime.ExitError "$(header error-type)" &&
	answers "[{\"response\":[1]}]" "[1]"
'

check 'a Managed Instance: an error of any length arrives, as JSON' '
	python3 -c "import json; print(json.dumps([{\"stream\": {}}, {\"error\": {\"errorType\": \"ValueError\", \"errorMessage\": \"x\" * 99999, \"stackTrace\": [\"y\" * 99] * 999}}]))" >event &&
	start_instance streams &&
	invoke @event &&
	same Function.ValueError "$(header error-type)" &&
	says_all_of_it &&
	answers "[{\"response\":[1]}]" "[1]"
'

check 'a Managed Instance: a stream of 8 MB is Function.ResponseSizeTooLarge, and bootstrap serves on' '
	start_instance streams &&
	invoke "[$raw,[\"pour\",8388608,65536],$end]" &&
	same Function.ResponseSizeTooLarge "$(header error-type)" &&
	answers "[{\"response\":[1]}]" "[1]" &&
	same 1 "$(wc -l <task/starts)"
'

finish

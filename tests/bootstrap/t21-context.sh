#!/bin/sh
description='the facts of an invocation reach the handler, and the errors of the handler reach Lambda'
. ./lib/lib.sh
. ./lib/robust.sh

# context EXPRESSION: the Python expression is true. c is the context that the handler got, i the request id that the caller got.
context() {
	python3 - "$(sed -n 's/^X-Amzn-RequestId: \([^ ]*\)\r$/\1/Ip' headers)" "$1" <<-'END'
		import json, sys, time
		c, i = json.load(open("response"))["context"], sys.argv[1]
		if not eval(sys.argv[2]):
		    sys.exit(f"{sys.argv[2]} is not true of {c}")
	END
}

# posted TEXT: the headers or the body of the latest error contain the text.
posted() {
	grep '/error"' journal | tail -n 1 >posted &&
		says posted "$1"
}

check 'the handler gets every field that Lambda sends, and no other' '
	start_lambda shows-its-call &&
	invoke 1 -H "X-Amzn-Trace-Id: Root=1-2-3" -H "X-Amz-Tenant-Id: blue" -H "X-Amz-Client-Context: $(printf "{\"client\":{\"a\":[1]}}" | base64 -w 0)" &&
	succeeded &&
	context "c[\"requestId\"] == i" &&
	context "0 < c[\"deadlineMs\"] - time.time() * 1000 < 59950" &&
	context "c[\"functionArn\"].endswith(\":function:function\")" &&
	context "c[\"traceId\"] == \"Root=1-2-3\" and c[\"tenantId\"] == \"blue\"" &&
	context "c[\"clientContext\"] == {\"client\": {\"a\": [1]}}" &&
	context "set(c) == {\"requestId\", \"deadlineMs\", \"functionArn\", \"traceId\", \"tenantId\", \"stream\", \"bytes\", \"clientContext\"}"
'

# asked_by CLIENT_CONTEXT [CURL-OPTION…]: invokes a handler in shell with that client context.
asked_by() {
	client_context=$(printf '%s' "$1" | base64 -w 0)
	shift
	test -n "$lambda_pid" || start_lambda sh:tells.tells || return
	invoke "{\"context\":{\"requestId\":\"mine\"},\"x\":1}" -H "X-Amz-Client-Context: $client_context" "$@" &&
		succeeded
}

# told EXPRESSION: the Python expression is true. r is the response of the handler.
told() {
	python3 -c "import json, sys; r = json.load(open('response')); sys.exit(None if eval(sys.argv[1]) else f'{sys.argv[1]} is not true of {r}')" "$1"
}

check 'a client context cannot forge variables of a handler in shell' '
	for forged in "{\"x\":1,\"context\":{\"requestId\":\"spoofed\",\"functionArn\":\"arn:evil\",\"tenantId\":\"victim\",\"deadlineMs\":9999999999999}}" \
		"{\"custom\":{\"tenantId\":\"victim\",\"traceId\":\"evil\",\"functionArn\":\"arn:evil\"}}" \
		"{\"x\":\"\\\",\\\"context\\\":{\\\"requestId\\\":\\\"spoofed\",\"context\":{\"requestId\":\"spoofed\"}}"
	do
		asked_by "$forged" -H "X-Amz-Tenant-Id: me" -H "X-Amzn-Trace-Id: Root=1-x" &&
			told "r[\"tenant\"] == \"me\" and r[\"trace\"] == \"Root=1-x\" and r[\"arn\"].endswith(\":function:function\")" &&
			told "r[\"event\"] == {\"context\": {\"requestId\": \"mine\"}, \"x\": 1}" &&
			told "len(r[\"deadline\"]) == 13 and r[\"deadline\"] < \"9\" and \"spoofed\" not in r[\"id\"]" &&
			asked_by "$forged" &&
			told "r[\"tenant\"] == \"\"" || return
	done
'

check 'empty headers are treated as missing' '
	faulty shows-its-call "{\"on\":\"next\",\"nth\":1,\"do\":{\"headers\":{\"Lambda-Runtime-Client-Context\":\"\",
		\"Lambda-Runtime-Cognito-Identity\":\"\",\"Lambda-Runtime-Trace-Id\":\"\",\"Lambda-Runtime-Aws-Tenant-Id\":\"\",
		\"Lambda-Runtime-Invoked-Function-Arn\":\"\",\"Lambda-Runtime-Invocation-Id\":\"\"}}}" &&
	invoke 1 &&
	succeeded &&
	context "set(c) == {\"requestId\", \"deadlineMs\", \"stream\", \"bytes\"}" &&
	fails_to grep lambda-runtime-invocation-id journal
'

check 'the identity of a mobile user reaches the handler' '
	faulty shows-its-call "{\"on\":\"next\",\"nth\":1,\"do\":{\"headers\":{\"Lambda-Runtime-Cognito-Identity\":\"{\\\"cognitoIdentityId\\\":\\\"x\\\"}\"}}}" &&
	invoke 1 &&
	context "c[\"identity\"] == {\"cognitoIdentityId\": \"x\"}"
'

check 'an invocation id is sent back with a response and with an error' '
	faulty obeys "{\"on\":\"next\",\"nth\":\"every\",\"do\":{\"headers\":{\"Lambda-Runtime-Invocation-Id\":\"number-7\"}}}" &&
	answers 1 1 &&
	same 1 "$(grep /response journal | grep -c "\"lambda-runtime-invocation-id\":\"number-7\"")" &&
	tell "exit 3" &&
	posted "\"lambda-runtime-invocation-id\":\"number-7\""
'

check 'an error reaches the caller as the language words it, and Lambda in the form that Lambda documents' '
	start_lambda fails-as-told &&
	for pair in ValueError=Function.ValueError Runtime.Own=Runtime.Own Function.Own=Function.Own a.b.C=Function.C A::B=Function.B \
		E_42-x=Function.Ex 42=Function.Error
	do
		invoke "{\"errorType\":\"${pair%%=*}\",\"errorMessage\":\"m\",\"stackTrace\":[\"line 1\"]}" &&
		same_json "{\"errorType\":\"${pair%%=*}\",\"errorMessage\":\"m\",\"stackTrace\":[\"line 1\"]}" response &&
		posted "\"lambda-runtime-function-error-type\":\"${pair#*=}\"" || return
	done
'

check 'an error of any shape reaches the caller' '
	start_lambda fails-as-told &&
	for shape in "{}" null 3 "[1]" "{\"errorType\":3,\"errorMessage\":[null],\"stackTrace\":7}" "{\"errorMessage\":\"\\ud83d\"}"
	do
		invoke "$shape" &&
		grep -qi "^x-amz-function-error:" headers &&
		says response "\"errorType\":\"" || return
	done
'

check 'an error keeps the additional members that the language runtime gives it' '
	start_lambda fails-as-told &&
	invoke "{\"errorType\":\"E\",\"errorMessage\":\"m\",\"stackTrace\":[],\"trace\":[\"E: m\"],\"requestId\":\"r\",\"own\":{\"a\":1.50}}" &&
	same_json "{\"errorType\":\"E\",\"errorMessage\":\"m\",\"stackTrace\":[],\"trace\":[\"E: m\"],\"requestId\":\"r\",\"own\":{\"a\":1.50}}" response
'

check 'X-Ray gets the cause of an error, in ASCII' '
	start_lambda fails-as-told &&
	invoke "{\"errorType\":\"E\",\"errorMessage\":\"grün\\n\",\"stackTrace\":[\"f (a.js:1)\"]}" &&
	says response "grün" &&
	posted "\"lambda-runtime-function-xray-error-cause\":" &&
	posted "gr\\\\u00fcn" &&
	posted "\\\"label\\\":\\\"f (a.js:1)\\\""
'

check 'a cause just below 64 KiB reaches X-Ray and the caller' '
	start_lambda fails-as-told &&
	message=$(head -c 64000 /dev/zero | tr "\0" x) &&
	invoke "{\"errorType\":\"E\",\"errorMessage\":\"$message\"}" &&
	test "$(wc -c <response)" -gt 64000 &&
	posted "\"lambda-runtime-function-xray-error-cause\":" &&
	test "$(wc -c <posted)" -gt 64000
'

check 'a cause of 64 KiB reaches the caller, but not X-Ray' '
	start_lambda fails-as-told &&
	{
		printf "{\"errorType\":\"E\",\"errorMessage\":\""
		head -c 70000 /dev/zero | tr "\0" x
		printf "\"}"
	} >event &&
	invoke @event &&
	test "$(wc -c <response)" -gt 70000 &&
	fails_to grep xray-error-cause journal
'

check 'an error of 5 MB reaches the caller' '
	start_lambda fails-as-told --timeout 20 &&
	{
		printf "{\"errorType\":\"E\",\"errorMessage\":\""
		head -c 5000000 /dev/zero | tr "\0" x
		printf "\"}"
	} >event &&
	invoke @event &&
	test "$(wc -c <response)" -gt 5000000
'

finish

#!/bin/sh
description='batches: each record gets a call, and the answer loses no record'
. ./lib/lib.sh

# names NAME…: the answer is a success that names exactly these records as failed.
names() {
	expected=
	for name in "$@"
	do
		expected="$expected${expected:+,}{\"itemIdentifier\":$name}"
	done
	succeeded &&
		same_json "{\"batchItemFailures\":[$expected]}" response
}

calls() {
	same "$1" "$(tr '\n' ' ' <task/calls)"
}

start_reporting() {
	start_lambda nodejs:batches.handle --env SLSBATCH=report "$@"
}

# with_middleware NAME: copies that fake into the function's folder.
with_middleware() {
	mkdir -p task/middlewares &&
		cp "$tests/fakes/middlewares/$1" task/middlewares
}

check 'the answer to messages of a queue names those that failed' '
	start_reporting &&
	invoke "$(batch sqs a bad b bad c)" &&
	names "\"2\"" "\"4\"" &&
	within 1000 grep -q "RequestId: .* 2 of 5 records are reported as failed$" lambda.log &&
	same 2 "$(grep -c "	ERROR	Record Error 	{\"errorType\":\"Error\",\"errorMessage\":\".*\",\"stack\":\[\".*\"record\":[24]}$" lambda.log)" &&
	invoke "$(batch sqs a b)" &&
	names &&
	same 1 "$(grep -c "are reported" lambda.log)"
'

check 'the answer names a message that the handler itself names as failed' '
	start_reporting &&
	invoke "$(batch sqs a own)" &&
	names "\"2\"" &&
	invoke "$(batch sqs own)" &&
	names "\"1\""
'

# steps NAME: prints the steps of this name in the timeline of the latest invocation.
steps() {
	id=$(sed -n 's/^x-amzn-requestid: *//Ip' headers | tr -d '\r')
	journal "what == 'step' and step == '$1' and requestId == '$id'"
}

# is_handled: the timeline has the handler of the latest invocation, which is the last of its steps.
is_handled() {
	test -n "$(steps handler)"
}

# records: prints the numbers of the records in the timeline of the latest invocation, in their order.
records() {
	steps record | sed 's/.*"name": *"\([^"]*\)".*/\1/' | sort -n | tr '\n' ' '
}

check 'the timeline has each record of a batch, but not more than 100, and none if the event is no batch' '
	start_reporting &&
	invoke "$(batch sqs a bad c)" &&
	within 2000 is_handled &&
	same "1 2 3 " "$(records)" &&
	invoke "$(batch sqs a)" &&
	within 2000 is_handled &&
	same "" "$(records)" &&
	invoke "$(batch sqs $(seq 120))" &&
	within 2000 test "$(seq 100 | tr "\n" " ")" = "$(records)"
'

check 'without SLSBATCH=report a message that the handler names as failed fails the invocation' '
	start_lambda nodejs:batches.handle &&
	fails_with Function.BatchItemFailures "$(batch sqs own)" &&
	fails_with Function.BatchItemFailures "$(batch sqs a own)"
'

check 'in a FIFO queue no message is started after the first that failed, and all from there on are named' '
	start_reporting &&
	invoke "$(batch fifo a bad c d)" &&
	names "\"2\"" "\"3\"" "\"4\"" &&
	calls "a bad "
'

check 'in a FIFO queue no message is started after one that the handler itself names as failed' '
	start_reporting &&
	invoke "$(batch fifo a own c)" &&
	names "\"2\"" "\"3\"" &&
	calls "a own " &&
	rm task/calls &&
	invoke "$(batch sqs a own c)" &&
	names "\"2\"" &&
	same 3 "$(wc -l <task/calls)"
'

check 'in a stream the first failed record is the checkpoint, and no record is started after it' '
	start_reporting &&
	for source in kinesis dynamodb
	do
		rm -f task/calls
		invoke "$(batch $source a bad c bad)" &&
			names "\"2\"" &&
			calls "a bad " || return
	done
'

check 'in Kafka a failed record stops only its own partition, and all records that did not succeed are named' '
	start_reporting &&
	rm -f task/calls &&
	invoke "$(batch kafka a b bad d e f)" &&
	names "{\"partition\":\"readings-1\",\"offset\":3}" "{\"partition\":\"readings-1\",\"offset\":5}" &&
	same 5 "$(wc -w <task/calls)" &&
	invoke "$(batch kafka bad b)" &&
	names "{\"partition\":\"readings-1\",\"offset\":1}" &&
	same 7 "$(wc -w <task/calls)"
'

check 'the answer names the records that did not end before the deadline, and the next invocation works' '
	start_reporting --timeout 5 &&
	for source in sqs fifo
	do
		invoke "$(batch $source a hang)" &&
			names "\"2\"" || return
	done &&
	invoke "$(batch kinesis a hang c)" &&
	names "\"2\"" &&
	invoke "$(batch sqs a)" &&
	names
'

check 'messages are handled concurrently: ten that wait for each other succeed' '
	start_reporting &&
	invoke "$(batch sqs meet meet meet meet meet meet meet meet meet meet)" &&
	names
'

check 'a failed message without an id fails the invocation' '
	start_reporting &&
	fails_with Error "$(batch sqs a bad | sed "s/\"messageId\": \"2\", //")"
'

check 'a record of a stream that a hook moved behind the failed record is delivered again' '
	make_task nodejs:batches.handle &&
	with_middleware reverses &&
	start_reporting --env SLSMIDDLEWARES=reverses &&
	invoke "$(batch kinesis a b bad)" &&
	names "\"1\"" &&
	calls "bad "
'

check 'the right messages of a queue are named after a hook removed one' '
	make_task nodejs:batches.handle &&
	with_middleware drops-the-first &&
	start_reporting --env SLSMIDDLEWARES=drops-the-first &&
	invoke "$(batch sqs bad bad c)" &&
	names "\"2\"" &&
	invoke "$(batch sqs bad)" &&
	names
'

check 'if the handler gets all records in one call, the answer names what the handler names' '
	start_lambda nodejs:batches.all --env SLSEVENTS=batch --env SLSBATCH=report &&
	invoke "$(batch sqs a b)" &&
	names "\"2\""
'

check 'a handler may answer an HTTP request with a CloudEvent' '
	start_lambda nodejs:batches.respond &&
	invoke "$("$open_runtime" event apigw-http-v2)" &&
	succeeded &&
	same_json "{\"statusCode\":200,\"headers\":{\"ce-specversion\":\"1.0\",\"ce-id\":\"1\",\"ce-source\":\"/s\",\"ce-type\":\"t\",\"content-type\":\"application/json\"},\"body\":\"{\\\"a\\\":1}\",\"isBase64Encoded\":false}" response
'

check 'an empty list of records reaches the handler, and does not fail' '
	start_lambda echoes &&
	answers "{\"Records\":[]}" "{\"Records\":[]}"
'

finish
